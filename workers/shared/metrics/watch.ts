/** What several workers lean on: each function adds a check for `/readyz` and the gauges that go with it. */
import { accessSync, constants } from "node:fs";
import type { Redis } from "ioredis";
import type { Registry } from "prom-client";
import type { Chain, Lane } from "../chain/index.ts";
import { keys } from "../queue/names.ts";
import type { Storage } from "../storage/types.ts";
import { addGauge } from "./gauge.ts";
import type { ReadGauge } from "./gauge.ts";
import type { Readiness } from "./readiness.ts";

/** Where checks and gauges go: a worker's context. */
export interface Watched {
  readonly metrics: Registry;
  readonly ready: Readiness;
}

/** A gauge read from Redis; without a value while Redis is gone, where a command would wait for it and pile up. */
export function addRedisGauge(registry: Registry, redis: Redis, gauge: ReadGauge): void {
  addGauge(registry, { ...gauge, read: () => (redis.status === "ready" ? gauge.read() : Promise.resolve(undefined)) });
}

/** Redis answers. */
export function watchRedis({ metrics, ready }: Watched, redis: Redis): void {
  ready.add("redis", async () => {
    if (redis.status !== "ready") return `Redis cannot be reached (${redis.status})`;
    await redis.ping();
    return undefined;
  });
  addRedisGauge(metrics, redis, { name: "qood_redis_used_bytes", help: "Memory that Redis uses.", read: async () => Number(/^used_memory:(\d+)/m.exec(await redis.info("memory"))?.[1]) });
  addGauge(metrics, { name: "qood_redis_connected", help: "1 while the connection to Redis stands.", read: () => Promise.resolve(redis.status === "ready" ? 1 : 0) });
}

/** The chain's RPC answers and has a block that counts as final. */
export function watchChain({ metrics, ready }: Watched, chain: Chain): void {
  ready.add("chain", async () => ((await chain.finalBlock()) < 0 ? "the chain has no block that counts as final yet" : undefined));
  addGauge(metrics, { name: "qood_chain_head_block", help: "Newest block that the RPC knows.", read: () => chain.provider.getBlockNumber() });
  addGauge(metrics, { name: "qood_chain_final_block", help: "Newest block that counts as final here.", read: () => chain.finalBlock() });
  addGauge(metrics, { name: "qood_chain_final_age_seconds", help: "Age of that block by this machine's clock.", read: async () => Math.max(0, Date.now() / 1000 - (await chain.finalTime())) });
}

/** The storage node answers. */
export function watchStorage({ ready }: Watched, storage: Pick<Storage, "id">): void {
  ready.add("storage", async () => {
    await storage.id();
    return undefined;
  });
}

/** A file that is read again while the worker runs is there. */
export function watchFile({ ready }: Watched, name: string, file: string): void {
  ready.add(name, () => {
    try {
      accessSync(file, constants.R_OK);
      return Promise.resolve(undefined);
    } catch (error) {
      return Promise.resolve(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    }
  });
}

/** Some process works the signer's lane off: this one, or another with the same key. */
export function watchLane({ metrics, ready }: Watched, at: { readonly redis: Redis; readonly prefix: string; readonly chain: Chain; readonly lane: Lane }): void {
  const { redis, prefix, chain, lane } = at;
  const key = keys.lane(prefix, chain.chainId, lane.address);
  ready.add("lane", async () => {
    if (redis.status !== "ready") return "the lane is in Redis, which cannot be reached";
    return (await redis.exists(`${key}:lease`)) === 1 ? undefined : "no process holds the signer's lane";
  });
  addRedisGauge(metrics, redis, { name: "qood_lane_queue", help: "Transactions of the signer that are not mined yet.", read: () => redis.llen(`${key}:queue`) });
  addRedisGauge(metrics, redis, { name: "qood_lane_unfinal", help: "Transactions of the signer that are mined and not final yet.", read: () => redis.scard(`${key}:unfinal`) });
  addGauge(metrics, { name: "qood_account_ether", help: "Ether of the signer, which pays the gas.", read: async () => Number(await chain.provider.getBalance(lane.address)) / 1e18 });
}

/** Jobs of BullMQ's queues by state. */
export function watchQueues({ metrics }: Pick<Watched, "metrics">, redis: Redis, prefix: string, names: readonly string[]): void {
  const read = async (): Promise<[Record<string, string>, number][]> => {
    const pipeline = redis.pipeline();
    for (const queue of names) {
      const key = `${prefix}:${queue}`;
      pipeline.llen(`${key}:wait`).llen(`${key}:active`).zcard(`${key}:delayed`).zcard(`${key}:waiting-children`).zcard(`${key}:failed`);
    }
    const answers = (await pipeline.exec()) ?? [];
    const states = ["waiting", "active", "delayed", "waiting-children", "failed"];
    return answers.map(([, count], i) => [{ queue: names[Math.floor(i / states.length)]!, state: states[i % states.length]! }, Number(count)]);
  };
  addRedisGauge(metrics, redis, { name: "qood_jobs", help: "Jobs of a queue by state; those that are tried again later are delayed.", labelNames: ["queue", "state"], read });
}
