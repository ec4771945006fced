import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { fetchHandover, INTERFACES, readEvents, sendReceipt } from "@qoodblock/sdk/client";
import type { HandoverPlace } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { lotsOfPage } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { freePort } from "../../workers/shared/engines/ports.ts";
import { createAppender, keys, registerStream } from "../../workers/shared/queue/index.ts";
import { announcedOffers, buyDeal, deliveriesOf, openKeys, passTime, readOffer, stateOf, trueKeys, untilState } from "./support/deals.ts";
import type { TestDeal } from "./support/deals.ts";
import { makeCar } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { act, depositBonds, fundBuyer, mintAgreed } from "./support/market.ts";
import { startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { startRpcProxy } from "./support/rpc-proxy.ts";
import type { RpcProxy, Rule } from "./support/rpc-proxy.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

const PREFIX = "faults";
/** Windows in seconds, see the ways of a delivery. */
const [DELIVER, MARGIN, WINDOW, HANDOVER] = [7200, 600, 1800, 900];
const FINALITY = 4;
const BATCHES = 9;

/** A node that loses every tenth question and answers every fifth from the past, and a line that loses every second transaction. */
const BAD_DAY: readonly Rule[] = [
  { method: /^eth_sendRawTransaction$/, fault: "drop", rate: 0.2 },
  { method: /^eth_sendRawTransaction$/, fault: "lose", rate: 0.2 },
  { method: /^eth_sendRawTransaction$/, fault: "twice", rate: 0.2 },
  { method: /^eth_getTransactionReceipt$/, fault: "foreign", rate: 0.2 },
  { method: /^eth_(blockNumber|getBlockByNumber|call|estimateGas|getLogs|getTransactionCount|getTransactionReceipt)$/, fault: "old", rate: 0.2 },
  { method: /./, fault: "drop", rate: 0.03 },
  { method: /./, fault: "busy", rate: 0.03 },
  { method: /./, fault: "lose", rate: 0.03 },
  { method: /./, fault: "late", rate: 0.02 },
];

describe("deliveries when things go wrong", () => {
  let world: World;
  let car: Car;
  let proxy: RpcProxy;
  let url: string;
  let offers: Offer[];
  let delivery: RunningWorker;
  let prover: RunningWorker;
  let next = 0;

  const over = (flags: readonly string[], name: string, value: string): string[] => flags.map((flag, i) => (flags[i - 1] === name ? value : flag));
  const common = (...more: string[]): string[] => [...over(over(world.flags, "--rpc", proxy.url), "--finality", String(FINALITY)), "--redis-prefix", PREFIX, "--lock-ms", "1000", "--poll-ms", "150", "--bump-after-ms", "3000", ...more];
  async function startDelivery(): Promise<void> {
    const windows = ["--deliver-seconds", String(DELIVER), "--margin-seconds", String(MARGIN), "--complaint-seconds", String(WINDOW), "--answer-seconds", String(WINDOW), "--settle-delay-seconds", "0"];
    const policy = ["--proven-from", "5000000", "--proven-buyers", world.accounts.owner.address, "--handover-buyers", world.accounts.oem.address, "--handover-listen", new URL(url).port, "--handover-seconds", String(HANDOVER)];
    delivery = await startWorker("delivery", common("--price-user", "3000000", "--retry-seconds", "0.3", ...windows, ...policy), world.secrets);
  }
  async function startProver(): Promise<void> {
    prover = await startWorker("prover", common().filter((flag, i, all) => !["--keystore", "--storage", "--bump-after-ms"].includes(flag) && !["--keystore", "--storage", "--bump-after-ms"].includes(all[i - 1] ?? "")), world.secrets);
  }
  const offer = (): Offer => offers[(next += 1) - 1]!;
  const pageOf = (deal: TestDeal): string => `${deal.dealId}/0`;
  const statusOf = async (deal: TestDeal): Promise<string | undefined> => (JSON.parse((await world.redis.hget(keys.pages(PREFIX), pageOf(deal))) ?? "{}") as { status?: string }).status;
  const allOver = (deals: readonly TestDeal[]): Promise<void> => until("all pages to be over", async () => (await Promise.all(deals.map((deal) => world.redis.sismember(keys.openPages(PREFIX), pageOf(deal))))).every((open) => open === 0));
  const place = (deal: TestDeal): HandoverPlace => ({ url, deployment: world.client.deployment, terms: deal.terms, page: 0, signer: world.accounts.oem });
  const answersOf = async (deal: TestDeal): Promise<number> => (await readEvents(world.client.deployment, world.provider, "Answered", { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] })).length;

  /** Fetches keys as a patient buyer does: what may pass is asked for again. */
  async function fetchKeys(deal: TestDeal): Promise<void> {
    const headers = lotsOfPage(deal.offer, 0).map(({ header }) => header.words);
    await until("the keys", () =>
      fetchHandover(place(deal), { secret: deal.key.secret, headers }).then(
        ({ keys: opened }) => {
          assert.deepEqual(opened, trueKeys(car, deal));
          return true;
        },
        (error: unknown) => {
          if (error instanceof QoodError && /^HANDOVER_(NOT_READY|UNKNOWN|UNREACHABLE)$/.test(error.code)) return false;
          throw error;
        },
      ),
    );
  }
  const leaveReceipt = (deal: TestDeal): Promise<void> => until("the receipt to be taken", () => sendReceipt(place(deal)).then(() => true, (error: unknown) => error instanceof QoodError && !/^HANDOVER_(NOT_READY|UNREACHABLE)$/.test(error.code) ? Promise.reject(error) : false));

  /** Every transaction of the TSP since a nonce had its effect, and no two did the same for the same deal. */
  async function assertNothingTwice(fromNonce: number): Promise<void> {
    const { tsp } = world.accounts;
    const byNonce = new Map(proxy.sent.filter(({ nonce }) => nonce >= fromNonce).map((transaction) => [transaction.hash!, transaction]));
    const effects = new Set<string>();
    let mined = 0;
    for (const [hash, { data }] of byNonce) {
      const receipt = await world.provider.getTransactionReceipt(hash);
      if (receipt === null) continue;
      mined += 1;
      assert.equal(receipt.status, 1, `a transaction of the worker was in vain: ${hash}`);
      const call = INTERFACES.escrow.parseTransaction({ data })!;
      const effect = `${call.name} ${JSON.stringify(receipt.logs.map(({ topics }) => topics))}`;
      assert.ok(!effects.has(effect), `done twice: ${effect}`);
      effects.add(effect);
    }
    assert.equal(mined, (await world.provider.getTransactionCount(tsp.address)) - fromNonce);
  }

  before(async () => {
    world = await startWorld();
    proxy = await startRpcProxy(world.chainEngine.url, 4);
    url = `http://127.0.0.1:${await freePort()}`;
    car = makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex, await mintAgreed(world, 1));
    await registerStream(world.redis, PREFIX, car.config);
    await world.grant(car);
    for (const who of [world.accounts.buyer, world.accounts.owner, world.accounts.oem]) await fundBuyer(world, 100_000_000n, who);
    await depositBonds(world, 100_000_000n);
    const appender = createAppender(world.redis, PREFIX);
    await appender.append(Array.from({ length: BATCHES }, (_, i) => car.message(i * 5, 5)), "test");
    await appender.endTrip(car.config.handle);
    const ingesting = startWorker("ingest", common("--artefacts", join(world.dir, "artefacts"), "--anchor-seconds", "0.5", "--tick-ms", "50", "--batch-records", "5"), world.secrets);
    await Promise.all([startDelivery(), startProver()]);
    await until("all offers", async () => (await announcedOffers(world, PREFIX)).length === BATCHES);
    // The rest of the TSP's transactions are the delivery worker's.
    assert.equal(await (await ingesting).stop(), 0);
    offers = await Promise.all((await announcedOffers(world, PREFIX)).map(({ cid }) => readOffer(world, cid)));
  });
  after(async () => {
    proxy.script([]);
    for (const worker of [delivery, prover]) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await proxy.close();
    await world.stop();
  });

  it("end as they should through an RPC that drops, delays, repeats, lags behind and mixes receipts up", async () => {
    const { buyer, oem, owner } = world.accounts;
    const nonce = await world.provider.getTransactionCount(world.accounts.tsp.address);
    proxy.script(BAD_DAY);
    const unproven = await buyDeal(world, offer(), buyer);
    const challenged = await buyDeal(world, offer(), buyer);
    const receipt = await buyDeal(world, offer(), oem);
    const noReceipt = await buyDeal(world, offer(), oem);
    const proven = await buyDeal(world, offer(), owner);
    await fetchKeys(receipt);
    await fetchKeys(noReceipt);
    await untilState(world, challenged, "DeliveredUnproven");
    await act(world, buyer, world.client.calls.challenge(challenged.terms, 0));
    await leaveReceipt(receipt);
    await untilState(world, receipt, "Settled");
    await untilState(world, challenged, "DeliveredProven");
    await untilState(world, unproven, "DeliveredUnproven");
    await untilState(world, proven, "DeliveredProven");
    await passTime(world, HANDOVER + 2);
    await untilState(world, noReceipt, "DeliveredUnproven");
    await passTime(world, WINDOW + 2);
    const all = [unproven, challenged, receipt, noReceipt, proven];
    for (const deal of all) await untilState(world, deal, "Settled");
    await allOver(all);
    proxy.script([]);

    for (const deal of all) {
      const deliveries = await deliveriesOf(world, deal);
      assert.equal(deliveries.length, deal === receipt ? 0 : 1);
      for (const wrapped of deliveries) assert.deepEqual(openKeys(world, deal, wrapped), trueKeys(car, deal));
      assert.equal(await answersOf(deal), deal === challenged ? 1 : 0);
    }
    await assertNothingTwice(nonce);
    for (const fault of ["drop", "lose", "late", "twice", "busy", "old", "foreign"] as const) assert.ok((proxy.counts[fault] ?? 0) > 0, `${fault} has not happened`);
    assert.equal(await world.redis.hlen(keys.bonds(PREFIX, world.client.deployment.addresses.qdd)), 0);
  });

  it("come about once when the worker is killed at each step", async () => {
    const { buyer, oem } = world.accounts;
    const { redis, client } = world;
    const nonce = await world.provider.getTransactionCount(world.accounts.tsp.address);
    const intents = `${keys.lane(PREFIX, 31337, world.accounts.tsp.address)}:intents`;
    const killWhen = async (what: string, isThere: () => Promise<boolean>): Promise<void> => {
      await until(what, isThere);
      await delivery.kill();
      await startDelivery();
    };
    const submitted = (kind: string, deal: TestDeal) => (): Promise<boolean> => redis.hexists(intents, `${kind}:${pageOf(deal)}:0`).then((found) => found === 1);

    const deal = await buyDeal(world, offer(), buyer);
    await killWhen("the deal", async () => (await statusOf(deal)) !== undefined);
    await killWhen("the bond", async () => (await redis.hexists(keys.bonds(PREFIX, client.deployment.addresses.qdd), pageOf(deal))) === 1);
    await killWhen("the delivery in the lane", submitted("deliver", deal));
    await untilState(world, deal, "DeliveredUnproven");
    await act(world, buyer, client.calls.challenge(deal.terms, 0));
    await killWhen("the challenge to be seen", async () => (await statusOf(deal)) === "challenged");
    await killWhen("the answer in the lane", submitted("answer", deal));
    await untilState(world, deal, "DeliveredProven");

    const other = await buyDeal(world, offer(), oem);
    await fetchKeys(other);
    await leaveReceipt(other);
    await killWhen("the receipt in Redis", async () => (await redis.hexists(keys.receipts(PREFIX), pageOf(other))) === 1);
    await untilState(world, other, "Settled");
    await passTime(world, WINDOW + 2);
    await killWhen("the settlement in the lane", submitted("settle", deal));
    await untilState(world, deal, "Settled");
    await allOver([deal, other]);
    assert.equal((await deliveriesOf(world, deal)).length, 1);
    assert.equal(await answersOf(deal), 1);
    assert.equal((await deliveriesOf(world, other)).length, 0);
    await assertNothingTwice(nonce);
  });

  it("give no key into a purchase that a reorg removes, before it is final or after", async () => {
    const { owner } = world.accounts;
    const { provider, redis } = world;
    const mine = async (blocks: number): Promise<void> => {
      for (let i = 0; i < blocks; i += 1) await provider.send("evm_mine", []);
    };
    await provider.send("evm_setIntervalMining", [0]);
    await mine(12);
    /** Buys with blocks made by hand, since none comes by itself. */
    const buyMining = async (of: Offer): Promise<TestDeal> => {
      const buying = buyDeal(world, of, owner);
      const waiting = new AbortController();
      void buying.finally(() => waiting.abort()).catch(() => undefined);
      while (!waiting.signal.aborted) {
        await mine(1);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return buying;
    };
    const toldOf = (deal: TestDeal): boolean => proxy.sent.some(({ data }) => data.includes(deal.key.publicKey[0].toString(16)));
    const removed = async (deal: TestDeal): Promise<void> => {
      const [bought] = await readEvents(world.client.deployment, provider, "Bought", { fromBlock: 0, toBlock: "latest", indexed: [deal.dealId] });
      await provider.send("anvil_reorg", [(await provider.getBlockNumber()) - bought!.blockNumber + 1, []]);
      assert.equal(await stateOf(world, deal), "None");
    };

    const first = await buyMining(offer());
    await removed(first);
    await mine(FINALITY + 3);

    await prover.kill();
    const again = offer();
    const second = await buyMining(again);
    await mine(FINALITY + 1);
    await until("the proof to be asked for", async () => (await redis.exists(`${PREFIX}:prove:${second.dealId}-0`)) === 1);
    await removed(second);
    await mine(FINALITY + 3);
    await startProver();
    await until("the prover to refuse", async () => ((await redis.hget(`${PREFIX}:prove:${second.dealId}-0`, "stacktrace")) ?? "").includes("the chain says None"));

    // The buyer pays once more, for the same; that is another deal, and the only one that is served.
    const third = await buyMining(again);
    await provider.send("evm_setIntervalMining", [1]);
    await untilState(world, third, "DeliveredProven");
    assert.deepEqual(openKeys(world, third, (await deliveriesOf(world, third))[0]!), trueKeys(car, third));
    assert.equal(toldOf(third), true);
    for (const deal of [first, second]) {
      assert.equal(toldOf(deal), false);
      assert.equal((await deliveriesOf(world, deal)).length, 0);
    }
    assert.equal(await redis.hexists(keys.deals(PREFIX), first.dealId), 0);
    await passTime(world, DELIVER + 2);
    await until("the removed deal to be over", async () => (await statusOf(second)) === "gone");
    await untilState(world, third, "Settled");
    await allOver([second, third]);
  });
});
