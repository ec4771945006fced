/** Edges of the shipped hooks that a purchase seldom meets, asked of the hooks themselves. */
import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { ageVolumeHookData, CONDITION_STEPS, orderHash, type SellOrder } from "../../../sdk/market/index.ts";
import { ask, CHAIN_ID, DAY, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { batches, market, pageOver } from "../support/deal.ts";
import { failing, mined } from "../support/orders.ts";
import { anchorLot, header } from "../support/world.ts";

/** An old batch and a young one, and a hook that halves the price after a day. */
async function oldAndYoung() {
  const m = await market();
  const [old] = await batches(m, 1);
  await networkHelpers.time.increase(2 * DAY);
  const words = header(m, { sequence: 500 });
  const young = { words, lot: await anchorLot(m, words, { sequence: 500 }) };
  const hook = await ethers.deployContract("AgeVolumeHook", [m.deployment.addresses.escrow, [0, DAY], [1], [10_000, 5_000]]);
  const asked = (given: readonly (typeof young)[], change: (path: readonly Hex[]) => Hex[] = (path) => [...path]) => {
    const order = { ...m.open, pages: given.map((each) => pageOver([each.words])) };
    const lots = given.map((each) => ({ header: { words: each.words }, anchor: { path: change(each.lot.path) } }));
    return ask(hook, "onPurchase", orderHash(CHAIN_ID, m.deployment.addresses.escrow, order), m.who.at.buyer, 0, given.length, ageVolumeHookData({ order, lots }));
  };
  const raw = (data: Hex) => ask(hook, "onPurchase", ZeroHash, m.who.at.buyer, 0, 1, data);
  const ofOrder = (change: Partial<SellOrder>, lots: readonly (typeof young)[] = []) => {
    const order = { ...m.open, ...change };
    const brought = lots.map((each) => ({ header: { words: each.words }, anchor: { path: each.lot.path } }));
    return ask(hook, "onPurchase", orderHash(CHAIN_ID, m.deployment.addresses.escrow, order), m.who.at.buyer, 0, 1, ageVolumeHookData({ order, lots: brought }));
  };
  return { ...m, old: old!, young, asked, raw, ofOrder };
}

describe("Edges of the hooks", () => {
  describe("by age and volume", () => {
    it("the youngest lot counts, wherever it stands in the order", async () => {
      const { old, young, asked } = await networkHelpers.loadFixture(oldAndYoung);
      expect([await asked([old]), await asked([young])]).to.deep.equal([5_000n, 10_000n]);
      expect([await asked([old, young]), await asked([young, old])]).to.deep.equal([10_000n, 10_000n]);
    });

    it("a path may be as deep as an anchor's tree, and no deeper", async () => {
      const { old, asked } = await networkHelpers.loadFixture(oldAndYoung);
      const deep = (length: number) => () => Array.from({ length }, () => ZeroHash as Hex);
      expect(await failing(asked([old], deep(20)))).to.equal("AgeVolumeHook_NotAnchored");
      expect(await failing(asked([old], deep(21)))).to.equal("AgeVolumeHook_PathTooLong");
    });
  });

  describe("with an order that the buyer brings", () => {
    it("an order of DISPUTED data has the lots of one page, and without a page none", async () => {
      const { old, young, ofOrder } = await networkHelpers.loadFixture(oldAndYoung);
      const pages = [pageOver([old.words]), pageOver([old.words])];
      expect(await ofOrder({ dataClass: 3, pages }, [old])).to.equal(5_000n);
      expect(await failing(ofOrder({ dataClass: 3, pages }, [old, old]))).to.equal("OrderDigests_NotTheLots");
      expect(await failing(ofOrder({ pages }, [old]))).to.equal("OrderDigests_NotTheLots");
      expect(await ofOrder({ pages: [pageOver([old.words]), pageOver([young.words])] }, [old, young])).to.equal(10_000n);
      for (const dataClass of [2, 3]) expect(await ofOrder({ dataClass, pages: [] }), `class ${dataClass}`).to.equal(5_000n);
    });

    it("a page of more lots than were brought is refused before they are counted", async () => {
      const { old, ofOrder } = await networkHelpers.loadFixture(oldAndYoung);
      const page = pageOver([old.words]);
      for (const lotCount of [2, 1_000, 2 ** 32 - 1]) expect(await failing(ofOrder({ pages: [{ ...page, lotCount }] }, [old])), `${lotCount}`).to.equal("OrderDigests_NotTheLots");
    });

    it("what is shorter than two words is no order at all", async () => {
      const { raw } = await networkHelpers.loadFixture(oldAndYoung);
      expect(await failing(raw(`0x${"00".repeat(63)}`))).to.equal("HookData_TooShort");
      expect(await failing(raw(`0x${"00".repeat(64)}`))).to.equal("AgeVolumeHook_WrongOrder");
    });
  });

  it("by an oracle: a value of this very second counts, and one of the next does not", async () => {
    await networkHelpers.loadFixture(market);
    const oracle = await ethers.deployContract("FixedFeed", [8]);
    const hook = await ethers.deployContract("OracleConditionHook", [await oracle.getAddress(), 100, true, 60, CONDITION_STEPS.both]);
    const answers = async (): Promise<unknown[]> => [await ask(hook, "onPurchase", ZeroHash, ZeroAddress, 0, 1, "0x"), await ask(hook, "onDelivery", ZeroHash, 0), await ask(hook, "holds")];
    for (const [ahead, expected] of [[0, [10_000n, 1n, true]], [1, [0n, 0n, false]]] as const) {
      const at = (await now()) + 100;
      await networkHelpers.time.setNextBlockTimestamp(at);
      await (oracle.getFunction("set")(100n, at + ahead) as Promise<unknown>);
      expect(await answers(), `${ahead} s ahead`).to.deep.equal(expected);
    }
  });

  it("by samples: a header that is shown again under the same anchor is shown once", async () => {
    const m = await networkHelpers.loadFixture(market);
    const words = header(m, { sequence: 600 });
    const { path } = await anchorLot(m, words, { sequence: 600 });
    expect((await mined(m.who.stranger, m.calls.showHeader(words, path))).logs).to.have.length(1);
    expect((await mined(m.who.buyer, m.calls.showHeader(words, path))).logs).to.have.length(0);
    await tx(m.who.stranger, m.calls.showHeader(words, path));
  });
});
