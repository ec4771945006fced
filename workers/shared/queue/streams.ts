import type { Redis } from "ioredis";
import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { keccak256 } from "@qoodblock/sdk/crypto";
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import type { Schema } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { streamHandle } from "@qoodblock/sdk/formats";
import { keys } from "./names.ts";

const hex = (bytes: number): z.ZodType<Hex, Hex> => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-f]{${bytes * 2}}$`).test(value), `must be ${bytes} bytes in lower-case hex`);

/** What a TSP knows of a stream that it ingests: public facts only. */
export const streamConfigSchema = z.strictObject({
  handle: hex(32),
  chainId: z.int().positive(),
  /** Address of the VehicleRegistry. */
  registry: hex(20),
  /** Token id in decimal. */
  vehicle: z.string().regex(/^\d{1,78}$/),
  /** Ownership epoch. */
  epoch: z.int().nonnegative(),
  dataClass: z.enum(["OEM", "USER", "DISPUTED"]),
  privacy: z.enum(["ORDINARY", "PRIVATE"]),
  /** keccak256(name@version) of the records' schema. */
  schema: hex(32),
  dictionaryVersion: z.int().nonnegative(),
  keyEpoch: z.int().nonnegative(),
  /** The device's secp256k1 key, x ‖ y; null for a stream that the TSP attests. */
  devicePublicKey: hex(64).nullable(),
  /** Sealed into every header of the stream: such data binds to exclusive deals only. */
  exclusive: z.boolean().default(false),
  /** The device seals its batches itself; the TSP stores and anchors them and holds no secret. */
  deviceSealed: z.boolean().default(false),
  /** H3 cells that the principal lets the description name. */
  h3: z.array(z.string()).default([]),
  /** Streams of one account share a limit at the gateways, e.g. a fleet; empty: the vehicle is its own account. */
  account: z.string().regex(/^[A-Za-z0-9._-]{0,64}$/, "must be at most 64 letters, digits, dots, hyphens and underscores").default(""),
});

/** See {@link streamConfigSchema}. */
export type StreamConfig = z.output<typeof streamConfigSchema>;

/** A device's short name within a stream: the first 8 bytes of its key's hash, `tsp` where there is no device key. */
export function deviceName(publicKey: Hex | null): string {
  return publicKey === null ? "tsp" : toHex(keccak256(fromHex(publicKey, 64)).subarray(0, 8)).slice(2);
}

/** The schema of a stream. @throws QoodError of the dictionary when it is unknown */
export function schemaOf(config: StreamConfig): Schema {
  return schemaByHash(fromHex(config.schema, 32));
}

/**
 * Makes a stream known to gateways and workers. The same again changes nothing; a new device key or key epoch replaces the old.
 * @throws QoodError STREAM_CONFIG when the handle is not the hash of what it stands for.
 */
export async function registerStream(redis: Redis, prefix: string, input: z.input<typeof streamConfigSchema>): Promise<StreamConfig> {
  const parsed = streamConfigSchema.safeParse(input);
  if (!parsed.success) throw new QoodError("STREAM_CONFIG", `the stream cannot be registered: ${parsed.error.issues[0]!.path.join(".")} ${parsed.error.issues[0]!.message}`);
  const config = parsed.data;
  schemaOf(config);
  const { registry, epoch, dataClass, privacy, schema } = config;
  const expected = streamHandle({ chainId: BigInt(config.chainId), registry, vehicle: BigInt(config.vehicle), epoch, dataClass, privacy, schema });
  if (expected !== config.handle) throw new QoodError("STREAM_CONFIG", `handle ${config.handle} does not stand for this vehicle, class and schema: that would be ${expected}`);
  await redis.multi().hset(keys.streams(prefix), config.handle, JSON.stringify(config)).incr(keys.streamsVersion(prefix)).exec();
  return config;
}

/** A stream's facts, or undefined when it was never registered. */
export async function readStream(redis: Redis, prefix: string, handle: string): Promise<StreamConfig | undefined> {
  const text = await redis.hget(keys.streams(prefix), handle);
  return text === null ? undefined : streamConfigSchema.parse(JSON.parse(text));
}
