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
  /** World manufacturer identifier, 6 bytes, see `wmiOf`. */
  wmi: Hex;
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

/** A TSP's word on a vehicle that its maker has not vouched for. */
export interface Claim {
  oem: Hex;
  wmi: Hex;
  /** HMAC of the VIN under the TSP's key. */
  tag: Hex;
  owner: Hex;
  legalHash: Hex;
}

/** Owner's consent to an unconfirmed mint by one TSP. */
export interface ClaimConsent {
  claim: Claim;
  tsp: Hex;
  deadline: number;
}

/** OEM's later word on a vehicle that was minted unconfirmed. */
export interface Confirmation {
  vehicle: bigint;
  /** HMAC of the VIN under the OEM's key. */
  tag: Hex;
  deadline: number;
}

/** A device's word on a key of its own: a further one, or the one that it goes on with. */
export interface DeviceKeyChange {
  vehicle: bigint;
  /** The device's first key. */
  device: Hex;
  /** The new key. */
  deviceKey: Hex;
  deadline: number;
}

/** A new key's word that it takes the place of a lost one. */
export interface DeviceRecovery {
  vehicle: bigint;
  device: Hex;
  deviceKey: Hex;
  owner: Hex;
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

/** Signed by the owner; `domain.verifyingContract` is the VehicleRegistry. */
export const claimConsentData = (domain: Domain, consent: ClaimConsent): TypedData =>
  typedData("VehicleRegistry", domain, "ClaimConsent", consent);

/** Signed by the OEM; `domain.verifyingContract` is the VehicleRegistry. */
export const confirmationData = (domain: Domain, confirmation: Confirmation): TypedData =>
  typedData("VehicleRegistry", domain, "Confirmation", confirmation);

/** Signed by a device's first key and by the further one; `domain.verifyingContract` is the DeviceRegistry. */
export const deviceDupData = (domain: Domain, change: DeviceKeyChange): TypedData => typedData("DeviceRegistry", domain, "DeviceDup", change);

/** Signed by a device's first key and by the one that it goes on with; `domain.verifyingContract` is the DeviceRegistry. */
export const deviceResetData = (domain: Domain, change: DeviceKeyChange): TypedData => typedData("DeviceRegistry", domain, "DeviceReset", change);

/** Signed by the new key; `domain.verifyingContract` is the DeviceRegistry. */
export const deviceRecoveryData = (domain: Domain, recovery: DeviceRecovery): TypedData =>
  typedData("DeviceRegistry", domain, "DeviceRecovery", recovery);

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
