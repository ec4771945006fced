import { fileURLToPath } from "node:url";
import { startRedis } from "../../../workers/shared/engines/redis.ts";
import type { RedisEngine } from "../../../workers/shared/engines/redis.ts";

const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));

/** A Redis of the test's own. */
export function testRedis(dir: string): Promise<RedisEngine> {
  return startRedis({ dir, cache });
}
