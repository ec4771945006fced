/** The shipped hooks, each with purchases and deliveries through the exchange. */
import { expect } from "chai";
import { AbiCoder, ZeroAddress, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, eventIn, HOOK_INTERFACES, pinHook } from "../../../sdk/client/index.ts";
import { deliveryAttestationData, purchaseAttestationData, signTypedData } from "../../../sdk/eip712/index.ts";
import { anchorTree, hashHeader } from "../../../sdk/formats/index.ts";
import { ageVolumeBps, ageVolumeHookData, type AgeVolumeTable, attestationHookData, CONDITION_STEPS, orderHash, type SellOrder, sampledHookData } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { ask, CHAIN_ID, contractAt, DAY, ethers, networkHelpers, now, type Role, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, PROVEN_ONLY, refused } from "../support/deal.ts";
import { expectMoney, market, type Market, movesOf, openPage, part, plus, proven, provenOrder, provenPage, split, stock, unproven, unprovenOrder } from "../support/disputes.ts";
import { failing, mined, withHookData } from "../support/orders.ts";
import { BOND, bought, hash, header, PRICE, purchase } from "../support/world.ts";

/** As the plan deploys the beacon on a local chain. */
const DISTANCE = 12;
const abi = AbiCoder.defaultAbiCoder();

