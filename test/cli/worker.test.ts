/** \`qood\` against a TSP's true workers, each a process of its own: keys off the chain by receipt, and pages of several batches with their proof. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { createAppender, registerStream } from "../../workers/shared/queue/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { announcedOffers } from "../workers/support/deals.ts";
import { makeCar } from "../workers/support/fleet.ts";
import type { Car } from "../workers/support/fleet.ts";
import { depositBonds, enrolDevice, fundBuyer, mintAgreed } from "../workers/support/market.ts";
import { startWorker } from "../workers/support/processes.ts";
import type { RunningWorker } from "../workers/support/processes.ts";
import { startWorld, until } from "../workers/support/world.ts";
import type { World } from "../workers/support/world.ts";
import { answerOf, start, writeKeyFile } from "./support.ts";
import type { Run } from "./support.ts";

const temporary = temporaryFolder();
const PREFIX = "qood";
/** Windows in seconds: no slow machine outlasts them. */
const WINDOWS = ["--deliver-seconds", "7200", "--margin-seconds", "600", "--complaint-seconds", "1800", "--answer-seconds", "1800"];

describe("qood buys from a TSP's workers", { concurrency: 1 }, () => {
  let world: World;
  let car: Car;
  let storage: RunningWorker;
  const running: RunningWorker[] = [];
  const keystores = temporary.path("keystores");
  const socket = temporary.path("buyer.sock");

  const common = (...more: string[]): string[] => [...world.flags, "--redis-prefix", PREFIX, "--lock-ms", "1000", ...more];
  const at = (): string[] => ["--keystores", keystores, "--deployment", join(world.dir, "deployment.json"), "--rpc", world.chainEngine.url, "--storage", socket];
  /** An address of the TSP's node. */
  const peer = (): string => (world.storage.ready.addresses as string[])[0]!;
  const offered = async (index: number): Promise<string> => (await announcedOffers(world, PREFIX))[index]!.cid;
  const buy = (cid: string, folder: string): Promise<Run> => start(["--json", ...at(), "buyer", "buy", cid, "--account", "buyer", "--peer", peer(), "--out", temporary.path(folder)]).end;

  before(async () => {
    world = await startWorld();
    mkdirSync(keystores);
    writeKeyFile(keystores, "buyer", world.accounts.buyer);
    storage = await startWorker("storage", ["--repo", temporary.path("ipfs"), "--rpc", socket, "--log-level", "error"]);
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await enrolDevice(world, 1, car);
    await registerStream(world.redis, PREFIX, car.config);
    await world.grant(car);
    await fundBuyer(world, 1_000_000_000n);
    await depositBonds(world, 100_000_000n);
    const noKeys = ["--keystore", "--storage"];
    const proving = common().filter((flag, i, all) => !noKeys.includes(flag) && !noKeys.includes(all[i - 1] ?? ""));
    const port = await freePort();
    const start = Promise.all([
      startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.5", "--tick-ms", "50", "--batch-records", "5"), world.secrets),
      startWorker("prover", proving, world.secrets),
      startWorker("delivery", common(...WINDOWS, "--price-user", "3000000", "--offer-lots", "2", "--offer-wait-seconds", "5", "--handover-listen", String(port), "--handover-seconds", "3600", "--retry-seconds", "0.3"), world.secrets),
    ]);
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: 4 }, (_, i) => car.message(i * 5, 5)), "test");
    await appender.endTrip(car.config.handle);
    running.push(...(await start));
    await until("the offers", async () => (await announcedOffers(world, PREFIX)).length === 2);
  });
  after(async () => {
    for (const worker of [...running, storage]) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("takes the keys off the chain, opens two batches and signs the receipt, by which the seller settles without a delivery", async () => {
    const cid = await offered(0);
    const run = await buy(cid, "receipt");
    assert.equal(run.code, 0, run.stderr);
    const { dealId, records } = JSON.parse(run.stdout) as { dealId: Hex; records: number };
    assert.equal(records, 10);
    assert.equal(readFileSync(join(temporary.path("receipt"), "records.csv"), "utf8").trimEnd().split("\n").length, 11);
    await until("the seller to settle", async () => (await world.client.reads.dealOf(dealId)).state === "Settled");
    for (const name of ["DeliveredProven", "DeliveredUnproven"] as const) assert.deepEqual(await readEvents(world.client.deployment, world.provider, name, { fromBlock: 0, toBlock: "latest", indexed: [dealId] }), []);
    const [settled] = await readEvents(world.client.deployment, world.provider, "Settled", { fromBlock: 0, toBlock: "latest", indexed: [dealId] });
    assert.equal(settled!.byReceipt, true);
    // The wrapped keys stand nowhere else: with the file that holds them the data opens again, also after the end.
    assert.deepEqual(readdirSync(temporary.path("receipt")).sort(), ["keys.json", "records.csv"]);
    const again = (await answerOf([...at(), "buyer", "open", dealId, cid, "--account", "buyer", "--peer", peer(), "--out", temporary.path("receipt")])) as { records: number };
    assert.equal(again.records, 10);
  });

  it("goes on by the chain when the seller's endpoint is gone: a page of two batches, proven", async () => {
    const cid = await offered(1);
    const delivery = running.pop()!;
    assert.equal(await delivery.stop(), 0, delivery.errors());
    running.push(await startWorker("delivery", common(...WINDOWS, "--price-user", "3000000", "--offer-lots", "2", "--retry-seconds", "0.3"), world.secrets));
    const run = await buy(cid, "proven");
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /the seller's endpoint http:\/\/127\.0\.0\.1:\d+ does not answer: the key comes over the chain in time, or the money back/);
    const { dealId, records } = JSON.parse(run.stdout) as { dealId: Hex; records: number };
    assert.equal(records, 10);
    const [delivered, ...more] = await readEvents(world.client.deployment, world.provider, "DeliveredProven", { fromBlock: 0, toBlock: "latest", indexed: [dealId] });
    assert.deepEqual([delivered!.c.length, more.length], [8, 0]);
    assert.equal((await world.client.reads.dealOf(dealId)).state, "Settled");
    assert.deepEqual(readdirSync(temporary.path("proven")), ["records.csv"]);
  });
});
