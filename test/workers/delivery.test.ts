import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import { deliveryContext, unwrapKeys } from "@qoodblock/sdk/delivery";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import { decodeOffer } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { createAppender, keys, proveJobId, proveJobSchema, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { buy, depositBonds, fundBuyer, mintAgreed } from "./support/market.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { secretOf, startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "sale";
/** Seconds: a machine that is slow comes in time, and the window to complain is over soon. */
const WINDOWS = ["--deliver-seconds", "7200", "--margin-seconds", "600", "--complaint-seconds", "2", "--settle-delay-seconds", "0"];
const keyFolder = fileURLToPath(new URL("../../circuits/keys", import.meta.url));

describe("prover and delivery", () => {
  let world: World;
  let car: Car;
  let offers: { cid: string; sequence: number; price: string }[];
  const running: RunningWorker[] = [];

  const common = (...more: string[]): string[] => [...world.flags, "--redis-prefix", PREFIX, ...more];
  const without = (flags: string[], ...names: string[]): string[] => flags.filter((_, i) => !names.includes(flags[i]!) && !names.includes(flags[i - 1] ?? ""));
  const startDelivery = (): Promise<RunningWorker> =>
    startWorker("delivery", common("--price-user", "3000000", ...WINDOWS, "--retry-seconds", "0.3", "--lock-ms", "1000"), world.secrets);
  const startProver = (): Promise<RunningWorker> => startWorker("prover", without(common("--lock-ms", "1000"), "--keystore", "--storage"), world.secrets);

  before(async () => {
    world = await startWorld();
    const registry = world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex;
    car = makeCar(1, registry, await mintAgreed(world, 1));
    await registerStream(world.redis, PREFIX, car.config);
    await world.grant(car);
    await fundBuyer(world, 100_000_000n);
    await depositBonds(world, 100_000_000n);
    const ingest = await startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.2", "--tick-ms", "20", "--batch-records", "60", "--lock-ms", "1000"), world.secrets);
    running.push(ingest);
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: 36 }, (_, i) => car.message(i * 5, 5)), "test");
    await appender.endTrip(car.config.handle);
  });
  after(async () => {
    for (const worker of running) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  async function offerOf(sequence: number): Promise<Offer> {
    const storage = createKuboStorage(join(world.dir, "ipfs.sock"));
    const bytes = await storage.get(offers.find((each) => each.sequence === sequence)!.cid);
    await storage.close();
    return decodeOffer(bytes);
  }
  const listOffers = async (): Promise<typeof offers> => (await world.redis.xrange(keys.offers(PREFIX), "-", "+")).map(([, [, text]]) => JSON.parse(text!) as (typeof offers)[number]);
  const delivered = async (): Promise<number> => (await readEvents(world.client.deployment, world.provider, "DeliveredProven", { fromBlock: 0, toBlock: "latest" })).length;

  /** The delivery, which stays in the chain when the deal is settled already. */
  const untilDelivered = (dealId: Hex): Promise<void> =>
    until("the delivery", async () => (await readEvents(world.client.deployment, world.provider, "DeliveredProven", { fromBlock: 0, toBlock: "latest", indexed: [dealId] })).length > 0);

  /** What the chain shows opens the batch key for the buyer alone. */
  async function assertKey(offer: Offer, secret: bigint, dealId: Hex): Promise<void> {
    const [event] = (await readEvents(world.client.deployment, world.provider, "DeliveredProven", { fromBlock: 0, toBlock: "latest", indexed: [dealId] })).slice(0, 1);
    const { words, rest } = offer.lots[0]!.header;
    const context = deliveryContext({ chainId: 31337n, exchange: world.client.deployment.addresses.escrow, dealId, page: 0 });
    const [k] = unwrapKeys(secret, { context, commitments: [words.kc1], wrapped: { R: event!.r, c: event!.c } });
    assert.equal(k, batchKey(daySecret(secretOf(car), rest.day), car.config.handle, words.sequence, rest.sealNonce));
  }
  const dealAt = async (nonce: bigint): Promise<Hex> => {
    const bought = await readEvents(world.client.deployment, world.provider, "Bought", { fromBlock: 0, toBlock: "latest" });
    return bought.find(({ sale }) => sale.nonce === nonce)!.dealId;
  };

  it("offers every batch once, at the price of the setting, also when killed and started again", async () => {
    let delivery = await startDelivery();
    await until("the first offer", async () => (await listOffers()).length > 0);
    await delivery.kill();
    delivery = await startDelivery();
    running.push(delivery);
    await until("three offers", async () => (await listOffers()).length >= 3);
    offers = await listOffers();
    assert.deepEqual(offers.map(({ sequence }) => sequence).sort(), [0, 1, 2]);
    assert.ok(offers.every(({ price }) => price === "3000000"));
  });

  it("delivers the key of a bought batch, proven, by a job without a secret", async () => {
    running.push(await startProver());
    const offer = await offerOf(0);
    const key = await buy(world, offer, 1n);
    const dealId = await dealAt(1n);
    await untilDelivered(dealId);
    await assertKey(offer, key.secret, dealId);
    const queue = new Queue("prove", { connection: world.redis, prefix: PREFIX });
    const job = await queue.getJob(proveJobId(dealId, 0));
    const text = JSON.stringify(job);
    z.parse(proveJobSchema, job!.data);
    const { words, rest } = offer.lots[0]!.header;
    const day = daySecret(secretOf(car), rest.day);
    const k = batchKey(day, car.config.handle, words.sequence, rest.sealNonce);
    for (const secret of [k.toString(), k.toString(16), Buffer.from(day).toString("hex"), Buffer.from(secretOf(car)).toString("hex")]) assert.ok(!text.includes(secret));
    await queue.close();
  });

  it("wraps no key for a deal that the chain does not know as paid", async () => {
    const queue = new Queue("prove", { connection: world.redis, prefix: PREFIX });
    const { terms, ...rest } = (await queue.getJob(proveJobId(await dealAt(1n), 0)))!.data as { terms: { order: unknown; sale: Record<string, unknown> } };
    const job = await queue.add("prove", { ...rest, terms: { ...terms, sale: { ...terms.sale, nonce: "77" } } }, { jobId: "greedy", attempts: 1 });
    await until("the refusal", async () => await (await queue.getJob(job.id!))!.isFailed());
    assert.match((await queue.getJob(job.id!))!.failedReason, /does not wait for a delivery: the chain says None/);
    await queue.close();
  });

  it("delivers once when delivery worker and prover are killed in the middle", async () => {
    const before = await delivered();
    const offer = await offerOf(1);
    const key = await buy(world, offer, 2n);
    const dealId = await dealAt(2n);
    const [, delivery, prover] = running;
    await until("the deal to be seen", async () => (await world.redis.hexists(keys.deals(PREFIX), dealId)) === 1);
    await prover!.kill();
    await delivery!.kill();
    running.push(await startDelivery(), await startProver());
    await untilDelivered(dealId);
    await assertKey(offer, key.secret, dealId);
    await until("the deal to be closed", async () => (await world.redis.sismember(keys.openPages(PREFIX), `${dealId}/0`)) === 0);
    assert.equal(await delivered(), before + 1);
  });

  it("does not deliver a batch that no longer is what its header says", async () => {
    const offer = await offerOf(2);
    const { description } = offer.lots[0]!.cids;
    // The offer's own copy is signed; what can rot is the store: its block is replaced on the disk.
    const blocks = join(world.dir, "ipfs", "blocks");
    const storage = createKuboStorage(join(world.dir, "ipfs.sock"));
    const bytes = Buffer.from(await storage.get(description));
    const file = readdirSync(blocks, { recursive: true, encoding: "utf8" }).map((name) => join(blocks, name)).find((name) => name.endsWith(".data") && readFileSync(name).equals(bytes))!;
    writeFileSync(file, Buffer.from(bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte))));
    await buy(world, offer, 3n);
    const dealId = await dealAt(3n);
    const delivery = running.at(-2)!;
    await until("the complaint", () => Promise.resolve(delivery.errors().includes("STORAGE_CORRUPT")));
    assert.equal((await world.client.reads.dealOf(dealId)).state, "Funded");
    // Mended, the same deal is served.
    writeFileSync(file, bytes);
    await storage.close();
    await untilDelivered(dealId);
  });

  it("explain themselves, and complain of a wrong proving key in one line", async () => {
    for (const name of ["prover", "delivery"]) {
      const help = await runToEnd(name, ["--help"]);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /--deployment TEXT/);
    }
    const folder = join(world.dir, "keys");
    mkdirSync(folder);
    for (const file of ["json", "vkey.json", "wasm", "zkey"]) copyFileSync(join(keyFolder, `KeyDelivery1.${file}`), join(folder, `KeyDelivery1.${file}`));
    const zkey = readFileSync(join(folder, "KeyDelivery1.zkey"));
    zkey[5000]! ^= 1;
    writeFileSync(join(folder, "KeyDelivery1.zkey"), zkey);
    const ended = await runToEnd("prover", [...without(common(), "--keystore", "--storage"), "--keys", folder, "--log-file", join(world.dir, "prover.log")], world.secrets);
    assert.equal(ended.code, 1);
    assert.equal(ended.stderr.trim().split("\n").length, 1);
    assert.match(ended.stderr, /KEY_FILE_WRONG_HASH/);
  });
});
