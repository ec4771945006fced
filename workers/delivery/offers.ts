import { z } from "zod";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { keys, readBatch, readBatches } from "../shared/queue/index.ts";
import type { AnnouncedBatch } from "../shared/queue/index.ts";
import { isHopeless, openWhole } from "./batch.ts";
import { orderSchema } from "./follow.ts";
import { publishOffer } from "./offer.ts";
import type { OfferContext, Published } from "./offer.ts";
import { Recent } from "./recent.ts";

/** Field of the cursors that says up to which announcement batches wait to be offered. */
const CURSOR = "offers";

/** Announces an offer unless one of its batches was offered by another worker. KEYS waiting, orders, offers; ARGV order hash, order, offer, ids… */
const ANNOUNCE = `
for i = 4, #ARGV do if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then return 0 end end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[3], '*', 'offer', ARGV[3])
for i = 4, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
return 1`;

/** Ids of a Redis Stream in order. */
function byAge(a: string, b: string): number {
  const [[aMs, aSeq], [bMs, bSeq]] = [a.split("-").map(Number), b.split("-").map(Number)] as [[number, number], [number, number]];
  return aMs - bMs || aSeq - bSeq;
}

/**
 * Offers announced batches, each once: so many of a stream together as the setting says. Announced batches first wait in
 * Redis, moved there together with the cursor; the offer's announcement, the order's note and their leaving are one step.
 * What cannot be offered yet (no agreement, no bond, say) waits on and is tried again.
 */
export function createOfferer(context: OfferContext): { step(): Promise<void> } {
  const { redis, prefix, metrics, log, settings } = context;
  const announced = settings.announcedPrefix ?? prefix;
  redis.defineCommand("offersAnnounce", { numberOfKeys: 3, lua: ANNOUNCE });
  const commands = redis as unknown as { offersAnnounce(...args: string[]): Promise<number> };
  const said = new Map<string, string>();
  const notBefore = new Map<string, number>();
  const opened = new Recent();
  const wrong = new Recent();

  async function takeAnnounced(): Promise<void> {
    const cursor = (await redis.hget(keys.cursors(prefix), CURSOR)) ?? "0";
    const found = await readBatches(redis, announced, cursor);
    if (found.length === 0) return;
    const write = redis.multi();
    for (const { id, batch } of found) write.hset(keys.waiting(prefix), id, batch.stream);
    await write.hset(keys.cursors(prefix), CURSOR, found.at(-1)!.id).exec();
  }

  /** Ids that are to be offered together: full groups, and what has waited long enough for others. */
  async function groups(): Promise<string[][]> {
    const streams = new Map<string, string[]>();
    for (const [id, stream] of Object.entries(await redis.hgetall(keys.waiting(prefix)))) streams.set(stream, [...(streams.get(stream) ?? []), id]);
    const found: string[][] = [];
    for (const ids of streams.values()) {
      ids.sort(byAge);
      for (let at = 0; at < ids.length; at += settings.offerLots) {
        const group = ids.slice(at, at + settings.offerLots);
        if (group.length === settings.offerLots || Date.now() - Number(group[0]!.split("-")[0]) >= settings.offerWaitSeconds * 1000) found.push(group);
      }
    }
    return found;
  }

  async function announce(ids: readonly string[], batches: readonly AnnouncedBatch[], { cid, orderHash, order }: Published): Promise<void> {
    const first = batches[0]!;
    const sold = batches.map(({ stream, sequence }) => ({ stream, sequence }));
    const price = order.pages.reduce((total, each) => total + each.price, 0n);
    const told = {
      ...{ cid, orderHash, stream: first.stream, sequence: first.sequence, headerHash: first.headerHash, price: price.toString(), token: order.token },
      ...{ records: batches.reduce((total, { records }) => total + records, 0), batches: batches.map(({ sequence, headerHash }) => ({ sequence, headerHash })), pages: order.pages.length },
    };
    const noted = JSON.stringify(z.encode(orderSchema, { cid, batches: sold, order }));
    const done = await commands.offersAnnounce(keys.waiting(prefix), keys.orders(prefix), keys.offers(prefix), orderHash, noted, JSON.stringify(told), ...ids);
    if (done !== 1) return;
    metrics.offered();
    log.info({ stream: first.stream, sequences: sold.map(({ sequence }) => sequence), cid, orderHash }, "batch offered");
  }

  async function offer(ids: readonly string[]): Promise<void> {
    const batches: AnnouncedBatch[] = [];
    for (const id of ids) {
      const batch = await readBatch(redis, announced, id);
      if (batch === undefined) throw new QoodError("OFFER_GONE", `announcement ${id} is gone from Redis`);
      batches.push(batch);
    }
    // What is offered was opened whole by the one who will bond for it.
    for (const { headerHash, lot } of batches) {
      if (opened.has(headerHash)) continue;
      await openWhole(context, lot).catch((error: unknown) => {
        if (isQoodError(error, "VAULT_NO_SECRET") && decodeFlags(lot.header.words.flags).origin === "DEVICE_SEALED") {
          throw new QoodError("OFFER_SEALED", `stream ${lot.header.words.stream} is sealed by its device and this vault has no secret of it: the holder of its key sells it, with a delivery worker and bonds of its own`);
        }
        if (!isHopeless(error)) throw error;
        if (wrong.add(headerHash)) log.error({ headerHash, err: error }, "ALARM: a batch is not what its header says; it is not offered");
        throw new QoodError("OFFER_WRONG", `${error.message} [${error.code}]`);
      });
      opened.add(headerHash);
    }
    await announce(ids, batches, await publishOffer(context, batches));
  }

  return {
    async step() {
      await takeAnnounced();
      for (const ids of await groups()) {
        const name = ids.join();
        if (performance.now() < (notBefore.get(name) ?? 0)) continue;
        try {
          await offer(ids);
          notBefore.delete(name);
        } catch (error) {
          if (!(error instanceof QoodError)) throw error;
          if (said.get(name) !== error.message) log.warn({ announcements: ids, reason: `${error.message} [${error.code}]` }, "batch not offered; it will be tried again");
          said.set(name, error.message);
          notBefore.set(name, performance.now() + settings.retrySeconds * 1000);
        }
      }
    },
  };
}
