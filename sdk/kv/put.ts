/** putIotKV and putWalKV: rows sealed as a batch of their own and written once under their key. */
import { fromHex, type Hex, toHex } from "../bytes/index.ts";
import { publicKeyOf } from "../crypto/ecdsa.ts";
import { randomBytes } from "../crypto/random.ts";
import { CHAIN_START, MessageSigner } from "../device/chain.ts";
import { DICTIONARY_VERSION } from "../dictionary/mapping.ts";
import { rowCheck, schemaHash } from "../dictionary/schema.ts";
import type { Schema } from "../dictionary/types.ts";
import { ensure } from "../errors/index.ts";
import { ZERO32 } from "../formats/header.ts";
import { SALT_LENGTH } from "../formats/message.ts";
import { encodeRow, type Row } from "../formats/row.ts";
import { batchKey, dayOf } from "../keys/index.ts";
import { sealBatch } from "../sealing/seal.ts";
import type { DayWriter } from "./address.ts";
import { keyCoder, keyOf } from "./key.ts";
import { encodeRecord, recordHandle } from "./record.ts";
import type { KvRecord, KvStore } from "./store.ts";

/** Rows of one format, all of one day. */
export interface PutInput {
  /** Schema of the rows. */
  readonly format: Schema;
  /** In order of time. */
  readonly rows: readonly Row[];
}

/** What was written. */
export interface Written {
  /** By the parts of the format's key, see `keyParts`. */
  readonly key: readonly number[];
  /** Published hash of the plaintext: the root of the record's batch. */
  readonly dHash: Hex;
  readonly headerHash: Hex;
  /** `same` where it was there already. */
  readonly outcome: "written" | "same";
}

/** A record before it is written, so that a device without a connection can keep it. */
export interface SealedRecord {
  readonly record: KvRecord;
  readonly key: readonly number[];
  readonly dHash: Hex;
  readonly headerHash: Hex;
}

/**
 * Seals rows to a record. With `signed` a message of the rows is signed by the address's key (DEVICE_SIGNED), else they are attested
 * by the wallet alone.
 * @param random given only by tests
 * @throws QoodError `KV_ROW`, `KV_KEY`, `KV_DAY`, `KV_TOO_LARGE`, `SEAL_*`
 */
export function sealRecord(writer: DayWriter, { format, rows }: PutInput, signed: boolean, random: (length: number) => Uint8Array = randomBytes): SealedRecord {
  const check = rowCheck(format);
  for (const [i, row] of rows.entries()) {
    const fault = check([...row]);
    ensure(fault === undefined, "KV_ROW", `row ${i}: ${fault?.detail ?? ""}`);
    ensure(dayOf(row[0] ?? 0) === writer.day, "KV_DAY", `row ${i} is not of the day that the address is for: each day has an address of its own`);
  }
  const key = keyOf(format, rows);
  const bytes = keyCoder(writer, format).encode(key);
  const stream = recordHandle(writer.address, bytes);
  const sealNonce = toHex(random(32));
  const message = new MessageSigner({ privateKey: writer.privateKey, stream, state: CHAIN_START }).sign(rows.map(encodeRow), random(SALT_LENGTH));
  const sealed = sealBatch({
    header: {
      ...{ stream, sequence: 0, tsp: writer.address, previousHeader: ZERO32, sealNonce, keyEpoch: 0 },
      flags: { exclusive: false, origin: signed ? "DEVICE_SIGNED" : "TSP_ATTESTED" },
      ...{ schema: toHex(schemaHash(format)), dictionaryVersion: DICTIONARY_VERSION },
      devicePublicKey: signed ? toHex(publicKeyOf(writer.privateKey)) : null,
    },
    keys: { k1: batchKey(writer.secret, stream, 0, sealNonce) },
    intervals: [{ blocks: [{ messages: [{ counter: message.counter, salt16: message.salt16, rows: message.rows, signature: signed ? message.signature : null }] }] }],
    columns: format.columns.length,
    chainBefore: ZERO32,
  });
  const record = encodeRecord(writer, bytes, { ...sealed, chainSignature: sealed.envelope === null ? null : fromHex(sealed.envelope.signature, 64) });
  return { record, key, dHash: sealed.header.words.root, headerHash: sealed.headerHash };
}

async function put(store: KvStore, sealed: SealedRecord): Promise<Written> {
  const { record, ...said } = sealed;
  return { ...said, outcome: await store.put(record) };
}

/**
 * A device stores rows under their composite key, e.g. (session_id, start_time, end_time). Written once: an (address, key) that holds other
 * rows is refused.
 * @param writer the day's address, given to the device by the owner's `deductFrom`
 * @throws QoodError `KV_KEY_TAKEN`, those of {@link sealRecord} and of the store
 */
export const putIotKV = (store: KvStore, writer: DayWriter, input: PutInput): Promise<Written> => put(store, sealRecord(writer, input, true));

/**
 * The same from the owner's wallet, for what no device has measured (VIN_CODE): values may be edited by hand before, so no device vouches for
 * them and the batch says so.
 * @throws QoodError `KV_KEY_TAKEN`, those of {@link sealRecord} and of the store
 */
export const putWalKV = (store: KvStore, wallet: DayWriter, input: PutInput): Promise<Written> => put(store, sealRecord(wallet, input, false));

/** Writes a record that was sealed before, for example while there was no connection. @throws QoodError `KV_KEY_TAKEN`, those of the store */
export const putSealed = put;
