import type { Redis } from "ioredis";
import type { Logger } from "../shared/log/index.ts";
import { keys, readBatch, readBatches } from "../shared/queue/index.ts";
import type { AnnouncedBatch } from "../shared/queue/index.ts";
import type { Storage } from "../shared/storage/types.ts";
import { batchCopy } from "./backup.ts";
import type { Backup } from "./backup.ts";
import { batchName } from "./record.ts";
import { soldBatches } from "./sold.ts";

/** What the retention needs. */
export interface RetentionContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly storage: Storage;
  readonly backup: Backup | undefined;
  /** Files are kept so long after their batch was announced. */
  readonly keepMs: number;
  /** A time that has surely come, Unix milliseconds. */
  readonly sureTime: () => Promise<number>;
  readonly log: Logger;
}

/** Field of the cursors that says up to which announcement batches are past their retention. */
const CURSOR = "retention";
const DAY_MS = 86_400_000;

/** When an announcement was made, Unix milliseconds of Redis' clock. */
const timeOf = (id: string): number => Number(id.split("-")[0]);

/**
 * Gives up the files of batches that are older than the rule says and that no order offers and no open page sells: their
 * pins, their backup, and then the blocks that no other pin keeps. What was given up stays on record; header, anchor and
 * plan stay where they are. A batch that is still sold is looked at again each time.
 */
export function createRetention(context: RetentionContext): { step(): Promise<void> } {
  const { redis, prefix, storage, backup, keepMs, sureTime, log } = context;

  async function collectOverdue(now: number): Promise<void> {
    const before = now - keepMs;
    for (;;) {
      const cursor = (await redis.hget(keys.cursors(prefix), CURSOR)) ?? "0";
      const found = (await readBatches(redis, prefix, cursor)).filter(({ id }) => timeOf(id) < before);
      if (found.length === 0) return;
      const write = redis.multi();
      for (const { id, batch } of found) write.hset(keys.overdue(prefix), id, batchName(batch.stream, batch.sequence));
      await write.hset(keys.cursors(prefix), CURSOR, found.at(-1)!.id).exec();
    }
  }

  async function giveUp(id: string, { stream, sequence, lot: { cids } }: AnnouncedBatch): Promise<void> {
    const record = { at: new Date().toISOString(), announced: new Date(timeOf(id)).toISOString(), retentionDays: keepMs / DAY_MS, cids };
    // First the record: a check that finds the files gone must not take them for lost.
    await redis.multi().hset(keys.dropped(prefix), batchName(stream, sequence), JSON.stringify(record)).hdel(keys.waiting(prefix), id).exec();
    for (const cid of [cids.ciphertext, cids.dataHashes, cids.description]) await storage.unpin(cid);
    await backup?.drop(batchCopy(stream, sequence));
    await redis.hdel(keys.overdue(prefix), id);
  }

  return {
    async step() {
      const now = await sureTime();
      await collectOverdue(now);
      const overdue = Object.entries(await redis.hgetall(keys.overdue(prefix)));
      if (overdue.length === 0) return;
      const { pages, orders } = await soldBatches(redis, prefix, Math.floor(now / 1000));
      let given = 0;
      for (const [id, name] of overdue) {
        if (pages.has(name) || orders.has(name)) continue;
        const batch = await readBatch(redis, prefix, id);
        if (batch === undefined) await redis.hdel(keys.overdue(prefix), id);
        else await giveUp(id, batch);
        given += 1;
      }
      if (given === 0) return;
      log.info({ batches: given, blocks: await storage.collect(), stillSold: overdue.length - given }, "files of batches past their retention were given up");
    },
  };
}
