import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { DEAL_STATES } from "@qoodblock/sdk/market";
import { keys, termsSchema } from "../shared/queue/index.ts";

const word = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value));

/** A deal that this seller has to serve, as it is kept. */
export const dealSchema = z.strictObject({
  dealId: word,
  orderHash: word,
  terms: termsSchema,
  /** CID of the offer that was bought. */
  offer: z.string(),
  boughtBlock: z.int(),
});

/** See {@link dealSchema}. */
export type DealRecord = z.output<typeof dealSchema>;

/** What is submitted for a page. */
export const KINDS = ["deliver", "answer", "settle", "receipt"] as const;
export type Kind = (typeof KINDS)[number];

const transaction = z.strictObject({ hash: z.string(), block: z.int(), gasUsed: z.int() }).optional();
const count = z.int().default(0);

/** Where a page stands, as it is kept. What is to be done follows from the chain; this is what the chain does not tell. */
export const pageSchema = z.strictObject({
  /**
   * open: paid, nothing done; handover: the keys may be fetched off chain; delivering: a delivery is in the lane;
   * challengeable and proven: delivered, the window runs; challenged: the answer is under way; settling. The rest is over:
   * late: no longer delivered in time; refused: the data is not what was sold; gone: the purchase left the chain.
   */
  status: z.enum(["open", "handover", "delivering", "challengeable", "challenged", "proven", "settling", "settled", "refunded", "cancelled", "late", "refused", "gone"]),
  /** Why, where it is over. */
  note: z.string(),
  /** The chain's word when last looked at, and the block at which it was first heard. */
  seen: z.strictObject({ state: z.enum(DEAL_STATES), block: z.int() }).nullable(),
  /** Transactions that were submitted and did not come about. */
  tries: z.strictObject({ deliver: count, answer: count, settle: count, receipt: count }),
  transactions: z.strictObject({ deliver: transaction, answer: transaction, settle: transaction, receipt: transaction }),
  /** How long opening the batches and proving took, milliseconds. */
  ms: z.strictObject({ check: z.number().nullable(), prove: z.number().nullable() }),
});

/** See {@link pageSchema}. */
export type PageRecord = z.output<typeof pageSchema>;

/** A page that nothing was done for. */
export const NEW_PAGE: PageRecord = {
  ...{ status: "open", note: "", seen: null },
  tries: { deliver: 0, answer: 0, settle: 0, receipt: 0 },
  transactions: {},
  ms: { check: null, prove: null },
};

/** Name of a page in Redis. */
export const pageId = (dealId: string, page: number): string => `${dealId}/${page}`;

/** Inverse of {@link pageId}. */
export function pageParts(id: string): { dealId: string; page: number } {
  const [dealId, page] = id.split("/") as [string, string];
  return { dealId, page: Number(page) };
}

/** A deal as text. */
export const encodeDeal = (deal: DealRecord): string => JSON.stringify(z.encode(dealSchema, deal));

/** Reads a deal. */
export async function readDeal(redis: Redis, prefix: string, dealId: string): Promise<DealRecord | undefined> {
  const text = await redis.hget(keys.deals(prefix), dealId);
  return text === null ? undefined : dealSchema.parse(JSON.parse(text));
}

/** Reads a page. */
export async function readPage(redis: Redis, prefix: string, id: string): Promise<PageRecord | undefined> {
  const text = await redis.hget(keys.pages(prefix), id);
  return text === null ? undefined : pageSchema.parse(JSON.parse(text));
}

/** Keeps a page. */
export async function savePage(redis: Redis, prefix: string, id: string, record: PageRecord): Promise<void> {
  await redis.hset(keys.pages(prefix), id, JSON.stringify(record));
}

/** Keeps a page for the last time and gives its reserved bond free. */
export async function closePage(redis: Redis, prefix: string, id: string, record: PageRecord, token: string): Promise<void> {
  await redis.multi().hset(keys.pages(prefix), id, JSON.stringify(record)).srem(keys.openPages(prefix), id).hdel(keys.bonds(prefix, token), id).incr(keys.bondsVersion(prefix, token)).exec();
}
