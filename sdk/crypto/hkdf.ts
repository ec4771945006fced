/** HKDF-SHA256 (RFC 5869) with a tag as salt. A browser build swaps this file. */
import { hkdfSync } from "node:crypto";
import { ascii, bytesToBigint } from "../bytes/index.ts";
import { FIELD_PRIME } from "./field.ts";

/**
 * Derives `length` bytes.
 * @param tag ASCII tag, used as the salt
 */
export function hkdf(secret: Uint8Array, tag: string, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, ascii(tag), info, length));
}

/** 48 big-endian bytes mod p: the bias from the reduction is below 2^-128. */
export function fieldFromBytes(bytes: Uint8Array): bigint {
  return bytesToBigint(bytes) % FIELD_PRIME;
}
