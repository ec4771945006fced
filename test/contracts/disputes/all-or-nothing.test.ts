/** All-or-nothing deals: pages delivered one by one, that end as one. */
import { expect } from "chai";
import type { Call } from "../../../sdk/client/index.ts";
import { versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, expectMoney, held, market, movesOf, part, plus, proven, provenOrder, provenPage, split, stock } from "../support/disputes.ts";
import { networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, PROVEN_ONLY, sendAt } from "../support/deal.ts";
import { BOND, PRICE } from "../support/world.ts";

const price = (page: number): bigint => PRICE + BigInt(page) * 1_000_001n;
const bond = (page: number): bigint => BOND + BigInt(page) * 100_000n;
const TOTAL = price(0) + price(1) + price(2);
const BONDS = bond(0) + bond(1) + bond(2);

async function fixture() {
  const w = await market();
  const s = await stock(w, "whole", 3, { bad: [1] });
  const lots = [0, 1, 2].map((i) => part(s, i, i + 1));
  const pages = lots.map((lot, i) => provenPage(lot, { price: price(i), bond: bond(i) }));
  const deal = await buyIt(w, provenOrder(w, pages, { flags: ALL_OR_NOTHING | PROVEN_ONLY }));
  const other = await buyIt(w, provenOrder(w, [provenPage(lots[1]!)]));
  const deliveries = [];
  for (const [page, { keys }] of lots.entries()) deliveries.push(await proven(w, { dealId: deal.dealId, page, keys }));
  const otherDelivery = await proven(w, { dealId: other.dealId, keys: lots[1]!.keys });
  const complaint = await complaintAbout(lots[1]!, 0);
  const moves = lots.map((lot, i) => movesOf(w, deal, lot, i));
  // What brings headers or openings of all pages.
  const whole = movesOf(w, deal, s, 0);
  return { ...w, s, lots, pages, ...deal, deliveries, complaint, moves, whole, other: movesOf(w, other, lots[1]!), otherDelivery };
}
const load = () => networkHelpers.loadFixture(fixture);
type Fixture = Awaited<ReturnType<typeof fixture>>;

const deliver = async (f: Fixture, ...pages: number[]): Promise<void> => {
  for (const page of pages) await tx(f.who.tsp, f.moves[page]!.deliverProven(f.deliveries[page]!));
};
/** Makes the header of page 1 bad by another deal. */
async function spoilHeader(f: Fixture): Promise<void> {
  await tx(f.who.tsp, f.other.deliverProven(f.otherDelivery));
  await tx(f.who.stranger, f.other.complain(0, f.complaint));
}

