/** Deals of several pages: each is delivered, challenged, complained of, refunded and settled by itself. */
import { expect } from "chai";
import type { Call } from "../../../sdk/client/index.ts";
import { payouts, versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, held, market, movesOf, openPage, part, plus, proven, split, stock, unprovenOrder } from "../support/disputes.ts";
import { ask, ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { sendAt, signReceipt } from "../support/deal.ts";
import { BOND, PRICE } from "../support/world.ts";

const PAGES = 3;
/** Prices, deposits and bonds that tell the pages apart. */
const price = (page: number): bigint => PRICE + BigInt(page) * 1_000_001n;
const deposit = (page: number): bigint => DEPOSIT - BigInt(page) * 1000n;
const bond = (page: number): bigint => BOND + BigInt(page) * 100_000n;
const back = (page: number): bigint => price(page) + deposit(page);

async function fixture() {
  const w = await market();
  const s = await stock(w, "pages", PAGES, { bad: [1] });
  const lots = [0, 1, 2].map((i) => part(s, i, i + 1));
  const pages = lots.map((lot, i) => openPage(lot, { price: price(i), challengeDeposit: deposit(i), bond: bond(i) }));
  const deal = await buyIt(w, unprovenOrder(w, pages));
  const deliveries = [];
  for (const [page, { keys }] of lots.entries()) deliveries.push(await proven(w, { dealId: deal.dealId, page, keys }));
  const complaint = await complaintAbout(lots[1]!, 0);
  const moves = lots.map((lot, i) => movesOf(w, deal, lot, i));
  return { ...w, lots, pages, ...deal, deliveries, complaint, moves };
}
const load = () => networkHelpers.loadFixture(fixture);
const statesOf = async ({ moves }: Pick<Awaited<ReturnType<typeof fixture>>, "moves">): Promise<string[]> => Promise.all(moves.map(async (move) => (await move.state()).state));

describe("Pages of a deal", () => {
  after(closeProofEngine);

  it("F30: are paid for at once, each with its deposit, and read as Funded until their first move", async () => {
    const f = await load();
    const { reads, terms, dealId, escrow } = f;
    expect(await held(f)).to.equal(back(0) + back(1) + back(2));
    expect(await statesOf(f)).to.deep.equal(["Funded", "Funded", "Funded"]);
    for (const page of [1, 2]) {
      const { key, dealId: id } = await reads.pageOf(terms, page);
      expect([id, key]).to.deep.equal([dealId, ethers.solidityPackedKeccak256(["bytes32", "uint256"], [dealId, page])]);
      expect(await ask(escrow, "keyOf", dealId, page)).to.equal(key);
      expect((await reads.dealOf(key)).state).to.equal("None");
    }
  });

  it("F30: end each in its own way, in any order, with its own money", async () => {
    const f = await load();
    const { who, moves, deliveries, complaint } = f;
    // Page 2 unproven and challenged, page 1 proven and complained of, page 0 never delivered.
    await expectMoney(f, { tsp: -bond(2) }, () => tx(who.tsp, moves[2]!.deliverUnproven(deliveries[2]!)));
    await tx(who.buyer, moves[2]!.challenge());
    await expectMoney(f, { tsp: -bond(1) }, () => tx(who.stranger, moves[1]!.deliverProven(deliveries[1]!)));
    expect(await statesOf(f)).to.deep.equal(["Funded", "DeliveredProven", "Challenged"]);
    await expectMoney(f, { buyer: back(1) + bond(1) }, () => tx(who.stranger, moves[1]!.complain(0, complaint)));
    await expectMoney(f, { tsp: deposit(2) }, () => tx(who.stranger, moves[2]!.answer(deliveries[2]!)));
    await networkHelpers.time.increase(WINDOW + 1);
    await expectMoney(f, { buyer: back(0) }, () => tx(who.stranger, moves[0]!.refund()));
    await expectMoney(f, plus(split(price(2)), { tsp: bond(2) }), () => tx(who.stranger, moves[2]!.settle()));
    expect(await statesOf(f)).to.deep.equal(["Refunded", "Refunded", "Settled"]);
    expect(await held(f)).to.equal(0n);
  });

  it("F30: a page that never comes is refunded, whatever became of the others", async () => {
    for (const missing of [0, 1, 2]) {
      const f = await load();
      const { who, moves, deliveries, terms } = f;
      const others = [0, 1, 2].filter((page) => page !== missing);
      for (const page of others) await tx(who.tsp, moves[page]!.deliverUnproven(deliveries[page]!));
      await networkHelpers.time.increaseTo(terms.sale.deliverBy + WINDOW + 1);
      for (const page of others) await expectMoney(f, plus(split(price(page)), { buyer: deposit(page), tsp: bond(page) }), () => tx(who.stranger, moves[page]!.settle()));
      await expectMoney(f, { buyer: back(missing) }, () => tx(who.stranger, moves[missing]!.refund()));
      expect(await held(f)).to.equal(0n);
    }
  });

  it("F30: one that ended leaves the others as they are, page 0 too", async () => {
    const f = await load();
    const { who, moves, deliveries, dealId, escrow, reads, terms } = f;
    await expectMoney(f, { buyer: back(0) }, () => tx(who.tsp, moves[0]!.concede()));
    expect(await statesOf(f)).to.deep.equal(["Refunded", "Funded", "Funded"]);
    await expectMoney(f, plus(split(price(1)), { buyer: deposit(1) }), () => tx(who.buyer, moves[1]!.receipt()));
    await tx(who.tsp, moves[2]!.deliverUnproven(deliveries[2]!));
    expect(await moves[2]!.state()).to.include({ state: "DeliveredUnproven", endsAt: (await now()) + WINDOW, marks: 8 });
    expect(await statesOf(f)).to.deep.equal(["Refunded", "Settled", "DeliveredUnproven"]);
    const keys = [dealId, (await reads.pageOf(terms, 1)).key];
    for (const [page, call] of [[0, moves[0]!.receipt()], [1, moves[1]!.concede()], [0, moves[0]!.deliverUnproven(deliveries[0]!)], [1, moves[1]!.deliverProven(deliveries[1]!)]] as [number, Call][]) {
      await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(keys[page], page === 0 ? 6 : 5);
    }
  });

  it("F5: have windows of their own", async () => {
    const f = await load();
    const { who, moves, deliveries, escrow } = f;
    const start = (await now()) + 5;
    for (const page of [0, 1, 2]) await sendAt(start + 20 * page, who.tsp, moves[page]!.deliverUnproven(deliveries[page]!));
    await expect(sendAt(start + WINDOW + 1, who.buyer, moves[0]!.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_TooLate");
    await sendAt(start + WINDOW + 1, who.stranger, moves[0]!.settle());
    await expect(sendAt(start + WINDOW + 2, who.stranger, moves[1]!.settle())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet");
    await sendAt(start + WINDOW + 20, who.buyer, moves[1]!.challenge());
    expect(await statesOf(f)).to.deep.equal(["Settled", "Challenged", "DeliveredUnproven"]);
  });

  it("F24: a proof is for one page: contexts have 248 bits and differ by page and deal", async () => {
    const f = await load();
    const { who, moves, deliveries, dealId, escrow } = f;
    const contexts = await Promise.all([0, 1, 2].map(async (page) => (await ask(escrow, "contextOf", dealId, page)) as bigint));
    expect(new Set(contexts).size).to.equal(3);
    for (const context of contexts) expect(context >> 248n).to.equal(0n);
    const elsewhere = await proven(f, { dealId, page: 2, keys: f.lots[0]!.keys });
    await expect(tx(who.tsp, moves[0]!.deliverProven(elsewhere))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
    await expect(tx(who.tsp, moves[0]!.deliverProven(deliveries[1]!))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
  });

  it("F2: an answer for one page is none for another, even of the same delivery", async () => {
    const f = await load();
    const { who, moves, deliveries, escrow, reads, terms, dealId } = f;
    await tx(who.tsp, moves[0]!.deliverUnproven(deliveries[0]!));
    await tx(who.tsp, moves[2]!.deliverUnproven(deliveries[0]!));
    expect(await reads.deliveryOf(dealId)).to.equal(await reads.deliveryOf((await reads.pageOf(terms, 2)).key));
    await tx(who.buyer, moves[2]!.challenge());
    await expect(tx(who.tsp, moves[2]!.answer(deliveries[0]!))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
    await expect(tx(who.tsp, moves[2]!.answer(deliveries[2]!))).to.be.revertedWithCustomError(escrow, "Escrow_NotWhatWasDelivered");
  });

  it("are opened by their own lots and receipted by their own receipts", async () => {
    const f = await load();
    const { who, calls, moves, terms, deliveries, escrow, dealId, text, lots } = f;
    await expect(tx(who.tsp, calls.deliverProven(terms, 0, { lots: lots[1]!.lots, formers: [] }, deliveries[1]!))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    const receipt = await signReceipt(f, "buyer", dealId, 1);
    const settle = (page: number): Call => calls.settleByReceipt(terms, page, versionTerms(text), { signature: receipt, opening: { lots: lots[page]!.lots, formers: [] } });
    for (const page of [0, 2]) await expect(tx(who.tsp, settle(page))).to.be.revertedWithCustomError(escrow, "Escrow_BadReceipt").withArgs(who.at.buyer);
    await expectMoney(f, plus(split(price(1)), { buyer: deposit(1) }), () => tx(who.tsp, settle(1)));
    await tx(who.tsp, moves[0]!.deliverProven(deliveries[0]!));
    await expect(tx(who.stranger, moves[0]!.settle(lots[1]!.hashes))).to.be.revertedWithCustomError(escrow, "Escrow_NotYet");
    await networkHelpers.time.increase(WINDOW + 1);
    await expect(tx(who.stranger, moves[0]!.settle(lots[1]!.hashes))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
  });

  it("that a deal has not are refused in every move", async () => {
    const f = await load();
    const { who, lots, escrow, deliveries, complaint } = f;
    for (const page of [3, 32, 2 ** 32]) {
      const none = movesOf(f, f, lots[1]!, page);
      for (const call of [none.deliverUnproven(deliveries[1]!), none.deliverProven(deliveries[1]!), none.challenge(), none.answer(deliveries[1]!), none.concede(), none.refund(), none.complain(0, complaint), none.refundBad(0), none.settle(), none.receipt()]) {
        await expect(tx(who.tsp, call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_NoSuchPage").withArgs(page, PAGES);
      }
    }
  });

  it("F31: over the same bad lot are refunded one by one, each by itself", async () => {
    const f = await load();
    const { who, lots, deliveries, moves, complaint } = f;
    const deal = await buyIt(f, unprovenOrder(f, [openPage(lots[1]!), openPage(lots[1]!), openPage(lots[0]!)]));
    const twice = [0, 1, 2].map((page) => movesOf(f, deal, lots[page === 2 ? 0 : 1]!, page));
    await tx(who.tsp, twice[1]!.deliverUnproven(deliveries[1]!));
    await tx(who.tsp, moves[1]!.deliverProven(deliveries[1]!));
    await tx(who.stranger, moves[1]!.complain(0, complaint));
    await expectMoney(f, { buyer: PRICE + DEPOSIT }, () => tx(who.stranger, twice[0]!.refundBad(0)));
    await expectMoney(f, { buyer: PRICE + DEPOSIT + BOND }, () => tx(who.stranger, twice[1]!.refundBad(0)));
    await expectMoney(f, plus(split(PRICE), { buyer: DEPOSIT }), () => tx(who.buyer, twice[2]!.receipt()));
  });

  it("F40: pay out their price to the unit: fee, OEM, agent and storage rounded down, the dust to the owner", async () => {
    const f = await load();
    const { who, calls, lots, deployment: { addresses: { qdd } } } = f;
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...(await f.reads.tokenTermsOf(qdd)), feeBps: 333 }));
    const prices = [2_000_001n, 2_000_099n, 3_333_333n];
    const deal = await buyIt(f, unprovenOrder(f, lots.map((lot, i) => openPage(lot, { price: prices[i]! }))));
    for (const [page, lot] of lots.entries()) {
      const { owner, oem, agent, storage, fee } = payouts(prices[page]!, 333, { ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 });
      const net = prices[page]! - fee;
      expect(owner).to.be.at.least((net * 6000n) / 10_000n);
      expect(owner + oem + agent + storage + fee).to.equal(prices[page]);
      expect(fee).to.equal((prices[page]! * 333n) / 10_000n);
      await expectMoney(f, { owner, oem, tsp: agent, storage, feeTaker: fee, buyer: DEPOSIT }, () => tx(who.buyer, movesOf(f, deal, lot, page).receipt()));
    }
  });
});
