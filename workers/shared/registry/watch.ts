import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import type { Chain } from "../chain/index.ts";
import type { Logger } from "../log/index.ts";
import { createAppender, keys, readStatuses, streamConfigSchema, writeStatus } from "../queue/index.ts";
import type { StreamConfig, StreamStatus } from "../queue/index.ts";
import { deviceKeyOf, examine, facetsOf, readsAt } from "./state.ts";

const cursorSchema = z.object({ block: z.int(), hash: z.string() });
const CURSOR = "registry";
/** Blocks of one question for events, and so many of the last are asked for again. */
const [RANGE, OVERLAP] = [2000, 64];
/** Streams looked at at the same time. */
const AT_ONCE = 16;

/** Follows vehicles, devices and key epochs, and keeps the status of every stream that is registered here. */
export interface RegistryWatch {
  /** One look at the chain, up to its final block. */
  step(): Promise<void>;
}

/**
 * See {@link RegistryWatch}. What stops being active has its batch closed where it stands, so that what came before is sealed without
 * waiting for more. Streams of another chain or another registry are nobody's business here: they get no status.
 */
export function createRegistryWatch(options: { readonly redis: Redis; readonly prefix: string; readonly client: Client; readonly chain: Chain; readonly tsp: Hex; readonly log: Logger }): RegistryWatch {
  const { redis, prefix, client, chain, tsp, log } = options;
  const { deployment } = client;
  const appender = createAppender(redis, prefix);

  /** Streams by their texts: those of a fleet are read at every look, and mostly none is new. */
  let known = new Map<string, StreamConfig>();

  async function streams(): Promise<StreamConfig[]> {
    const texts = Object.values(await redis.hgetall(keys.streams(prefix)));
    known = new Map(texts.map((text) => [text, known.get(text) ?? streamConfigSchema.parse(JSON.parse(text))]));
    return [...known.values()].filter(({ chainId, registry }) => chainId === deployment.chainId && registry === deployment.addresses.vehicleRegistry.toLowerCase());
  }

  /** The last block that was followed, or undefined where everything has to be looked at. */
  async function position(final: number): Promise<number | undefined> {
    const text = await redis.hget(keys.cursors(prefix), CURSOR);
    if (text === null) return undefined;
    const cursor = cursorSchema.parse(JSON.parse(text));
    const block = await chain.provider.getBlock(cursor.block);
    if (block?.hash === cursor.hash) return cursor.block;
    return block === null && final < cursor.block ? final : undefined;
  }

  /** Names of vehicles, streams and device keys that something happened to. */
  async function touched(after: number, final: number): Promise<Set<string>> {
    const names = new Set<string>();
    for (let from = Math.max(deployment.startBlock, after + 1 - OVERLAP); from <= final; from += RANGE) {
      const range = { fromBlock: from, toBlock: Math.min(from + RANGE - 1, final) };
      const read = <N extends "EpochClosed" | "KeyEpochBegun" | "DeviceSetUp" | "DeviceRetired" | "DeviceReset">(name: N) => readEvents(deployment, chain.provider, name, range);
      const [closed, begun, setUp, retired, reset] = await Promise.all([read("EpochClosed"), read("KeyEpochBegun"), read("DeviceSetUp"), read("DeviceRetired"), read("DeviceReset")]);
      for (const { vehicle } of [...closed, ...setUp, ...retired, ...reset]) names.add(vehicle.toString());
      for (const { stream } of begun) names.add(stream);
      for (const { deviceKey } of [...setUp, ...retired, ...reset]) names.add(deviceKey);
    }
    return names;
  }

  async function look(config: StreamConfig, former: StreamStatus | undefined, final: number): Promise<void> {
    const found = await examine(readsAt(client, chain, final), config, tsp);
    const of = facetsOf(config);
    if (former !== undefined && former.state === found.state && former.reason === found.reason && former.of === of) return;
    const { handle } = config;
    // Before the status, which a restart takes for done; a message that comes in between waits for its batch to be old enough.
    if (found.state !== "active") await appender.endTrip(handle);
    // Never too early, whatever this machine's clock says: what cannot be undone is done so long after it.
    const since = new Date(Math.max(Date.now(), (await chain.finalTime()) * 1000)).toISOString();
    await writeStatus(redis.multi(), prefix, handle, { ...found, since, of }).exec();
    if (found.state === "active") log.info({ stream: handle }, "the stream takes data");
    else log.warn({ stream: handle, state: found.state, reason: found.reason }, "the stream takes no more data");
  }

  return {
    async step() {
      const final = await chain.finalBlock();
      if (final < 0) return;
      const at = await position(final);
      const names = at === undefined ? undefined : await touched(at, final);
      const statuses = await readStatuses(redis, prefix);
      const statusOf = (handle: string): StreamStatus | undefined => statuses.get(handle);
      const waiting = (await streams()).filter((config) => {
        const former = statusOf(config.handle);
        return names === undefined || former?.of !== facetsOf(config) || names.has(config.vehicle) || names.has(config.handle) || names.has(deviceKeyOf(config) ?? "");
      });
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let config = waiting.shift(); config !== undefined; config = waiting.shift()) await look(config, statusOf(config.handle), final);
        }),
      );
      const block = await chain.provider.getBlock(final);
      if (typeof block?.hash === "string") await redis.hset(keys.cursors(prefix), CURSOR, JSON.stringify({ block: final, hash: block.hash }));
    },
  };
}
