import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Chain } from "../shared/chain/index.ts";
import { keys } from "../shared/queue/index.ts";

const cursorSchema = z.object({ block: z.int() });
const CURSOR = "own-anchors";
/** Blocks of one question, at most and at least: providers have limits of their own. */
const [MOST, LEAST] = [50_000, 500];

/**
 * Looks whether this Redis knows every anchor of its account. Each is kept before it is sent, so one that is not known means that Redis is
 * older than the chain (a copy, or a replica that lacked the last writes) or that something else anchors with the account. Whoever went on
 * would give a sequence a second header, which is evidence against the account (equivocation). So nothing is planned and nothing new is
 * anchored before a look; what was in the middle of being planned when Redis went away may still be planned, and comes no further.
 */
export interface OwnAnchors {
  /** False until the first look, and again when Redis has been away: what has come back may be another one. */
  readonly isSure: () => boolean;
  /** One look at what has been anchored since the last. @throws QoodError REDIS_OLD with the anchor that is not known */
  look(): Promise<void>;
}

/**
 * See {@link OwnAnchors}.
 * @param options.from - the first block that is looked at, where that of the deployment is too early
 */
export function createOwnAnchors(options: { readonly redis: Redis; readonly prefix: string; readonly client: Client; readonly chain: Chain; readonly account: Hex; readonly from: number }): OwnAnchors {
  const { redis, prefix, client, chain, account } = options;
  const { deployment } = client;
  let sure = false;
  /** How often Redis has gone away. */
  let losses = 0;
  redis.on("close", () => {
    losses += 1;
    sure = false;
  });

  async function check(fromBlock: number, toBlock: number): Promise<void> {
    const found = await readEvents(deployment, chain.provider, "Anchored", { fromBlock, toBlock, indexed: [account] });
    if (found.length === 0) return;
    const known = await redis.hmget(keys.anchors(prefix), ...found.map(({ root }) => root.toLowerCase()));
    const foreign = found[known.indexOf(null)];
    if (foreign === undefined) return;
    sure = false;
    throw new QoodError(
      "REDIS_OLD",
      `anchor ${foreign.root} of ${account} in block ${foreign.blockNumber} is not in this Redis: it is an older copy or a new one, or something else anchors with this account. Nothing new is anchored, as a second header of a sequence is evidence against you: put back the Redis that was used last (docs/operations.md); what you know to be no harm is passed over by --own-anchors-from ${foreign.blockNumber + 1}`,
      { details: { root: foreign.root, blockNumber: foreign.blockNumber } },
    );
  }

  return {
    isSure: () => sure,
    async look() {
      const before = losses;
      const text = await redis.hget(keys.cursors(prefix), CURSOR);
      const after = text === null ? -1 : cursorSchema.parse(JSON.parse(text)).block;
      const [head, final] = [await chain.provider.getBlockNumber(), await chain.finalBlock()];
      let range = MOST;
      for (let from = Math.max(deployment.startBlock, options.from, after + 1); from <= head; ) {
        const to = Math.min(head, from + range - 1);
        try {
          await check(from, to);
        } catch (error) {
          if (error instanceof QoodError || range <= LEAST) throw error;
          range = Math.floor(range / 2);
          continue;
        }
        from = to + 1;
      }
      // Another Redis than the one that was asked: the next look is about that one.
      if (losses !== before) return;
      sure = true;
      // What is not final yet is looked at again, as another block may take its place; and so is what came after the head was asked for.
      const done = Math.min(final, head);
      if (done > after) await redis.hset(keys.cursors(prefix), CURSOR, JSON.stringify({ block: done }));
    },
  };
}
