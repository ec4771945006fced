/** What the exchange lets a hook say at purchase and delivery, and what no hook can do. */
import { expect } from "chai";
import { keccak256, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, decodeError } from "../../../sdk/client/index.ts";
import { noExtras, orderHash, type SellOrder } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { CHAIN_ID, ethers, networkHelpers, tx } from "../support/chain.ts";
import { C, creditChanges, DEPOSIT, market, type Market, NO_PROOF, outcome, pageOver, R, refused } from "../support/deal.ts";
import { BOND, bought, hash, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

/** Moods of {AwkwardHook}, in its numbering. */
const MOODS = ["Answers", "Reverts", "BurnsGas", "AnswersLong", "AnswersShort", "AnswersHuge", "CallsBack"] as const;
/** What a hook may use, and what must be left for the exchange beside it (contracts/market/libraries/Hooks.sol). */
const NEEDED = Math.floor((100_000 * 64) / 63) + 150_000;

type Hook = Awaited<ReturnType<typeof ethers.deployContract>>;
const codeHash = async (hook: Hex): Promise<Hex> => keccak256(await ethers.provider.getCode(hook)) as Hex;

async function hooked() {
  const m = await market();
  const [awkward, exact] = [await ethers.deployContract("AwkwardHook"), await ethers.deployContract("ExactHook")];
  const at = async (hook: Hook): Promise<SellOrder> => {
    const address = (await hook.getAddress()) as Hex;
    return { ...m.open, hook: address, hookCodeHash: await codeHash(address) };
  };
  const mood = (name: (typeof MOODS)[number], answer: bigint) => awkward.getFunction("set")(MOODS.indexOf(name), answer);
  const expecting = (question: string, answer: bigint, spends = 0n) => exact.getFunction("set")(question, answer, spends);
  await mood("Answers", 10_000n);
  await expecting(ZeroHash, 10_000n);
  return { ...m, awkward, exact, mood, expecting, byAwkward: await at(awkward), byExact: await at(exact) };
}
type Hooked = Awaited<ReturnType<typeof hooked>>;

/** A deal with a hook, not delivered yet. */
async function hookedDeal() {
  const h = await hooked();
  return { ...h, ...(await bought(h, await purchase(h, h.byAwkward))) };
}
const hookOf = (m: Market, sold: SellOrder, nonce = 1n) => purchase(m, sold, { nonce });

describe("Escrow, hook at purchase", () => {
  it("is asked about exactly this purchase", async () => {
    const h: Hooked = await networkHelpers.loadFixture(hooked);
    const { who, calls, deployment, byExact } = h;
    const sold = { ...byExact, pages: [byExact.pages[0]!, pageOver([h.words], { lotCount: 5, price: 20_000_000n })] };
    const face = new ethers.Interface(["function onPurchase(bytes32,address,uint256,uint256,bytes)"]);
    const question = (data: Hex) => keccak256(face.encodeFunctionData("onPurchase", [orderHash(CHAIN_ID, deployment.addresses.escrow, sold), who.at.buyer, PRICE + 20_000_000n, 6, data]));
    await h.expecting(question("0x"), 10_000n);
    await tx(who.buyer, calls.buy(await purchase(h, sold)));
    const extras = [{ ...noExtras(), hookData: "0xc0ffee" as Hex }];
    await refused(tx(who.buyer, calls.buy(await purchase(h, sold, { extras, nonce: 2n }))), "Escrow_HookRefused", sold.hook);
    await h.expecting(question("0xc0ffee"), 10_000n);
    await tx(who.buyer, calls.buy(await purchase(h, sold, { extras, nonce: 2n })));
    await refused(tx(who.buyer, calls.buy(await purchase(h, sold, { nonce: 3n }))), "Escrow_HookRefused", sold.hook);
  });

  it("says what is paid of each page's price, 1 to 10,000 basis points, for the whole life of the deal", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, reads, byAwkward, escrow } = h;
    for (const bad of [0n, 10_001n, 2n ** 16n + 5n, 2n ** 256n - 1n]) {
      await h.mood("Answers", bad);
      await refused(tx(who.buyer, calls.buy(await hookOf(h, byAwkward))), "Escrow_HookRefused", byAwkward.hook);
    }
    await h.mood("Answers", 7_777n);
    const pages = [pageOver([h.words], { price: 10_000_003n, challengeDeposit: DEPOSIT }), pageOver([h.words], { price: 9_999_999n, challengeDeposit: 5n })];
    const sold = { ...byAwkward, pages };
    const prices = [7_777_002n, 7_776_999n] as const; // rounded down, page by page
    const total = prices[0] + prices[1] + DEPOSIT + 5n;
    await refused(tx(who.buyer, calls.buy(await purchase(h, sold, { maxTotal: total - 1n }))), "Escrow_TooExpensive", total, total - 1n);
    const before = await reads.balanceOf(sold.token, who.at.buyer);
    const { dealId, terms } = await bought(h, await purchase(h, sold, { maxTotal: total }));
    expect([terms.sale.priceBps, before - (await reads.balanceOf(sold.token, who.at.buyer))]).to.deep.equal([7_777, total]);
    await h.mood("Answers", 1n);
    expect(await creditChanges(h, () => tx(who.tsp, calls.concede(terms, 1)))).to.deep.equal({ buyer: prices[1] + 5n });
    await expect(tx(who.buyer, calls.settleByReceipt(terms, 0, h.pinned, { opening: h.opening })))
      .to.emit(escrow, "Settled")
      .withArgs(dealId, 0, true, 4_666_202n, 777_700n, 1_944_250n, 388_850n, 0, 0);
  });

  it("F17: cannot take a price below the floor without the principal's consent, nor to nothing", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byAwkward } = h;
    await h.mood("Answers", 1_999n);
    await refused(tx(who.buyer, calls.buy(await hookOf(h, byAwkward))), "Escrow_BelowFloor", 0, 1_999_000, 2_000_000);
    await h.mood("Answers", 2_000n);
    await tx(who.buyer, calls.buy(await hookOf(h, byAwkward)));
  });

  it("F34: refuses by failing in any way, and never says more than a word", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byAwkward } = h;
    const call = calls.buy(await hookOf(h, byAwkward));
    for (const name of ["Reverts", "BurnsGas", "AnswersLong", "AnswersShort", "AnswersHuge"] as const) {
      await h.mood(name, 10_000n);
      await refused(tx(who.buyer, call), "Escrow_HookRefused", byAwkward.hook);
    }
    await h.mood("Answers", 10_000n);
    await tx(who.buyer, call);
  });

  it("F34: changes nothing in the exchange, whatever it calls", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, reads, byAwkward } = h;
    const inner = calls.cancelOrder(7n);
    await h.awkward.getFunction("setCallBack")(inner.to, inner.data, 10_000n);
    await tx(who.buyer, calls.buy(await hookOf(h, byAwkward)));
    expect(await reads.isCancelled(byAwkward.hook, 7n)).to.equal(false);
  });

  it("is the code that the seller has signed for: no other, and none where there is none", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byAwkward, byExact } = h;
    await refused(tx(who.buyer, calls.buy(await hookOf(h, { ...byAwkward, hookCodeHash: hash("code") }))), "Hooks_CodeChanged", byAwkward.hook, byAwkward.hookCodeHash);
    const call = calls.buy(await hookOf(h, byAwkward));
    await networkHelpers.setCode(byAwkward.hook, await ethers.provider.getCode(byExact.hook));
    await refused(tx(who.buyer, call), "Hooks_CodeChanged", byAwkward.hook, byExact.hookCodeHash);
    // An address that never was has the code hash zero, an account without code another one: neither answers.
    const nobody = ethers.getAddress(hash("nobody").slice(0, 42)) as Hex;
    for (const [hook, hookCodeHash] of [[nobody, ZeroHash], [who.at.oem2, keccak256("0x")]] as [Hex, Hex][]) {
      await refused(tx(who.buyer, calls.buy(await hookOf(h, { ...h.open, hook, hookCodeHash }))), "Escrow_HookRefused", hook);
    }
  });
});

