/** ECDSA over secp256k1 on SHA-256 digests, r || s of 64 bytes, low s only. A browser build swaps the verifier for noble's. */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToBigint } from "../bytes/index.ts";
import { QoodError, ensure } from "../errors/index.ts";

const HALF_ORDER = secp256k1.Point.Fn.ORDER >> 1n;

/** Public key (64 bytes, x || y) of a private key (32 bytes). @throws QoodError `BAD_DEVICE_KEY` */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  ensure(secp256k1.utils.isValidSecretKey(privateKey), "BAD_DEVICE_KEY", "not a secp256k1 private key");
  return secp256k1.getPublicKey(privateKey, false).slice(1);
}

/** Signs a 32-byte digest, deterministically (RFC 6979), low s. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Uint8Array {
  return secp256k1.sign(digest, privateKey, { prehash: false, lowS: true });
}

/** True for a signature of 64 bytes with s in the lower half of the order: the only form that is accepted, so none can be re-written. */
export function isLowS(signature: Uint8Array): boolean {
  return signature.length === 64 && bytesToBigint(signature.subarray(32)) <= HALF_ORDER;
}

/** A public key made ready for many verifications. */
export interface VerifyingKey {
  /** True if `signature` is a low-s signature over SHA-256(`message`). */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * Prepares a public key. OpenSSL verifies several times faster than JavaScript, but only over the preimage of a digest that it hashes
 * itself; hence the message, not the digest.
 * @param publicKey 64 bytes, x || y
 * @throws QoodError `BAD_DEVICE_KEY` if the point is not on the curve
 */
export function verifyingKey(publicKey: Uint8Array): VerifyingKey {
  let key: KeyObject;
  try {
    // OpenSSL would take a point off the curve from a JWK and refuse it only later.
    secp256k1.Point.fromBytes(Uint8Array.of(4, ...publicKey));
    const part = (from: number): string => Buffer.from(publicKey.subarray(from, from + 32)).toString("base64url");
    key = createPublicKey({ format: "jwk", key: { kty: "EC", crv: "secp256k1", x: part(0), y: part(32) } });
  } catch (cause) {
    throw new QoodError("BAD_DEVICE_KEY", "device key is not a point of secp256k1", { cause });
  }
  return {
    verify: (message, signature) => isLowS(signature) && verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature),
  };
}

/** Verifies one signature over a 32-byte digest whose preimage is not at hand. @throws QoodError `BAD_DEVICE_KEY` */
export function verifyDigest(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  const point = Uint8Array.of(4, ...publicKey);
  try {
    secp256k1.Point.fromBytes(point);
  } catch (cause) {
    throw new QoodError("BAD_DEVICE_KEY", "device key is not a point of secp256k1", { cause });
  }
  if (!isLowS(signature)) return false;
  try {
    return secp256k1.verify(signature, digest, point, { prehash: false, lowS: true });
  } catch {
    // noble throws for r or s out of range.
    return false;
  }
}
