import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { createAppender, keys, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { openVault } from "../../workers/shared/vault/index.ts";
import { ask, samples } from "./support/ask.ts";
import { announcedOffers, buyDeal, readOffer, untilState } from "./support/deals.ts";
import { bytes32, makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { depositBonds, fundBuyer, mintAgreed } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { secretOf, startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "told";
const without = (flags: readonly string[], ...names: string[]): string[] => flags.filter((_, i) => !names.includes(flags[i]!) && !names.includes(flags[i - 1] ?? ""));

describe("a sale from message to settlement", () => {
  let world: World;
  let car: Car;
  const workers = new Map<string, RunningWorker>();

  /** With everything logged, each into its file, and metrics at a socket. */
  async function start(name: string, flags: readonly string[]): Promise<void> {
    const own = ["--redis-prefix", PREFIX, "--lock-ms", "1000", "--log-level", "trace", "--log-file", join(world.dir, `${name}.log`), "--metrics-listen", join(world.dir, `${name}.metrics`)];
    workers.set(name, await startWorker(name, [...without(flags, "--log-level"), ...own], world.secrets));
  }
  const metricsOf = async (name: string): Promise<string> => (await ask(join(world.dir, `${name}.metrics`), "/metrics")).body;

  before(async () => {
    world = await startWorld();
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await registerStream(world.redis, PREFIX, car.config);
    await world.grant(car);
    await fundBuyer(world, 100_000_000n);
    await depositBonds(world, 100_000_000n);
    await start("ingest", [...world.flags, "--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20"]);
    await start("prover", without(world.flags, "--keystore", "--storage"));
    await start("delivery", [...world.flags, "--price-user", "3000000", "--deliver-seconds", "7200", "--margin-seconds", "600", "--complaint-seconds", "2", "--settle-delay-seconds", "0", "--retry-seconds", "0.3"]);
    const appender = createAppender(world.redis, PREFIX);
    // Two rows out of order and a message of nobody: dead letters.
    await appender.append([...Array.from({ length: 12 }, (_, i) => car.message(i * 5, 5)), car.message(3, 2), makeCar(77).message(0, 1)], "test");
    await appender.endTrip(car.config.handle);
    await until("an offer", async () => (await announcedOffers(world, PREFIX)).length === 1);
    const [offer] = await announcedOffers(world, PREFIX);
    const deal = await buyDeal(world, await readOffer(world, offer!.cid));
    await untilState(world, deal, "Settled");
    await until("the end of the page", async () => (await world.redis.scard(keys.openPages(PREFIX))) === 0);
  });
  after(async () => {
    for (const worker of workers.values()) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("shows in the metrics of each worker", async () => {
    const ingest = await metricsOf("ingest");
    const of = (name: string): Record<string, number> => samples(ingest, name);
    assert.deepEqual(of("qood_batches_total"), { 'step="closed"': 1, 'step="sealed"': 1, 'step="uploaded"': 1, 'step="announced"': 1 });
    for (const [name, value] of [["open_batches", 0], ["uploaded_batches", 0], ["pending_anchors", 0], ["streams", 1], ["dead_letters", 3], ["telemetry_backlog_entries", 0], ["sealed_records_total", 60], ["anchors_total", 1]] as const) {
      assert.deepEqual(of(`qood_${name}`), { "": value }, name);
    }
    const { bytes } = (await readBatches(world.redis, PREFIX, "0", 1))[0]!.batch;
    assert.deepEqual(of("qood_sealed_bytes_total"), { 'kind="raw"': bytes.raw, 'kind="compressed"': bytes.compressed, 'kind="stored"': bytes.stored });
    assert.deepEqual([of("qood_seal_seconds_count"), of("qood_upload_seconds_count"), of("qood_anchor_lag_seconds_count")], [{ "": 1 }, { "": 1 }, { "": 1 }]);
    assert.ok(of("qood_anchor_lag_seconds_sum")[""]! > 0);
    assert.equal(of("qood_redis_used_bytes")[""]! > 100_000, true);

    const delivery = await metricsOf("delivery");
    assert.deepEqual(samples(delivery, "qood_offers_total"), { "": 1 });
    assert.deepEqual(samples(delivery, "qood_pages_ended_total"), { 'status="settled"': 1 });
    assert.deepEqual(samples(delivery, "qood_deals"), { "": 1 });
    assert.deepEqual(Object.values(samples(delivery, "qood_open_pages")).filter((count) => count > 0), []);
    // The deposit and the agent's quarter of the price.
    assert.deepEqual(samples(delivery, "qood_standing_balance"), { 'kind="credit"': 100_750_000, 'kind="reserved"': 0 });
    // The lane is one for both workers: whoever held it has counted.
    await until("the last transaction to be final", async () => {
      const both = [samples(await metricsOf("ingest"), "qood_transactions_total"), samples(await metricsOf("delivery"), "qood_transactions_total")];
      return ["anchor", "deliver", "settle"].every((kind) => both.reduce((sum, each) => sum + (each[`kind="${kind}",outcome="done"`] ?? 0), 0) === 1);
    });
    assert.deepEqual(samples(await metricsOf("prover"), "qood_proof_seconds_count"), { "": 1 });
  });

  it("leaves no secret, no key of a device and no position in logs and metrics", async () => {
    const vault = await openVault(join(world.dir, "vault.json"), world.secrets.QOOD_VAULT_PASSPHRASE!);
    const { rest } = (await readBatches(world.redis, PREFIX, "0", 1))[0]!.batch.lot.header;
    const day = daySecret(secretOf(car), rest.day);
    const k = batchKey(day, car.config.handle, 0, rest.sealNonce);
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    const secrets: Record<string, string> = {
      ...world.secrets,
      ...{ stream: hex(secretOf(car)), day: hex(day), batch: k.toString(16), batchDecimal: k.toString(), delivery: hex(vault.deliverySecret), account: world.accounts.tsp.privateKey.slice(2) },
      ...{ deviceSecret: hex(bytes32("device 1")), deviceKey: car.config.devicePublicKey!.slice(2), deviceX: car.config.devicePublicKey!.slice(2, 66), vehicle: car.config.vehicle },
    };
    for (const name of workers.keys()) {
      const log = readFileSync(join(world.dir, `${name}.log`), "utf8");
      assert.ok(log.split("\n").length > 3 && statSync(join(world.dir, `${name}.log`)).size > 300, `${name} has logged next to nothing`);
      const metrics = await metricsOf(name);
      for (const [what, secret] of Object.entries(secrets)) {
        assert.ok(!log.toLowerCase().includes(secret.toLowerCase()), `${what} in the log of ${name}`);
        assert.ok(!metrics.toLowerCase().includes(secret.toLowerCase()), `${what} in the metrics of ${name}`);
      }
      assert.ok(!metrics.includes(car.config.handle), `a stream in the metrics of ${name}`);
      // Rows are told by their index alone.
      assert.ok(!/"(latitude|longitude|lat|lon|vin|rows?)":\s*[[\d"]/i.test(log), `data in the log of ${name}`);
    }
  });
});
