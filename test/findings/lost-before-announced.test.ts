/**
 * Found: without `--backup` nobody looked at a batch's files between their upload and its announcement. A block that the storage
 * node had lost by then was announced all the same, and the artefacts, the last copy of it, were dropped: the records were anchored
 * and gone for ever. The files are looked at before the artefacts go now, and uploaded again.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createAppender, keys, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { makeCar } from "../workers/support/fleet.ts";
import { startWorker } from "../workers/support/processes.ts";
import { startRpcProxy } from "../workers/support/rpc-proxy.ts";
import { startWorld, until } from "../workers/support/world.ts";
import type { World } from "../workers/support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

it("a batch that the storage node has lost before it is announced is uploaded again, without a backup too", { timeout: 240_000 }, async () => {
  const prefix = "lost";
  const rpc = await startRpcProxy(world.chainEngine.url, 1);
  const artefacts = join(world.dir, "artefacts");
  const flags = world.flags.map((flag, i) => (world.flags[i - 1] === "--rpc" ? rpc.url : flag));
  const car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
  await registerStream(world.redis, prefix, car.config);
  await world.grant(car);
  // The anchor cannot be sent until the block is gone.
  rpc.script([{ method: /sendRaw/, fault: "drop", rate: 1 }]);
  const worker = await startWorker("ingest", [...flags, "--redis-prefix", prefix, "--artefacts", artefacts, "--anchor-seconds", "0.2", "--tick-ms", "20", "--lock-ms", "1000"], world.secrets);
  const storage = createKuboStorage(world.storageSocket);
  try {
    const appender = createAppender(world.redis, prefix);
    await appender.append([car.message(0, 5)], "test");
    await appender.endTrip(car.config.handle);
    await until("the batch to wait for its anchor", async () => (await world.redis.hget(keys.batch(prefix, car.config.handle, 0), "status")) === "anchoring");
    const folder = join(artefacts, car.config.handle, "0");
    const ciphertext = readFileSync(join(folder, "ciphertext"));
    const blocks = join(world.dir, "ipfs", "blocks");
    const block = readdirSync(blocks, { recursive: true, encoding: "utf8" }).map((name) => join(blocks, name)).find((file) => file.endsWith(".data") && readFileSync(file).equals(ciphertext));
    rmSync(block!);
    rpc.script([]);
    await until("the artefacts to be let go", () => Promise.resolve(!existsSync(folder)));
    const [announced] = await readBatches(world.redis, prefix);
    assert.deepEqual(Buffer.from(await storage.get(announced!.batch.lot.cids.ciphertext, { timeoutMs: 5000 })), ciphertext);
  } finally {
    await storage.close();
    assert.equal(await worker.stop(), 0, worker.errors());
    await rpc.close();
  }
});
