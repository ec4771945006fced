/**
 * Bytes inside, 0x-hex at the edges. Integers are big-endian, as in every QoodBlock format.
 */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { QoodError, ensure } from "../errors/index.ts";

/** Lower-case hexadecimal with its prefix. */
export type Hex = `0x${string}`;

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;

/** Bytes to lower-case 0x-hex. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/**
 * 0x-hex (either case) to bytes.
 * @param length expected number of bytes, unchecked when left out
 * @throws QoodError `BAD_HEX`
 */
export function fromHex(hex: string, length?: number): Uint8Array {
  if (!HEX.test(hex)) throw new QoodError("BAD_HEX", "expected 0x followed by an even number of hexadecimal digits");
  const bytes = hexToBytes(hex.slice(2));
  if (length !== undefined && bytes.length !== length) {
    throw new QoodError("BAD_HEX", `expected ${length} bytes of hexadecimal, got ${bytes.length}`);
  }
  return bytes;
}

/** Joins byte strings into one new array. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Equality of contents. Not constant time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** ASCII text to bytes. @throws QoodError `NOT_ASCII` */
export function ascii(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    ensure(code < 128, "NOT_ASCII", "expected ASCII text");
    out[i] = code;
  }
  return out;
}

/** Checks that `value` is an integer in 0..2^bits-1 that a number holds exactly. @throws QoodError `OUT_OF_RANGE` */
export function checkUint(value: number, bits: 8 | 16 | 32 | 64, what: string): void {
  const limit = bits === 64 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1;
  ensure(Number.isSafeInteger(value) && value >= 0 && value <= limit, "OUT_OF_RANGE", `${what} must be an integer from 0 to ${limit}`);
}

/** 4 bytes. @throws QoodError `OUT_OF_RANGE` */
export function u32(value: number): Uint8Array {
  checkUint(value, 32, "u32 value");
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** 8 bytes. Numbers above 2^53 - 1 are refused, so every u64 of the formats is a number here. @throws QoodError `OUT_OF_RANGE` */
export function u64(value: number): Uint8Array {
  checkUint(value, 64, "u64 value");
  return concat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));
}

/** Unsigned big-endian integer of `length` bytes. @throws QoodError `OUT_OF_RANGE` */
export function bigintToBytes(value: bigint, length: number): Uint8Array {
  ensure(value >= 0n && value < 1n << BigInt(8 * length), "OUT_OF_RANGE", `value does not fit ${length} bytes`);
  return hexToBytes(value.toString(16).padStart(2 * length, "0"));
}

/** Unsigned big-endian integer; empty is 0. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(toHex(bytes));
}
