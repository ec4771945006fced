/** getKV and getKVRange: one record or a range of them, checked, opened, and cut down to the columns that were asked for. */
import { equalBytes, type Hex, toHex } from "../bytes/index.ts";
import { publicKeyIn } from "./record.ts";
import { schemaHash, schemaId } from "../dictionary/schema.ts";
import type { Schema } from "../dictionary/types.ts";
import { ensure } from "../errors/index.ts";
import type { Origin } from "../formats/header-types.ts";
import type { Row } from "../formats/row.ts";
import { batchKey } from "../keys/index.ts";
import { checkBatch } from "../sealing/check.ts";
import { openBatch } from "../sealing/open.ts";
import type { DayReader } from "./address.ts";
import { keyCoder, keyOf } from "./key.ts";
import { checkRecord, decodeRecord, recordHandle } from "./record.ts";
import { keyAfter, type KvRecord, type KvStore, MAX_RECORDS } from "./store.ts";

/** A record as its reader sees it. */
export interface KvRows {
  readonly key: readonly number[];
  /** Root of the batch, by which a later buyer knows that the data are those of that time. */
  readonly dHash: Hex;
  readonly headerHash: Hex;
  /** Who vouches for the rows: DEVICE_SIGNED by `putIotKV`, TSP_ATTESTED by `putWalKV`. */
  readonly origin: Origin;
  /** Names of the values of each row, in order. */
  readonly columns: readonly string[];
  /** Raw integers in the schema's decimal steps, null = absent. */
  readonly rows: readonly Row[];
}

function projection(format: Schema, columns: readonly string[] | undefined): { names: readonly string[]; of: (row: Row) => Row } {
  if (columns === undefined) return { names: format.columns.map(({ name }) => name), of: (row) => row };
  const at = columns.map((name) => {
    const index = format.columns.findIndex((column) => column.name === name);
    ensure(index >= 0, "KV_COLUMN", `${schemaId(format)} has no column ${name}: it has ${format.columns.map((column) => column.name).join(", ")}`);
    return index;
  });
  return { names: [...columns], of: (row) => at.map((index) => row[index] ?? null) };
}

/**
 * Opens a record: the address's signature, the batch against its header, the rows against their dHash and their key.
 * @throws QoodError `KV_SIGNATURE`, `KV_SECRET`, `KV_RECORD`, `KV_COLUMN`, and those of `checkBatch` and `openBatch`
 */
export function openRecord(reader: DayReader, format: Schema, record: KvRecord, columns?: readonly string[]): KvRows {
  const project = projection(format, columns);
  ensure(record.address === reader.address, "KV_RECORD", "the store gave a record of another address");
  checkRecord(record);
  const { header, chainSignature, ...files } = decodeRecord(reader, record);
  const stream = recordHandle(record.address, record.key);
  ensure(header.words.stream === stream && header.words.sequence === 0, "KV_RECORD", "the record's batch was sealed for another key");
  ensure(header.rest.schema === toHex(schemaHash(format)), "KV_RECORD", `the record is not of format ${schemaId(format)}`);
  const envelope = chainSignature === null ? null : { publicKey: publicKeyIn(record), signature: toHex(chainSignature) };
  const batch = checkBatch({ ...files, header, envelope, anchor: null, columns: format.columns.length });
  const { rows } = openBatch(batch, { k1: batchKey(reader.secret, stream, 0, header.rest.sealNonce) });
  const key = keyOf(format, rows);
  ensure(equalBytes(keyCoder(reader, format).encode(key), record.key), "KV_RECORD", "the record's rows have another key than it is stored under");
  return { key, dHash: header.words.root, headerHash: batch.headerHash, origin: batch.flags.origin, columns: project.names, rows: rows.map(project.of) };
}

/**
 * Reads one record.
 * @param key all parts, see `keyParts`
 * @param columns only these come back; all without it
 * @returns undefined where there is none
 * @throws QoodError `KV_KEY`, those of {@link openRecord} and of the store
 */
export async function getKV(store: KvStore, reader: DayReader, format: Schema, key: readonly number[], columns?: readonly string[]): Promise<KvRows | undefined> {
  projection(format, columns);
  const bytes = keyCoder(reader, format).encode(key);
  const record = await store.get(reader.address, bytes);
  if (record === undefined) return undefined;
  ensure(equalBytes(record.key, bytes), "KV_RECORD", "the store gave a record of another key");
  return openRecord(reader, format, record, columns);
}

/**
 * Reads all records from `start` to `end`, both inclusive, in order of their keys. Parts that are left out are open; so is an end with INF_MAX.
 * @throws QoodError `KV_KEY`, those of {@link openRecord} and of the store
 */
export async function* getKVRange(store: KvStore, reader: DayReader, format: Schema, start: readonly number[], end: readonly number[], columns?: readonly string[]): AsyncGenerator<KvRows, void> {
  projection(format, columns);
  const { from, to } = keyCoder(reader, format).range(start, end);
  for await (const record of recordsIn(store, reader.address, from, to)) yield openRecord(reader, format, record, columns);
}

/** The sealed records of a range, page by page. @throws QoodError `KV_RECORD` where the store leaves the range or its order */
export async function* recordsIn(store: KvStore, address: Hex, from: Uint8Array, to: Uint8Array): AsyncGenerator<KvRecord, void> {
  for (let at = from; ; ) {
    const page = await store.range(address, at, to, MAX_RECORDS);
    if (page.length === 0) return;
    for (const record of page) {
      ensure(compare(record.key, at) >= 0 && compare(record.key, to) <= 0, "KV_RECORD", "the store gave a record out of the range that was asked for");
      at = keyAfter(record.key);
      yield record;
    }
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
