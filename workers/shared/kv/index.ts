import { QoodError } from "@qoodblock/sdk/errors";
import { checkRecord, MAX_RECORDS } from "@qoodblock/sdk/kv";
import type { KvStore } from "@qoodblock/sdk/kv";
import type { Logger } from "../log/index.ts";
import { openLmdbStore } from "./lmdb.ts";
import { openPostgresStore } from "./postgres.ts";

/** Where records lie: a PostgreSQL where a URL is given, else an LMDB in a folder. */
export interface KvPlace {
  readonly database?: string | undefined;
  readonly store?: string | undefined;
}

/**
 * A store that writes only what the holder of the address has signed, and answers no more than a reader should ask for at once.
 * @throws QoodError KV_RECORD, KV_SIGNATURE of its `put`
 */
export function checkedStore(store: KvStore): KvStore {
  const within = (limit: number): number => Math.max(1, Math.min(MAX_RECORDS, limit));
  return {
    // A promise in any case: a refusal is a rejection.
    put: (record) => Promise.resolve(record).then(checkRecord).then(() => store.put(record)),
    get: (address, key) => store.get(address, key),
    range: (address, from, to, limit) => store.range(address, from, to, within(limit)),
    scan: (after, limit) => store.scan(after, within(limit)),
    close: () => store.close(),
  };
}

/** Opens the store of a place. @throws QoodError KV_PLACE, KV_DATABASE */
export async function openKvStore({ database, store }: KvPlace, log: Pick<Logger, "error">): Promise<KvStore> {
  if (database !== undefined) return checkedStore(await openPostgresStore(database, log));
  if (store === undefined) throw new QoodError("KV_PLACE", "the key-value store needs a place: a folder, or the URL of a PostgreSQL");
  return checkedStore(openLmdbStore(store));
}
