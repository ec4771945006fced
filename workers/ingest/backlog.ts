import type { Redis } from "ioredis";
import { deviceName, keys, streamConfigSchema } from "../shared/queue/index.ts";

/** The list of streams is read anew after so long. */
const LIST_MS = 60_000;
/** So many lengths are asked for in one go, so that nothing else waits long behind them. */
const AT_ONCE = 1000;

/**
 * Counts the messages in all telemetry streams: one XLEN a stream, which takes Redis the same time however long the
 * stream is. The list of the streams is kept for a minute.
 */
export function createBacklog(redis: Redis, prefix: string): () => Promise<number> {
  let listed: readonly string[] = [];
  let at = -Infinity;

  async function list(): Promise<readonly string[]> {
    if (performance.now() - at < LIST_MS) return listed;
    const configs = await redis.hvals(keys.streams(prefix));
    listed = configs.map((text) => streamConfigSchema.parse(JSON.parse(text))).map(({ handle, devicePublicKey }) => keys.telemetry(prefix, handle, deviceName(devicePublicKey)));
    at = performance.now();
    return listed;
  }

  return async () => {
    const names = await list();
    let total = 0;
    for (let first = 0; first < names.length; first += AT_ONCE) {
      const pipeline = redis.pipeline();
      for (const name of names.slice(first, first + AT_ONCE)) pipeline.xlen(name);
      for (const [, length] of (await pipeline.exec()) ?? []) total += Number(length);
    }
    return total;
  };
}
