/**
 * EIP-712 texts that people and workers sign. A domain is always (contract's name, version "1", chain id, contract's address).
 */
import { type Signer, type TypedDataDomain, type TypedDataField, TypedDataEncoder, verifyTypedData } from "ethers";
import type { Hex } from "../bytes/index.ts";
import type { Agreement, DeliveryAttestation, PurchaseAttestation, SellOrder } from "../market/index.ts";
import { TYPES } from "./types.ts";

export { TYPES } from "./types.ts";

/** Where a signature counts. */
export interface Domain {
  chainId: number;
  /** The contract that checks it. */
  verifyingContract: Hex;
}

/** Something to sign, in the form that ethers and wallets take. */
export interface TypedData {
  domain: TypedDataDomain;
  types: Record<string, TypedDataField[]>;
  primaryType: string;
  message: Record<string, unknown>;
}

/** OEM's word on a vehicle. */
export interface Voucher {
  oem: Hex;
  /** HMAC of the VIN under the OEM's key. */
  tag: Hex;
  owner: Hex;
  legalHash: Hex;
  /** Unix seconds. */
  deadline: number;
}

/** Owner's consent to a mint by one TSP. */
export interface MintConsent {
  voucher: Voucher;
  tsp: Hex;
  deadline: number;
}

/** Consent of owner and device to a device's set-up. */
export interface DeviceSetup {
  vehicle: bigint;
  epoch: number;
  /** keccak256 of the 64-byte public key. */
  deviceKey: Hex;
  agent: Hex;
  deadline: number;
}

/** Buyer's word that the key is right. */
export interface Receipt {
  dealId: Hex;
  page: bigint;
}

/** Buyer's request for the wrapped keys of a page, off chain; no contract reads it. */
export interface HandoverRequest {
  dealId: Hex;
  page: bigint;
  /** Random; a worker answers to each once. */
  nonce: Hex;
  /** Unix seconds; a few minutes ahead. */
  deadline: number;
}

/** Pay-out of a credit to any address. */
export interface Withdrawal {
  account: Hex;
  token: Hex;
  to: Hex;
  amount: bigint;
  /** `withdrawalNonce(account)`. */
  nonce: bigint;
  deadline: number;
}

/** Transitive closure of the struct types that `primary` refers to, as EIP-712 wants it. */
function typesOf(primary: keyof typeof TYPES): Record<string, TypedDataField[]> {
  const found: Record<string, TypedDataField[]> = {};
  const visit = (name: string): void => {
    const fields = (TYPES as Record<string, readonly TypedDataField[]>)[name.replace("[]", "")];
    if (fields === undefined || found[name.replace("[]", "")] !== undefined) return;
    found[name.replace("[]", "")] = [...fields];
    for (const field of fields) visit(field.type);
  };
  visit(primary);
  return found;
}

function typedData(contract: string, domain: Domain, primaryType: keyof typeof TYPES, message: object): TypedData {
  return {
    domain: { name: contract, version: "1", chainId: domain.chainId, verifyingContract: domain.verifyingContract },
    types: typesOf(primaryType),
    primaryType,
    message: message as Record<string, unknown>,
  };
}

/** Signed by the OEM; `domain.verifyingContract` is the VehicleRegistry. */
export const voucherData = (domain: Domain, voucher: Voucher): TypedData => typedData("VehicleRegistry", domain, "Voucher", voucher);

/** Signed by the owner; `domain.verifyingContract` is the VehicleRegistry. */
export const mintConsentData = (domain: Domain, consent: MintConsent): TypedData =>
  typedData("VehicleRegistry", domain, "MintConsent", consent);

/** Signed by owner and device; `domain.verifyingContract` is the DeviceRegistry. */
export const deviceSetupData = (domain: Domain, setup: DeviceSetup): TypedData => typedData("DeviceRegistry", domain, "DeviceSetup", setup);

/** Signed by owner and OEM; `domain.verifyingContract` is QoodShares. */
export const agreementData = (domain: Domain, text: Agreement): TypedData => typedData("QoodShares", domain, "Agreement", text);

/** Signed by the seller (and below the floor by the principal); `domain.verifyingContract` is the Escrow. */
export const sellOrderData = (domain: Domain, order: SellOrder): TypedData => typedData("Escrow", domain, "SellOrder", order);

/** Signed by the buyer; `domain.verifyingContract` is the Escrow. */
export const receiptData = (domain: Domain, receipt: Receipt): TypedData => typedData("Escrow", domain, "Receipt", receipt);

/** Signed by the buyer; `domain.verifyingContract` is the Escrow, so that a request to one exchange is none to another. */
export const handoverRequestData = (domain: Domain, request: HandoverRequest): TypedData => typedData("Escrow", domain, "HandoverRequest", request);

/** Signed by the account that withdraws; `domain.verifyingContract` is the Escrow. */
export const withdrawalData = (domain: Domain, withdrawal: Withdrawal): TypedData => typedData("Escrow", domain, "Withdrawal", withdrawal);

/** Signed by an attester; `domain.verifyingContract` is its AttestationConditionHook. */
export const purchaseAttestationData = (domain: Domain, attestation: PurchaseAttestation): TypedData =>
  typedData("AttestationConditionHook", domain, "PurchaseAttestation", attestation);

/** Signed by an attester; `domain.verifyingContract` is its AttestationConditionHook. */
export const deliveryAttestationData = (domain: Domain, attestation: DeliveryAttestation): TypedData =>
  typedData("AttestationConditionHook", domain, "DeliveryAttestation", attestation);

/** The 32 bytes that are signed. */
export function hashTypedData(data: TypedData): Hex {
  return TypedDataEncoder.hash(data.domain, data.types, data.message) as Hex;
}

/** EIP-712 struct hash (without domain) of the primary type. */
export function hashStruct(data: Pick<TypedData, "types" | "primaryType" | "message">): Hex {
  return TypedDataEncoder.hashStruct(data.primaryType, data.types, data.message) as Hex;
}

/** Signs with any ethers signer. 65 bytes r, s, v. */
export async function signTypedData(signer: Signer, data: TypedData): Promise<Hex> {
  return (await signer.signTypedData(data.domain, data.types, data.message)) as Hex;
}

/** Address whose key made an ECDSA signature of the text (contract wallets are asked on chain instead). */
export function recoverTypedData(data: TypedData, signature: Hex): Hex {
  return verifyTypedData(data.domain, data.types, data.message, signature) as Hex;
}
