import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { anchorTree } from "@qoodblock/sdk/formats";
import { announceStep } from "../../workers/ingest/announce.ts";
import { createArtefacts } from "../../workers/ingest/artefacts.ts";
import { batchCopy, createBackup } from "../../workers/ingest/backup.ts";
import { createRecords } from "../../workers/ingest/record.ts";
import { createRetention } from "../../workers/ingest/retention.ts";
import { runUpkeep } from "../../workers/ingest/upkeep.ts";
import { verifyStorage } from "../../workers/ingest/verify.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { closeRedis, connectRedis, createAppender, deviceName, encodeBatch, keys, readBatch, registerStream } from "../../workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "../../workers/shared/queue/index.ts";
import { addKept } from "../../workers/shared/storage/kept.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import type { Storage } from "../../workers/shared/storage/types.ts";
import { createPaths } from "../../workers/ingest/paths.ts";
import { createSealer } from "../../workers/ingest/sealer.ts";
import { createVault, importBox, openVault, sealTo } from "../../workers/shared/vault/index.ts";
import { sealStep, uploadStep } from "../../workers/ingest/steps.ts";
import { testRedis } from "./support/engines.ts";
import { bytes32, makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { buyOrder, offerBatches } from "./support/sales.ts";
import { until } from "./support/world.ts";

const DAY = 86_400_000;
const COST = { N: 2 ** 10, r: 8, p: 1 };
const sureTime = (): Promise<number> => Promise.resolve(Date.now());

/** A TSP's ingest without a chain: real Redis, a real storage process, real sealing; only the anchor is set by hand. */
describe("keeping and giving up files", () => {
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  let node: RunningWorker;
  let storage: Storage;
  let cars = 800;
  const repo = (): string => join(dir, "ipfs");
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-retention-"));
    engine = await testRedis(join(dir, "redis"));
    redis = connectRedis(engine.socket);
    node = await startWorker("storage", ["--repo", repo(), "--log-level", "error"]);
    storage = createKuboStorage(node.ready.rpc as string);
  });
  after(async () => {
    await storage.close();
    assert.equal(await node.stop(), 0, node.errors());
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  interface Stage {
    readonly prefix: string;
    readonly car: Car;
    readonly backupFolder: string;
    readonly context: Parameters<typeof verifyStorage>[0] & Parameters<typeof announceStep>[0];
    /** Seals, uploads, "anchors" and announces a batch of ten rows. `age`: how long ago it was announced. */
    readonly announce: (sequence: number, age?: number) => Promise<{ id: string; batch: AnnouncedBatch; cids: string[] }>;
    readonly said: () => string;
  }

  async function stage(prefix: string, withBackup = true): Promise<Stage> {
    const car = makeCar((cars += 1));
    const { config } = car;
    await registerStream(redis, prefix, config);
    const vaultFile = join(dir, `${prefix}.json`);
    const publicKey = await createVault(vaultFile, "p", COST);
    await importBox(vaultFile, "p", await sealTo(publicKey, { handle: Buffer.from(config.handle.slice(2), "hex"), keyEpoch: 0, secret: bytes32("secret") }));
    const out = join(dir, `${prefix}.log`);
    const [records, folder, backupFolder] = [createRecords(redis, prefix), join(dir, `${prefix}-artefacts`), join(dir, `${prefix}-backup`)];
    const artefacts = createArtefacts(folder);
    const context = { redis, prefix, records, artefacts, storage, pathOf: createPaths(), backup: withBackup ? createBackup(backupFolder, storage) : undefined, log: createLog({ name: "test", level: "info", file: out }), sealer: createSealer(1, folder), vault: await openVault(vaultFile, "p") };
    const device = deviceName(config.devicePublicKey);
    return {
      ...{ prefix, car, backupFolder, context },
      said: () => (existsSync(out) ? readFileSync(out, "utf8") : ""),
      async announce(sequence, age = 0) {
        // A pool of its own: its child ends with it.
        const sealer = createSealer(1, folder);
        try {
          await createAppender(redis, prefix).append([car.message(sequence * 10, 10)], "test");
          const [previousHeader = null, chainBefore = null] = await redis.hmget(keys.sequence(prefix, config.handle), "previous", `chain:${device}`);
          const zero: Hex = toHex(new Uint8Array(32));
          const plan = {
            ...{ stream: config.handle, sequence, device, devicePublicKey: config.devicePublicKey, first: sequence, last: sequence, keyEpoch: 0, day: 20_513 },
            ...{ sealNonce: toHex(bytes32(`nonce ${sequence}`)), previousHeader: (previousHeader ?? zero) as Hex, chainBefore: (chainBefore ?? zero) as Hex, tsp: toHex(bytes32("tsp").subarray(0, 20)) },
            ...{ schema: config.schema, dictionaryVersion: 1, exclusive: false, h3: [], blockSeconds: 60, intervalBlocks: 60, leafSize: 4096, reason: "test" },
          };
          const chainAfter = (await redis.hget(keys.chain(prefix, config.handle, device), "chain"))!;
          assert.ok(await records.plan(plan, sequence, chainAfter));
          const job = { stream: config.handle, sequence };
          const steps = { ...context, sealer };
          await sealStep(steps, job);
          await uploadStep(steps, job);
          const header = (await redis.hget(keys.batch(prefix, config.handle, sequence), "headerHash")) as Hex;
          const tree = anchorTree([header]);
          const listCid = await addKept(storage, tree.list);
          const anchor = { root: tree.root, sequence, leavesHash: tree.listHash, listDigest: tree.listDigest, listCid, headers: [header], batches: [job], transaction: { hash: "0x1", block: 1, gasUsed: 1, ms: 1 } };
          assert.ok(await records.assign(tree.root, JSON.stringify(anchor), [job]));
          await announceStep(context, job);
          const [entry] = await redis.xrevrange(keys.batches(prefix), "+", "-", "COUNT", 1);
          let id = entry![0];
          const batch = (await readBatch(redis, prefix, id))!;
          if (age > 0) {
            // As if Redis had taken it then.
            await redis.xdel(keys.batches(prefix), id);
            id = `${Date.now() - age}-0`;
            await moveBefore(prefix, id, encodeBatch(batch));
          }
          const { ciphertext, dataHashes, description } = batch.lot.cids;
          return { id, batch, cids: [ciphertext, dataHashes, description] };
        } finally {
          await sealer.close();
        }
      },
    };
  }
  /** Puts an entry of an earlier time into the stream of announcements: Redis adds at the end only, so it is written anew. */
  async function moveBefore(prefix: string, id: string, text: string): Promise<void> {
    const entries = (await redis.xrange(keys.batches(prefix), "-", "+")).map(([at, fields]) => [at, fields[1]!] as const);
    entries.push([id, text]);
    entries.sort(([a], [b]) => Number(a.split("-")[0]) - Number(b.split("-")[0]));
    await redis.del(keys.batches(prefix));
    for (const [at, batch] of entries) await redis.xadd(keys.batches(prefix), at, "batch", batch);
  }

  /** Files of a node's blocks. */
  const blockFiles = (): string[] => readdirSync(join(repo(), "blocks"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".data")).map((name) => join(repo(), "blocks", name));
  /** Loses, or spoils, the block that holds a file's content. */
  async function lose(cid: string, spoil = false): Promise<void> {
    const content = Buffer.from(await storage.get(cid));
    const file = blockFiles().find((name) => readFileSync(name).equals(content))!;
    if (spoil) writeFileSync(file, Buffer.concat([content.subarray(0, -1), Buffer.from([content.at(-1)! ^ 1])]));
    else rmSync(file);
    assert.equal(await storage.has(cid).catch(() => false), false);
  }
  const states = (cids: readonly string[]): Promise<boolean[]> => Promise.all(cids.map(async (cid) => (await storage.has(cid)) && (await storage.isPinned(cid))));

  it("copies each batch as one CAR when it is announced, and brings back from it what the node loses or what rots", async () => {
    const { prefix, car, backupFolder, context, announce, said } = await stage("mend");
    const [one, two] = [await announce(0), await announce(1)];
    assert.ok(existsSync(join(backupFolder, `${batchCopy(car.config.handle, 0)}.car`)));
    assert.deepEqual(readdirSync(join(backupFolder, "batches", car.config.handle)).sort(), ["0.car", "1.car"]);
    assert.equal(await context.artefacts.load(car.config.handle, 0), undefined);
    const clean = await verifyStorage(context);
    assert.deepEqual([clean.mended, clean.lost], [[], []]);
    assert.equal(clean.files, 8);

    const content = await Promise.all(one.cids.map((cid) => storage.get(cid)));
    await lose(one.cids[0]!);
    await lose(two.cids[1]!, true);
    await storage.unpin(two.cids[2]!);
    const anchor = JSON.parse((await redis.hvals(keys.anchors(prefix)))[0]!) as { listCid: string; root: string };
    await lose(anchor.listCid);
    const pass = await verifyStorage(context);
    assert.deepEqual([...pass.mended].sort(), [`batch 0 of stream ${car.config.handle}`, `batch 1 of stream ${car.config.handle}`, `list of anchor ${anchor.root}`]);
    assert.deepEqual(pass.lost, []);
    assert.deepEqual(await states([...one.cids, ...two.cids, anchor.listCid]), Array.from({ length: 7 }, () => true));
    assert.deepEqual(await Promise.all(one.cids.map((cid) => storage.get(cid))), content);
    assert.match(said(), /the storage node had lost the batch 0 of stream/);
    assert.deepEqual((await verifyStorage(context)).mended, []);
  });

  it("fills a node that has lost everything from the backup", async () => {
    const { car, context, announce } = await stage("disaster");
    const batches = [await announce(0), await announce(1)];
    const content = await Promise.all(batches.flatMap(({ cids }) => cids).map((cid) => storage.get(cid)));
    const empty = await startWorker("storage", ["--repo", join(dir, "empty"), "--log-level", "error"]);
    const fresh = createKuboStorage(empty.ready.rpc as string);
    try {
      const pass = await verifyStorage({ ...context, storage: fresh, backup: createBackup(join(dir, "disaster-backup"), fresh) });
      assert.deepEqual([pass.files, pass.mended.length, pass.lost], [8, 4, []]);
      assert.ok(pass.mended.includes(`batch 1 of stream ${car.config.handle}`));
      assert.deepEqual(await Promise.all(batches.flatMap(({ cids }) => cids).map((cid) => fresh.get(cid, { timeoutMs: 1000 }))), content);
    } finally {
      await fresh.close();
      assert.equal(await empty.stop(), 0, empty.errors());
    }
  });

  it("brings offers back that can still be bought, and copies what has no copy yet", async () => {
    const { prefix, car, backupFolder, context, announce } = await stage("offers");
    const { batch } = await announce(0);
    const offer = await addKept(storage, Buffer.from("an offer file"));
    const old = await addKept(storage, Buffer.from("an offer that is over"));
    const now = Math.floor(Date.now() / 1000);
    const sold = [{ stream: batch.stream as Hex, sequence: 0 }];
    await offerBatches(redis, prefix, "open", sold, now + 1000, [1], offer);
    await offerBatches(redis, prefix, "over", sold, now - 1000, [1], old);
    rmSync(join(backupFolder, "batches"), { recursive: true });
    await verifyStorage(context);
    assert.deepEqual(readdirSync(join(backupFolder, "offers")), [`${offer}.car`]);
    assert.ok(existsSync(join(backupFolder, `${batchCopy(car.config.handle, 0)}.car`)));
    await lose(offer);
    await lose(old);
    assert.deepEqual((await verifyStorage(context)).mended, [`offer ${offer}`]);
    assert.equal(Buffer.from(await storage.get(offer)).toString(), "an offer file");
  });

  it("calls for a person when there is no copy, or when the copy is damaged too", async () => {
    const { car, context, announce, said } = await stage("lost", false);
    const { cids } = await announce(0);
    const copies = createBackup(join(dir, "lost-copies"), storage);
    await copies.save(batchCopy(car.config.handle, 0), cids);
    const file = join(dir, "lost-copies", `${batchCopy(car.config.handle, 0)}.car`);
    const good = readFileSync(file);
    const content = Buffer.from(await storage.get(cids[0]!));
    await lose(cids[0]!);
    const name = `batch 0 of stream ${car.config.handle}`;
    assert.deepEqual((await verifyStorage(context)).lost, [name]);
    assert.match(said(), /"level":"error".*ALARM: the storage node has lost the batch 0 of stream .* restore the node's folder or the backup/);
    const bad = Buffer.from(good);
    // The very block that is missing: those in front of a damaged one may well be taken.
    bad[bad.indexOf(content)]! ^= 1;
    writeFileSync(file, bad);
    assert.deepEqual((await verifyStorage({ ...context, backup: copies })).lost, [name]);
    assert.match(said(), /a backup is damaged/);
    writeFileSync(file, good);
    assert.deepEqual((await verifyStorage({ ...context, backup: copies })).mended, [name]);
  });

  it("mends a block that was lost before the copy was made, from the files that still lie here", async () => {
    const { car, context } = await stage("early");
    const other = await stage("early-other");
    const { batch, cids } = await other.announce(0);
    const files = await Promise.all(cids.map((cid) => storage.get(cid)));
    // The last step of another worker: announced already, its files still here, and the node has lost one.
    const { stream, sequence } = batch;
    await other.context.artefacts.save(stream, sequence, { ciphertext: files[0]!, dataHashes: files[1]!, description: files[2]! });
    await other.context.backup!.drop(batchCopy(stream, sequence));
    await lose(cids[0]!);
    await announceStep(other.context, { stream, sequence });
    assert.deepEqual(await states(cids), [true, true, true]);
    assert.ok(existsSync(join(other.backupFolder, `${batchCopy(stream, sequence)}.car`)));
    assert.equal(await other.context.artefacts.load(stream, sequence), undefined);
    assert.equal(await context.artefacts.load(car.config.handle, 0), undefined);
  });

  it("gives up what is past its retention and not sold, keeps a record, and waits for what is", async () => {
    const { prefix, car, backupFolder, context, announce } = await stage("old");
    const stream = car.config.handle;
    const [old, offered, bought, young] = [await announce(0, 40 * DAY), await announce(1, 39 * DAY), await announce(2, 38 * DAY), await announce(3, 29 * DAY)];
    const now = Math.floor(Date.now() / 1000);
    const offer = await addKept(storage, Buffer.from("the offer file of both"));
    await offerBatches(redis, prefix, "standing", [{ stream, sequence: 1 }], now + 1000, [1], offer);
    const order = await offerBatches(redis, prefix, "bought", [{ stream, sequence: 2 }], now - 1000, [1], offer);
    const dealId = await buyOrder(redis, prefix, order, now - 1000, [1]);
    await redis.hset(keys.waiting(prefix), old.id, stream, young.id, stream);
    const retention = createRetention({ ...context, keepMs: 30 * DAY, sureTime });
    const blocks = blockFiles().length;
    await retention.step();
    assert.deepEqual(await states(old.cids), [false, false, false]);
    assert.ok(blockFiles().length <= blocks - 3, "the blocks are gone from the disk");
    for (const kept of [offered, bought, young]) assert.deepEqual(await states(kept.cids), [true, true, true]);
    assert.deepEqual(Object.values(await redis.hgetall(keys.overdue(prefix))).sort(), [`${stream}:1`, `${stream}:2`]);
    const record = JSON.parse((await redis.hget(keys.dropped(prefix), `${stream}:0`))!) as Record<string, unknown>;
    assert.deepEqual([record.cids, record.retentionDays, typeof record.at], [old.batch.lot.cids, 30, "string"]);
    assert.deepEqual(await redis.hkeys(keys.waiting(prefix)), [young.id]);
    assert.deepEqual(readdirSync(join(backupFolder, "batches", stream)).sort(), ["1.car", "2.car", "3.car"]);
    // What was given up on purpose is not missed.
    const pass = await verifyStorage(context);
    assert.deepEqual([pass.mended, pass.lost], [[], []]);

    await redis.srem(keys.openPages(prefix), `${dealId}/0`);
    await retention.step();
    assert.deepEqual(await states(bought.cids), [false, false, false]);
    assert.deepEqual(await states(offered.cids), [true, true, true]);
    assert.deepEqual((await redis.hkeys(keys.dropped(prefix))).sort(), [`${stream}:0`, `${stream}:2`]);
  });

  it("is done by the worker's upkeep as its settings say, and ends with it", async () => {
    const { prefix, context, announce } = await stage("upkeep");
    const [old, young] = [await announce(0, 2 * DAY), await announce(1)];
    await lose(young.cids[0]!);
    const ending = new AbortController();
    const upkeep = runUpkeep({ ...context, sureTime, vault: { look: () => Promise.resolve([]) }, forget: () => Promise.resolve(false), settings: { eraseSeconds: 0, retentionDays: 1, verifyHours: 24 } }, ending.signal);
    await until("the check", async () => (await redis.hexists(keys.cursors(prefix), "verified")) === 1);
    await until("the old batch to be given up", async () => (await redis.hlen(keys.dropped(prefix))) === 1);
    ending.abort();
    await upkeep;
    assert.deepEqual(await states(young.cids), [true, true, true]);
    assert.deepEqual(await states(old.cids), [false, false, false]);
  });
});
