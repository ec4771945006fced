/** SHA-256 (node:crypto, one-shot) and keccak-256. A browser build swaps this file. */
import { hash } from "node:crypto";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concat } from "../bytes/index.ts";

/** SHA-256 of the parts in order; 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hash("sha256", parts.length === 1 ? parts[0]! : concat(...parts), "buffer");
}

/**
 * Writes SHA-256 of `data` to `out` at `offset`. For hot loops: a digest fetched as a string of bytes and written in place costs a
 * third of one fetched as a Buffer of its own.
 */
export function sha256Into(out: Buffer, offset: number, data: Uint8Array): void {
  out.write(hash("sha256", data, "binary"), offset, 32, "latin1");
}

/** keccak-256 of the parts in order; 32 bytes. */
export function keccak256(...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(parts.length === 1 ? parts[0]! : concat(...parts));
}
