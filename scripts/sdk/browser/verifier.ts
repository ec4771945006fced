/** In browsers, for sdk/crypto/verifier.ts: noble verifies. */
import { sha256 } from "@noble/hashes/sha2.js";
import { curveOf, verifyDigest } from "../../../sdk/crypto/ecdsa.ts";

export interface VerifyingKey {
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export function verifyingKey(publicKey: Uint8Array): VerifyingKey {
  curveOf(publicKey);
  return { verify: (message, signature) => verifyDigest(publicKey, sha256(message), signature) };
}
