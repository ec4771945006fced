/** Verification of many signatures of one device key, by OpenSSL. A browser build swaps this file. */
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { curveOf, isLowS } from "./ecdsa.ts";

/** A public key made ready for many verifications. */
export interface VerifyingKey {
  /** True if `signature` is a low-s signature over SHA-256(`message`). */
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * Prepares a public key. OpenSSL verifies several times faster than JavaScript, but only over the preimage of a digest that it hashes
 * itself; hence the message, not the digest.
 * @param publicKey 64 bytes, x || y
 * @throws QoodError `BAD_DEVICE_KEY` if it is a point of neither curve
 */
export function verifyingKey(publicKey: Uint8Array): VerifyingKey {
  // OpenSSL would take a point off the curve from a JWK and refuse it only later.
  const curve = curveOf(publicKey);
  const part = (from: number): string => Buffer.from(publicKey.subarray(from, from + 32)).toString("base64url");
  const key: KeyObject = createPublicKey({ format: "jwk", key: { kty: "EC", crv: curve, x: part(0), y: part(32) } });
  return {
    verify: (message, signature) => isLowS(signature, curve) && verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, signature),
  };
}
