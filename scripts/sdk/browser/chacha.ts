/** In browsers, for sdk/crypto/chacha.ts: noble's ChaCha20. */
import { chacha20 as noble } from "@noble/ciphers/chacha.js";
import { Buffer } from "buffer/";

export const CHACHA_BLOCK = 64;

export function chacha20(key: Uint8Array, data: Uint8Array, firstBlock = 0): Buffer {
  return Buffer.from(noble(key, new Uint8Array(12), data, undefined, firstBlock).buffer);
}
