import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import type { Chain } from "../shared/chain/index.ts";
import type { Logger } from "../shared/log/index.ts";
import { keys, termsSchema } from "../shared/queue/index.ts";

/** A deal that this TSP has to serve, as it is kept. */
export const dealRecordSchema = z.strictObject({
  dealId: z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value)),
  terms: termsSchema,
  /** CID of the offer that was bought. */
  offer: z.string(),
  stream: z.string(),
  sequence: z.int(),
  boughtBlock: z.int(),
  status: z.enum(["open", "delivered", "closed", "late", "refused"]),
  /** Why, where it is not open. */
  note: z.string(),
  /** Times that a delivery was submitted and did not come about. */
  tries: z.int(),
  transaction: z.strictObject({ hash: z.string(), block: z.int(), gasUsed: z.int() }).nullable(),
  ms: z.strictObject({ check: z.number(), prove: z.number(), deliver: z.number() }).nullable(),
});

/** See {@link dealRecordSchema}. */
export type DealRecord = z.output<typeof dealRecordSchema>;

/** A deal as text. */
export const encodeDeal = (deal: DealRecord): string => JSON.stringify(z.encode(dealRecordSchema, deal));

/** Reads a deal. */
export async function readDeal(redis: Redis, prefix: string, dealId: string): Promise<DealRecord | undefined> {
  const text = await redis.hget(keys.deals(prefix), dealId);
  return text === null ? undefined : dealRecordSchema.parse(JSON.parse(text));
}

/** What is noted of an order that was offered: where its file lies, and what it sells first. */
const orderSchema = z.object({ cid: z.string(), stream: z.string(), sequence: z.int(), order: termsSchema.shape.order });
const cursorSchema = z.object({ block: z.int(), hash: z.string() });
const CURSOR = "deals";
const PAGE = 2000;

/**
 * Follows the purchases of this seller's orders, up to the final block only, from a durable cursor. The cursor names
 * its block by hash: where the chain has another block there, it is another chain or a rewritten one, and everything
 * is read again from the deployment on, which costs time and changes nothing that is known.
 */
export function createFollower(options: { readonly redis: Redis; readonly prefix: string; readonly client: Client; readonly chain: Chain; readonly seller: Hex; readonly log: Logger }): { step(): Promise<void> } {
  const { redis, prefix, client, chain, log } = options;

  async function position(): Promise<number> {
    const start = Math.max(0, client.deployment.startBlock - 1);
    const text = await redis.hget(keys.cursors(prefix), CURSOR);
    if (text === null) return start;
    const cursor = cursorSchema.parse(JSON.parse(text));
    if ((await chain.provider.getBlock(cursor.block))?.hash === cursor.hash) return cursor.block;
    log.error({ block: cursor.block }, "ALARM: the chain does not hold the last block that was followed; reading again from the deployment");
    return start;
  }

  return {
    async step() {
      const final = await chain.finalBlock();
      for (let at = await position(); at < final; ) {
        const to = Math.min(at + PAGE, final);
        const events = await readEvents(client.deployment, chain.provider, "Bought", { fromBlock: at + 1, toBlock: to, indexed: [null, options.seller] });
        const block = await chain.provider.getBlock(to);
        if (typeof block?.hash !== "string") return;
        const write = redis.multi();
        for (const { dealId, orderHash, sale, blockNumber } of events) {
          const known = await redis.hget(keys.orders(prefix), orderHash);
          if (known === null) {
            log.error({ dealId, orderHash }, "ALARM: a deal was made with an order that is not known here");
            continue;
          }
          const { cid, stream, sequence, order } = orderSchema.parse(JSON.parse(known));
          if ((await redis.hexists(keys.deals(prefix), dealId)) === 0) {
            const deal: DealRecord = { dealId, terms: { order, sale }, offer: cid, stream, sequence, boughtBlock: blockNumber, status: "open", note: "", tries: 0, transaction: null, ms: null };
            write.hset(keys.deals(prefix), dealId, encodeDeal(deal)).sadd(keys.openDeals(prefix), dealId);
            log.info({ dealId, stream, sequence, buyer: sale.buyer }, "deal bought");
          }
        }
        write.hset(keys.cursors(prefix), CURSOR, JSON.stringify({ block: to, hash: block.hash }));
        await write.exec();
        at = to;
      }
    },
  };
}
