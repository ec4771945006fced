/** An offer as the catalog keeps it, whether it is open or not: what the chain takes back may open it again. */
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { offerSchema } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { fromJson, key, toJson, under } from "../shared/index/index.ts";
import type { Batch, OrderStatus, Reader } from "../shared/index/index.ts";

/** What of a lot is public, beyond what the offer says. */
const lotSchema = z.strictObject({
  headerHash: z.string(),
  /** Of the anchor, Unix seconds. */
  anchoredAt: z.int(),
  /** Unix milliseconds; only where the description file says it. */
  time: z.strictObject({ first: z.int(), last: z.int() }).nullable(),
  cells: z.array(z.string()),
});

const recordSchema = z.strictObject({
  orderHash: z.string(),
  offer: offerSchema,
  lots: z.array(lotSchema),
  status: z.enum(["open", "expired", "cancelled", "filled", "unagreed", "bad"]),
  /** When it was taken in, Unix seconds. */
  takenAt: z.int(),
});

/** See the head of this file. */
export interface OfferRecord {
  readonly orderHash: Hex;
  readonly offer: Offer;
  readonly lots: readonly z.output<typeof lotSchema>[];
  readonly status: OrderStatus;
  readonly takenAt: number;
}

const recordKey = (orderHash: string): Buffer => key("offer", orderHash);
const EXPIRY = "expiry";

/** Events by which an offer may open or close, as names that rows of the index come to as well. */
export const names = {
  order: (orderHash: string): string => `order ${orderHash.toLowerCase()}`,
  word: (seller: string, word: bigint): string => `word ${seller.toLowerCase()} ${word}`,
  agreement: (id: bigint | string): string => `agreement ${id}`,
  header: (hash: string): string => `header ${hash.toLowerCase()}`,
};

/** Reads a record, or undefined. */
export async function readRecord(reader: Pick<Reader, "getMany">, orderHash: string): Promise<OfferRecord | undefined> {
  const [bytes] = await reader.getMany([recordKey(orderHash)]);
  return bytes === undefined ? undefined : (recordSchema.parse(fromJson(bytes)) as OfferRecord);
}

/** Writes a record with what it is found by when the chain moves or time passes. */
export function writeRecord(batch: Batch, record: OfferRecord): void {
  const { orderHash, offer } = record;
  const { order } = offer;
  batch.put(recordKey(orderHash), toJson(z.encode(recordSchema, { ...record, lots: [...record.lots] })));
  batch.put(key(EXPIRY, order.expiry, Buffer.from(orderHash)), Buffer.alloc(0));
  for (const name of [names.order(orderHash), names.word(order.seller, order.nonce >> 8n), names.agreement(order.agreementId), ...record.lots.map(({ headerHash }) => names.header(headerHash))]) {
    batch.put(key("by", name, Buffer.from(orderHash)), Buffer.alloc(0));
  }
}

const idsOf = (entries: readonly { key: Buffer }[]): string[] => entries.map((entry) => entry.key.subarray(-66).toString());

/** Hashes of the orders that some names may have changed. */
export async function ordersBy(reader: Pick<Reader, "ranges">, touched: readonly string[]): Promise<Set<string>> {
  const found = await reader.ranges(touched.map((name) => under(key("by", name))), Number.MAX_SAFE_INTEGER);
  return new Set(found.flatMap(idsOf));
}

/** Hashes of orders that expired after `since` and not after `now`, Unix seconds. */
export async function expiredOrders(reader: Pick<Reader, "ranges">, since: number, now: number): Promise<string[]> {
  const [found] = await reader.ranges([{ from: key(EXPIRY, since), to: key(EXPIRY, now) }], Number.MAX_SAFE_INTEGER);
  return idsOf(found!);
}

/** Hashes of all orders that were ever taken in. */
export async function allOrders(reader: Pick<Reader, "ranges">): Promise<string[]> {
  const [found] = await reader.ranges([under(key("offer"))], Number.MAX_SAFE_INTEGER);
  return found!.map((entry) => entry.key.subarray(key("offer").length, -1).toString());
}
