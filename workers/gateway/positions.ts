import type { Redis } from "ioredis";
import { deviceName, keys } from "../shared/queue/index.ts";
import { sealingPosition } from "../shared/sealed/index.ts";
import type { SealingPosition } from "../shared/sealed/index.ts";
import type { KnownStream } from "./streams.ts";

/** Where a stream stands, as its device is told. */
export interface Position {
  /** Counter of the next message: every message before it is durable. */
  readonly next: number;
  /** Whether the stream takes data, else why not. */
  readonly status: string;
  readonly reason: string;
  /** What the device needs for its next batch, where it seals itself. */
  readonly sealing?: SealingPosition;
}

/** Tells devices where their streams stand. */
export interface Positions {
  of(stream: KnownStream): Promise<Position>;
}

/** See {@link Positions}. */
export function createPositions(redis: Redis, prefix: string): Positions {
  return {
    async of({ config, status }) {
      const told = { status: status?.state ?? "active", reason: status?.reason ?? "" };
      if (config.deviceSealed) {
        const sealing = await sealingPosition(redis, prefix, config);
        return { next: sealing.nextCounter, ...told, sealing };
      }
      const next = await redis.hget(keys.chain(prefix, config.handle, deviceName(config.devicePublicKey)), "next");
      return { next: Number(next ?? 0), ...told };
    },
  };
}
