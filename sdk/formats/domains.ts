/** Domain separators of every Poseidon hash: D(x) = uint256(keccak256(x)) >> 8, always the first input. */
import { keccak_256 } from "@noble/hashes/sha3.js";
import { ascii, bytesToBigint } from "../bytes/index.ts";

/** D(tag): 248 bits, so below the field's prime. */
export function domain(tag: string): bigint {
  return bytesToBigint(keccak_256(ascii(tag))) >> 8n;
}

/** Key commitment. */
export const DOM_KEY = domain("qood/key/v1");
/** Interval key from batch key. */
export const DOM_INTERVAL = domain("qood/interval/v1");
/** Segment key from interval key. */
export const DOM_SEGMENT = domain("qood/segment/v1");
/** Delivery: shared secret to key-wrapping key. */
export const DOM_KDF = domain("qood/kdf/v1");
/** Delivery: pad of one wrapped key. */
export const DOM_WRAP = domain("qood/wrap/v1");
/** Possession: pseudo-random function of a batch key. */
export const DOM_PRF = domain("qood/prf/v1");
