import type { Redis } from "ioredis";
import { keys } from "../shared/queue/index.ts";

/** Keeps what devices say of their own connection: `1` when they come, `0` as their last will. */
export interface Online {
  /** @param payload - of the topic `v1/<stream>/online` @returns false for anything but 0 and 1 */
  note(stream: string, payload: Uint8Array): Promise<boolean>;
}

/** See {@link Online}. */
export function createOnline(redis: Redis, prefix: string): Online {
  return {
    async note(stream, payload) {
      const text = Buffer.from(payload).toString("utf8");
      if (text !== "0" && text !== "1") return false;
      await redis.hset(keys.online(prefix), stream, JSON.stringify({ online: text === "1", since: new Date().toISOString() }));
      return true;
    },
  };
}