async function fixture() {
  const w = await market();
  const s = await stock(w, "smart", 3);
  const anchoredAt = await now();
  const anchorBlock = await ethers.provider.getBlockNumber();
  return { ...w, s, anchoredAt, anchorBlock, lots: s.lots.map(({ header, path }) => ({ header: { words: header }, anchor: { path } })) };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;
const load = () => networkHelpers.loadFixture(fixture);

/** An order with a hook as it stands on the chain. */
const hooked = async (sold: SellOrder, hook: Hex): Promise<SellOrder> => ({ ...sold, ...(await pinHook(ethers.provider, hook)) });
const buying = async (w: Market, sold: SellOrder, hookData: Hex, maxTotal?: bigint): Promise<Call> => w.calls.buy(await purchase(w, sold, { extras: withHookData(hookData), ...(maxTotal === undefined ? {} : { maxTotal }) }));
const buy = async (w: Market, sold: SellOrder, hookData: Hex = "0x") => bought(w, await purchase(w, sold, { extras: withHookData(hookData) }));
const contractOf = (name: string, address: Hex) => contractAt(name, address);
const made = async (w: Market, call: Call): Promise<{ hook: Hex; codeHash: Hex; kind: string }> => eventIn(w.deployment, "HookMade", await mined(w.who.stranger, call))!;

let crowds = 0;
/** Lots under one anchor of 1,024 headers, and a page of them. */
async function crowd(w: Market, count: number) {
  crowds += 1;
  const words = Array.from({ length: count }, (_, i) => header(w, { sequence: 10_000 * crowds + i }));
  const hashes = words.map(hashHeader);
  const tree = anchorTree([...hashes, ...Array.from({ length: 1024 - count }, (_, i) => hash(`${crowds} ${i}`))]);
  const { blockNumber } = await mined(w.who.tsp, w.calls.anchor(tree.root, 1, tree.listHash, tree.listDigest));
  const lots = words.map((each, i) => ({ header: { words: each }, anchor: { path: tree.paths[i]! } }));
  return { lots, block: blockNumber, page: provenPage({ hashes }) };
}

describe("Smart orders", () => {
  after(closeProofEngine);

  describe("with samples before payment", () => {
    async function sampled() {
      const f = await load();
      const hook = f.deployment.addresses.sampledHook;
      const sold = await hooked(provenOrder(f, [provenPage(part(f.s, 0, 2)), provenPage(part(f.s, 2, 3))]), hook);
      return { ...f, hook, sold, data: sampledHookData({ order: sold, lots: f.lots }) };
    }
    const show = async (f: Fixture, lots = f.s.lots) => {
      for (const { header, path } of lots) await tx(f.who.stranger, f.calls.showHeader(header, path));
    };
    const capture = async (f: Fixture) => {
      await networkHelpers.mineUpTo(f.anchorBlock + DISTANCE);
      await tx(f.who.stranger, f.calls.captureBeacon(f.anchorBlock + DISTANCE));
    };

    it("F27: sell when the sample of every batch is fixed, and not before", async () => {
      const f = await sampled();
      const refuse = async () => refused(tx(f.who.buyer, await buying(f, f.sold, f.data)), "Escrow_HookRefused", f.hook);
      await refuse();
      await show(f, f.s.lots.slice(0, 2));
      await capture(f);
      await refuse();
    });

    it("F27: are delivered and settled like all others", async () => {
      const f = await sampled();
      await show(f);
      await capture(f);
      expect(await f.reads.sampleSize()).to.equal(4);
      const deal = await buy(f, f.sold, f.data);
      const [first, second] = [part(f.s, 0, 2), part(f.s, 2, 3)];
      await tx(f.who.tsp, movesOf(f, deal, second, 1).deliverProven(await proven(f, { ...deal, page: 1, keys: second.keys })));
      await expectMoney(f, plus(split(PRICE), { tsp: BOND }), () => tx(f.who.buyer, movesOf(f, deal, second, 1).receipt()));
      await expectMoney(f, split(2n * PRICE), () => tx(f.who.buyer, movesOf(f, deal, first, 0).receipt()));
    });

    it("take the order's own headers for what they ask, and nothing else", async () => {
      const f = await sampled();
      await show(f);
      await capture(f);
      const hook = await contractOf("SampledHook", f.hook);
      const id = orderHash(CHAIN_ID, f.deployment.addresses.escrow, f.sold);
      const asked = (data: Hex, order = id) => ask(hook, "onPurchase", order, f.who.at.buyer, 0, 3, data);
      expect(await asked(f.data)).to.equal(10_000n);
      const other = { ...f.sold, nonce: 9n };
      expect(await failing(asked(sampledHookData({ order: other, lots: f.lots })))).to.equal("SampledHook_WrongOrder");
      expect(await failing(asked(sampledHookData({ order: f.sold, lots: f.lots.slice(0, 2) })))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(asked(sampledHookData({ order: f.sold, lots: [...f.lots, f.lots[0]!] })))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(asked(sampledHookData({ order: f.sold, lots: f.lots.toReversed() })))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(asked("0x"))).to.equal("HookData_TooShort");
      expect(await failing(asked(`0x${"ff".repeat(64)}`))).to.not.equal("nothing");
      await refused(tx(f.who.buyer, await buying(f, f.sold, "0x")), "Escrow_HookRefused", f.hook);
      const late = await stock(f, "late", 1, { sequence: 9 });
      const unshown = await hooked(provenOrder(f, [provenPage(late)], { nonce: 2n }), f.hook);
      const lots = late.lots.map(({ header, path }) => ({ header: { words: header }, anchor: { path } }));
      expect(await failing(asked(sampledHookData({ order: unshown, lots }), orderHash(CHAIN_ID, f.deployment.addresses.escrow, unshown)))).to.equal("SampledHook_NotFixed");
    });

    it("take orders of 32 lots within a hook's gas", async () => {
      const f = await load();
      const many = await crowd(f, 32);
      // All shown in one block, so that none is too late.
      await ethers.provider.send("evm_setAutomine", [false]);
      for (const { header, anchor } of many.lots) await f.who.stranger.sendTransaction({ to: f.deployment.addresses.sampleBeacon, data: f.calls.showHeader(header.words, anchor.path).data, gasLimit: 200_000n });
      await ethers.provider.send("evm_mine", []);
      await ethers.provider.send("evm_setAutomine", [true]);
      await networkHelpers.mineUpTo(many.block + DISTANCE);
      await tx(f.who.stranger, f.calls.captureBeacon(many.block + DISTANCE));
      const sold = await hooked(provenOrder(f, [many.page]), f.deployment.addresses.sampledHook);
      expect((await f.reads.dealOf((await buy(f, sold, sampledHookData({ order: sold, lots: many.lots }))).dealId)).state).to.equal("Funded");
    });

    it("F27: claim nothing where the chain has no randomness: they sell nothing", async () => {
      const f = await load();
      const { escrow, dataRegistry } = f.deployment.addresses;
      const none = await ethers.deployContract("SampleBeacon", [dataRegistry, 0, 8, 12]);
      const hook = await ethers.deployContract("SampledHook", [escrow, await none.getAddress(), 4]);
      const sold = await hooked(provenOrder(f, [provenPage(f.s)]), (await hook.getAddress()) as Hex);
      await refused(tx(f.who.buyer, await buying(f, sold, sampledHookData({ order: sold, lots: f.lots }))), "Escrow_HookRefused", await hook.getAddress());
    });

    it("open one to 32 leaves", async () => {
      const f = await load();
      const { escrow, sampleBeacon } = f.deployment.addresses;
      for (const n of [0, 33]) await refused(ethers.deployContract("SampledHook", [escrow, sampleBeacon, n]), "SampledHook_SampleSize", n);
      for (const n of [1, 32]) await ethers.deployContract("SampledHook", [escrow, sampleBeacon, n]);
    });
  });

  describe("in tranches", () => {
    async function tranches(flags = 0) {
      const f = await load();
      const hook = f.deployment.addresses.tranchesHook;
      const pages = [0, 1, 2].map((i) => (flags === 0 ? openPage : provenPage)(part(f.s, i, i + 1)));
      const order = flags === 0 ? unprovenOrder(f, pages, { deliverTime: 10 * WINDOW }) : provenOrder(f, pages, { flags, deliverTime: 10 * WINDOW });
      const deal = await buy(f, await hooked(order, hook));
      const moves = [0, 1, 2].map((i) => movesOf(f, deal, part(f.s, i, i + 1), i));
      const keys = (i: number) => unproven(f, { ...deal, page: i, keys: part(f.s, i, i + 1).keys });
      return { ...f, hook, deal, moves, keys };
    }

    it("deliver a page only when the one before it is settled", async () => {
      const f = await tranches();
      const deliver = (i: number) => tx(f.who.tsp, f.moves[i]!.deliverUnproven(f.keys(i)));
      await refused(deliver(1), "Escrow_HookRefused", f.hook);
      await deliver(0);
      await refused(deliver(1), "Escrow_HookRefused", f.hook);
      await tx(f.who.buyer, f.moves[0]!.receipt());
      await refused(deliver(2), "Escrow_HookRefused", f.hook);
      await deliver(1);
      await networkHelpers.time.increase(WINDOW + 1);
      await refused(deliver(2), "Escrow_HookRefused", f.hook);
      await tx(f.who.stranger, f.moves[1]!.settle());
      await deliver(2);
      await tx(f.who.buyer, f.moves[2]!.receipt());
      expect((await f.moves[2]!.state()).state).to.equal("Settled");
    });

    it("stop where a page is refunded: what comes after it stays with the seller, and its price returns to the buyer", async () => {
      const f = await tranches();
      await tx(f.who.tsp, f.moves[0]!.deliverUnproven(f.keys(0)));
      await tx(f.who.tsp, f.moves[0]!.concede());
      await refused(tx(f.who.tsp, f.moves[1]!.deliverUnproven(f.keys(1))), "Escrow_HookRefused", f.hook);
      await networkHelpers.time.increaseTo(f.deal.terms.sale.deliverBy + 1);
      const back = { buyer: PRICE + openPage(f.s).challengeDeposit };
      await expectMoney(f, back, () => tx(f.who.stranger, f.moves[1]!.refund()));
      await expectMoney(f, back, () => tx(f.who.stranger, f.moves[2]!.refund()));
    });

    it("are no use to all-or-nothing orders, whose buyers get all back", async () => {
      const f = await tranches(PROVEN_ONLY | ALL_OR_NOTHING);
      const delivery = async (i: number) => proven(f, { ...f.deal, page: i, keys: part(f.s, i, i + 1).keys });
      await tx(f.who.tsp, f.moves[0]!.deliverProven(await delivery(0)));
      await refused(tx(f.who.tsp, f.moves[1]!.deliverProven(await delivery(1))), "Escrow_HookRefused", f.hook);
      await networkHelpers.time.increaseTo(f.deal.terms.sale.deliverBy + 1);
      await expectMoney(f, { buyer: 3n * PRICE, tsp: BOND }, () => tx(f.who.stranger, f.moves[0]!.refund()));
    });
  });

  describe("by age and volume", () => {
    const TABLE: AgeVolumeTable = { ages: [0, DAY, 30 * DAY], lots: [1, 3], bps: [[10_000, 9_000], [8_000, 7_000], [5_000, 4_000]] };

    async function aged(count = 3) {
      const f = await load();
      const { hook, codeHash, kind } = await made(f, f.calls.makeAgeVolumeHook(TABLE));
      const s = part(f.s, 0, count);
      const sold = await hooked(provenOrder(f, [provenPage(s)]), hook);
      expect([sold.hookCodeHash, kind]).to.deep.equal([codeHash, "AgeVolumeHook"]);
      return { ...f, s, hook, sold, data: ageVolumeHookData({ order: sold, lots: f.lots.slice(0, count) }) };
    }

    it("cost what the table says of the youngest lot and of their number, and the escrow holds no more", async () => {
      const f = await aged();
      const list = 3n * PRICE;
      const price = async (time: number, data: Hex): Promise<bigint> => {
        const before = await networkHelpers.takeSnapshot();
        await networkHelpers.time.setNextBlockTimestamp(f.anchoredAt + time);
        const { terms, dealId } = await buy(f, f.sold, data);
        expect((await f.reads.dealOf(dealId)).state).to.equal("Funded");
        const paid = await f.reads.balanceOf(f.deployment.addresses.qdd, f.deployment.addresses.escrow);
        expect(terms.sale.priceBps).to.equal(data === "0x" ? 9_000 : ageVolumeBps(TABLE, time, 3));
        await before.restore();
        return paid;
      };
      const empty = await f.reads.balanceOf(f.deployment.addresses.qdd, f.deployment.addresses.escrow);
      for (const [time, bps] of [[DAY - 1, 9_000n], [DAY, 7_000n], [30 * DAY - 1, 7_000n], [30 * DAY, 4_000n], [900 * DAY, 4_000n]] as const) {
        expect((await price(time, f.data)) - empty, `${time} s`).to.equal((list * bps) / 10_000n);
      }
      // Who opens nothing pays for fresh data.
      expect((await price(900 * DAY, "0x")) - empty).to.equal((list * 9_000n) / 10_000n);
    });

    it("settle at the reduced price", async () => {
      const f = await aged(1);
      await networkHelpers.time.setNextBlockTimestamp(f.anchoredAt + 30 * DAY);
      const deal = await buy(f, f.sold, f.data);
      const moves = movesOf(f, deal, f.s);
      await tx(f.who.tsp, moves.deliverProven(await proven(f, { ...deal, keys: f.s.keys })));
      await expectMoney(f, plus(split((PRICE * 5_000n) / 10_000n), { tsp: BOND }), () => tx(f.who.buyer, moves.receipt()));
    });

    it("F34: keep to the buyer's maximum, whatever the table says at the time", async () => {
      const f = await aged(1);
      const reduced = (PRICE * 8_000n) / 10_000n;
      await networkHelpers.time.setNextBlockTimestamp(f.anchoredAt + DAY - 1);
      await refused(tx(f.who.buyer, await buying(f, f.sold, f.data, reduced)), "Escrow_TooExpensive", PRICE, reduced);
      await networkHelpers.time.setNextBlockTimestamp(f.anchoredAt + DAY);
      await tx(f.who.buyer, await buying(f, f.sold, f.data, reduced));
    });

    it("count every lot of the order: leaving out the young ones or bringing others' does not help", async () => {
      const f = await aged();
      const hook = await contractOf("AgeVolumeHook", f.hook);
      const id = orderHash(CHAIN_ID, f.deployment.addresses.escrow, f.sold);
      const asked = (data: Hex, order = id) => ask(hook, "onPurchase", order, f.who.at.buyer, 0, 3, data);
      await networkHelpers.time.increase(40 * DAY);
      expect(await asked(f.data)).to.equal(4_000n);
      const without = (lots: typeof f.lots): Hex => ageVolumeHookData({ order: f.sold, lots });
      expect(await failing(asked(without(f.lots.slice(0, 2))))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(asked(without([...f.lots, f.lots[0]!])))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(asked(ageVolumeHookData({ order: { ...f.sold, nonce: 3n }, lots: f.lots })))).to.equal("AgeVolumeHook_WrongOrder");
      expect(await failing(asked(without(f.lots.map((lot) => ({ ...lot, anchor: { path: [...lot.anchor.path, ZeroHash as Hex] } })))))).to.equal("AgeVolumeHook_NotAnchored");
      const deep = Array.from({ length: 21 }, () => ZeroHash as Hex);
      expect(await failing(asked(without(f.lots.map((lot) => ({ ...lot, anchor: { path: deep } })))))).to.equal("AgeVolumeHook_PathTooLong");
      expect(await failing(asked("0x00"))).to.equal("HookData_TooShort");
      // One young lot makes the whole order young.
      const young = await stock(f, "young", 1, { sequence: 7 });
      const mixed = { ...f.sold, nonce: 4n, pages: [provenPage(f.s), provenPage(young)] };
      const lots = [...f.lots, { header: { words: young.words[0]! }, anchor: { path: young.lots[0]!.path } }];
      expect(await asked(ageVolumeHookData({ order: mixed, lots }), orderHash(CHAIN_ID, f.deployment.addresses.escrow, mixed))).to.equal(9_000n);
    });

    it("open 16 lots in paths of 10 within a hook's gas; an order of more must be bought as fresh", async () => {
      const f = await aged();
      const fits = await crowd(f, 16);
      const over = await crowd(f, 32);
      await networkHelpers.time.increase(30 * DAY);
      const sold = await hooked(provenOrder(f, [fits.page]), f.hook);
      expect((await buy(f, sold, ageVolumeHookData({ order: sold, lots: fits.lots }))).terms.sale.priceBps).to.equal(4_000);
      const large = await hooked(provenOrder(f, [over.page]), f.hook);
      await refused(tx(f.who.buyer, await buying(f, large, ageVolumeHookData({ order: large, lots: over.lots }))), "Escrow_HookRefused", f.hook);
      expect((await buy(f, large)).terms.sale.priceBps).to.equal(9_000);
    });

    it("have tables of the same word as the SDK, in every corner", async () => {
      const f = await load();
      const tables: AgeVolumeTable[] = [
        TABLE,
        { ages: [0], lots: [1], bps: [[1]] },
        { ages: [0, 1, 2, 3, 4, 5, 6, 2 ** 32 - 1], lots: [1, 2, 3, 4, 5, 6, 7, 2 ** 32 - 1], bps: Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (__, j) => 1 + 100 * i + j)) },
      ];
      for (const table of tables) {
        const { hook } = await made(f, f.calls.makeAgeVolumeHook(table));
        const contract = await contractOf("AgeVolumeHook", hook);
        for (const age of [...table.ages, ...table.ages.map((from) => from + 1), 2 ** 40]) {
          for (const count of [...table.lots, 0, 2 ** 40]) expect(Number(await ask(contract, "bpsFor", age, count)), `${age} s, ${count} lots`).to.equal(ageVolumeBps(table, age, count));
        }
      }
    });

    it("have no tables that mean nothing", async () => {
      const f = await load();
      const nine = Array.from({ length: 9 }, (_, i) => i);
      const broken: [number[], number[], number[]][] = [
        [[], [1], []],
        [[0], [], []],
        [[1], [1], [1]],
        [[0], [0], [1]],
        [[0, 0], [1], [1, 1]],
        [[0], [1, 1], [1, 1]],
        [[0, 5, 4], [1], [1, 1, 1]],
        [nine, [1], nine.map(() => 1)],
        [[0], nine.map((i) => i + 1), nine.map(() => 1)],
        [[0], [1], []],
        [[0], [1], [1, 1]],
        [[0], [1], [0]],
        [[0], [1], [10_001]],
      ];
      for (const [ages, lots, bps] of broken) {
        await refused(ethers.deployContract("AgeVolumeHook", [f.deployment.addresses.escrow, ages, lots, bps]), "AgeVolumeHook_BadTable");
        const rows = ages.map((_, i) => bps.slice(i * lots.length, (i + 1) * lots.length));
        if (rows.flat().length === bps.length) expect(() => ageVolumeBps({ ages, lots, bps: rows }, 0, 1), JSON.stringify([ages, lots, bps])).to.throw().with.property("code", "BAD_TABLE");
      }
      await refused(tx(f.who.stranger, f.calls.makeAgeVolumeHook({ ages: [0], lots: [1], bps: [[0]] })), "AgeVolumeHook_BadTable");
    });
  });

  describe("with a condition by an oracle", () => {
    async function feed() {
      const f = await load();
      const oracle = await ethers.deployContract("FixedFeed", [8]);
      const address = (await oracle.getAddress()) as Hex;
      const say = async (value: bigint, at?: number) => oracle.getFunction("set")(value, at ?? (await now())) as Promise<unknown>;
      const hookOf = async (steps: number, atLeast = true) => (await made(f, f.calls.makeOracleHook({ feed: address, threshold: 100n, atLeast, maxAge: 60, steps }))).hook;
      return { ...f, address, say, hookOf, s: part(f.s, 0, 1) };
    }

    it("are bought only while it holds", async () => {
      const f = await feed();
      const hook = await f.hookOf(CONDITION_STEPS.purchase);
      const sold = await hooked(unprovenOrder(f, [openPage(f.s)]), hook);
      await f.say(99n);
      await refused(tx(f.who.buyer, await buying(f, sold, "0x")), "Escrow_HookRefused", hook);
      await f.say(100n);
      const deal = await buy(f, sold);
      // Once bought, the value means nothing to the delivery.
      await f.say(-1n);
      await tx(f.who.tsp, movesOf(f, deal, f.s).deliverUnproven(unproven(f, { ...deal, keys: f.s.keys })));
    });

    it("are delivered only while it holds, and refunded when it never does", async () => {
      const f = await feed();
      const hook = await f.hookOf(CONDITION_STEPS.delivery, false);
      await f.say(101n);
      const deal = await buy(f, await hooked(unprovenOrder(f, [openPage(f.s)]), hook));
      const moves = movesOf(f, deal, f.s);
      const deliver = () => tx(f.who.tsp, moves.deliverUnproven(unproven(f, { ...deal, keys: f.s.keys })));
      await refused(deliver(), "Escrow_HookRefused", hook);
      const before = await networkHelpers.takeSnapshot();
      await f.say(100n);
      await deliver();
      await before.restore();
      await networkHelpers.time.increaseTo(deal.terms.sale.deliverBy + 1);
      await expectMoney(f, { buyer: PRICE + openPage(f.s).challengeDeposit }, () => tx(f.who.stranger, moves.refund()));
    });

    it("hold for a fresh value only, from no future, at both steps where both are named", async () => {
      const f = await feed();
      const contract = await contractOf("OracleConditionHook", await f.hookOf(CONDITION_STEPS.both));
      const holds = async (at: number): Promise<unknown[]> => {
        await f.say(100n, at);
        return [await ask(contract, "onPurchase", ZeroHash, ZeroAddress, 0, 1, "0x"), await ask(contract, "onDelivery", ZeroHash, 0)];
      };
      const t = (await now()) + 1_000;
      // A read sees the time of the block before it.
      const at = async (updated: number) => {
        await networkHelpers.time.setNextBlockTimestamp(t);
        const answer = await holds(updated);
        return answer;
      };
      const start = await networkHelpers.takeSnapshot();
      expect(await at(t - 60)).to.deep.equal([10_000n, 1n]);
      await start.restore();
      expect(await at(t - 61)).to.deep.equal([0n, 0n]);
      await start.restore();
      expect(await at(t + 1)).to.deep.equal([0n, 0n]);
    });

    it("need a feed and known steps", async () => {
      const f = await feed();
      await refused(ethers.deployContract("OracleConditionHook", [f.who.at.owner, 1, true, 1, 1]), "OracleConditionHook_NoFeed");
      for (const steps of [0, 4]) await refused(ethers.deployContract("OracleConditionHook", [f.address, 1, true, 1, steps]), "OracleConditionHook_UnknownSteps", steps);
    });
  });

  describe("with a condition by an attestation", () => {
    async function attested(steps: number, attester: (f: Fixture) => Promise<Hex> = (f) => Promise.resolve(f.who.at.auditor)) {
      const f = await load();
      const { hook } = await made(f, f.calls.makeAttestationHook(await attester(f), steps));
      const s = part(f.s, 0, 1);
      const sold = await hooked(unprovenOrder(f, [openPage(s)]), hook);
      const id = orderHash(CHAIN_ID, f.deployment.addresses.escrow, sold);
      const hookDomain = { chainId: CHAIN_ID, verifyingContract: hook };
      const data = async (change: { buyer?: Hex; validUntil?: number; signer?: Role; orderHash?: Hex } = {}): Promise<Hex> => {
        const { buyer = f.who.at.buyer, validUntil = 4_000_000_000, signer = "auditor", orderHash: of = id } = change;
        return attestationHookData({ buyer, validUntil }, await signTypedData(f.who[signer], purchaseAttestationData(hookDomain, { orderHash: of, buyer, validUntil })));
      };
      const asked = async (given: Hex, buyer = f.who.at.buyer) => ask(await contractOf("AttestationConditionHook", hook), "onPurchase", id, buyer, 0, 1, given);
      return { ...f, s, hook, sold, id, hookDomain, data, asked };
    }

    it("are bought with the attester's word, for the named buyer or for anyone", async () => {
      const f = await attested(CONDITION_STEPS.purchase);
      for (const given of ["0x", await f.data({ signer: "stranger" }), await f.data({ buyer: f.who.at.owner }), await f.data({ orderHash: ZeroHash as Hex }), await f.data({ validUntil: 1 })] as const) {
        await refused(tx(f.who.buyer, await buying(f, f.sold, given)), "Escrow_HookRefused", f.hook);
      }
      const deal = await buy(f, f.sold, await f.data());
      await tx(f.who.tsp, movesOf(f, deal, f.s).deliverUnproven(unproven(f, { ...deal, keys: f.s.keys })));
      expect(await f.asked(await f.data({ buyer: ZeroAddress as Hex }), f.who.at.stranger)).to.equal(10_000n);
    });

    it("say why they refuse", async () => {
      const f = await attested(CONDITION_STEPS.purchase);
      expect(await failing(f.asked(await f.data({ signer: "stranger" })))).to.equal("AttestationConditionHook_BadSignature");
      expect(await failing(f.asked(await f.data(), f.who.at.stranger))).to.equal("AttestationConditionHook_NotForThisBuyer");
      const at = await now();
      expect(await f.asked(await f.data({ validUntil: at }))).to.equal(10_000n);
      expect(await failing(f.asked(await f.data({ validUntil: at - 1 })))).to.equal("AttestationConditionHook_Expired");
      // A word that was signed for one buyer is none for anyone.
      const [, until, signature] = abi.decode(["address", "uint64", "bytes"], await f.data()) as unknown as [Hex, bigint, Hex];
      expect(await failing(f.asked(attestationHookData({ buyer: ZeroAddress as Hex, validUntil: Number(until) }, signature)))).to.equal("AttestationConditionHook_BadSignature");
    });

    it("are delivered with the attester's word on the page, brought by anyone, and refunded without", async () => {
      const f = await attested(CONDITION_STEPS.delivery);
      const deal = await buy(f, f.sold);
      const moves = movesOf(f, deal, f.s);
      const deliver = () => tx(f.who.tsp, moves.deliverUnproven(unproven(f, { ...deal, keys: f.s.keys })));
      await refused(deliver(), "Escrow_HookRefused", f.hook);
      const word = (signer: Role, page: bigint) => signTypedData(f.who[signer], deliveryAttestationData(f.hookDomain, { dealId: deal.dealId, page }));
      for (const wrong of [await word("tsp", 0n), await word("auditor", 1n)]) {
        await refused(tx(f.who.tsp, f.calls.attestDelivery(f.hook, deal.dealId, 0, wrong)), "AttestationConditionHook_BadSignature", f.who.at.auditor);
      }
      await tx(f.who.stranger, f.calls.attestDelivery(f.hook, deal.dealId, 1, await word("auditor", 1n)));
      await refused(deliver(), "Escrow_HookRefused", f.hook);
      const hook = await contractAt("AttestationConditionHook", f.hook);
      expect([await ask(hook, "isAttested", deal.dealId, 0), await ask(hook, "isAttested", deal.dealId, 1)]).to.deep.equal([false, true]);
      const without = await networkHelpers.takeSnapshot();
      const receipt = await mined(f.who.stranger, f.calls.attestDelivery(f.hook, deal.dealId, 0, await word("auditor", 0n)));
      expect(receipt.logs.map((log) => HOOK_INTERFACES.attestationCondition.parseLog(log)!.args.toArray() as unknown[])).to.deep.equal([[deal.dealId, 0n]]);
      await deliver();
      await without.restore();
      await networkHelpers.time.increaseTo(deal.terms.sale.deliverBy + 1);
      await tx(f.who.stranger, moves.refund());
    });

    it("ask a wallet with code for its own word", async () => {
      const f = await attested(CONDITION_STEPS.purchase, async ({ who }) => (await (await ethers.deployContract("Wallet1271", [who.at.auditor])).getAddress()) as Hex);
      expect(await f.asked(await f.data())).to.equal(10_000n);
      expect(await failing(f.asked(await f.data({ signer: "stranger" })))).to.equal("AttestationConditionHook_BadSignature");
    });

    it("need an attester and known steps", async () => {
      const f = await load();
      await refused(tx(f.who.stranger, f.calls.makeAttestationHook(ZeroAddress as Hex, 1)), "AttestationConditionHook_NoAttester");
      for (const steps of [0, 4]) await refused(tx(f.who.stranger, f.calls.makeAttestationHook(f.who.at.auditor, steps)), "AttestationConditionHook_UnknownSteps", steps);
    });
  });

  describe("the factory", () => {
    it("makes the same hook for the same settings once, whoever asks", async () => {
      const f = await load();
      const call = f.calls.makeAttestationHook(f.who.at.auditor, 3);
      const first = await made(f, call);
      expect((await mined(f.who.buyer, call)).logs).to.have.length(0);
      expect((await made(f, f.calls.makeAttestationHook(f.who.at.auditor, 1))).hook).to.not.equal(first.hook);
      expect(await pinHook(ethers.provider, first.hook)).to.deep.equal({ hook: first.hook, hookCodeHash: first.codeHash });
      expect(await failing(pinHook(ethers.provider, f.who.at.owner))).to.contain("no contract stands");
    });
  });
});
