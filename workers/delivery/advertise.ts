import type { Redis } from "ioredis";
import { z } from "zod";
import { createCatalogClient, submitOffer } from "@qoodblock/sdk/catalog";
import { decodeDescription } from "@qoodblock/sdk/description";
import { isQoodError } from "@qoodblock/sdk/errors";
import { decodeOffer } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import type { DataIndex, Entry } from "../shared/dht/index.ts";
import type { Logger } from "../shared/log/index.ts";
import { keys } from "../shared/queue/index.ts";
import type { Storage } from "../shared/storage/types.ts";

/** What advertising needs. */
export interface AdvertiseContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly storage: Pick<Storage, "get">;
  readonly log: Logger;
}

/** Codes of a catalog that cannot answer now; every other one is its word on the offer. */
const LATER = new Set(["UNAVAILABLE", "TOO_MANY_REQUESTS", "CATALOG_FAULT"]);
/** Offers of one look. */
const COUNT = 50;
const announcedSchema = z.object({ cid: z.string(), orderHash: z.string() });
type Announced = z.output<typeof announcedSchema>;

/** An entry with the offer in it. */
interface Read extends Entry {
  readonly parsed: Offer;
}

/** The file of an announced offer and the descriptions of its lots, as the storage node has them. */
async function read({ storage }: AdvertiseContext, { cid }: Announced): Promise<Read> {
  const offer = await storage.get(cid);
  const parsed = decodeOffer(offer);
  const descriptions = await Promise.all(parsed.lots.map(({ cids }) => storage.get(cids.description)));
  return { offer, parsed, descriptions };
}

/** Announced offers after a cursor, oldest first. */
async function announcedAfter({ redis, prefix }: AdvertiseContext, cursor: string): Promise<{ id: string; told: Announced }[]> {
  const found = await redis.xrange(keys.offers(prefix), cursor === "0" ? "-" : `(${cursor}`, "+", "COUNT", COUNT);
  return found.map(([id, [, text]]) => ({ id, told: announcedSchema.parse(JSON.parse(text!)) }));
}

/** Brings offers to where buyers look. */
export interface Advertiser {
  /** Takes up what was offered since the last look; what fails is tried again at the next. */
  step(): Promise<void>;
}

/**
 * Sends every announced offer to a catalog, each once: the cursor is in Redis and passes an offer when the catalog has taken it in or refused it.
 * @throws from `step`: what keeps the catalog from answering
 */
export function createCatalogAdvertiser(context: AdvertiseContext, url: string): Advertiser {
  const { redis, prefix, log } = context;
  const client = createCatalogClient(url);
  const field = `catalog:${url}`;
  return {
    async step() {
      const cursor = (await redis.hget(keys.cursors(prefix), field)) ?? "0";
      for (const { id, told } of await announcedAfter(context, cursor)) {
        const { parsed, descriptions } = await read(context, told);
        try {
          await submitOffer(client, parsed, descriptions.map(decodeDescription));
          log.info({ catalog: url, cid: told.cid, orderHash: told.orderHash }, "offer sent to the catalog");
        } catch (error) {
          // A line that is down is no QoodError.
          if (!isQoodError(error) || LATER.has(error.code)) throw error;
          log.warn({ catalog: url, cid: told.cid, reason: `${error.message} [${error.code}]` }, "the catalog does not take the offer");
        }
        await redis.hset(keys.cursors(prefix), field, id);
      }
    },
  };
}

/**
 * Announces every open offer in the data index, and tells of none that is over. The index forgets with the process, so a new one begins with the first offer.
 * @param now - Unix seconds
 */
export function createIndexAdvertiser(context: AdvertiseContext, index: Pick<DataIndex, "announce" | "withdraw">, now: () => number): Advertiser {
  const { log } = context;
  const open = new Map<string, { readonly entry: Entry; readonly expiry: number }>();
  let cursor = "0";
  return {
    async step() {
      for (const [cid, { entry, expiry }] of open) {
        if (expiry > now()) continue;
        index.withdraw(entry);
        open.delete(cid);
      }
      for (const { id, told } of await announcedAfter(context, cursor)) {
        const { offer, parsed, descriptions } = await read(context, told);
        if (parsed.order.expiry > now()) {
          const entry = { offer, descriptions };
          const places = await index.announce(entry);
          open.set(told.cid, { entry, expiry: parsed.order.expiry });
          log.info({ cid: told.cid, orderHash: told.orderHash, keys: places }, "offer announced in the data index");
        }
        cursor = id;
      }
    },
  };
}
