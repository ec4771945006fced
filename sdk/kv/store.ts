/** Where records lie, and what a store is asked. It sees addresses, keys in order and sealed bodies, and no key that opens them. */
import type { Hex } from "../bytes/index.ts";

/** A record as it is stored. */
export interface KvRecord {
  /** 20 bytes, lower case. */
  readonly address: Hex;
  /** Composite key, ordered as bytes; 1 to {@link MAX_KEY} of them. */
  readonly key: Uint8Array;
  /** Sealed batch with its signature, see `encodeBody`. */
  readonly body: Uint8Array;
}

/** Longest key, bytes. */
export const MAX_KEY = 64;
/** Largest body, bytes. */
export const MAX_BODY = 4 * 1024 * 1024;
/** Most records of one answer. */
export const MAX_RECORDS = 256;
/** Bodies of one answer end when they have so many bytes together; there is always one. */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** A store of records: embedded, a database, or another machine's over HTTP. */
export interface KvStore {
  /**
   * Writes a record once.
   * @returns `same` where exactly this record is there already, so that a writer that heard no answer may ask again
   * @throws QoodError `KV_KEY_TAKEN` where the key has another body
   */
  put(record: KvRecord): Promise<"written" | "same">;
  get(address: Hex, key: Uint8Array): Promise<KvRecord | undefined>;
  /**
   * Records of one address from `from` to `to`, both inclusive, in order of their keys; fewer than `limit` where bodies are large.
   * An empty answer means that there are none.
   */
  range(address: Hex, from: Uint8Array, to: Uint8Array, limit: number): Promise<KvRecord[]>;
  /** All records of all addresses in order, after a place: what somebody without a seed must go through. */
  scan(after: Pick<KvRecord, "address" | "key"> | undefined, limit: number): Promise<KvRecord[]>;
  close(): Promise<void>;
}

/** The least key behind `key`. */
export function keyAfter(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key.length + 1);
  out.set(key);
  return out;
}
