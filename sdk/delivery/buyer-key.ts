/** The buyer's delivery key: derived from a wallet's signature so that it needs no backup, or random where that is not safe. */
import { randomBytes } from "@noble/hashes/utils.js";
import { recoverAddress, TypedDataEncoder, Signature, type TypedDataDomain, type TypedDataField } from "ethers";
import { bytesToBigint, concat, fromHex } from "../bytes/index.ts";
import { BASE8, IDENTITY, SUBGROUP_ORDER, clearCofactor, equalPoints, isOnCurve, multiplyPoint, type Point } from "../crypto/babyjub.ts";
import { hkdf } from "../crypto/hkdf.ts";
import { QoodError, ensure } from "../errors/index.ts";

const SECRET_TAG = "qood/delivery-key/v1";

/** A delivery key pair. The secret opens every delivery made to the public key. */
export interface DeliveryKey {
  /** d, 1 to l - 1. */
  readonly secret: bigint;
  /** P = d·Base8. */
  readonly publicKey: Point;
  /** `signature`: the wallet gives it again at any time. `random`: the keystore holds the only copy. */
  readonly origin: "signature" | "random";
}

/** What a delivery key is derived from: the part of a wallet that is needed. An ethers Signer is one. */
export interface TypedDataSigner {
  getAddress(): Promise<string>;
  signTypedData(domain: TypedDataDomain, types: Record<string, TypedDataField[]>, value: Record<string, unknown>): Promise<string>;
}

/** The message that is signed. Whoever gets this signature has the key, hence the words that a wallet shows. */
export function deliveryKeyMessage(address: string): { domain: TypedDataDomain; types: Record<string, TypedDataField[]>; value: Record<string, string> } {
  return {
    domain: { name: "QoodBlock delivery key", version: "1" },
    types: { DeliveryKey: [{ name: "account", type: "address" }, { name: "warning", type: "string" }] },
    value: { account: address, warning: "This signature is the key to all data that you buy. Sign it in QoodBlock only." },
  };
}

/**
 * d = HKDF(r ‖ s, "qood/delivery-key/v1", address, 48 bytes) mod l; P = d·Base8.
 * @param signature the account's signature of {@link deliveryKeyMessage}: 65 bytes, 0x-hex, low s
 * @param address the account
 * @throws QoodError `DELIVERY_KEY_SIGNATURE` when it is not that account's signature in its one canonical form
 */
export function deliveryKeyFromSignature(signature: string, address: string): DeliveryKey {
  const { domain, types, value } = deliveryKeyMessage(address);
  let parsed: Signature;
  let signer: string;
  try {
    parsed = Signature.from(signature);
    signer = recoverAddress(TypedDataEncoder.hash(domain, types, value), parsed);
  } catch (cause) {
    throw new QoodError("DELIVERY_KEY_SIGNATURE", "the delivery key's signature is not an ECDSA signature of 65 bytes", { cause });
  }
  ensure(signature.length === 132 && parsed.isValid(), "DELIVERY_KEY_SIGNATURE", "the delivery key's signature is not in its one canonical form (65 bytes, low s)");
  ensure(BigInt(signer) === BigInt(address), "DELIVERY_KEY_SIGNATURE", `the delivery key's signature is not by the account ${address}`);
  const secret = bytesToBigint(hkdf(concat(fromHex(parsed.r), fromHex(parsed.s)), SECRET_TAG, fromHex(address, 20), 48)) % SUBGROUP_ORDER;
  return deliveryKeyFromSecret(secret, "signature");
}

/** The key pair of a secret from a keystore. @throws QoodError `DELIVERY_SECRET_INVALID` unless 1 ≤ secret < l */
export function deliveryKeyFromSecret(secret: bigint, origin: DeliveryKey["origin"]): DeliveryKey {
  ensure(secret >= 1n && secret < SUBGROUP_ORDER, "DELIVERY_SECRET_INVALID", "a delivery secret must be at least 1 and below the subgroup's order");
  return { secret, publicKey: multiplyPoint(BASE8, secret), origin };
}

/** A fresh key pair that exists nowhere else: keep its secret in the keystore before the public key is used. */
export function randomDeliveryKey(): DeliveryKey {
  for (;;) {
    const secret = bytesToBigint(randomBytes(48)) % SUBGROUP_ORDER;
    if (secret !== 0n) return deliveryKeyFromSecret(secret, "random");
  }
}

/**
 * The account's delivery key: from its signature, made twice and compared, because some wallets do not sign the same message the same way again.
 * Where they differ, or the account is a contract (whose signature is no secret of one key), the key is random.
 * @param hasCode whether the account's address has code on the chain
 */
export async function createDeliveryKey(signer: TypedDataSigner, hasCode: boolean): Promise<DeliveryKey> {
  if (hasCode) return randomDeliveryKey();
  const address = await signer.getAddress();
  const { domain, types, value } = deliveryKeyMessage(address);
  const first = await signer.signTypedData(domain, types, value);
  const second = await signer.signTypedData(domain, types, value);
  return first === second ? deliveryKeyFromSignature(first, address) : randomDeliveryKey();
}

/**
 * Whether a delivery can be proven to this key: coordinates below p, on the curve, 8P ≠ O. Exactly what the circuit demands and what the chain checks
 * before it registers a key.
 */
export function isValidBuyerKey(point: Point): boolean {
  return isOnCurve(point) && !equalPoints(clearCofactor(point), IDENTITY);
}
