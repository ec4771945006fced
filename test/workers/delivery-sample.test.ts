// The delivery worker gives samples of what it offers: the leaves that the chain names, once they are final, and nothing else.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { fetchSample, readEvents, samplePath } from "@qoodblock/sdk/client";
import { isQoodError } from "@qoodblock/sdk/errors";
import { orderHash } from "@qoodblock/sdk/market";
import { checkBatch, checkSample, decodeSample, sampleRows } from "@qoodblock/sdk/sealing";
import type { CheckedBatch } from "@qoodblock/sdk/sealing";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { createAppender, readBatches, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { announcedOffers, readOffer } from "./support/deals.ts";
import { makeCar } from "./support/fleet.ts";
import { act, depositBonds, mintAgreed } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "sampled";
const RECORDS = 5;

describe("samples from the delivery worker", { concurrency: 1 }, () => {
  let world: World;
  let url: string;
  let delivery: RunningWorker;
  let ingest: RunningWorker;
  let order: Hex;
  let batch: CheckedBatch;

  const common = (...more: string[]): string[] => [...world.flags, "--redis-prefix", PREFIX, "--lock-ms", "1000", ...more];
  const startDelivery = async (...more: string[]): Promise<RunningWorker> =>
    startWorker("delivery", common("--price-user", "3000000", "--retry-seconds", "0.3", "--deliver-seconds", "7200", "--margin-seconds", "600", "--handover-listen", new URL(url).port, ...more), world.secrets);
  const mine = (blocks: number): Promise<unknown> => world.provider.send("anvil_mine", [`0x${blocks.toString(16)}`]);
  const refusal = async (lot = 0, hash = order): Promise<string> => fetchSample(url, hash, lot).then(() => "given", (error: unknown) => (isQoodError(error) ? error.code : String(error)));

  before(async () => {
    world = await startWorld();
    const { provider, client, redis } = world;
    url = `http://127.0.0.1:${await freePort()}`;
    const car = makeCar(1, client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await registerStream(redis, PREFIX, car.config);
    await world.grant(car);
    await depositBonds(world, 100_000_000n);
    // A block comes with each transaction from here on: the batch is shown in time, however slow the machine.
    await provider.send("evm_setIntervalMining", [0]);
    await provider.send("evm_setAutomine", [true]);
    [ingest, delivery] = await Promise.all([
      startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.5", "--tick-ms", "50", "--batch-records", String(RECORDS)), world.secrets),
      startDelivery("--samples"),
    ]);
    const appender = createAppender(redis, PREFIX);
    await appender.append([car.message(0, RECORDS)], "test");
    await appender.endTrip(car.config.handle);
    await until("the anchor", async () => (await readEvents(client.deployment, provider, "Anchored", { fromBlock: 0, toBlock: "latest" })).length === 1);
    await mine(2);
    await until("the batch", async () => (await readBatches(redis, PREFIX, "0")).length === 1);
    const [{ batch: { lot, headerHash } }] = (await readBatches(redis, PREFIX, "0")) as [Awaited<ReturnType<typeof readBatches>>[number]];
    await until("the offer", async () => (await announcedOffers(world, PREFIX)).length === 1);
    const offer = await readOffer(world, (await announcedOffers(world, PREFIX))[0]!.cid);
    order = orderHash(offer.chainId, offer.exchange, offer.order);
    assert.equal(offer.handover, url);
    const storage = createKuboStorage(world.storageSocket);
    const { tsp, root, path } = lot.anchor;
    const [ciphertext, dataHashes, description] = await Promise.all([storage.get(lot.cids.ciphertext), storage.get(lot.cids.dataHashes), storage.get(lot.cids.description)]);
    await storage.close();
    batch = checkBatch({ header: lot.header, envelope: lot.envelope, anchor: { tsp, root, path, time: (await client.reads.anchorOf(tsp, root)).time }, ciphertext, dataHashes, description });
    assert.equal(batch.headerHash, headerHash);
  });
  after(async () => {
    for (const worker of [ingest, delivery]) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("gives none before the chain has fixed it for good", async () => {
    const { reads, calls } = world.client;
    assert.equal(await refusal(), "SAMPLE_NOT_FIXED");
    await act(world, world.accounts.keeper, calls.showHeader(batch.header.words, (await readBatches(world.redis, PREFIX, "0"))[0]!.batch.lot.anchor.path));
    assert.equal(await refusal(), "SAMPLE_NOT_FIXED");
    const block = await reads.sampleBlockOf(batch.headerHash);
    await mine(block - (await world.provider.getBlockNumber()));
    // Kept in the next block: its own one is one below the head, which is what counts as final here.
    await act(world, world.accounts.keeper, calls.captureBeacon(block));
    assert.equal(await refusal(), "given");
  });

  it("gives the leaves that the chain names, the same to everyone, and a small batch whole", async () => {
    const { reads } = world.client;
    const [value, n] = [await reads.beaconValueOf(await reads.sampleBlockOf(batch.headerHash)), await reads.sampleSize()];
    const file = await fetchSample(`${url}/`, order, 0);
    assert.deepEqual(await fetchSample(url, order, 0), file);
    const leaves = checkSample(batch, value, n, decodeSample(file, batch.headerHash));
    assert.deepEqual(leaves.map(({ position }) => position.index), await reads.sampleOf(batch.headerHash, batch.layout.leafCount, n));
    assert.ok(batch.layout.leafCount <= n);
    assert.equal(sampleRows(batch, leaves).length, RECORDS);
    // One leaf of several is a piece of a compressed interval: it opens no record.
    assert.equal(sampleRows(batch, leaves.slice(1)).length, 0);
  });

  it("gives nothing of what it does not offer, and takes no other question", async () => {
    assert.deepEqual([await refusal(1), await refusal(0, `0x${"12".repeat(32)}`)], ["SAMPLE_UNKNOWN", "SAMPLE_UNKNOWN"]);
    const status = async (path: string, method = "GET"): Promise<number> => (await fetch(url + path, { method })).status;
    assert.deepEqual([await status(samplePath(order, 0)), await status(samplePath(order, 0), "POST"), await status(`/v1/offers/${order}/lots/00001/sample`), await status("/v1/offers")], [200, 404, 404, 404]);
  });

  it("gives none unless it is told to", async () => {
    assert.equal(await delivery.stop(), 0, delivery.errors());
    delivery = await startDelivery();
    assert.equal(await refusal(), "SAMPLE_NOT_GIVEN");
    assert.equal(await delivery.stop(), 0, delivery.errors());
    assert.equal(await refusal(), "SAMPLE_UNREACHABLE");
    await assert.rejects(startWorker("delivery", common("--samples"), world.secrets), /samples are given at handoverListen, which must be named too/);
  });
});
