import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../shared/log/index.ts";
import { createJournal } from "../shared/index/index.ts";
import type { BlockRef, Store } from "../shared/index/index.ts";
import type { Projection } from "./project/index.ts";
import type { Source, SourceBlock, SourceLog, Stretch } from "./source.ts";

/** What following needs. */
export interface FollowOptions {
  readonly store: Store;
  readonly source: Source;
  readonly project: Projection;
  /** Whose logs these are: an index of another deployment is emptied. */
  readonly owner: string;
  /** No event is older. */
  readonly startBlock: number;
  /** Most blocks of one question for logs. */
  readonly mostBlocks: number;
  readonly log: Logger;
  readonly stats?: FollowStats;
}

/** Told of what happens, for metrics. */
export interface FollowStats {
  events(count: number): void;
  rolledBack(blocks: number): void;
  range(blocks: number): void;
}

/** Follows a chain into a store. */
export interface Follower {
  /**
   * One look: takes back what the chain no longer has, then takes in what is new. What fails leaves the store at the last block
   * that came whole; the next look goes on there.
   * @returns the store's head
   */
  step(): Promise<BlockRef | undefined>;
}

const before = (a: SourceLog, b: SourceLog): number => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex;

/** Logs in order, each once. @throws QoodError CHAIN_ANSWER where two differ that must be one, or one is out of place */
function inOrder(logs: readonly SourceLog[], isInPlace: (log: SourceLog) => boolean): SourceLog[] {
  const sorted = logs.filter(({ removed }) => removed !== true).sort(before);
  for (const [i, log] of sorted.entries()) {
    const former = sorted[i - 1];
    const sameBlock = former?.blockNumber !== log.blockNumber || former.blockHash === log.blockHash;
    if (!isInPlace(log) || !sameBlock) throw new QoodError("CHAIN_ANSWER", `the RPC gives a log of block ${log.blockNumber}, ${log.blockHash}, which is not what was asked for`);
  }
  return sorted.filter((log, i) => i === 0 || before(sorted[i - 1]!, log) !== 0);
}

/** See {@link Follower}. */
export function createFollower(options: FollowOptions): Follower {
  const { store, source, project, log, stats } = options;
  const journal = createJournal(store);
  let range = options.mostBlocks;

  /** The newest block that store and chain both have; undefined where they have none, `"behind"` while the node cannot tell. */
  async function common(): Promise<BlockRef | "behind" | undefined> {
    for (const known of await journal.known()) {
      const block = await source.block(known.number);
      if (block?.hash === known.hash) return known;
      // A node that has not come so far says nothing of forks: wait, rather than take back what it will have in a moment.
      if (block === undefined && (await source.latest()).number < known.number) return "behind";
    }
    return undefined;
  }

  /** Brings the store back onto the chain. @returns whether it stands on it now */
  async function align(): Promise<boolean> {
    const head = await journal.head();
    if (head === undefined) return true;
    const at = await common();
    if (at === "behind") return false;
    if (at?.number === head.number) return true;
    try {
      await journal.rollBack(at?.number ?? options.startBlock - 1);
      stats?.rolledBack(head.number - (at?.number ?? options.startBlock - 1));
      log.info({ from: head.number, to: at?.number ?? options.startBlock - 1 }, "the chain has other blocks: rolled back to the common ancestor");
    } catch (error) {
      if (!isQoodError(error, "INDEX_FINAL")) throw error;
      log.error({ head: head.number }, "ALARM: the chain does not hold blocks that were taken for final; indexing again from the deployment on");
      await store.clear();
      await journal.adopt(options.owner);
    }
    return true;
  }

  /** Times of the blocks of some logs: from the logs where the node says them there, else from the blocks. */
  async function times(logs: readonly SourceLog[]): Promise<Map<number, number>> {
    const found = new Map<number, number>();
    const missing = new Map<number, string>();
    for (const { blockNumber, blockHash, blockTimestamp } of logs) {
      if (blockTimestamp !== undefined) found.set(blockNumber, blockTimestamp);
      else missing.set(blockNumber, blockHash);
    }
    await Promise.all(
      [...missing].map(async ([number, hash]) => {
        const block = await source.block(number);
        if (block?.hash !== hash) throw new QoodError("CHAIN_ANSWER", `the RPC gives logs of block ${number}, ${hash}, and not that block`);
        found.set(number, block.timestamp);
      }),
    );
    return found;
  }

  /** Logs up to `final`, of as many blocks as the provider gives at once: half as many after a failure, soon more again. */
  async function stretch(from: number, final: number): Promise<Stretch | undefined> {
    for (;;) {
      const to = Math.min(final, from + range - 1);
      try {
        const found = await source.stretch(from, to);
        if (to - from + 1 === range) range = Math.min(options.mostBlocks, range * 2);
        stats?.range(range);
        return found;
      } catch (error) {
        if (to === from) throw error;
        range = Math.max(1, Math.floor((to - from + 1) / 2));
        stats?.range(range);
        log.debug({ blocks: range, reason: (error as Error).message.slice(0, 200) }, "logs of fewer blocks at once");
      }
    }
  }

  /** Takes in what is final. @returns false where the node does not have it, or has it on another fork */
  async function takeFinal(final: number): Promise<boolean> {
    for (;;) {
      const head = await journal.head();
      const from = head === undefined ? options.startBlock : head.number + 1;
      if (from > final) return true;
      const found = await stretch(from, final);
      // A node on another fork than the one before: what it gives would be taken for final beside what it contradicts.
      if (found === undefined || (head !== undefined && found.first.parentHash !== head.hash)) return false;
      const { last, logs } = found;
      const sorted = inOrder(logs, ({ blockNumber, blockHash }) => blockNumber >= from && blockNumber <= last.number && (blockNumber < last.number || blockHash === last.hash));
      const timeOf = await times(sorted);
      await journal.extendFinal({ number: last.number, hash: last.hash }, (batch) => project(batch, sorted, (each) => timeOf.get(each.blockNumber)!));
      stats?.events(sorted.length);
    }
  }

  /** Takes in one block that may still go. @returns false where it does not build on the head */
  async function takeNew(block: SourceBlock, head: BlockRef | undefined): Promise<boolean> {
    if (head !== undefined && block.parentHash !== head.hash) return false;
    const logs = inOrder(await source.logsOf(block.hash), ({ blockHash, blockNumber }) => blockHash === block.hash && blockNumber === block.number);
    await journal.extend({ number: block.number, hash: block.hash, parent: block.parentHash }, (batch) => project(batch, logs, () => block.timestamp));
    stats?.events(logs.length);
    return true;
  }

  return {
    async step() {
      await journal.adopt(options.owner);
      if (!(await align())) return journal.head();
      const final = await source.finalBlock();
      if (!(await takeFinal(final))) return journal.head();
      const latest = (await source.latest()).number;
      for (;;) {
        const head = await journal.head();
        const next = head === undefined ? options.startBlock : head.number + 1;
        if (next > latest) break;
        const block = await source.block(next);
        // A reorg in the middle of the look is the next look's.
        if (block === undefined || !(await takeNew(block, head))) break;
      }
      await journal.settle(final);
      return journal.head();
    },
  };
}
