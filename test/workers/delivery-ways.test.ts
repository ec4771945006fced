import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { fetchHandover, handoverPath, readEvents, sendReceipt } from "@qoodblock/sdk/client";
import type { HandoverPlace } from "@qoodblock/sdk/client";
import { handoverRequestData, signTypedData } from "@qoodblock/sdk/eip712";
import { DEAL_FLAGS, lotsOfPage } from "@qoodblock/sdk/market";
import { buy } from "@qoodblock/sdk/purchase";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { createAppender, keys, registerStream } from "../../workers/shared/queue/index.ts";
import { createKuboStorage } from "../../workers/shared/storage/kubo.ts";
import { announcedOffers, buyDeal, buyReserved, deliveriesOf, openKeys, passTime, readOffer, stateOf, trueKeys, untilState, withdrawAllBut } from "./support/deals.ts";
import type { TestDeal } from "./support/deals.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { act, depositBonds, enrolDevice, fundBuyer, mintAgreed } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "ways";
/** Windows in seconds: long enough for a slow machine, over at once by the chain's clock. */
const [DELIVER, MARGIN, WINDOW, HANDOVER] = [7200, 600, 1800, 900];
const BOND = 2_000_000n;

describe("ways of a delivery", () => {
  let world: World;
  let small: Car;
  let large: Car;
  let url: string;
  let delivery: RunningWorker;
  const running: RunningWorker[] = [];

  const common = (...more: string[]): string[] => [...world.flags, "--redis-prefix", PREFIX, "--lock-ms", "1000", "--poll-ms", "150", ...more];
  async function startDelivery(...more: string[]): Promise<void> {
    const windows = ["--deliver-seconds", String(DELIVER), "--margin-seconds", String(MARGIN), "--complaint-seconds", String(WINDOW), "--answer-seconds", String(WINDOW), "--settle-delay-seconds", "0"];
    delivery = await startWorker("delivery", common("--price-user", "3000000", "--proven-from", "5000000", "--retry-seconds", "0.3", ...windows, ...more), world.secrets);
  }
  async function restart(...more: string[]): Promise<void> {
    assert.equal(await delivery.stop(), 0, delivery.errors());
    await startDelivery(...more);
  }
  const place = (deal: TestDeal, signer = world.accounts.buyer): HandoverPlace => ({ url, deployment: world.client.deployment, terms: deal.terms, page: 0, signer });
  const wordsOf = (deal: TestDeal): { secret: bigint; headers: TestDeal["offer"]["lots"][number]["header"]["words"][] } => ({ secret: deal.key.secret, headers: lotsOfPage(deal.offer, 0).map(({ header }) => header.words) });
  const offerOf = async (sequence: number, car = small): ReturnType<typeof readOffer> => {
    const found = (await announcedOffers(world, PREFIX)).find((each) => each.stream === car.config.handle && each.sequence === sequence);
    return readOffer(world, found!.cid);
  };
  const statusOf = async (deal: TestDeal, page = 0): Promise<string> => (JSON.parse((await world.redis.hget(keys.pages(PREFIX), `${deal.dealId}/${page}`)) ?? "{}") as { status: string }).status;
  const isOver = async (deal: TestDeal, page = 0): Promise<boolean> => (await world.redis.sismember(keys.openPages(PREFIX), `${deal.dealId}/${page}`)) === 0;
  const creditOf = (): Promise<bigint> => world.client.reads.creditOf(world.accounts.tsp.address as Hex, world.client.deployment.addresses.qdd);

  before(async () => {
    world = await startWorld();
    const registry = world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex;
    url = `http://127.0.0.1:${await freePort()}`;
    small = makeCar(1, registry, await mintAgreed(world, 1));
    large = makeCar(2, registry, await mintAgreed(world, 2));
    for (const car of [small, large]) {
      await registerStream(world.redis, PREFIX, car.config);
      await world.grant(car);
    }
    await enrolDevice(world, 1, small);
    await fundBuyer(world, 1_000_000_000n);
    await depositBonds(world, 100_000_000n);
    const start = Promise.all([
      startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.5", "--tick-ms", "50", "--batch-records", "5"), world.secrets),
      startWorker("prover", common().filter((flag, i, all) => !["--keystore", "--storage"].includes(flag) && !["--keystore", "--storage"].includes(all[i - 1] ?? "")), world.secrets),
      startDelivery(),
    ]);
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: 8 }, (_, i) => small.message(i * 5, 5)), "test");
    await appender.endTrip(small.config.handle);
    const [ingest, prover] = await start;
    running.push(ingest, prover);
    await until("the offers of the first car", async () => (await announcedOffers(world, PREFIX)).length === 8);
  });
  after(async () => {
    for (const worker of [...running, delivery]) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await world.stop();
  });

  it("unproven below the price: no proof is made, and the worker settles when the window is over", async () => {
    const before = await creditOf();
    const deal = await buyDeal(world, await offerOf(0));
    assert.equal(deal.terms.order.flags, 0);
    await untilState(world, deal, "DeliveredUnproven");
    const [delivered, ...more] = await deliveriesOf(world, deal);
    assert.equal(more.length, 0);
    assert.deepEqual(openKeys(world, deal, delivered!), trueKeys(small, deal));
    assert.equal(await creditOf(), before - BOND);
    assert.equal(await world.redis.exists(`${PREFIX}:prove:${deal.dealId}-0`), 0);
    await passTime(world, WINDOW + 2);
    await untilState(world, deal, "Settled");
    await until("the page to be over", () => isOver(deal));
    assert.equal(await statusOf(deal), "settled");
    // The agent's quarter of the price, and the bond is back.
    assert.equal(await creditOf(), before + 750_000n);
    assert.equal(await world.redis.hlen(keys.bonds(PREFIX, world.client.deployment.addresses.qdd)), 0);
  });

  it("answers a challenge with exactly the keys that it has delivered, also when it was dead when the challenge came", async () => {
    const deals = [await buyDeal(world, await offerOf(1)), await buyDeal(world, await offerOf(2))];
    for (const deal of deals) await untilState(world, deal, "DeliveredUnproven");
    await delivery.kill();
    const { calls } = world.client;
    await act(world, world.accounts.buyer, calls.challenge(deals[0]!.terms, 0));
    await startDelivery();
    await untilState(world, deals[0]!, "DeliveredProven");
    await act(world, world.accounts.buyer, calls.challenge(deals[1]!.terms, 0));
    await untilState(world, deals[1]!, "DeliveredProven");
    for (const deal of deals) {
      const answers = await readEvents(world.client.deployment, world.provider, "Answered", { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] });
      assert.equal(answers.length, 1);
      assert.equal((await deliveriesOf(world, deal)).length, 1);
    }
    await passTime(world, WINDOW + 2);
    for (const deal of deals) await untilState(world, deal, "Settled");
  });

  it("hands keys over off chain to the buyer alone, and settles by the receipt without a delivery", async () => {
    const port = new URL(url).port;
    await restart("--handover-listen", port, "--handover-seconds", String(HANDOVER));
    const deal = await buyDeal(world, await offerOf(3));
    await until("the keys to be ready", async () => (await statusOf(deal)) === "handover");
    await assert.rejects(fetchHandover(place(deal, world.accounts.oem), wordsOf(deal)), { code: "HANDOVER_NOT_BUYER" });
    const stranger = { ...deal, terms: { ...deal.terms, sale: { ...deal.terms.sale, nonce: 5n } } };
    await assert.rejects(fetchHandover(place(stranger), wordsOf(deal)), { code: "HANDOVER_UNKNOWN" });
    assert.equal(await world.redis.hlen(keys.handed(PREFIX)), 0);

    const { keys: opened } = await fetchHandover(place(deal), wordsOf(deal));
    assert.deepEqual(opened, trueKeys(small, deal));
    assert.equal(await stateOf(world, deal), "Funded");
    await assert.rejects(sendReceipt(place(deal, world.accounts.oem)), { code: "HANDOVER_NOT_BUYER" });
    await sendReceipt(place(deal));
    await untilState(world, deal, "Settled");
    const [settled] = await readEvents(world.client.deployment, world.provider, "Settled", { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] });
    assert.equal(settled!.byReceipt, true);
    assert.equal((await deliveriesOf(world, deal)).length, 0);
    // Who has lost the keys that were paid for gets them again.
    assert.deepEqual((await fetchHandover(place(deal), wordsOf(deal))).keys, opened);
    await until("the page to be over", () => isOver(deal));
  });

  it("sells to a program in one call: the keys come from the endpoint, the receipt settles, nothing is delivered on the chain", async () => {
    const appender = createAppender(world.redis, PREFIX);
    await appender.append([small.message(40, 5)], "test");
    await appender.endTrip(small.config.handle);
    let cid: string | undefined;
    await until("an offer that names the endpoint", async () => (cid = (await announcedOffers(world, PREFIX)).find(({ sequence }) => sequence === 8)?.cid) !== undefined);
    const storage = createKuboStorage(world.storageSocket);
    try {
      const { client, provider, accounts } = world;
      const { dealId, rows, settled } = await buy({ client, provider, signer: accounts.buyer.connect(provider), storage }, cid!);
      assert.equal(rows.length, 5);
      assert.equal(settled[0]!.split.byReceipt, true);
      for (const name of ["DeliveredUnproven", "DeliveredProven"] as const) assert.deepEqual(await readEvents(client.deployment, provider, name, { fromBlock: 0, toBlock: "latest", indexed: [dealId] }), []);
    } finally {
      await storage.close();
    }
  });

  it("answers a request once, refuses one that is old, unsigned, too long or no request at all", async () => {
    const deal = await buyDeal(world, await offerOf(4));
    await until("the keys to be ready", async () => (await statusOf(deal)) === "handover");
    const { chainId, addresses } = world.client.deployment;
    const post = async (body: string, path = handoverPath(deal.dealId, 0, "keys")): Promise<{ status: number; code: string | undefined }> => {
      const response = await fetch(url + path, { method: "POST", body });
      return { status: response.status, code: ((await response.json()) as { code?: string }).code };
    };
    const request = async (deadline: number): Promise<string> => {
      const nonce: Hex = `0x${deadline.toString(16).padStart(64, "0")}`;
      const data = handoverRequestData({ chainId, verifyingContract: addresses.escrow }, { dealId: deal.dealId, page: 0n, nonce, deadline });
      return JSON.stringify({ nonce, deadline, signature: await signTypedData(world.accounts.buyer, data) });
    };
    const now = Math.floor(Date.now() / 1000);
    const good = await request(now + 300);
    assert.deepEqual(await post(good), { status: 200, code: undefined });
    assert.deepEqual(await post(good), { status: 403, code: "HANDOVER_STALE" });
    assert.deepEqual(await post(await request(now - 5)), { status: 403, code: "HANDOVER_STALE" });
    assert.deepEqual(await post(await request(now + 86_400)), { status: 403, code: "HANDOVER_STALE" });
    assert.deepEqual(await post(good.replace(/"deadline":\d+/, `"deadline":${now + 301}`)), { status: 403, code: "HANDOVER_NOT_BUYER" });
    assert.deepEqual(await post(JSON.stringify({ ...(JSON.parse(good) as object), more: 1 })), { status: 400, code: "HANDOVER_REQUEST" });
    assert.deepEqual(await post("x".repeat(20_000)), { status: 400, code: "HANDOVER_REQUEST" });
    assert.deepEqual(await post(good, "/v1/deals/0x00/pages/0/keys"), { status: 404, code: "HANDOVER_UNKNOWN" });
    assert.deepEqual(await post(good, handoverPath(deal.dealId, 7, "keys")), { status: 404, code: "HANDOVER_UNKNOWN" });

    // No receipt came: the same keys go over the chain, once, and are not handed over any more.
    const { wrapped } = await fetchHandover(place(deal), wordsOf(deal));
    await passTime(world, HANDOVER + 2);
    await untilState(world, deal, "DeliveredUnproven");
    const [delivered, ...others] = await deliveriesOf(world, deal);
    assert.deepEqual({ R: delivered!.R, c: delivered!.c }, { R: [...wrapped.R], c: wrapped.c });
    assert.equal(others.length, 0);
    await assert.rejects(fetchHandover(place(deal), wordsOf(deal)), { code: "HANDOVER_ON_CHAIN" });
    // A late receipt still spares the window.
    await sendReceipt(place(deal));
    await untilState(world, deal, "Settled");
  });

  it("waits while the buyer of a matched order may still reject it", async () => {
    const { buyer } = world.accounts;
    const { calls, deployment } = world.client;
    const token = deployment.addresses.qdd;
    await act(world, buyer, calls.deposit(token, buyer.address as Hex, 10_000_000n));
    const offer = await offerOf(7);
    const deal = await buyReserved(world, offer, 3600);
    await until("the page to be seen", async () => (await world.redis.hget(keys.pages(PREFIX), `${deal.dealId}/0`))?.includes('"Funded"') ?? false);
    await assert.rejects(fetchHandover(place(deal), wordsOf(deal)), { code: "HANDOVER_NOT_READY" });
    assert.equal((await deliveriesOf(world, deal)).length, 0);
    await act(world, buyer, calls.accept(deal.terms));
    await until("the keys to be ready", async () => (await statusOf(deal)) === "handover");
    await fetchHandover(place(deal), wordsOf(deal));
    await sendReceipt(place(deal));
    await untilState(world, deal, "Settled");
  });

  it("sends nothing for the first time when it is late, except for keys that are out already", async () => {
    const { provider } = world;
    const [fetched, untouched] = [await buyDeal(world, await offerOf(0)), await buyDeal(world, await offerOf(1))];
    for (const deal of [fetched, untouched]) await until("the keys to be ready", async () => (await statusOf(deal)) === "handover");
    const { wrapped } = await fetchHandover(place(fetched), wordsOf(fetched));
    await delivery.kill();
    await passTime(world, DELIVER - MARGIN);
    assert.ok((await provider.getBlock("latest"))!.timestamp > fetched.terms.sale.deliverBy - MARGIN);
    await startDelivery("--handover-listen", new URL(url).port, "--handover-seconds", String(HANDOVER));
    await untilState(world, fetched, "DeliveredUnproven");
    assert.deepEqual((await deliveriesOf(world, fetched))[0]!.c, wrapped.c);
    await until("the other to be given up", async () => (await statusOf(untouched)) === "late");
    assert.equal(await stateOf(world, untouched), "Funded");
    await assert.rejects(fetchHandover(place(untouched), wordsOf(untouched)), { code: "HANDOVER_ON_CHAIN" });
    await sendReceipt(place(fetched));
    await untilState(world, fetched, "Settled");
  });

  it("never counts on one bond for two deals, and says what to deposit", async () => {
    await withdrawAllBut(world, BOND + 500_000n);
    const deals = [await buyDeal(world, await offerOf(5)), await buyDeal(world, await offerOf(6))];
    const ready = async (): Promise<TestDeal[]> => {
      const statuses = await Promise.all(deals.map((deal) => statusOf(deal)));
      return deals.filter((_, i) => statuses[i] === "handover");
    };
    await until("one of two", async () => (await ready()).length === 1);
    await until("the line", () => Promise.resolve(/ALARM: not delivered: the standing balance of 0x.* is 2500000 of token 0x.*, 2000000 of it reserved, and this page locks a bond of 2000000: deposit \d+/.test(delivery.errors())));
    const [first] = await ready();
    const second = deals.find((deal) => deal !== first)!;
    await fetchHandover(place(first!), wordsOf(first!));
    await assert.rejects(fetchHandover(place(second), wordsOf(second)), { code: "HANDOVER_NOT_READY" });
    // Without the money behind the reservation no key leaves either.
    await withdrawAllBut(world, 1n);
    await assert.rejects(fetchHandover(place(first!), wordsOf(first!)), { code: "HANDOVER_NOT_READY" });
    await depositBonds(world, 100_000_000n);
    await until("both", async () => (await ready()).length === 2);
    for (const deal of deals) {
      await fetchHandover(place(deal), wordsOf(deal));
      await sendReceipt(place(deal));
    }
    for (const deal of deals) await untilState(world, deal, "Settled");
  });

  it("sells many batches as one offer in pages, each proven by the instance that it fits in, bonded and delivered by itself", async () => {
    await restart("--offer-lots", "11", "--page-lots", "9");
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: 11 }, (_, i) => large.message(i * 5, 5)), "test");
    await appender.endTrip(large.config.handle);
    await until("the large offer", async () => (await announcedOffers(world, PREFIX)).some(({ pages }) => pages === 2));
    const deal = await buyDeal(world, await offerOf(0, large));
    assert.deepEqual(deal.terms.order.pages.map(({ lotCount, price, bond }) => ({ lotCount, price, bond })), [
      { lotCount: 9, price: 27_000_000n, bond: 4_000_000n },
      { lotCount: 2, price: 6_000_000n, bond: 2_500_000n },
    ]);
    for (const page of [1, 0]) {
      await untilState(world, deal, "DeliveredProven", page);
      const deliveries = await deliveriesOf(world, deal, page);
      assert.equal(deliveries.length, 1);
      assert.equal(deliveries[0]!.c.length, page === 0 ? 32 : 8);
      assert.deepEqual(openKeys(world, deal, deliveries[0]!, page), trueKeys(large, deal, page));
    }
    await passTime(world, WINDOW + 2);
    for (const page of [0, 1]) {
      await untilState(world, deal, "Settled", page);
      await until("the page to be over", () => isOver(deal, page));
    }
    assert.equal(await world.redis.hlen(keys.bonds(PREFIX, world.client.deployment.addresses.qdd)), 0);
  });

  it("delivers pages that end together, and settles them as one", async () => {
    await restart("--offer-lots", "2", "--page-lots", "1", "--all-or-nothing");
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: 2 }, (_, i) => large.message((11 + i) * 5, 5)), "test");
    await appender.endTrip(large.config.handle);
    await until("the offer", async () => (await announcedOffers(world, PREFIX)).some(({ stream, sequence }) => stream === large.config.handle && sequence === 11));
    const deal = await buyDeal(world, await offerOf(11, large));
    assert.equal(deal.terms.order.flags, DEAL_FLAGS.allOrNothing + DEAL_FLAGS.provenOnly);
    for (const page of [0, 1]) await untilState(world, deal, "DeliveredProven", page);
    for (const page of [0, 1]) assert.deepEqual(openKeys(world, deal, (await deliveriesOf(world, deal, page))[0]!, page), trueKeys(large, deal, page));
    await passTime(world, WINDOW + 2);
    await untilState(world, deal, "Settled");
    for (const page of [0, 1]) await until("the page to be over", () => isOver(deal, page));
    assert.equal((await readEvents(world.client.deployment, world.provider, "Settled", { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] })).length, 1);
    assert.equal(await world.redis.hlen(keys.bonds(PREFIX, world.client.deployment.addresses.qdd)), 0);
  });
});
