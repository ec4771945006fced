import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { anchorRoot, hashHeader } from "@qoodblock/sdk/formats";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import { createAppender, deviceName, keys, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { goodRow, makeCar, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { secretOf, startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("ingest", () => {
  let world: World;
  let cars = 100;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  /** Each test has a prefix of its own, and all of them one account: at which block a prefix was begun. */
  const begun = new Map<string, number>();
  async function ingest(prefix: string, ...more: string[]): Promise<RunningWorker> {
    if (!begun.has(prefix)) begun.set(prefix, (await world.provider.getBlockNumber()) + 1);
    const own = ["--redis-prefix", prefix, "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20", "--lock-ms", "1000", "--block-seconds", "10", "--interval-blocks", "3", "--own-anchors-from", String(begun.get(prefix)!)];
    return startWorker("ingest", [...world.flags, ...own, ...more], world.secrets);
  }
  async function newCar(prefix: string): Promise<Car> {
    const car = makeCar((cars += 1), world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex);
    await registerStream(world.redis, prefix, car.config);
    await world.grant(car);
    return car;
  }
  const announced = async (prefix: string): Promise<AnnouncedBatch[]> => (await readBatches(world.redis, prefix, "0", 1000)).map(({ batch }) => batch);

  /** Does what a buyer does with an announced batch, with the key at hand. */
  async function open(car: Car, batch: AnnouncedBatch): Promise<readonly (readonly (number | null)[])[]> {
    const storage = createKuboStorage(join(world.dir, "ipfs.sock"));
    const { header, envelope, anchor, cids } = batch.lot;
    const [ciphertext, dataHashes, description] = [await storage.get(cids.ciphertext), await storage.get(cids.dataHashes), await storage.get(cids.description)];
    await storage.close();
    const onChain = await world.client.reads.anchorOf(anchor.tsp, anchor.root);
    assert.equal(anchorRoot(hashHeader(header.words), anchor.path), anchor.root);
    const checked = checkBatch({ ciphertext, dataHashes, description, header, envelope, headerHash: batch.headerHash as Hex, anchor: { tsp: anchor.tsp, root: anchor.root, path: anchor.path, time: onChain.time } });
    const k1 = batchKey(daySecret(secretOf(car), header.rest.day), car.config.handle, header.words.sequence, header.rest.sealNonce);
    return openBatch(checked, { k1 }).rows;
  }

  /** Every row that was sent is in exactly one batch, in order, and the headers form one chain. */
  async function verify(prefix: string, car: Car, rows: number): Promise<AnnouncedBatch[]> {
    const batches = (await announced(prefix)).filter(({ stream }) => stream === car.config.handle).sort((a, b) => a.sequence - b.sequence);
    assert.deepEqual(batches.map(({ sequence }) => sequence), batches.map((_, i) => i));
    const all: (readonly (number | null)[])[] = [];
    let previous = `0x${"00".repeat(32)}`;
    for (const batch of batches) {
      assert.equal(batch.lot.header.rest.previousHeader, previous);
      previous = batch.headerHash;
      all.push(...(await open(car, batch)));
    }
    assert.deepEqual(all, Array.from({ length: rows }, (_, i) => goodRow(START + i * 1000)));
    return batches;
  }

  it("seals, uploads, anchors and announces two cars' drives, opened again by a buyer's checks, many batches in one transaction", async () => {
    const prefix = "plain";
    const worker = await ingest(prefix, "--batch-records", "60");
    const appender = createAppender(world.redis, prefix);
    const pair = [await newCar(prefix), await newCar(prefix)];
    for (const car of pair) {
      await appender.append(Array.from({ length: 30 }, (_, i) => car.message(i * 5, 5)), "test");
      await appender.endTrip(car.config.handle);
    }
    await until("all batches", async () => (await announced(prefix)).length === 6);
    for (const car of pair) {
      assert.deepEqual((await announced(prefix)).filter(({ stream }) => stream === car.config.handle).map(({ sequence }) => sequence), [0, 1, 2]);
      const batches = await verify(prefix, car, 150);
      assert.deepEqual(batches.map(({ records }) => records), [60, 60, 30]);
    }
    const anchors = new Set((await announced(prefix)).map(({ lot }) => lot.anchor.root));
    assert.ok(anchors.size < 6, `${anchors.size} transactions for 6 batches`);
    assert.equal(await world.redis.exists(keys.openBatches(prefix)), 0);
    await until("the telemetry to be let go", async () => (await world.redis.xlen(keys.telemetry(prefix, pair[0]!.config.handle, deviceName(pair[0]!.config.devicePublicKey)))) === 0);
    await until("the artefacts to be let go", () => Promise.resolve(readdirSync(join(world.dir, "artefacts", pair[0]!.config.handle)).length === 0));
    assert.equal(await worker.stop(), 0, worker.errors());
  });

  for (const status of ["planned", "sealed", "uploaded", "anchoring", "anchored"]) {
    it(`loses and doubles nothing when it is killed while a batch is ${status}`, async () => {
      const prefix = `kill-${status}`;
      const car = await newCar(prefix);
      const appender = createAppender(world.redis, prefix);
      await appender.append(Array.from({ length: 16 }, (_, i) => car.message(i * 5, 5)), "test");
      await appender.endTrip(car.config.handle);
      let worker = await ingest(prefix, "--batch-records", "40");
      const batchKeyName = keys.batch(prefix, car.config.handle, 0);
      let seen: string | null = null;
      const order = ["planned", "sealed", "uploaded", "anchoring", "anchored", "announced"];
      while (order.indexOf(seen ?? "") < order.indexOf(status)) seen = await world.redis.hget(batchKeyName, "status");
      await worker.kill();
      const header = await world.redis.hget(batchKeyName, "headerHash");
      worker = await ingest(prefix, "--batch-records", "40");
      await until("both batches", async () => (await announced(prefix)).length === 2);
      const [first] = await verify(prefix, car, 80);
      if (header !== null) assert.equal(first!.headerHash, header);
      assert.equal(await worker.stop(), 0, worker.errors());
      assert.equal((await announced(prefix)).length, 2);
    });
  }

  it("lets two workers share the streams, one of which is killed again and again", async () => {
    const prefix = "share";
    const car = await newCar(prefix);
    const appender = createAppender(world.redis, prefix);
    const steady = await ingest(prefix, "--batch-records", "20");
    for (let round = 0; round < 2; round += 1) {
      const victim = await ingest(prefix, "--batch-records", "20");
      await appender.append(Array.from({ length: 12 }, (_, i) => car.message(round * 60 + i * 5, 5)), "test");
      await until("the next batch", async () => (await announced(prefix)).length > round);
      await victim.kill();
    }
    await appender.endTrip(car.config.handle);
    await until("all batches", async () => (await announced(prefix)).length === 6);
    await verify(prefix, car, 120);
    assert.equal(await steady.stop(), 0, steady.errors());
  });

  it("puts no secret into Redis", async () => {
    const secrets = new Set<string>();
    for (let n = 101; n <= cars; n += 1) secrets.add(Buffer.from(secretOf(makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex))).toString("hex"));
    for (const batch of await announced("plain")) {
      const car = [101, 102].map((n) => makeCar(n, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex)).find(({ config }) => config.handle === batch.stream)!;
      const day = daySecret(secretOf(car), batch.lot.header.rest.day);
      const k = batchKey(day, car.config.handle, batch.sequence, batch.lot.header.rest.sealNonce);
      for (const secret of [Buffer.from(day).toString("hex"), k.toString(16), k.toString()]) secrets.add(secret);
    }
    let text = "";
    for (const key of await world.redis.keys("*")) {
      // A lease may have run out between the two commands.
      const dump = (await world.redis.dumpBuffer(key)) as Buffer | null;
      text += dump?.toString("latin1") ?? "";
    }
    assert.ok(text.length > 10_000);
    for (const secret of secrets) assert.ok(!text.includes(secret) && !text.includes(Buffer.from(secret.padStart(64, "0"), "hex").toString("latin1")));
  });

  it("explains itself, and answers wrong settings and a wrong passphrase in one line", async () => {
    const help = await runToEnd("ingest", ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--block-seconds NUMBER/);
    const missing = await runToEnd("ingest", []);
    assert.equal(missing.code, 1);
    assert.equal(missing.stderr.trim().split("\n").length, 1);
    const args = [...world.flags, "--artefacts", world.dir];
    const wrong = await runToEnd("ingest", args, { ...world.secrets, QOOD_VAULT_PASSPHRASE: "wrong" });
    assert.equal(wrong.code, 1);
    assert.equal(wrong.stderr.trim().split("\n").length, 1);
    assert.match(wrong.stderr, /VAULT_PASSPHRASE/);
  });
});
