import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import { keys } from "../queue/names.ts";
import { createLaneStore } from "./laneStore.ts";
import type { Intent } from "./laneStore.ts";
import { LaneWorker } from "./laneWorker.ts";
import type { LaneWork } from "./laneWorker.ts";

/** How a lane behaves. */
export interface LaneOptions extends LaneWork {
  readonly redis: Redis;
  readonly redisPrefix: string;
  /** How long a lease counts without renewal; after that another process may take the lane over. */
  readonly leaseMs?: number;
}

/** A transaction that came about. */
export interface Mined {
  readonly hash: string;
  readonly blockNumber: number;
  /** 1 = done, 0 = reverted. */
  readonly status: number;
  readonly gasUsed: bigint;
}

/** Where a submitted transaction stands. */
export interface LaneView {
  /** queued: not signed yet; sent: signed, perhaps broadcast; mined; final; failed: the chain would not take it, nothing went out. */
  readonly state: Intent["state"];
  /** Where it is mined or final. */
  readonly mined: Mined | undefined;
  /** Why it failed. */
  readonly error: string | undefined;
}

/**
 * The one way of a signer to the chain. Any process with the signer's key may submit; the one that holds the lease works
 * the queue off, one transaction at a time: intent and signed bytes are kept before they are broadcast, a transaction
 * that is not mined in time is sent again with the same nonce and a higher fee, and one that a reorg has thrown out is
 * broadcast again as it was.
 */
export interface Lane {
  readonly address: string;
  /**
   * Keeps an intent; the same key again changes nothing, whatever the rest says. After the chain time `notAfter` (Unix
   * seconds) it is not sent for the first time any more: what it would tell the world comes too late to count. What is
   * urgent goes before everything that is not on its way yet. `again` has what the chain has refused, or reverted for good,
   * asked once more.
   */
  submit(key: string, transaction: { readonly to: string; readonly data: string; readonly notAfter?: number; readonly urgent?: boolean; readonly again?: boolean }): Promise<void>;
  /** Where a transaction stands, without waiting; undefined when nothing was submitted under the key. */
  look(key: string): Promise<LaneView | undefined>;
  /**
   * Waits until a submitted transaction is mined, or final.
   * @throws QoodError LANE_FAILED when the chain would not take it (with its reason), LANE_ENDING.
   */
  result(key: string, until: "mined" | "final", signal: AbortSignal): Promise<Mined>;
  /** Starts to compete for the lease. */
  start(): void;
  stop(): Promise<void>;
}

function minedOf({ state, receipt }: Intent): Mined | undefined {
  if (receipt === null || (state !== "mined" && state !== "final")) return undefined;
  return { hash: receipt.hash, blockNumber: receipt.blockNumber, status: receipt.status, gasUsed: BigInt(receipt.gasUsed) };
}

/** See {@link Lane}. */
export function createLane(options: LaneOptions): Lane {
  const { redis, redisPrefix, chain, wallet, log } = options;
  const store = createLaneStore(redis, keys.lane(redisPrefix, chain.chainId, wallet.address));
  const holder = `${process.pid}:${randomUUID()}`;
  const leaseMs = options.leaseMs ?? 10_000;
  const ending = new AbortController();
  let loop: Promise<void> | undefined;

  const isEnding = (): boolean => ending.signal.aborted;

  async function run(): Promise<void> {
    const worker = new LaneWorker(options, store);
    let said = "";
    while (!isEnding()) {
      let busy = false;
      try {
        const token = await store.lease(holder, leaseMs);
        if (token > 0) busy = await worker.step(token);
        said = "";
      } catch (error) {
        const text = (error as Error).message;
        if (text !== said && !isEnding()) log.warn({ err: error }, "the lane is held up; trying on");
        said = text;
      }
      if (!busy) await wait(Math.min(chain.pollMs, leaseMs / 3), undefined, { signal: ending.signal }).catch(() => undefined);
    }
    if (redis.status === "ready") await store.release(holder).catch(() => undefined);
  }

  return {
    address: wallet.address,
    async submit(key, { to, data, notAfter, urgent = false, again = false }) {
      await store.submit({ key, to, data, notAfter: notAfter ?? null, state: "queued", nonce: null, gasLimit: null, attempts: [], receipt: null, error: null }, { urgent, again });
    },
    async look(key) {
      const intent = await store.read(key);
      return intent === undefined ? undefined : { state: intent.state, mined: minedOf(intent), error: intent.error ?? undefined };
    },
    async result(key, until, signal) {
      for (;;) {
        if (signal.aborted) throw new QoodError("LANE_ENDING", `ended before ${key} was ${until}`);
        const intent = await store.read(key);
        if (intent === undefined) throw new QoodError("LANE_UNKNOWN", `no transaction was submitted under ${key}`);
        if (intent.state === "failed") throw new QoodError("LANE_FAILED", `transaction ${key} was not sent: ${intent.error ?? "no reason"}`);
        const mined = minedOf(intent);
        if (mined !== undefined && (intent.state === "final" || until === "mined")) return mined;
        await wait(Math.min(chain.pollMs, 500), undefined, { signal }).catch(() => undefined);
      }
    },
    start() {
      loop ??= run();
    },
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
