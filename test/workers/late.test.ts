import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { closeRedis, connectRedis, createAppender, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { startAnvil } from "../../workers/shared/engines/anvil.ts";
import { MNEMONIC, testRedis } from "./support/engines.ts";
import { makeCar } from "./support/fleet.ts";
import { startWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("engines that come late or go away", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());
  const replace = (name: string, value: string): string[] => world.flags.map((flag, i) => (world.flags[i - 1] === name ? value : flag));

  it("a worker waits for an RPC that is not there yet", async () => {
    const port = await freePort();
    const flags = replace("--rpc", `http://127.0.0.1:${port}`).filter((flag, i, all) => !["--keystore", "--storage"].includes(flag) && !["--keystore", "--storage"].includes(all[i - 1] ?? ""));
    const starting = startWorker("prover", flags, world.secrets);
    let ready = false;
    void starting.then(() => (ready = true));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(ready, false);
    const chain = await startAnvil({ dir: join(world.dir, "late-chain"), mnemonic: MNEMONIC, port });
    const worker = await starting;
    assert.equal(await worker.stop(), 0, worker.errors());
    await chain.stop();
  });

  it("ingest starts without Redis, goes on when it comes, and over its death", async () => {
    const dir = join(world.dir, "late-redis");
    const socket = join(dir, "redis.sock");
    const flags = [...replace("--redis", socket), "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20", "--batch-records", "20", "--lock-ms", "1000"];
    const worker = await startWorker("ingest", flags, world.secrets);
    let engine = await testRedis(dir);
    const redis = connectRedis(socket);
    const car = makeCar(700, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
    await registerStream(redis, "qood", car.config);
    await world.grant(car);
    const appender = createAppender(redis, "qood");
    await appender.append(Array.from({ length: 5 }, (_, i) => car.message(i * 5, 5)), "test");
    await until("the first batch", async () => (await readBatches(redis, "qood")).length === 1);
    process.kill(engine.program.pid, "SIGKILL");
    await engine.program.ended;
    engine = await testRedis(dir);
    await appender.append(Array.from({ length: 5 }, (_, i) => car.message(25 + i * 5, 5)), "test");
    await appender.endTrip(car.config.handle);
    await until("the other batches", async () => (await readBatches(redis, "qood")).length === 3);
    assert.equal(await worker.stop(), 0, worker.errors());
    await closeRedis(redis);
    await engine.stop();
  });
});
