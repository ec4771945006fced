import type { Redis } from "ioredis";
import { deviceName, keys } from "../shared/queue/index.ts";
import type { KnownStream } from "./streams.ts";

/** Where a stream stands, as its device is told. */
export interface Position {
  /** Counter of the next message: every message before it is durable. */
  readonly next: number;
  /** Whether the stream takes data, else why not. */
  readonly status: string;
  readonly reason: string;
}

/** Tells devices where their streams stand. */
export interface Positions {
  of(stream: KnownStream): Promise<Position>;
}

/** See {@link Positions}. */
export function createPositions(redis: Redis, prefix: string): Positions {
  return {
    async of({ config, status }) {
      const next = await redis.hget(keys.chain(prefix, config.handle, deviceName(config.devicePublicKey)), "next");
      return { next: Number(next ?? 0), status: status?.state ?? "active", reason: status?.reason ?? "" };
    },
  };
}
