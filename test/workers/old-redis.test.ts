/** An ingest worker on a Redis that is older than what its account has anchored: it ends before it seals anything. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { closeRedis, connectRedis, createAppender, keys, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { testRedis } from "./support/engines.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "old";

describe("a Redis that is older than the chain", { concurrency: 1 }, () => {
  let world: World;
  let car: Car;
  let engine: RedisEngine;
  let redis: Redis;
  const folder = (): string => join(world.dir, "own-redis");
  const copy = (): string => join(world.dir, "copy");
  const args = (prefix = PREFIX): string[] => [
    ...world.flags.map((flag, i) => (world.flags[i - 1] === "--redis" ? engine.socket : flag)),
    ...["--redis-prefix", prefix, "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20", "--lock-ms", "1000"],
  ];
  const startEngine = async (): Promise<void> => {
    engine = await testRedis(folder());
    redis = connectRedis(engine.socket);
  };
  const stopEngine = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    await closeRedis(redis);
    if (signal === "SIGTERM") return engine.stop();
    process.kill(engine.program.pid, "SIGKILL");
    await engine.program.ended;
  };
  /** The copy comes in Redis' place, and the device begins anew, as it does: other telemetry under the same counters. */
  const putCopyBack = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    await stopEngine(signal);
    rmSync(folder(), { recursive: true });
    cpSync(copy(), folder(), { recursive: true });
    await startEngine();
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
  };
  /** Telemetry of one trip, which makes a batch of its own. */
  const drive = async (prefix: string, from: number): Promise<void> => {
    const appender = createAppender(redis, prefix);
    const results = await appender.append([car.message(from, 5), car.message(from + 5, 5)], "test");
    assert.ok(results.every(({ status }) => status === "stored"));
    await appender.endTrip(car.config.handle);
  };
  const announced = async (prefix = PREFIX): Promise<number> => (await readBatches(redis, prefix)).length;
  /** Whether there is a plan of the stream's first batch. */
  const planned = (): Promise<number> => redis.exists(keys.batch(PREFIX, car.config.handle, 0));
  const anchors = async (): Promise<Hex[]> => (await readEvents(world.client.deployment, world.provider, "Anchored", { fromBlock: 0, toBlock: "latest" })).map(({ root }) => root);

  before(async () => {
    world = await startWorld();
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
    await world.grant(car);
    await startEngine();
    await registerStream(redis, PREFIX, car.config);
    // What is copied knows the stream, and no batch of it.
    await stopEngine("SIGTERM");
    cpSync(folder(), copy(), { recursive: true });
    await startEngine();
  });
  after(async () => {
    await stopEngine("SIGTERM");
    await world.stop();
  });

  it("is noticed while the worker runs, when an old copy comes back in Redis' place", { timeout: 120_000 }, async () => {
    const worker = await startWorker("ingest", args(), world.secrets);
    await drive(PREFIX, 0);
    await until("the batch", async () => (await announced()) === 1);
    const before = await anchors();
    assert.equal(before.length, 1);

    const ended = once(worker.child, "close") as Promise<[number | null]>;
    await putCopyBack("SIGKILL");
    // It must not become batch 0 once more.
    await drive(PREFIX, 100);
    assert.deepEqual(await ended, [1, null]);
    assert.match(worker.errors(), new RegExp(`qood-ingest: anchor ${before[0]!} of ${world.accounts.tsp.address} in block \\d+ is not in this Redis: .*\\[REDIS_OLD\\]$`, "m"));
    // A plan may have been under way when Redis came back; it has come no further.
    assert.deepEqual([await announced(), await anchors()], [0, before]);
  });

  it("and at the start, before anything is planned; an empty Redis no less", { timeout: 120_000 }, async () => {
    await putCopyBack("SIGTERM");
    await drive(PREFIX, 200);
    const before = await anchors();
    const { code, stderr } = await runToEnd("ingest", args(), world.secrets);
    assert.equal(code, 1);
    assert.match(stderr, /is not in this Redis: .*put back the Redis that was used last .*\[REDIS_OLD\]$/m);
    assert.equal(await planned(), 0);
    const empty = await runToEnd("ingest", args("empty"), world.secrets);
    assert.match(empty.stderr, /\[REDIS_OLD\]$/m);
    assert.deepEqual(await anchors(), before);
  });

  it("what is known to be no harm is passed over, and what is anchored since is not", { timeout: 120_000 }, async () => {
    const other = makeCar(2, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
    await world.grant(other);
    const prefix = "other";
    await registerStream(redis, prefix, other.config);
    const from = String((await world.provider.getBlockNumber()) + 1);
    const worker = await startWorker("ingest", [...args(prefix), "--own-anchors-from", from], world.secrets);
    const appender = createAppender(redis, prefix);
    await appender.append([other.message(0, 5)], "test");
    await appender.endTrip(other.config.handle);
    await until("the batch", async () => (await announced(prefix)) === 1);
    assert.equal(await worker.stop(), 0);
    // All of its own is known: it starts again without being told.
    const again = await startWorker("ingest", args(prefix), world.secrets);
    await appender.append([other.message(5, 5)], "test");
    await appender.endTrip(other.config.handle);
    await until("the next batch", async () => (await announced(prefix)) === 2);
    assert.equal(await again.stop(), 0);
    const { stderr } = await runToEnd("ingest", [...args("third"), "--own-anchors-from", from], world.secrets);
    assert.match(stderr, /\[REDIS_OLD\]$/m);
  });
});
