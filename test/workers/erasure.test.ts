import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import { fromHex } from "@qoodblock/sdk/bytes";
import { ZERO32 } from "@qoodblock/sdk/formats";
import { createErasure } from "../../workers/ingest/erasure.ts";
import type { ErasureContext } from "../../workers/ingest/erasure.ts";
import { createRecords } from "../../workers/ingest/record.ts";
import type { Plan, Records } from "../../workers/ingest/record.ts";
import { sealStep } from "../../workers/ingest/steps.ts";
import type { StepContext } from "../../workers/ingest/steps.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { closeRedis, connectRedis, createAppender, deviceName, keys, registerStream } from "../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { createVault, forgetSecret, importBoxes, openVault, sealTo } from "../../workers/shared/vault/index.ts";
import type { Vault } from "../../workers/shared/vault/index.ts";
import { testRedis } from "./support/engines.ts";
import { bytes32, makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { buyOrder, offerBatches } from "./support/sales.ts";

const PASS = "passphrase";
const HOUR = 3_600_000;

describe("erasure of revoked streams", () => {
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-erasure-"));
    engine = await testRedis(join(dir, "redis"));
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  interface Stage {
    readonly prefix: string;
    readonly car: Car;
    readonly vault: Vault;
    readonly records: Records;
    /** One step of the erasure. @returns the key epochs held after it, and what it has logged */
    readonly step: (options?: Partial<Pick<ErasureContext, "delayMs">>) => Promise<{ held: number[]; said: string }>;
    readonly status: (state: string, since?: number) => Promise<void>;
    readonly plan: (sequence: number, first: number, last: number) => Plan;
  }

  /** A stream whose vault holds key epochs 0, 1 and 2; 1 is the one in use. */
  async function stage(prefix: string): Promise<Stage> {
    const file = join(dir, `${prefix}.json`);
    const publicKey = await createVault(file, PASS, { N: 2 ** 10, r: 8, p: 1 });
    const car = makeCar(700);
    const config = { ...car.config, keyEpoch: 1 };
    await registerStream(redis, prefix, config);
    const handle = fromHex(config.handle);
    await importBoxes(file, PASS, await Promise.all([0, 1, 2].map((keyEpoch) => sealTo(publicKey, { handle, keyEpoch, secret: bytes32(`secret ${keyEpoch}`) }))));
    const vault = await openVault(file, PASS);
    const out = join(dir, `${prefix}.log`);
    const log = createLog({ name: "test", level: "info", file: out });
    const text = (): string => (existsSync(out) ? readFileSync(out, "utf8") : "");
    const contexts = { redis, prefix, vault, forget: (slot: { handle: string; keyEpoch: number }) => forgetSecret(file, PASS, slot), sureTime: () => Promise.resolve(Date.now()), log };
    const erasure = createErasure({ ...contexts, delayMs: HOUR });
    const hasty = createErasure({ ...contexts, delayMs: 0 });
    return {
      ...{ prefix, car, vault, records: createRecords(redis, prefix) },
      async step(options = {}) {
        const before = text().length;
        await (options.delayMs === 0 ? hasty : erasure).step();
        return { held: (await vault.look()).map(({ keyEpoch }) => keyEpoch), said: text().slice(before) };
      },
      async status(state, since = Date.now() - 2 * HOUR) {
        await redis.hset(keys.status(prefix), config.handle, JSON.stringify({ state, since: new Date(since).toISOString(), reason: "key epoch 2 has begun", of: "1" }));
      },
      plan: (sequence, first, last) => ({
        ...{ stream: config.handle, sequence, device: deviceName(config.devicePublicKey), devicePublicKey: config.devicePublicKey, first, last, keyEpoch: 1, day: 1 },
        ...{ sealNonce: ZERO32, previousHeader: ZERO32, chainBefore: ZERO32, tsp: `0x${"11".repeat(20)}`, schema: config.schema, dictionaryVersion: 1, exclusive: false, h3: [] },
        ...{ blockSeconds: 60, intervalBlocks: 60, leafSize: 4096, reason: "test" },
      }),
    };
  }
  const messages = (car: Car, from: number, count: number): ReturnType<Car["message"]>[] => Array.from({ length: count }, (_, i) => car.message((from + i) * 5, 5));

  it("waits for the telemetry, the open batch and the open page, one after the other, then erases what was revoked and no more", async () => {
    const { prefix, car, records, step, status, plan } = await stage("whole");
    const stream = car.config.handle;
    const appender = createAppender(redis, prefix);
    await appender.append(messages(car, 0, 4), "test");
    await status("active");
    assert.deepEqual((await step()).held, [0, 1, 2]);
    await status("transferred");
    assert.deepEqual((await step()).held, [0, 1, 2]);

    await status("revoked");
    // Epoch 0 has nothing under way any more; 1 has; 2 is what the stream goes on under.
    const first = await step();
    assert.deepEqual(first.held, [1, 2]);
    assert.match(first.said, /"keyEpoch":1,.*its secret is kept for now: telemetry of it is not sealed yet/);
    assert.match(first.said, /"keyEpoch":2,.*its key epoch is newer than the one that was revoked/);
    assert.equal((await step()).said, "", "the same reason is told once");

    const [one, two] = [plan(0, 0, 1), plan(1, 2, 3)];
    assert.ok(await records.plan(one, 0, ZERO32));
    assert.deepEqual(await step(), { held: [1, 2], said: "" });
    await redis.hset(keys.sequence(prefix, stream), "open", "", "next", 1);
    assert.ok(await records.plan(two, 2, ZERO32));
    assert.match((await step()).said, /batch [01] is not announced yet/);
    await records.announce(one, "{}");
    assert.deepEqual((await step()).held, [1, 2]);
    await records.announce(two, "{}");

    const expiry = Math.floor(Date.now() / 1000) + 3600;
    const orderHash = await offerBatches(redis, prefix, "both", [{ stream, sequence: 0 }, { stream, sequence: 1 }], expiry, [1, 1]);
    const dealId = await buyOrder(redis, prefix, orderHash, expiry, [1, 1]);
    await redis.srem(keys.openPages(prefix), `${dealId}/0`);
    const waiting = await step();
    assert.match(waiting.said, new RegExp(`page ${dealId}/1 sells batch 1 and is not over`));
    assert.deepEqual(waiting.held, [1, 2]);
    await redis.srem(keys.openPages(prefix), `${dealId}/1`);

    const done = await step();
    assert.deepEqual(done.held, [2]);
    const line = JSON.parse(done.said) as Record<string, unknown>;
    assert.deepEqual([line.level, line.stream, line.keyEpoch, line.reason, line.orders], ["warn", stream, 1, "key epoch 2 has begun", 1]);
    assert.match(line.msg as string, /its secret was erased from the vault/);
    assert.deepEqual((await step()).held, [2]);
    const text = readFileSync(join(dir, "whole.log"), "utf8");
    assert.equal(text.split("was erased").length - 1, 2);
    for (const keyEpoch of [0, 1, 2]) assert.ok(!text.includes(Buffer.from(bytes32(`secret ${keyEpoch}`)).toString("hex")));
  });

  it("waits so long after the revocation, and is not held up by rows that no batch will take", async () => {
    const { prefix, car, records, step, status, plan } = await stage("late");
    await status("revoked", Date.now() - HOUR / 2);
    await createAppender(redis, prefix).append(messages(car, 0, 2), "test");
    assert.ok(await records.plan(plan(0, 0, 1), 0, ZERO32));
    await records.announce(plan(0, 0, 1), "{}");
    await createAppender(redis, prefix).endTrip(car.config.handle);
    // A message of which no row was kept, behind the last batch.
    const device = deviceName(car.config.devicePublicKey);
    await redis.xadd(keys.telemetry(prefix, car.config.handle, device), "3-0", "m", "x", "d", "0", "f", "", "l", "0", "n", "0", "a", "0", "c", ZERO32);
    assert.deepEqual((await step()).held, [0, 1, 2]);
    assert.deepEqual((await step({ delayMs: 0 })).held, [2]);
  });

  it("gives nothing up while an open page cannot be told to sell something else", async () => {
    const { prefix, step, status, vault } = await stage("unknown");
    await status("revoked");
    const dealId = await buyOrder(redis, prefix, `0x${"77".repeat(32)}`, 1, [1]);
    await assert.rejects(step(), { code: "DEAL_UNKNOWN", message: new RegExp(`page 0 of deal ${dealId} is open`) });
    assert.equal((await vault.look()).length, 3);
  });

  it("has sealing say what happened and what can be done", async () => {
    const { prefix, car, vault, records, step, status, plan } = await stage("sealing");
    await status("revoked");
    await step();
    assert.deepEqual((await vault.look()).map(({ keyEpoch }) => keyEpoch), [2]);
    await createAppender(redis, prefix).append(messages(car, 0, 2), "test");
    assert.ok(await records.plan(plan(0, 0, 1), 0, ZERO32));
    const context = { redis, prefix, records, vault } as unknown as StepContext;
    await assert.rejects(sealStep(context, { stream: car.config.handle, sequence: 0 }), (error: Error & { code: string }) => {
      assert.equal(error.code, "VAULT_FORGOTTEN");
      assert.match(error.message, /^batch 0 of stream 0x[0-9a-f]{64} cannot be sealed, and neither can those after it: the secret .*, key epoch 1, was erased from the vault at .* import it with --again$/);
      return true;
    });
  });
});
