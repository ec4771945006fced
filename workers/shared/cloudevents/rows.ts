import { TIME_COLUMN, parseDecimal, rowCheck, schemaId } from "@qoodblock/sdk/dictionary";
import type { RawColumn, Row, RowFault, Schema } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { encodeRow } from "@qoodblock/sdk/formats";
import type { TelemetryEvent } from "./types.ts";

/** A record that cannot become a row. */
export interface RecordFault extends RowFault {
  /** Its index among the event's records. */
  readonly index: number;
}

/** What {@link rowsOf} makes of an event's records. */
export interface EventRows {
  /** Good records in order, each as its canonical bytes: rows of a message. */
  readonly rows: readonly Uint8Array[];
  readonly faults: readonly RecordFault[];
}

/** RFC 3339 with a zone; what else `Date.parse` takes depends on the machine. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** A named value, in the column's own unit, as the integer on the wire; undefined where it is none. */
function integerOf(column: RawColumn, value: unknown): number | null | undefined {
  if (value === null || value === undefined) return null;
  if (column.name === TIME_COLUMN.name && typeof value === "string" && INSTANT.test(value)) {
    const time = Date.parse(value);
    return Number.isNaN(time) ? undefined : time;
  }
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  return parseDecimal(String(value), column.decimals);
}

/** What is shown of a value: of one that is nested, only that it is; it may be deeper than a printer goes. */
const shown = (value: unknown): string => (typeof value === "object" ? "(a list or an object)" : JSON.stringify(value).slice(0, 40));

/**
 * Makes the reader of records of one schema. A record is either an array of raw integers in schema order (`value ×
 * 10^decimals`, `null` = absent), or an object of named columns with values in the column's unit: numbers, decimal texts (exact
 * where a number is not), booleans, and for the time an RFC 3339 text too. A column that is not named is absent; a name that the
 * schema does not have is a fault.
 *
 * @returns a function from a record to its row, or to what is wrong with it
 */
export function recordReader(schema: Schema): (record: unknown) => Row | RowFault {
  const check = rowCheck(schema);
  const places = new Map(schema.columns.map((column, i) => [column.name, i]));

  function named(record: Readonly<Record<string, unknown>>): Row | RowFault {
    const row: Row = schema.columns.map(() => null);
    for (const [name, value] of Object.entries(record)) {
      const at = places.get(name);
      if (at === undefined) return { reason: "columns", detail: `${schemaId(schema)} has no column ${JSON.stringify(name.slice(0, 40))}` };
      const integer = integerOf(schema.columns[at]!, value);
      if (integer === undefined) return { reason: "unparsable", detail: `${name} ${shown(value)} cannot be read` };
      row[at] = integer;
    }
    return row;
  }

  return (record) => {
    if (typeof record !== "object" || record === null) return { reason: "unparsable", detail: "a record is an array of integers or an object of named columns" };
    let row: Row | RowFault;
    if (!Array.isArray(record)) row = named(record as Record<string, unknown>);
    else if (record.every((value) => value === null || typeof value === "number")) row = record as Row;
    else return { reason: "unparsable", detail: "a record in an array holds integers and null only" };
    return "reason" in row ? row : (check(row) ?? row);
  };
}

/**
 * The records of an event as canonical rows, each judged by itself: one bad record spoils no other.
 *
 * @throws QoodError EVENT_DATA for an event without records, EVENT_SCHEMA where it names another schema than its stream's
 */
export function rowsOf(event: TelemetryEvent, schema: Schema): EventRows {
  if (event.records === undefined) throw new QoodError("EVENT_DATA", `event ${event.id} holds no records`);
  if (event.schema !== undefined && event.schema !== schemaId(schema)) throw new QoodError("EVENT_SCHEMA", `event ${event.id} holds records of ${event.schema}; its stream takes ${schemaId(schema)}`);
  const read = recordReader(schema);
  const rows: Uint8Array[] = [];
  const faults: RecordFault[] = [];
  event.records.forEach((record, index) => {
    const row = read(record);
    if ("reason" in row) faults.push({ index, ...row });
    else rows.push(encodeRow(row));
  });
  return { rows, faults };
}
