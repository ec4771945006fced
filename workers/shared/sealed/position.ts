import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { ZERO32 } from "@qoodblock/sdk/formats";
import { QoodError } from "@qoodblock/sdk/errors";
import { deviceName, keys } from "../queue/index.ts";
import type { StreamConfig } from "../queue/index.ts";

/** What a device must know to seal its stream's next batch. */
export interface SealingPosition {
  /** Account that anchors: it stands in the header. */
  readonly tsp: Hex;
  readonly sequence: number;
  /** Header hash of the batch before, 32 zero bytes for the first. */
  readonly previousHeader: Hex;
  /** Where the chain of the device's messages stands. */
  readonly nextCounter: number;
  readonly chain: Hex;
}

/** Reads it. @throws QoodError SEALED_NOT_READY while no ingest worker has said for which account it anchors */
export async function sealingPosition(redis: Redis, prefix: string, config: StreamConfig): Promise<SealingPosition> {
  const device = deviceName(config.devicePublicKey);
  const [tsp, state] = await Promise.all([redis.get(keys.tsp(prefix)), redis.hgetall(keys.sequence(prefix, config.handle))]);
  if (tsp === null) throw new QoodError("SEALED_NOT_READY", "no ingest worker has run here yet: send again later");
  return {
    tsp: tsp as Hex,
    sequence: Number(state.next ?? 0),
    previousHeader: (state.previous ?? ZERO32) as Hex,
    nextCounter: Number(state[`planned:${device}`] ?? 0),
    chain: (state[`chain:${device}`] ?? ZERO32) as Hex,
  };
}
