import { mkdirSync } from "node:fs";
import { open } from "lmdb";
import { concat, fromHex, toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { keyAfter, MAX_ANSWER_BYTES } from "@qoodblock/sdk/kv";
import type { KvRecord, KvStore } from "@qoodblock/sdk/kv";

const ADDRESS = 20;
/** Above every address. */
const END = new Uint8Array(ADDRESS + 1).fill(0xff);

const place = (address: Hex, key: Uint8Array): Buffer => Buffer.from(concat(fromHex(address, ADDRESS), key));

/**
 * Records in an LMDB environment in `folder`, which one process writes and any number may read. A put has come to the disk when it resolves;
 * puts at the same time share one transaction.
 */
export function openLmdbStore(folder: string): KvStore {
  mkdirSync(folder, { recursive: true });
  const db = open<Buffer, Buffer>({ path: folder, keyEncoding: "binary", encoding: "binary", compression: false, maxDbs: 1 });

  /** Values come as copies; keys of the iterator are copied here, as it may use their bytes again. */
  function page(start: Uint8Array, end: Uint8Array, limit: number): KvRecord[] {
    const found: KvRecord[] = [];
    let bytes = 0;
    for (const { key, value } of db.getRange({ start: Buffer.from(start), end: Buffer.from(end), limit })) {
      found.push({ address: toHex(key.subarray(0, ADDRESS)), key: Uint8Array.prototype.slice.call(key, ADDRESS), body: value });
      bytes += value.length;
      if (bytes >= MAX_ANSWER_BYTES) break;
    }
    return found;
  }

  return {
    async put({ address, key, body }) {
      const at = place(address, key);
      if (await db.ifNoExists(at, () => void db.put(at, Buffer.from(body)))) return "written";
      if (db.get(at)?.equals(body) === true) return "same";
      throw new QoodError("KV_KEY_TAKEN", "this key of this address is written already: a key is written once");
    },
    get(address, key) {
      const body = db.get(place(address, key));
      return Promise.resolve(body === undefined ? undefined : { address, key, body });
    },
    range: (address, from, to, limit) => Promise.resolve(page(place(address, from), keyAfter(place(address, to)), limit)),
    scan: (after, limit) => Promise.resolve(page(after === undefined ? new Uint8Array(1) : keyAfter(place(after.address, after.key)), END, limit)),
    close: () => db.close(),
  };
}
