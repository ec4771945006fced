/** Ordered composite keys, as the data dictionary names their parts: (SESSION_ID, START_TIME, END_TIME) and the like. */
import { bytesToBigint, concat, fromHex } from "../bytes/index.ts";
import { hkdf } from "../crypto/hkdf.ts";
import { schemaHash, schemaId } from "../dictionary/schema.ts";
import type { Schema } from "../dictionary/types.ts";
import { ensure, QoodError } from "../errors/index.ts";
import type { Row } from "../formats/row.ts";
import type { DayReader } from "./address.ts";

/** The open end of a range. */
export const INF_MAX = Number.POSITIVE_INFINITY;

/** Columns that number a record, by their names in the dictionary. */
const IDS = ["session_id", "carvio_id"] as const;
const TAG_LENGTH = 8;
const PART_LENGTH = 8;

/** Names of a schema's key parts, in order: its number where it has one, start, end. */
export function keyParts(schema: Schema): string[] {
  return [...idColumns(schema).map((column) => column.name), "start_time", "end_time"];
}

function idColumns(schema: Schema) {
  return schema.columns.filter(({ name }) => (IDS as readonly string[]).includes(name));
}

/**
 * The key of a record, from its rows: all of them have one number; start is the first row's `start_time` or time, end the last row's time.
 * @throws QoodError `KV_KEY` where rows of one record have different numbers, or none
 */
export function keyOf(schema: Schema, rows: readonly Row[]): number[] {
  const [first, last] = [rows[0], rows.at(-1)];
  ensure(first !== undefined && last !== undefined, "KV_KEY", "a record has at least one row");
  const at = (name: string): number => schema.columns.findIndex((column) => column.name === name);
  const ids = idColumns(schema).map(({ name }) => {
    const value = first[at(name)] ?? null;
    ensure(value !== null && rows.every((row) => row[at(name)] === value), "KV_KEY", `all rows of a record of ${schemaId(schema)} have the same ${name}`);
    return value;
  });
  return [...ids, first[at("start_time")] ?? first[0] ?? 0, last[0] ?? 0];
}

/**
 * How one address writes the keys of one format. The tag hides which format it is; each part is moved by a secret distance, the same
 * for the whole address, so that order and ranges stay and a number or time means nothing to who sees the store.
 */
export interface KeyCoder {
  readonly parts: readonly string[];
  /** A whole key. @throws QoodError `KV_KEY` */
  encode(key: readonly number[]): Uint8Array;
  /** Both bounds of a range, inclusive: missing parts and {@link INF_MAX} are open. @throws QoodError `KV_KEY` */
  range(start: readonly number[], end: readonly number[]): { from: Uint8Array; to: Uint8Array };
}

/** Deriving a coder costs more than a look into an embedded store: each reader's are made once. */
const made = new WeakMap<object, Map<Schema, KeyCoder>>();

/** See {@link KeyCoder}. */
export function keyCoder(reader: Pick<DayReader, "address" | "secret">, schema: Schema): KeyCoder {
  const known = made.get(reader) ?? new Map<Schema, KeyCoder>();
  const coder = known.get(schema) ?? makeCoder(reader, schema);
  made.set(reader, known.set(schema, coder));
  return coder;
}

function makeCoder(reader: Pick<DayReader, "address" | "secret">, schema: Schema): KeyCoder {
  const parts = keyParts(schema);
  const bytes = hkdf(reader.secret, "qood/kv/key/v1", concat(fromHex(reader.address, 20), schemaHash(schema)), TAG_LENGTH + PART_LENGTH * parts.length);
  const tag = bytes.subarray(0, TAG_LENGTH);
  // Below 2^62: with a part below 2^53 the sum has 64 bits, so nothing wraps and order is kept.
  const shifts = parts.map((_, i) => bytesToBigint(bytes.subarray(TAG_LENGTH + PART_LENGTH * i, TAG_LENGTH + PART_LENGTH * (i + 1))) >> 2n);
  /** The tag and as many parts as there are; the rest of the key is filled. */
  const write = (key: readonly number[], fill: number): Uint8Array => {
    const out = new Uint8Array(TAG_LENGTH + PART_LENGTH * parts.length).fill(fill);
    out.set(tag);
    const view = new DataView(out.buffer);
    for (const [i, value] of key.entries()) {
      if (!Number.isSafeInteger(value) || value < 0) throw new QoodError("KV_KEY", `${parts[i]!} of a key of ${schemaId(schema)} must be an integer from 0, not ${value}`);
      view.setBigUint64(TAG_LENGTH + PART_LENGTH * i, BigInt(value) + shifts[i]!);
    }
    return out;
  };
  const filled = (key: readonly number[], fill: number): Uint8Array => {
    ensure(key.length <= parts.length, "KV_KEY", `a key of ${schemaId(schema)} has the parts ${parts.join(", ")}`);
    const open = key.findIndex((value) => value === INF_MAX);
    return write(open < 0 ? key : key.slice(0, open), fill);
  };
  return {
    parts,
    encode(key) {
      ensure(key.length === parts.length, "KV_KEY", `a key of ${schemaId(schema)} is (${parts.join(", ")})`);
      return write(key, 0);
    },
    range: (start, end) => {
      ensure(!start.includes(INF_MAX), "KV_KEY", "only the end of a range is open by INF_MAX; leave parts of the start out");
      return { from: filled(start, 0), to: filled(end, 0xff) };
    },
  };
}