describe("Escrow, hook at delivery", () => {
  after(closeProofEngine);

  it("is asked about exactly this page of this deal", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byExact } = h;
    const sold = { ...byExact, pages: [byExact.pages[0]!, byExact.pages[0]!] };
    const { dealId, terms } = await bought(h, await purchase(h, sold));
    const face = new ethers.Interface(["function onDelivery(bytes32,uint256)"]);
    const question = (page: number) => keccak256(face.encodeFunctionData("onDelivery", [dealId, page]));
    const deliver = (page: number) => tx(who.tsp, calls.deliverUnproven(terms, page, h.opening, R, C));
    await h.expecting(question(1), 1n);
    await refused(deliver(0), "Escrow_HookRefused", sold.hook);
    await deliver(1);
    await h.expecting(question(0), 1n);
    await deliver(0);
  });

  it("F34: allows by the word 1 alone; until then the money waits and goes back after deliverBy", async () => {
    const h = await networkHelpers.loadFixture(hookedDeal);
    const { who, calls, terms, byAwkward } = h;
    const attempts = [calls.deliverUnproven(terms, 0, h.opening, R, C), calls.deliverProven(terms, 0, h.opening, NO_PROOF)];
    const moods: [(typeof MOODS)[number], bigint][] = [
      ...[0n, 2n, 10_000n, 2n ** 128n + 1n, 2n ** 256n - 1n].map((answer): ["Answers", bigint] => ["Answers", answer]),
      ["Reverts", 1n],
      ["BurnsGas", 1n],
      ["AnswersLong", 1n],
      ["AnswersShort", 1n],
      ["AnswersHuge", 1n],
    ];
    for (const [name, answer] of moods) {
      await h.mood(name, answer);
      for (const call of attempts) await refused(tx(who.tsp, call), "Escrow_HookRefused", byAwkward.hook);
    }
    await networkHelpers.setCode(byAwkward.hook, await ethers.provider.getCode(h.byExact.hook));
    for (const call of attempts) await refused(tx(who.tsp, call), "Hooks_CodeChanged", byAwkward.hook, h.byExact.hookCodeHash);
    await networkHelpers.time.increaseTo(terms.sale.deliverBy + 1);
    expect(await creditChanges(h, () => tx(who.stranger, calls.refund(terms, 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT });
  });

  it("is asked for a proven delivery too", async () => {
    const h = await networkHelpers.loadFixture(hookedDeal);
    const { who, calls, terms, dealId } = h;
    await h.mood("Answers", 1n);
    await tx(who.tsp, calls.deliverProven(terms, 0, h.opening, await prove(h.deployment.addresses.escrow, dealId)));
  });

  it("is asked by nothing else: receipt, giving up, settlement, challenge and refund do without a hook that refuses", async () => {
    const h = await networkHelpers.loadFixture(hookedDeal);
    const { who, calls, terms, pinned, opening, headers } = h;
    const ends = async (action: () => Promise<unknown>, change: object) => {
      const back = await networkHelpers.takeSnapshot();
      expect(await creditChanges(h, action)).to.deep.equal(change);
      await back.restore();
    };
    await h.mood("Reverts", 0n);
    const paid = { owner: 6_000_003n, oem: 1_000_000n, storage: 500_000n, buyer: DEPOSIT };
    await ends(() => tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { opening })), { ...paid, tsp: 2_500_000n });
    await ends(() => tx(who.tsp, calls.concede(terms, 0)), { buyer: PRICE + DEPOSIT });
    await h.mood("Answers", 1n);
    await tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, C));
    await h.mood("BurnsGas", 0n);
    await ends(
      async () => {
        await networkHelpers.time.increase(1000);
        await tx(who.stranger, calls.settle(terms, 0, pinned, headers));
      },
      { ...paid, tsp: 2_500_000n + BOND },
    );
    await tx(who.buyer, calls.challenge(terms, 0));
    await networkHelpers.time.increase(1000);
    await ends(() => tx(who.stranger, calls.refund(terms, 0)), { buyer: PRICE + DEPOSIT + BOND });
  });
});

