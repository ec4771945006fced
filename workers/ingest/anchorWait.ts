import { setTimeout as wait } from "node:timers/promises";
import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import { keys } from "../shared/queue/index.ts";
import { batchName } from "./record.ts";
import type { BatchJob } from "./steps.ts";

const LOOK_MS = 200;

/**
 * Step 3: waits until the batch's anchor is final and the batch before it is announced, so that a stream's batches are
 * announced in order. The anchorer does the work, for all batches at once.
 * @throws QoodError ENDING; what Redis fails with
 */
export type AnchorWait = (job: BatchJob) => Promise<void>;

interface Waiting {
  readonly job: BatchJob;
  readonly done: Promise<undefined>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** See {@link AnchorWait}. All who wait are looked after with one question to Redis: a fleet's batches would ask thousands a second. */
export function createAnchorWait({ redis, prefix, signal }: { readonly redis: Redis; readonly prefix: string; readonly signal: AbortSignal }): AnchorWait {
  const waiting = new Map<string, Waiting>();
  let isLooking = false;

  async function look(some: readonly Waiting[]): Promise<void> {
    const pipeline = redis.pipeline();
    // The status alone: a batch's whole record is too much to read five times a second. Of a stream's first batch there is none before it.
    for (const { job } of some) pipeline.hget(keys.batch(prefix, job.stream, job.sequence), "status").hget(keys.batch(prefix, job.stream, job.sequence - 1), "status");
    const answers = (await pipeline.exec()) ?? [];
    for (const [i, each] of some.entries()) {
      const [own, before] = [answers[2 * i], answers[2 * i + 1]];
      const error = own === undefined || before === undefined ? new Error("Redis gave no answer") : (own[0] ?? before[0]);
      if (error !== null) each.reject(error);
      else if (own![1] === "announced" || (own![1] === "anchored" && (each.job.sequence === 0 || before![1] === "announced"))) each.resolve();
    }
  }

  async function run(): Promise<void> {
    while (waiting.size > 0) {
      const some = [...waiting.values()];
      if (signal.aborted) {
        for (const { reject } of some) reject(new QoodError("ENDING", "ended before the batch was anchored; it will be waited for again"));
        await Promise.allSettled(some.map(({ done }) => done));
      } else {
        await look(some).catch((error: unknown) => {
          for (const { reject } of some) reject(error as Error);
        });
        // Ended early by the worker's end.
        await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    isLooking = false;
  }

  return async (job) => {
    const name = batchName(job.stream, job.sequence);
    let mine = waiting.get(name);
    if (mine === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>();
      mine = { job, done: promise, resolve: () => resolve(undefined), reject };
      waiting.set(name, mine);
    }
    if (!isLooking) {
      isLooking = true;
      void run();
    }
    try {
      await mine.done;
    } finally {
      waiting.delete(name);
    }
  };
}
