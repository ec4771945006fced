/** A row on the wire: the canonical CBOR array of its raw values in schema order. */
import { CborReader, CborWriter } from "./cbor.ts";

const NULL = 0xf6;
/** The last initial byte of a negative integer. */
const MAJOR_NEGATIVE_END = 0x3f;
/** What an argument of 1, 2, 4 and 8 bytes must reach: anything less has a shorter form. */
const SHORTER = [24, 0x100, 0x10000, 2 ** 32];

/** Raw values in schema order: integers in the column's decimal steps (|v| <= 2^53 - 1), null = absent. Column 0: Unix milliseconds. */
export type Row = readonly (number | null)[];

/** Row to bytes. @throws QoodError `OUT_OF_RANGE` for a value that is no safe integer */
export function encodeRow(row: Row): Uint8Array {
  const writer = new CborWriter(2 + 9 * row.length);
  writer.array(row.length);
  for (const value of row) writer.value(value);
  return writer.finish();
}

/**
 * Bytes to row; only the bytes that {@link encodeRow} would make are accepted.
 * @param columns expected number of values, unchecked when left out
 * @throws QoodError `CBOR_*`, `ROW_COLUMNS`
 */
export function decodeRow(bytes: Uint8Array, columns?: number): Row {
  const reader = new CborReader(bytes);
  const length = reader.array("row");
  reader.expect(columns === undefined || length === columns, "ROW_COLUMNS", `row has ${length} values, the schema ${columns ?? 0}`);
  const row = new Array<number | null>(length);
  for (let i = 0; i < length; i += 1) row[i] = reader.value();
  reader.end();
  return row;
}

/**
 * Makes the quick look at rows for a gateway, which reads each value only to compare it: a good row's time, or undefined where
 * {@link decodeRow} or the check of ranges would find a fault. Which one is for them to say.
 * @param ranges of each column, both bounds inclusive
 */
export function rowScanner(ranges: readonly { readonly min: number; readonly max: number }[]): (bytes: Uint8Array) => number | undefined {
  const columns = ranges.length;
  const least = Float64Array.from(ranges, ({ min }) => min);
  const most = Float64Array.from(ranges, ({ max }) => max);
  const head = encodeRow(ranges.map(() => null)).subarray(0, -columns);
  return (bytes) => {
    const { length } = bytes;
    let at = 0;
    for (; at < head.length; at += 1) if (bytes[at] !== head[at]) return undefined;
    let time = 0;
    for (let i = 0; i < columns; i += 1) {
      const initial = bytes[at++];
      if (initial === NULL && i > 0) continue;
      if (initial === undefined || initial > MAJOR_NEGATIVE_END) return undefined;
      let argument = initial & 31;
      if (argument >= 24) {
        if (argument > 27) return undefined;
        const size = 1 << (argument - 24);
        if (at + size > length) return undefined;
        const shorter = SHORTER[argument - 24]!;
        argument = 0;
        for (const end = at + size; at < end; at += 1) argument = argument * 256 + bytes[at]!;
        if (argument < shorter) return undefined;
      }
      const value = initial < 32 ? argument : -1 - argument;
      if (!(value >= least[i]! && value <= most[i]!)) return undefined;
      if (i === 0) time = value;
    }
    return at === length ? time : undefined;
  };
}