describe("Escrow, gas of a hook", () => {
  it("F34: whoever sends the transaction cannot starve an honest hook, so that it looks like a refusal", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byExact } = h;
    /** What comes of a call, with every amount of gas in a range. */
    const starved = async (call: Call, from: Hex): Promise<Set<string>> => {
      const outcomes = new Set<string>();
      for (let gasLimit = 120_000; gasLimit <= 620_000; gasLimit += 3_989) {
        outcomes.add((await outcome(ethers.provider.call({ from, to: call.to, data: call.data, gasLimit }))) ?? "went through");
      }
      outcomes.delete("unknown"); // out of gas before or after the hook
      return outcomes;
    };
    await h.expecting(ZeroHash, 10_000n, 90_000n);
    const buying = await purchase(h, byExact);
    expect(await starved(calls.buy(buying), who.at.buyer)).to.have.all.keys("Hooks_NotEnoughGas", "went through");
    const { terms } = await bought(h, buying);
    await h.expecting(ZeroHash, 1n, 90_000n);
    expect(await starved(calls.deliverUnproven(terms, 0, h.opening, R, C), who.at.tsp)).to.have.all.keys("Hooks_NotEnoughGas", "went through");
  });

  it("F34: is at most 100,000, and the exchange says how much it needs to have left", async () => {
    const h = await networkHelpers.loadFixture(hooked);
    const { who, calls, byExact } = h;
    const call = calls.buy(await purchase(h, byExact));
    await h.expecting(ZeroHash, 10_000n, 99_000n);
    await refused(tx(who.buyer, call), "Escrow_HookRefused", byExact.hook); // its own start costs more than the rest
    await h.expecting(ZeroHash, 10_000n, 92_000n);
    const short: unknown = await ethers.provider.call({ from: who.at.buyer, to: call.to, data: call.data, gasLimit: 200_000 }).catch((error: unknown) => error);
    const { name, args } = decodeError(short)!;
    expect([name, args.needed]).to.deep.equal(["Hooks_NotEnoughGas", String(NEEDED)]);
    expect(Number(args.left)).to.be.within(50_000, 200_000);
    await tx(who.buyer, call);
  });
});
