import { FlowProducer, Queue, UnrecoverableError, Worker } from "bullmq";
import type { JobsOptions, Processor, WorkerOptions } from "bullmq";
import type { Redis } from "ioredis";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../log/index.ts";

/** A job is tried until it succeeds: what it does is idempotent, and what cannot succeed now may later. */
export const JOB_OPTIONS: JobsOptions = {
  attempts: 1_000_000,
  backoff: { type: "custom" },
  removeOnComplete: { age: 3600, count: 1000 },
};

/** A job that failed waits no longer than this for its next try. */
const LONGEST_WAIT_MS = 15_000;

const backoffStrategy = (attempts: number): number => Math.min(250 * 2 ** Math.min(attempts, 7), LONGEST_WAIT_MS);

/** Options of every worker: a killed process's jobs are taken up by another after `lockMs`. */
export interface BullOptions {
  readonly redis: Redis;
  readonly prefix: string;
  readonly log: Logger;
  readonly lockMs: number;
  readonly concurrency: number;
}

/** A BullMQ worker that logs a failing job once for each new reason. */
export function startQueueWorker<Data, Result>(queue: string, processor: Processor<Data, Result>, options: BullOptions): Worker<Data, Result> {
  const { redis, prefix, log, lockMs, concurrency } = options;
  const settings: WorkerOptions = {
    connection: redis,
    prefix,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: Math.max(500, Math.floor(lockMs / 2)),
    // A stalled job is one whose process was killed; that can happen to the same job any number of times.
    maxStalledCount: 1_000_000,
    settings: { backoffStrategy },
  };
  const worker = new Worker<Data, Result>(queue, processor, settings);
  const reasons = new Map<string, string>();
  worker.on("failed", (job, error) => {
    const id = job?.id ?? "";
    // Handed back because this process is ending, to be taken up by the next.
    if (isQoodError(error, "ENDING")) return;
    if (reasons.get(id) === error.message) return;
    reasons.set(id, error.message);
    log.error({ queue, job: id, err: error }, error instanceof UnrecoverableError ? "job failed for good" : "job failed; it will be tried again");
  });
  worker.on("completed", (job) => reasons.delete(job.id ?? ""));
  worker.on("error", (error) => log.debug({ queue, err: error }, "queue error"));
  return worker;
}

/** A producer of flows. */
export function createFlows(redis: Redis, prefix: string): FlowProducer {
  return new FlowProducer({ connection: redis, prefix });
}

/** A queue to put jobs into. */
export function createQueue(name: string, redis: Redis, prefix: string): Queue {
  return new Queue(name, { connection: redis, prefix });
}

/** BullMQ keeps the jobs that wait under their time in milliseconds, with twelve bits to tell those of one apart. */
const SCORE_OF_MS = 0x1000;

/**
 * Tries jobs again that are put off for longer than any ever is: a worker whose clock had jumped ahead has named the time.
 * @returns how many
 */
export async function hurryJobs(redis: Redis, queue: Queue): Promise<number> {
  const ids = await redis.zrangebyscore(queue.toKey("delayed"), (Date.now() + 2 * LONGEST_WAIT_MS) * SCORE_OF_MS, "+inf");
  // One that another worker has taken up meanwhile is none of these any more.
  const hurried = await Promise.allSettled(ids.map(async (id) => (await queue.getJob(id))?.promote()));
  return hurried.filter(({ status }) => status === "fulfilled").length;
}
