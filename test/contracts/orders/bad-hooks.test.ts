/** Hooks that misbehave: none can take, hold or lose anybody's money; what they can do is refuse, and then the buyer is refunded. */
import { expect } from "chai";
import type { BaseContract } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { decodeError, pinHook } from "../../../sdk/client/index.ts";
import type { SellOrder } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { ethers, networkHelpers, tx, WINDOW } from "../support/chain.ts";
import { refused } from "../support/deal.ts";
import { complaintAbout, expectMoney, market, movesOf, openPage, part, plus, proven, split, stock, unproven, unprovenOrder } from "../support/disputes.ts";
import { mined } from "../support/orders.ts";
import { BOND, bought, PRICE, purchase } from "../support/world.ts";

/** AwkwardHook.Mood */
const [ANSWERS, REVERTS, BURNS_GAS, LONG, SHORT, HUGE] = [0, 1, 2, 3, 4, 5];
const MOODS: [string, number][] = [["reverts", REVERTS], ["burns its gas", BURNS_GAS], ["answers too much", LONG], ["answers too little", SHORT], ["answers with a megabyte", HUGE]];

async function fixture() {
  const w = await market();
  const both = await stock(w, "bad hooks", 2, { bad: [1] });
  const [s, bad] = [part(both, 0, 1), part(both, 1, 2)];
  const contract = await ethers.deployContract("AwkwardHook");
  const hook = (await contract.getAddress()) as Hex;
  const set = (mood: number, answer: number | bigint) => contract.getFunction("set")(mood, answer) as Promise<unknown>;
  const sold: SellOrder = { ...unprovenOrder(w, [openPage(s)]), ...(await pinHook(ethers.provider, hook)) };
  const buying = async (order = sold, change: Parameters<typeof purchase>[2] = {}) => w.calls.buy(await purchase(w, order, change));
  return { ...w, s, bad, contract: contract as unknown as BaseContract, hook, set, sold, buying };
}
const load = () => networkHelpers.loadFixture(fixture);

/** Bought while the hook was well; its deliveries it now refuses as told. */
async function funded(which: "s" | "bad" = "s") {
  const f = await load();
  await f.set(ANSWERS, 10_000);
  const lots = f[which];
  const order = { ...f.sold, pages: [openPage(lots)] };
  const deal = await bought(f, await purchase(f, order));
  const keys = unproven(f, { ...deal, keys: lots.keys });
  return { ...f, lots, deal, moves: movesOf(f, deal, lots), keys, held: PRICE + order.pages[0]!.challengeDeposit };
}

