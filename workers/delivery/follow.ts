import { z } from "zod";
import { readEvents } from "@qoodblock/sdk/client";
import type { Events } from "@qoodblock/sdk/client";
import { dealIdOf } from "@qoodblock/sdk/market";
import type { ChainableCommander } from "ioredis";
import { keys, termsSchema } from "../shared/queue/index.ts";
import { sellerOf } from "./context.ts";
import type { DeliveryContext } from "./context.ts";
import { encodeDeal, NEW_PAGE, pageId } from "./deals.ts";
import { Recent } from "./recent.ts";

/** What is noted of an order that was offered. */
export const orderSchema = z.strictObject({
  /** Where its offer lies. */
  cid: z.string(),
  /** The batches that it sells, in the order of its lots. */
  batches: z.array(z.strictObject({ stream: z.string(), sequence: z.int() })),
  order: termsSchema.shape.order,
});

const cursorSchema = z.object({ block: z.int(), hash: z.string() });
const CURSOR = "deals";
/** Blocks of one question for events. */
const RANGE = 2000;
/** So many blocks are asked for again each time: a node that lags behind gives no events of blocks that it does not have yet. */
const OVERLAP = 64;

type FollowContext = Pick<DeliveryContext, "redis" | "prefix" | "client" | "chain" | "wallet" | "log">;

/**
 * Follows the purchases of this seller's orders, up to the final block only, from a durable cursor. The cursor names
 * its block by hash: where the chain has another block there, it is another chain or a rewritten one, and everything
 * is read again from the deployment on, which costs time and changes nothing that is known.
 */
export function createPurchaseFollower(context: FollowContext): { step(): Promise<void> } {
  const { redis, prefix, client, chain, log } = context;
  const { deployment } = client;
  const unknown = new Recent();

  async function position(): Promise<number> {
    const start = Math.max(0, deployment.startBlock - 1);
    const text = await redis.hget(keys.cursors(prefix), CURSOR);
    if (text === null) return start;
    const cursor = cursorSchema.parse(JSON.parse(text));
    const block = await chain.provider.getBlock(cursor.block);
    if (block?.hash === cursor.hash) return cursor.block;
    // A node that lags behind has no such block yet; only another block in its place says that the chain is another.
    if (block === null && (await chain.finalBlock()) < cursor.block) return cursor.block;
    log.error({ block: cursor.block }, "ALARM: the chain does not hold the last block that was followed; reading again from the deployment");
    return start;
  }

  async function take({ dealId, orderHash, sale }: Events["Bought"], boughtBlock: number, write: ChainableCommander): Promise<void> {
    if ((await redis.hexists(keys.deals(prefix), dealId)) === 1) return;
    if (dealIdOf(orderHash, sale) !== dealId) {
      log.error({ dealId }, "ALARM: the RPC gives a purchase whose terms are not those of its deal; it is passed over");
      return;
    }
    const known = await redis.hget(keys.orders(prefix), orderHash);
    if (known === null) {
      if (unknown.add(dealId)) log.error({ dealId, orderHash }, "ALARM: a deal was made with an order that is not known here");
      return;
    }
    const { cid, order, batches } = orderSchema.parse(JSON.parse(known));
    write.hset(keys.deals(prefix), dealId, encodeDeal({ dealId, orderHash, terms: { order, sale }, offer: cid, boughtBlock }));
    for (const page of order.pages.keys()) write.hsetnx(keys.pages(prefix), pageId(dealId, page), JSON.stringify(NEW_PAGE)).sadd(keys.openPages(prefix), pageId(dealId, page));
    log.info({ dealId, pages: order.pages.length, batches: batches.length, buyer: sale.buyer }, "deal bought");
  }

  return {
    async step() {
      const final = await chain.finalBlock();
      for (let at = await position(); at < final; ) {
        const to = Math.min(at + RANGE, final);
        const fromBlock = Math.max(deployment.startBlock, at + 1 - OVERLAP);
        const events = await readEvents(deployment, chain.provider, "Bought", { fromBlock, toBlock: to, indexed: [null, sellerOf(context)] });
        const block = await chain.provider.getBlock(to);
        if (typeof block?.hash !== "string") return;
        const write = redis.multi();
        for (const event of events) await take(event, event.blockNumber, write);
        write.hset(keys.cursors(prefix), CURSOR, JSON.stringify({ block: to, hash: block.hash }));
        await write.exec();
        at = to;
      }
    },
  };
}

/**
 * Sees challenges as soon as they stand in any block, final or not, and wakes their pages. What it misses is found by
 * looking at every delivered page from time to time, so it keeps nothing.
 */
export function createChallengeWatch(context: FollowContext, wake: (id: string) => void): { step(): Promise<void> } {
  const { redis, prefix, client, chain } = context;
  const seen = new Recent();
  return {
    async step() {
      const head = await chain.provider.getBlockNumber();
      const fromBlock = Math.max(client.deployment.startBlock, head - OVERLAP);
      for (const event of await readEvents(client.deployment, chain.provider, "Challenged", { fromBlock, toBlock: "latest" })) {
        const id = pageId(event.dealId, event.page);
        const name = `${id}:${event.blockHash}`;
        if (seen.has(name)) continue;
        // Challenges of all sellers come by; also a page that was taken for over is looked at again.
        if ((await redis.hexists(keys.deals(prefix), event.dealId)) === 1) {
          await redis.sadd(keys.openPages(prefix), id);
          wake(id);
        }
        seen.add(name);
      }
    },
  };
}
