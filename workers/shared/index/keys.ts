/** Keys of several parts whose byte order is the order of the parts. */
import { QoodError } from "@qoodblock/sdk/errors";
import type { Span } from "./types.ts";

/** Longest text of a key, characters: LMDB takes keys of 1,978 bytes. */
const MAX_TEXT = 400;

function checkText(part: string): void {
  if (part.length > MAX_TEXT || part.includes("\0")) throw new QoodError("INDEX_KEY", `no text for a key: ${JSON.stringify(part.slice(0, 60))}`);
}

function encodeNumber(part: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(part / 2 ** 32), 0);
  bytes.writeUInt32BE(part % 2 ** 32, 4);
  return bytes;
}

/**
 * Joins parts to a key. A text sorts before what goes on after it, a number (0 to 2^53 - 1) by its size; bytes must be the
 * last part, or always of one length.
 * @throws QoodError INDEX_KEY for a text with a zero byte or of more than 400 characters
 */
export function key(...parts: readonly (string | number | Uint8Array)[]): Buffer {
  const pieces: Uint8Array[] = [];
  // Texts beside each other are encoded at once: keys are made by the million.
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      checkText(part);
      text += `${part}\0`;
      continue;
    }
    if (text !== "") pieces.push(Buffer.from(text, "utf8"));
    text = "";
    pieces.push(typeof part === "number" ? encodeNumber(part) : part);
  }
  if (pieces.length === 0) return Buffer.from(text, "utf8");
  if (text !== "") pieces.push(Buffer.from(text, "utf8"));
  return Buffer.concat(pieces);
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
