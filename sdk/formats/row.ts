/** A row on the wire: the canonical CBOR array of its raw values in schema order. */
import { CborReader, CborWriter } from "./cbor.ts";

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
  const row: (number | null)[] = [];
  for (let i = 0; i < length; i += 1) row.push(reader.value());
  reader.end();
  return row;
}
