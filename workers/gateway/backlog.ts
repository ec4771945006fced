import type { Redis } from "ioredis";

/** How full Redis is: the backlog of what was taken in and is not anchored yet lies there. */
export interface Backlog {
  /** Asks Redis. */
  step(): Promise<void>;
  /** Why nothing more can be taken in, or undefined. */
  reason(): string | undefined;
}

/** Taking in goes on at this part of the limit, so that it does not start and stop with each message. */
const RECOVERED = 0.9;

/** @param limit - bytes that Redis may use */
export function createBacklog(redis: Redis, limit: number): Backlog {
  let full = false;
  return {
    async step() {
      const info = await redis.info("memory");
      const bytes = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
      full = bytes > (full ? limit * RECOVERED : limit);
    },
    reason: () => (full ? "the backlog is at its limit" : undefined),
  };
}
