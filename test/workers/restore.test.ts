import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Hex } from "@qoodblock/sdk/bytes";
import { anchorRoot, hashHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { closeRedis, connectRedis, createAppender, keys, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { testRedis } from "./support/engines.ts";
import { goodRow, makeCar, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { secretOf, startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "moved";
const MESSAGES = 60;
const ROWS = 5;
const operations = fileURLToPath(new URL("../../workers/operations/", import.meta.url));

describe("backup and restore", () => {
  let world: World;
  let cars: Car[];
  before(async () => {
    world = await startWorld();
    cars = [1, 2].map((n) => makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex));
    for (const car of cars) {
      await registerStream(world.redis, PREFIX, car.config);
      await world.grant(car);
    }
  });
  after(() => world.stop());

  const at = (dir: string): Record<string, string> => ({ REDIS_DIR: join(dir, "redis"), ARTEFACTS: join(dir, "artefacts"), STORAGE_REPO: join(dir, "ipfs"), VAULT: join(dir, "vault.json"), KEYSTORE: join(dir, "tsp.json"), DEPLOYMENT: join(dir, "deployment.json") });
  async function run(script: string, folder: string, env: Record<string, string>): Promise<{ code: number; stderr: string }> {
    return promisify(execFile)(join(operations, script), [folder], { env: { PATH: process.env.PATH!, ...env } }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      (error: unknown) => error as { code: number; stderr: string },
    );
  }
  function ingest(dir: string, redis: string): Promise<RunningWorker> {
    const moved = new Map([["--redis", redis], ["--vault", join(dir, "vault.json")], ["--keystore", join(dir, "tsp.json")], ["--deployment", join(dir, "deployment.json")], ["--storage", join(dir, "ipfs.sock")]]);
    const flags = world.flags.map((flag, i) => moved.get(world.flags[i - 1] ?? "") ?? flag);
    return startWorker("ingest", [...flags, "--redis-prefix", PREFIX, "--artefacts", join(dir, "artefacts"), "--batch-records", "40", "--anchor-seconds", "0.2", "--tick-ms", "20", "--lock-ms", "1000", "--block-seconds", "10", "--interval-blocks", "3"], world.secrets);
  }

  it("loses and doubles no acknowledged record when all is stopped in the middle, copied, destroyed and laid out elsewhere", async () => {
    const { dir } = world;
    const backup = join(dir, "backup");
    const worker = await ingest(dir, world.redisEngine.socket);
    const appender = createAppender(world.redis, PREFIX);
    for (const car of cars) {
      const results = await appender.append(Array.from({ length: MESSAGES }, (_, i) => car.message(i * ROWS, ROWS)), "test");
      assert.ok(results.every(({ status }) => status === "stored"));
      await appender.endTrip(car.config.handle);
    }
    // Some batches are announced, one at least is under way, and messages are left that no batch has taken.
    await until("the first batches", async () => (await readBatches(world.redis, PREFIX, "0", 1000)).length >= 2);
    await until("another under way", async () => (await world.redis.scard(keys.openBatches(PREFIX))) > 0);
    await worker.kill();
    const before = (await readBatches(world.redis, PREFIX, "0", 1000)).length;
    assert.ok(before >= 2 && before < 16, `${before} of 16 batches were announced before`);
    await closeRedis(world.redis);
    await world.redisEngine.stop();
    assert.equal(await world.storage.stop(), 0);

    assert.deepEqual(await run("backup.sh", backup, at(dir)), { code: 0, stderr: "" });
    assert.match((await run("backup.sh", backup, at(dir))).stderr, /exists already/);
    for (const place of Object.values(at(dir))) rmSync(place, { recursive: true });

    const moved = join(dir, "moved");
    appendFileSync(join(backup, "vault.json"), " ");
    assert.match((await run("restore.sh", backup, at(moved))).stderr, /is not as it was copied/);
    writeFileSync(join(backup, "vault.json"), readFileSync(join(backup, "vault.json"), "utf8").slice(0, -1));
    assert.ok(!existsSync(moved));
    assert.deepEqual(await run("restore.sh", backup, at(moved)), { code: 0, stderr: "" });
    assert.match((await run("restore.sh", backup, at(moved))).stderr, /is not empty: nothing is written over/);
    for (const secret of ["VAULT", "KEYSTORE"]) assert.equal(statSync(at(moved)[secret]!).mode & 0o077, 0);

    const engine: RedisEngine = await testRedis(join(moved, "redis"));
    const redis = connectRedis(engine.socket);
    const storage = await startWorker("storage", ["--repo", join(moved, "ipfs"), "--rpc", join(moved, "ipfs.sock"), "--log-level", "error"]);
    const again = await ingest(moved, engine.socket);
    const announced = async (): Promise<AnnouncedBatch[]> => (await readBatches(redis, PREFIX, "0", 1000)).map(({ batch }) => batch);
    const records = async (): Promise<number> => (await announced()).reduce((sum, batch) => sum + batch.records, 0);
    await until("every record to be announced", async () => (await records()) >= cars.length * MESSAGES * ROWS);
    await until("the end of all batches", async () => (await redis.scard(keys.openBatches(PREFIX))) === 0);

    const kubo = createKuboStorage(join(moved, "ipfs.sock"));
    for (const car of cars) {
      const batches = (await announced()).filter(({ stream }) => stream === car.config.handle).sort((a, b) => a.sequence - b.sequence);
      assert.deepEqual(batches.map(({ sequence }) => sequence), batches.map((_, i) => i));
      const rows: (readonly (number | null)[])[] = [];
      let previous = `0x${"00".repeat(32)}`;
      for (const { headerHash, lot } of batches) {
        const { header, envelope, anchor, cids } = lot;
        assert.equal(header.rest.previousHeader, previous);
        previous = headerHash;
        const { time } = await world.client.reads.anchorOf(anchor.tsp, anchor.root);
        assert.equal(anchorRoot(hashHeader(header.words), anchor.path), anchor.root);
        const files = { ciphertext: await kubo.get(cids.ciphertext), dataHashes: await kubo.get(cids.dataHashes), description: await kubo.get(cids.description) };
        const checked = checkBatch({ ...files, header, envelope, headerHash: headerHash as Hex, anchor: { tsp: anchor.tsp, root: anchor.root, path: anchor.path, time } });
        rows.push(...openBatch(checked, { k1: batchKey(daySecret(secretOf(car), header.rest.day), car.config.handle, header.words.sequence, header.rest.sealNonce) }).rows);
      }
      assert.deepEqual(rows, Array.from({ length: MESSAGES * ROWS }, (_, i) => goodRow(START + i * 1000)));
    }
    await kubo.close();
    assert.equal(await again.stop(), 0, again.errors());
    assert.deepEqual(readdirSync(join(moved, "artefacts")).flatMap((folder) => readdirSync(join(moved, "artefacts", folder))), []);
    await closeRedis(redis);
    await engine.stop();
    assert.equal(await storage.stop(), 0);
  });
});
