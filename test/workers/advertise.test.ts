/** Offers come to where buyers look: into catalogs, each once and over outages, and onto the data index. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createCatalogClient, fetchOffer } from "@qoodblock/sdk/catalog";
import type { Hex } from "@qoodblock/sdk/bytes";
import { encodeOffer, orderHash } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { createIndexNode, openDataIndex } from "../../workers/shared/dht/index.ts";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { createAppender, keys, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { announcedOffers, readOffer } from "./support/deals.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { depositBonds, enrolDevice, mintAgreed } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "ads";
const WINDOWS = ["--deliver-seconds", "7200", "--margin-seconds", "600", "--complaint-seconds", "1800", "--answer-seconds", "1800"];

describe("a seller's offers", { concurrency: 1 }, () => {
  let world: World;
  let car: Car;
  let port: number;
  let url: string;
  let delivery: RunningWorker;
  let seconds = 0;
  const others: RunningWorker[] = [];
  const flag = (name: string): string => world.flags[world.flags.indexOf(name) + 1]!;
  const chainFlags = (): string[] => ["--deployment", flag("--deployment"), "--chain-id", "31337", "--rpc", flag("--rpc"), "--finality", "2", "--poll-ms", "50", "--store", join(world.dir, "index"), "--log-level", "warn"];
  const common = (...more: string[]): string[] => [...world.flags, "--redis-prefix", PREFIX, "--lock-ms", "1000", "--poll-ms", "100", ...more];
  const startDelivery = (): Promise<RunningWorker> =>
    startWorker("delivery", common("--price-user", "3000000", "--retry-seconds", "0.3", ...WINDOWS, "--catalogs", url, "--index-listen", "/ip4/127.0.0.1/tcp/0"), world.secrets);
  const startCatalog = async (): Promise<void> => void others.push(await startWorker("catalog", [...chainFlags(), "--listen", String(port), "--offers-per-minute", "600"]));
  const cursor = (): Promise<string | null> => world.redis.hget(keys.cursors(PREFIX), `catalog:${url}`);
  const hashOf = ({ order }: Offer): Hex => orderHash(31337, world.client.deployment.addresses.escrow, order);
  const statusIn = async (id: string): Promise<string> => (await fetchOffer(createCatalogClient(url), id)).status;

  /** A trip of so many batches. */
  async function drive(batches: number): Promise<void> {
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: batches }, () => car.message((seconds += 5), 5)), "test");
    await appender.endTrip(car.config.handle);
  }

  before(async () => {
    world = await startWorld();
    const registry = world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex;
    port = await freePort();
    url = `http://127.0.0.1:${port}`;
    car = makeCar(1, registry, await mintAgreed(world, 1));
    await enrolDevice(world, 1, car);
    await registerStream(world.redis, PREFIX, car.config);
    await world.grant(car);
    await depositBonds(world, 100_000_000n);
    delivery = await startDelivery();
    others.push(
      await startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.5", "--tick-ms", "50", "--batch-records", "5"), world.secrets),
      await startWorker("indexer", chainFlags()),
    );
    await drive(2);
    await until("two offers", async () => (await announcedOffers(world, PREFIX)).length === 2, 120_000);
  });
  after(async () => {
    for (const worker of [delivery, ...others.reverse()]) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("wait for a catalog that is down, and are sent when it is there", async () => {
    assert.equal(await cursor(), null);
    await startCatalog();
    for (const { cid } of await announcedOffers(world, PREFIX)) {
      const id = hashOf(await readOffer(world, cid));
      await until("the offer to be open in the catalog", async () => (await statusIn(id).catch(() => "")) === "open", 120_000);
    }
    const { data } = await createCatalogClient(url).GET("/v1/offers", { params: { query: { seller: world.accounts.tsp.address } } });
    assert.equal(data!.items.length, 2);
  });

  it("are passed over where the catalog refuses them, and sent once though the worker is killed", async () => {
    const offer = await readOffer(world, (await announcedOffers(world, PREFIX))[0]!.cid);
    const forged = encodeOffer({ ...offer, order: { ...offer.order, expiry: offer.order.expiry - 1 } });
    const storage = createKuboStorage(world.storageSocket);
    const bad = await world.redis.xadd(keys.offers(PREFIX), "*", "offer", JSON.stringify({ cid: await storage.add(forged), orderHash: `0x${"77".repeat(32)}` }));
    await storage.close();
    await until("the forged offer to be passed", async () => (await cursor()) === bad, 120_000);
    await delivery.kill();
    await drive(1);
    delivery = await startDelivery();
    await until("the third offer", async () => (await announcedOffers(world, PREFIX)).length === 4, 120_000);
    const last = (await announcedOffers(world, PREFIX)).at(-1)!;
    await until("the third offer to be open in the catalog", async () => (await statusIn(hashOf(await readOffer(world, last.cid))).catch(() => "")) === "open", 120_000);
    const { data } = await createCatalogClient(url).GET("/v1/status", {});
    assert.equal(data!.counts["offers"], 3);
  });

  it("are found on the data index with no catalog, by a buyer who knows one node of it", async () => {
    const [catalog] = others.splice(others.findIndex(({ ready }) => "catalog" in ready), 1);
    assert.equal(await catalog!.stop(), 0);
    const offers = await Promise.all((await announcedOffers(world, PREFIX)).map(({ cid }) => readOffer(world, cid)));
    const node = await createIndexNode({ peers: delivery.ready["index"] as string[] });
    const index = await openDataIndex(node);
    try {
      const { schema, day } = offers[0]!.lots[0]!.header.rest;
      const right = new Set(offers.map(hashOf));
      const seen = new Set<string>();
      await until(
        "every offer to be found",
        async () => {
          // The forged one was announced too, as its seller was told nothing of it: what comes is checked.
          for await (const { offer } of index.find({ schema, day, cell: null }, { check: (each) => (right.has(hashOf(each)) ? Promise.resolve() : Promise.reject(new Error("unknown"))) })) seen.add(hashOf(offer));
          return seen.size === right.size;
        },
        120_000,
      );
    } finally {
      await index.close();
      await node.stop();
    }
  });
});
