import type { ChainableCommander, Redis } from "ioredis";
import { z } from "zod";
import { keys } from "./names.ts";

/**
 * What the chain says of a stream, as far as it is final.
 * - active: the vehicle is in the stream's ownership epoch, its key epoch is the newest, its device is in use
 * - transferred: the vehicle has been transferred; the epoch is closed to new data
 * - revoked: a newer key epoch has begun, so the secret that is held here is no longer to be used for new data
 * - device-out: the device's key was retired, reset or never set up for this vehicle, or names another agent
 */
export const statusSchema = z.strictObject({
  state: z.enum(["active", "transferred", "revoked", "device-out"]),
  /** One line for people. */
  reason: z.string(),
  /** When it was found out, ISO 8601. */
  since: z.string(),
  /** What the stream's configuration was when it was looked at: epoch, key epoch and device. */
  of: z.string(),
});

/** See {@link statusSchema}. */
export type StreamStatus = z.output<typeof statusSchema>;

/** A stream's status, or undefined while nobody has looked at it. */
export async function readStatus(redis: Redis, prefix: string, handle: string): Promise<StreamStatus | undefined> {
  const text = await redis.hget(keys.status(prefix), handle);
  return text === null ? undefined : statusSchema.parse(JSON.parse(text));
}

/** Of every stream that was looked at, by its handle. */
export async function readStatuses(redis: Redis, prefix: string): Promise<Map<string, StreamStatus>> {
  return new Map(Object.entries(await redis.hgetall(keys.status(prefix))).map(([handle, text]) => [handle, statusSchema.parse(JSON.parse(text))]));
}

/** Adds the change of a stream's status to a transaction. */
export function writeStatus(write: ChainableCommander, prefix: string, handle: string, status: StreamStatus): ChainableCommander {
  return write.hset(keys.status(prefix), handle, JSON.stringify(status)).incr(keys.streamsVersion(prefix));
}
