import type { Redis } from "ioredis";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { keys } from "../shared/queue/index.ts";
import { batchName } from "./record.ts";

/** What is read here of an order and of a deal; the delivery worker writes more. */
const order = z.object({ expiry: z.number(), pages: z.array(z.object({ lotCount: z.number() })) });
const orderSchema = z.object({ cid: z.string(), batches: z.array(z.object({ stream: z.string(), sequence: z.number() })), order });
const dealSchema = z.object({ orderHash: z.string() });

/** Batches that somebody still has a claim to, by {@link batchName}, each with who. */
export interface Sold {
  /** → a page of a deal that has not ended. */
  readonly pages: ReadonlyMap<string, string>;
  /** → an order that can still be bought. */
  readonly orders: ReadonlyMap<string, string>;
  /** CIDs of the offer files of both. */
  readonly offers: ReadonlySet<string>;
}

/** Entries of a hash, little by little: it may have one for every batch there ever was. */
export async function* entriesOf(redis: Redis, key: string): AsyncGenerator<[string, string]> {
  let cursor = "0";
  do {
    const [next, flat] = await redis.hscan(key, cursor, "COUNT", 200);
    for (let i = 0; i < flat.length; i += 2) yield [flat[i]!, flat[i + 1]!];
    cursor = next;
  } while (cursor !== "0");
}

async function openPages(redis: Redis, prefix: string, offers: Set<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const id of await redis.smembers(keys.openPages(prefix))) {
    const [dealId, page] = id.split("/") as [string, string];
    const deal = await redis.hget(keys.deals(prefix), dealId);
    const known = deal === null ? null : await redis.hget(keys.orders(prefix), dealSchema.parse(JSON.parse(deal)).orderHash);
    if (known === null) throw new QoodError("DEAL_UNKNOWN", `page ${page} of deal ${dealId} is open, and which batches it sells is not known here: nothing is given up before that is mended`);
    const { cid, batches, order: { pages } } = orderSchema.parse(JSON.parse(known));
    offers.add(cid);
    const from = pages.slice(0, Number(page)).reduce((sum, { lotCount }) => sum + lotCount, 0);
    for (const { stream, sequence } of batches.slice(from, from + (pages[Number(page)]?.lotCount ?? 0))) found.set(batchName(stream, sequence), id);
  }
  return found;
}

/**
 * Which batches are sold or for sale.
 * @param now - Unix time, seconds.
 * @throws QoodError DEAL_UNKNOWN when an open page cannot be told to sell one batch or another
 */
export async function soldBatches(redis: Redis, prefix: string, now: number): Promise<Sold> {
  const orders = new Map<string, string>();
  const offers = new Set<string>();
  for await (const [hash, text] of entriesOf(redis, keys.orders(prefix))) {
    const { cid, batches, order: { expiry } } = orderSchema.parse(JSON.parse(text));
    if (expiry < now) continue;
    offers.add(cid);
    for (const { stream, sequence } of batches) orders.set(batchName(stream, sequence), hash);
  }
  return { pages: await openPages(redis, prefix, offers), orders, offers };
}
