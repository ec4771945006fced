/** Keys of several parts whose byte order is the order of the parts. */
import { QoodError } from "@qoodblock/sdk/errors";
import type { Span } from "./types.ts";

/** Longest text of a key, bytes: LMDB takes keys of 1,978. */
const MAX_TEXT = 400;

function encodePart(part: string | number | Uint8Array): Uint8Array {
  if (typeof part === "number") {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigUInt64BE(BigInt(part));
    return bytes;
  }
  if (typeof part !== "string") return part;
  const bytes = Buffer.from(`${part}\0`, "utf8");
  if (bytes.length > MAX_TEXT || bytes.indexOf(0) !== bytes.length - 1) throw new QoodError("INDEX_KEY", `no text for a key: ${JSON.stringify(part.slice(0, 60))}`);
  return bytes;
}

/**
 * Joins parts to a key. A text sorts before what goes on after it, a number (0 to 2^53 - 1) by its size; bytes must be the
 * last part, or always of one length.
 * @throws QoodError INDEX_KEY for a text with a zero byte or of more than 400 bytes
 */
export function key(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map(encodePart));
}

/** The least key that does not begin with `prefix`. */
export function after(prefix: Buffer): Buffer {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  if (length === 0) throw new QoodError("INDEX_KEY", "a prefix of nothing but 0xff has no end");
  const end = Buffer.from(prefix.subarray(0, length));
  end[length - 1]! += 1;
  return end;
}

/** All keys that begin with `prefix`, from `from` on where it is given. */
export function under(prefix: Buffer, from: Buffer = prefix): Span {
  return { from, to: after(prefix) };
}

/** JSON as the stores keep it. */
export const toJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), "utf8");

/** JSON that this program has written; its form is what the caller says. */
export const fromJson = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")) as unknown;
