/** In browsers, for sdk/crypto/hkdf.ts: noble's HKDF. */
import { hkdf as noble } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, bytesToBigint } from "../../../sdk/bytes/index.ts";
import { FIELD_PRIME } from "../../../sdk/crypto/field.ts";

export function hkdf(secret: Uint8Array, tag: string, info: Uint8Array, length: number): Uint8Array {
  return noble(sha256, secret, ascii(tag), info, length);
}

export function fieldFromBytes(bytes: Uint8Array): bigint {
  return bytesToBigint(bytes) % FIELD_PRIME;
}
