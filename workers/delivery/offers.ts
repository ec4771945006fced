import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../shared/log/index.ts";
import { keys, readBatches, termsSchema } from "../shared/queue/index.ts";
import { publishOffer } from "./offer.ts";
import type { OfferContext } from "./offer.ts";

/** Field of the cursors that says up to which announcement offers were made. */
const CURSOR = "offers";

/**
 * Offers every announced batch, once: the offer's announcement, the order's note and the cursor are written together.
 * A batch that cannot be offered yet (no agreement, say) is kept aside and tried again.
 */
export function createOfferer(context: OfferContext & { readonly log: Logger }): { step(): Promise<void> } {
  const { redis, prefix, log, settings } = context;
  const asideKey = `${keys.offers(prefix)}:aside`;
  const said = new Map<string, string>();
  let nextRetry = 0;

  async function offer(id: string, moveCursor: boolean): Promise<void> {
    const [announcement] = await readBatches(redis, prefix, previousId(id), 1);
    if (announcement?.id !== id) return;
    const { batch } = announcement;
    const write = redis.multi();
    try {
      const { cid, orderHash, order } = await publishOffer(context, batch);
      const told = { cid, orderHash, stream: batch.stream, sequence: batch.sequence, headerHash: batch.headerHash, price: order.pages[0]!.price.toString(), token: order.token, records: batch.records };
      write.hset(keys.orders(prefix), orderHash, JSON.stringify({ cid, stream: batch.stream, sequence: batch.sequence, order: z.encode(termsSchema.shape.order, order) }));
      write.xadd(keys.offers(prefix), "*", "offer", JSON.stringify(told));
      write.srem(asideKey, id);
      log.info({ stream: batch.stream, sequence: batch.sequence, cid, orderHash }, "batch offered");
    } catch (error) {
      if (!(error instanceof QoodError) || !/^(OFFER|AGREEMENT)_/.test(error.code)) throw error;
      if (said.get(id) !== error.message) log.warn({ stream: batch.stream, sequence: batch.sequence, reason: error.message }, "batch not offered; it will be tried again");
      said.set(id, error.message);
      write.sadd(asideKey, id);
    }
    if (moveCursor) write.hset(keys.cursors(prefix), CURSOR, id);
    await write.exec();
  }

  return {
    async step() {
      const cursor = (await redis.hget(keys.cursors(prefix), CURSOR)) ?? "0";
      for (const { id } of await readBatches(redis, prefix, cursor)) await offer(id, true);
      if (Date.now() < nextRetry) return;
      nextRetry = Date.now() + settings.retrySeconds * 1000;
      for (const id of await redis.smembers(asideKey)) await offer(id, false);
    },
  };
}

/** The id just before one in a Redis Stream. */
function previousId(id: string): string {
  const [ms, seq] = id.split("-").map(Number) as [number, number];
  return seq > 0 ? `${ms}-${seq - 1}` : `${ms - 1}-18446744073709551615`;
}
