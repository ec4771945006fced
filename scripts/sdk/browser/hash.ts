/** In browsers, for sdk/crypto/hash.ts: noble's SHA-256 and keccak-256. */
import { sha256 as noble } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat } from "../../../sdk/bytes/index.ts";

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return noble(parts.length === 1 ? parts[0]! : concat(...parts));
}

export function sha256Into(out: Uint8Array, offset: number, data: Uint8Array): void {
  out.set(noble(data), offset);
}

export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(parts.length === 1 ? parts[0]! : concat(...parts));
}