describe("An all-or-nothing deal", () => {
  after(closeProofEngine);

  it("F30: is delivered page by page in any order; the last starts the one window, and all settle together", async () => {
    const f = await load();
    const { who, moves, deliveries, whole, escrow } = f;
    const start = (await now()) + 10;
    for (const [i, page] of [2, 0, 1].entries()) {
      await expectMoney(f, { tsp: -bond(page) }, () => sendAt(start + 50 * i, who.tsp, moves[page]!.deliverProven(deliveries[page]!)));
      const { state, endsAt, delivered } = await whole.state();
      expect([state, delivered]).to.deep.equal(i < 2 ? ["Funded", [0b100, 0b101][i]] : ["DeliveredProven", 0b111]);
      expect(endsAt).to.equal(i < 2 ? 0 : start + 100 + WINDOW);
    }
    const end = start + 100 + WINDOW;
    await expect(sendAt(end, who.stranger, whole.settle())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(end, end);
    await expectMoney(f, plus(split(TOTAL), { tsp: BONDS }), () => sendAt(end + 1, who.stranger, whole.settle()));
    expect(await held(f)).to.equal(PRICE); // the other deal's
    for (const page of [0, 1, 2]) expect((await moves[page]!.state()).state).to.equal("Settled");
  });

  it("F30: with a page missing refunds everything and frees the bonds of the pages that came", async () => {
    for (const pages of [[], [1], [2, 0]]) {
      const f = await load();
      const { who, whole, terms, escrow, moves, deliveries } = f;
      await deliver(f, ...pages);
      const freed = pages.reduce((sum, page) => sum + bond(page), 0n);
      await expect(sendAt(terms.sale.deliverBy, who.stranger, whole.refund())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet");
      await expectMoney(f, { buyer: TOTAL, tsp: freed }, () => sendAt(terms.sale.deliverBy + 1, who.stranger, whole.refund()));
      await expect(tx(who.tsp, moves[0]!.deliverProven(deliveries[0]!))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    }
  });

  it("F30: settles none of its pages before all are in", async () => {
    const f = await load();
    const { who, whole, escrow } = f;
    await deliver(f, 0, 2);
    await networkHelpers.time.increase(3 * WINDOW);
    await expect(tx(who.stranger, whole.settle())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(f.dealId, 1);
    // A late page counts as long as nobody has refunded, and the window is a full one.
    await deliver(f, 1);
    expect(await whole.state()).to.include({ state: "DeliveredProven", endsAt: (await now()) + WINDOW });
  });

  it("F6: takes no page twice, so that no bond is locked twice", async () => {
    const f = await load();
    const { who, moves, deliveries, escrow } = f;
    await deliver(f, 0);
    await expectMoney(f, {}, async () => {
      await expect(tx(who.stranger, moves[0]!.deliverProven(deliveries[0]!))).to.be.revertedWithCustomError(escrow, "Escrow_AlreadyDelivered").withArgs(0);
    });
    await deliver(f, 1, 2);
    await expect(tx(who.stranger, moves[1]!.deliverProven(deliveries[1]!))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(f.dealId, 4);
  });

  it("ends by its page 0 alone", async () => {
    const f = await load();
    const { who, moves, escrow } = f;
    const tries = async (page: number): Promise<void> => {
      const { settle, receipt, concede, refund } = moves[page]!;
      for (const call of [settle(), receipt(), concede(), refund()]) {
        for (const role of ["buyer", "tsp", "stranger"] as const) await expect(tx(who[role], call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_NoSuchPage").withArgs(page, 1);
      }
    };
    await tries(1);
    await deliver(f, 0, 1, 2);
    await networkHelpers.time.increase(3 * WINDOW);
    for (const page of [1, 2]) await tries(page);
  });

  it("is proven only: no challenge, no unproven page", async () => {
    const f = await load();
    const { who, moves, deliveries, escrow } = f;
    await expect(tx(who.tsp, moves[0]!.deliverUnproven(deliveries[0]!))).to.be.revertedWithCustomError(escrow, "Escrow_ProvenOnly");
    await deliver(f, 0, 1, 2);
    for (const page of [0, 1]) await expect(tx(who.buyer, moves[page]!.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
  });

  it("F30: is settled by one receipt from every state, with the lots or headers of all pages in their order", async () => {
    for (const pages of [[], [2], [0, 1], [0, 1, 2]]) {
      const f = await load();
      const { who, whole, terms, calls, escrow, lots, s, text } = f;
      await deliver(f, ...pages);
      const freed = pages.reduce((sum, page) => sum + bond(page), 0n);
      const receipt = (order: number[]): Call =>
        calls.settleByReceipt(terms, 0, versionTerms(text), { opening: { lots: order.map((page) => lots[page]!.lots[0]!), formers: [] }, headers: order.map((page) => s.hashes[page]!) });
      await expect(tx(who.buyer, receipt([0, 2, 1]))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
      if (pages.length < 3) await expect(tx(who.buyer, receipt([0, 1]))).to.be.revertedWithPanic(0x32);
      else await expect(tx(who.buyer, receipt([0, 1]))).to.be.revertedWithCustomError(escrow, "Escrow_LotCount").withArgs(2);
      await expect(tx(who.tsp, calls.settleByReceipt(terms, 0, versionTerms(text), { opening: { lots: s.lots, formers: [] }, headers: s.hashes }))).to.be.revertedWithCustomError(escrow, "Escrow_BadReceipt");
      await expectMoney(f, plus(split(TOTAL), { tsp: freed }), () => tx(who.buyer, whole.receipt()));
    }
  });

  it("is settled after the window with the headers of all pages, none less", async () => {
    const f = await load();
    const { who, whole, escrow, s } = f;
    await deliver(f, 0, 1, 2);
    await networkHelpers.time.increase(WINDOW + 1);
    for (const hashes of [[], s.hashes.slice(0, 1), s.hashes.slice(0, 2)]) await expect(tx(who.stranger, whole.settle(hashes))).to.be.revertedWithCustomError(escrow, "Escrow_LotCount").withArgs(hashes.length);
    await expect(tx(who.stranger, whole.settle([s.hashes[1]!, s.hashes[0]!, s.hashes[2]!]))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    await tx(who.stranger, whole.settle());
  });

  it("F30: a right complaint about one page refunds all with all bonds", async () => {
    const f = await load();
    const { who, moves, complaint, escrow, dealId } = f;
    await deliver(f, 0, 1);
    // Before the last page nothing was delivered yet.
    await expect(tx(who.buyer, moves[1]!.complain(0, complaint))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 1);
    await deliver(f, 2);
    await expect(tx(who.buyer, moves[0]!.complain(0, complaint, f.lots[1]!.hashes, f.lots[1]!.words[0]))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    await expectMoney(f, { buyer: TOTAL + BONDS }, () => tx(who.stranger, moves[1]!.complain(0, complaint)));
    for (const page of [0, 1, 2]) expect((await moves[page]!.state()).state).to.equal("Refunded");
  });

  it("F5: a complaint counts to the last second of the one window", async () => {
    const f = await load();
    await deliver(f, 0, 1, 2);
    const end = (await now()) + WINDOW;
    await expect(sendAt(end + 1, f.who.buyer, f.moves[1]!.complain(0, f.complaint))).to.be.revertedWithCustomError(f.escrow, "Escrow_TooLate").withArgs(end, end + 1);
    const g = await load();
    await deliver(g, 0, 1, 2);
    const last = (await now()) + WINDOW;
    await expectMoney(g, { buyer: TOTAL + BONDS }, () => sendAt(last, g.who.buyer, g.moves[1]!.complain(0, g.complaint)));
  });

  it("F31: with a header shown bad elsewhere is refunded from every state, with the bonds once all pages are in", async () => {
    const f = await load();
    await deliver(f, 0);
    await spoilHeader(f);
    await expect(tx(f.who.tsp, f.moves[1]!.deliverProven(f.deliveries[1]!))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad");
    await expect(tx(f.who.buyer, f.whole.receipt())).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad");
    await expect(tx(f.who.buyer, f.moves[0]!.refundBad(0))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderNotBad");
    await expectMoney(f, { buyer: TOTAL, tsp: bond(0) }, () => tx(f.who.stranger, f.moves[1]!.refundBad(0)));

    const g = await load();
    await deliver(g, 0, 1);
    await spoilHeader(g);
    await deliver(g, 2); // its own lot is good
    await networkHelpers.time.increase(WINDOW + 1);
    for (const call of [g.whole.settle(), g.whole.receipt()]) await expect(tx(g.who.buyer, call), call.what).to.be.revertedWithCustomError(g.escrow, "Escrow_HeaderBad").withArgs(g.s.hashes[1]);
    await expectMoney(g, { buyer: TOTAL + BONDS }, () => tx(g.who.stranger, g.moves[1]!.refundBad(0)));
  });

  it("F41: is conceded whole: nothing is lost before the last page, all bonds after it", async () => {
    const f = await load();
    await deliver(f, 0, 2);
    await expectMoney(f, { buyer: TOTAL, tsp: bond(0) + bond(2) }, () => tx(f.who.tsp, f.whole.concede()));
    const g = await load();
    await deliver(g, 0, 1, 2);
    await expectMoney(g, { buyer: TOTAL + BONDS }, () => tx(g.who.tsp, g.whole.concede()));
  });
});