describe("A bad hook", () => {
  after(closeProofEngine);

  describe("at purchase", () => {
    for (const [what, mood] of MOODS) {
      it(`that ${what} refuses, and nothing leaves the buyer`, async () => {
        const f = await load();
        await f.set(mood, 10_000);
        await expectMoney(f, {}, async () => refused(tx(f.who.buyer, await f.buying()), "Escrow_HookRefused", f.hook));
      });
    }

    it("sets no price of nothing, and none above the order's", async () => {
      const f = await load();
      for (const answer of [0n, 10_001n, 2n ** 16n, 2n ** 256n - 1n]) {
        await f.set(ANSWERS, answer);
        await refused(tx(f.who.buyer, await f.buying()), "Escrow_HookRefused", f.hook);
      }
      for (const answer of [1n, 10_000n]) {
        await f.set(ANSWERS, answer);
        if (answer === 1n) await refused(tx(f.who.buyer, await f.buying()), "Escrow_BelowFloor", 0, (PRICE * answer) / 10_000n, 2_000_000n);
        else expect((await bought(f, await purchase(f, f.sold))).terms.sale.priceBps).to.equal(Number(answer));
      }
    });

    it("F34: cannot raise the price between quote and purchase above the buyer's maximum", async () => {
      const f = await load();
      await f.set(ANSWERS, 5_000);
      const total = PRICE / 2n + openPage(f.s).challengeDeposit;
      const call = await f.buying(f.sold, { maxTotal: total });
      await f.set(ANSWERS, 5_001);
      await refused(tx(f.who.buyer, call), "Escrow_TooExpensive", (PRICE * 5_001n) / 10_000n + openPage(f.s).challengeDeposit, total);
      await f.set(ANSWERS, 5_000);
      await tx(f.who.buyer, call);
    });

    it("F34: is not starved by whoever sends the purchase: with too little gas the purchase fails as a whole", async () => {
      const f = await load();
      await f.set(ANSWERS, 10_000);
      const { data, to } = await f.buying();
      const gas = await f.who.buyer.estimateGas({ to, data });
      let starved = 0;
      for (let gasLimit = gas - 5_000n; gasLimit > gas - 150_000n; gasLimit -= 10_000n) {
        await refused(f.who.buyer.sendTransaction({ to, data, gasLimit }), ...(await reasonOf(f.who.buyer.call({ to, data, gasLimit }))));
        starved += 1;
      }
      expect(starved).to.be.above(10);
      await f.who.buyer.sendTransaction({ to, data, gasLimit: gas });
    });

    it("F34: can call back, and change nothing by it", async () => {
      const f = await load();
      const { escrow } = f.deployment.addresses;
      // Each of these would pay, cancel or move something if a hook's calls could.
      const payloads = [
        f.calls.cancelOrder(0n).data,
        f.calls.setOperator(f.who.at.stranger, true).data,
        f.calls.withdraw(f.deployment.addresses.qdd, f.who.at.stranger, 0n).data,
        f.calls.transferCredit(f.hook, f.deployment.addresses.qdd, f.who.at.stranger, 0n).data,
      ];
      for (const [i, payload] of payloads.entries()) {
        await (f.contract.getFunction("setCallBack")(escrow, payload, 10_000) as Promise<unknown>);
        const receipt = await mined(f.who.buyer, await f.buying(f.sold, { nonce: BigInt(100 + i) }));
        expect(receipt.logs.filter((log) => log.address === escrow)).to.have.length(1);
        expect(await f.reads.isOperator(f.hook, f.who.at.stranger)).to.equal(false);
        expect(await f.reads.isCancelled(f.hook, 0n)).to.equal(false);
      }
    });

    it("counts only with the code that the order pins", async () => {
      const f = await load();
      await f.set(ANSWERS, 10_000);
      const other = { ...f.sold, hookCodeHash: f.s.hashes[0]! };
      await refused(tx(f.who.buyer, await f.buying(other)), "Hooks_CodeChanged", f.hook, f.sold.hookCodeHash);
      const nobody = { ...f.sold, hook: f.who.at.stranger };
      await refused(tx(f.who.buyer, await f.buying(nobody)), "Hooks_CodeChanged", f.who.at.stranger, await codeHashOf(f.who.at.stranger));
    });
  });

  describe("at delivery", () => {
    const misbehave: [string, (f: Awaited<ReturnType<typeof funded>>) => Promise<unknown>][] = [
      ...MOODS.map(([what, mood]): (typeof misbehave)[number] => [what, (f) => f.set(mood, 1)]),
      ["says no", (f) => f.set(ANSWERS, 0)],
      ["says what it said at purchase", (f) => f.set(ANSWERS, 10_000)],
      ["says the largest number", (f) => f.set(ANSWERS, 2n ** 256n - 1n)],
    ];
    for (const [what, how] of misbehave) {
      it(`that ${what} refuses the delivery: no key and no bond goes, and the buyer is refunded in time`, async () => {
        const f = await funded();
        await how(f);
        await expectMoney(f, {}, () => refused(tx(f.who.tsp, f.moves.deliverUnproven(f.keys)), "Escrow_HookRefused", f.hook));
        await networkHelpers.time.setNextBlockTimestamp(f.deal.terms.sale.deliverBy + 1);
        await expectMoney(f, { buyer: f.held }, () => tx(f.who.stranger, f.moves.refund()));
      });
    }

    it("that is gone refuses too, and the buyer is refunded", async () => {
      const f = await funded();
      await f.set(ANSWERS, 1);
      await networkHelpers.setCode(f.hook, "0x");
      await refused(tx(f.who.tsp, f.moves.deliverUnproven(f.keys)), "Hooks_CodeChanged", f.hook, await codeHashOf(f.hook));
      await networkHelpers.time.setNextBlockTimestamp(f.deal.terms.sale.deliverBy + 1);
      await expectMoney(f, { buyer: f.held }, () => tx(f.who.stranger, f.moves.refund()));
    });

    it("with other code than at purchase refuses, though it would allow", async () => {
      const f = await funded();
      const allowing = await ethers.deployContract("TranchesHook", [f.deployment.addresses.escrow]);
      await networkHelpers.setCode(f.hook, await ethers.provider.getCode(await allowing.getAddress()));
      await refused(tx(f.who.tsp, f.moves.deliverUnproven(f.keys)), "Hooks_CodeChanged", f.hook, await codeHashOf(f.hook));
    });

    it("stands in the way of no receipt: what was handed over off chain is paid", async () => {
      const f = await funded();
      await f.set(REVERTS, 0);
      await expectMoney(f, plus(split(PRICE), { buyer: f.held - PRICE }), () => tx(f.who.buyer, f.moves.receipt()));
    });

    it("stands in the way of no concession", async () => {
      const f = await funded();
      await f.set(BURNS_GAS, 0);
      await expectMoney(f, { buyer: f.held }, () => tx(f.who.tsp, f.moves.concede()));
    });

    it("may change its mind: the delivery goes through while it allows, also after deliverBy", async () => {
      const f = await funded();
      await f.set(ANSWERS, 0);
      await networkHelpers.time.increaseTo(f.deal.terms.sale.deliverBy + 1);
      await refused(tx(f.who.tsp, f.moves.deliverUnproven(f.keys)), "Escrow_HookRefused", f.hook);
      await f.set(ANSWERS, 1);
      await expectMoney(f, { tsp: -BOND }, () => tx(f.who.tsp, f.moves.deliverUnproven(f.keys)));
    });
  });

  describe("after a delivery", () => {
    /** Delivered while the hook was well; from now on every question to it would fail. */
    async function delivered(which: "s" | "bad" = "s") {
      const f = await funded(which);
      await f.set(ANSWERS, 1);
      await tx(f.who.tsp, f.moves.deliverUnproven(f.keys));
      await networkHelpers.setCode(f.hook, "0xfe");
      return f;
    }

    it("settles by the window", async () => {
      const f = await delivered();
      await networkHelpers.time.increase(WINDOW + 1);
      await expectMoney(f, plus(split(PRICE), { tsp: BOND, buyer: f.held - PRICE }), () => tx(f.who.stranger, f.moves.settle()));
    });

    it("settles by receipt", async () => {
      const f = await delivered();
      await expectMoney(f, plus(split(PRICE), { tsp: BOND, buyer: f.held - PRICE }), async () => tx(f.who.stranger, await f.moves.signedReceipt()));
    });

    it("is conceded", async () => {
      const f = await delivered();
      await expectMoney(f, { buyer: f.held + BOND }, () => tx(f.who.tsp, f.moves.concede()));
    });

    it("is challenged and answered", async () => {
      const f = await delivered();
      await tx(f.who.buyer, f.moves.challenge());
      const delivery = await proven(f, { ...f.deal, keys: f.lots.keys });
      await expectMoney(f, { tsp: f.held - PRICE }, () => tx(f.who.stranger, f.moves.answer(delivery)));
    });

    it("is challenged and slashed", async () => {
      const f = await delivered();
      await tx(f.who.buyer, f.moves.challenge());
      await networkHelpers.time.increase(WINDOW + 1);
      await expectMoney(f, { buyer: f.held + BOND }, () => tx(f.who.stranger, f.moves.refund()));
    });

    it("is complained of", async () => {
      const f = await delivered("bad");
      const complaint = await complaintAbout(f.bad, 0);
      await expectMoney(f, { buyer: f.held + BOND }, () => tx(f.who.stranger, f.moves.complain(0, complaint)));
    });
  });
});

const codeHashOf = async (account: Hex): Promise<string> => {
  const code = await ethers.provider.getCode(account);
  // An account with a nonce or money and no code has the hash of nothing; EIP-1052.
  return ethers.keccak256(code);
};

/** Name and arguments of the error that a call ends in. */
async function reasonOf(call: Promise<unknown>): Promise<[string, ...unknown[]]> {
  try {
    await call;
    return ["nothing"];
  } catch (error) {
    const found = decodeError(error);
    return found === null ? [String(error)] : [found.name, ...Object.values(found.args)];
  }
}
