import { keccak_256 } from "@noble/hashes/sha3.js";
import { parseDecimal } from "./decimal.ts";
import type { RawColumn, Row, Schema } from "./types.ts";

/** Times outside 2000-01-01 to 2100-01-01 are a broken clock, not a drive. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** Column 0 of every schema: the record's time in Unix milliseconds UTC. */
export const TIME_COLUMN: RawColumn = {
  name: "time",
  decimals: 0,
  min: EARLIEST_MS,
  max: LATEST_MS,
  unit: "ms",
  description: "the record's time, Unix milliseconds UTC",
};

/** `name@version`: the text that the schema's hash is made of, and its name in files. */
export function schemaId(schema: Schema): string {
  return `${schema.name}@${schema.version}`;
}

/** keccak256(ascii(name ‖ "@" ‖ version)), 32 bytes: the `schema` of headers and stream handles. */
export function schemaHash(schema: Schema): Uint8Array {
  return keccak_256(new TextEncoder().encode(schemaId(schema)));
}

/** A column's smallest and largest integer on the wire. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** The column's range in its integer steps: `min × 10^decimals … max × 10^decimals`, both inclusive. */
export function integerRange(column: RawColumn): IntegerRange {
  return { min: parseDecimal(String(column.min), column.decimals)!, max: parseDecimal(String(column.max), column.decimals)! };
}

/** What {@link rowCheck} found wrong with a row. */
export interface RowFault {
  readonly reason: "columns" | "unparsable" | "range";
  /** One line for people: which column and why. */
  readonly detail: string;
}

/**
 * Makes the check that a row must pass at the device and again at the gateway: the number of columns, a time, integers
 * only, each in its column's range.
 *
 * @returns a function from row to the first fault found, or `undefined` for a good row
 */
export function rowCheck(schema: Schema): (row: Row) => RowFault | undefined {
  const ranges = schema.columns.map(integerRange);
  return (row) => {
    if (row.length !== ranges.length) return { reason: "columns", detail: `${row.length} values where ${schemaId(schema)} has ${ranges.length} columns` };
    for (let i = 0; i < ranges.length; i++) {
      const value = row[i] ?? null;
      if (value === null) {
        if (i === 0) return { reason: "unparsable", detail: "the time is missing" };
        continue;
      }
      const { min, max } = ranges[i]!;
      if (value < min || value > max) return { reason: "range", detail: outside(schema.columns[i]!, value) };
      if (!Number.isInteger(value)) return { reason: "unparsable", detail: `${schema.columns[i]!.name} is not an integer on the wire` };
    }
    return undefined;
  };
}

function outside(column: RawColumn, value: number): string {
  const unit = column.unit === "" ? "" : ` ${column.unit}`;
  return `${column.name} ${value / 10 ** column.decimals} is outside ${column.min} to ${column.max}${unit}`;
}
