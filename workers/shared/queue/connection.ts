import { Redis } from "ioredis";
import type { RedisOptions } from "ioredis";
import type { Logger } from "../log/index.ts";

/** How a program reaches Redis. */
export interface RedisAddress {
  /** The path of a unix socket, or a redis:// or rediss:// URL. */
  readonly redis: string;
  /** First part of every key. */
  readonly redisPrefix: string;
}

/**
 * A connection that waits for Redis as long as it takes, at the start and after a loss: a worker is not ended by it, and
 * no command is given up (`maxRetriesPerRequest: null`, which BullMQ's workers demand).
 */
export function connectRedis(address: string, log?: Logger): Redis {
  const options = {
    maxRetriesPerRequest: null,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
    // While it reads its append-only file Redis refuses commands: come back later instead of failing.
    reconnectOnError: (error: Error) => (error.message.startsWith("LOADING") ? (2 as const) : false),
  } satisfies RedisOptions;
  const redis: Redis = address.includes("://") ? new Redis(address, options) : new Redis({ ...options, path: address });
  let last = "";
  redis.on("error", (error: Error) => {
    // One line for each new fault, not one for each of the retries.
    if (error.message !== last) log?.warn({ err: error }, "Redis cannot be reached; trying on");
    last = error.message;
  });
  redis.on("ready", () => {
    if (last !== "") log?.info("Redis is back");
    last = "";
  });
  return redis;
}

/** Ends a connection without waiting for a Redis that is not there. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status !== "ready") {
    redis.disconnect();
    return;
  }
  await redis.quit().catch(() => redis.disconnect());
}
