import { join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { openLmdb } from "./lmdb.ts";
import { openPostgres } from "./postgres.ts";
import type { Store } from "./types.ts";

/** Where stores are, see `storeSettings`. */
export interface StoreSettings {
  readonly store?: string | undefined;
  readonly database?: string | undefined;
}

/**
 * Opens one of the stores: what follows from the chain, or what was brought to the catalog. They are apart because each has
 * one writer, and taking a block back must not touch what others wrote since.
 * @throws QoodError CONFIG_VALUE where neither folder nor database is set
 */
export async function openStore({ store, database }: StoreSettings, name: "chain" | "catalog"): Promise<Store> {
  if (database !== undefined) return openPostgres(database, `qood_${name}`);
  if (store === undefined) throw new QoodError("CONFIG_VALUE", "where is the index? Give --store FOLDER, or --database URL (DATABASE_URL)");
  return openLmdb(join(store, name));
}
