/** Reserved deals: what an order matched by rule is, until the buyer has inspected it. */
import { expect } from "chai";
import { type Call } from "../../../sdk/client/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, held, market, movesOf, openPage, part, plus, proven, provenOrder, provenPage, reserve, split, stock, unproven, unprovenOrder } from "../support/disputes.ts";
import { networkHelpers, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, PROVEN_ONLY, sendAt } from "../support/deal.ts";
import { BOND, PRICE } from "../support/world.ts";

const INSPECT = 50;
const TOTAL = 3n * PRICE + 2n * DEPOSIT;

/** Two pages of a lot each, the second over a spoiled batch; `other` is a deal of the same second lot. */
async function fixture() {
  const w = await market();
  const { qdd } = w.deployment.addresses;
  await tx(w.who.buyer, w.calls.deposit(qdd, w.who.at.buyer, 1_000_000_000n));
  const s = await stock(w, "reserved", 2, { bad: [1] });
  const lots = [part(s, 0, 1), part(s, 1, 2)] as const;
  const other = await buyIt(w, provenOrder(w, [provenPage(lots[1])]));
  const delivery = await proven(w, { ...other, keys: lots[1].keys });
  const sold = unprovenOrder(w, [openPage(lots[0]), openPage(lots[1], { price: 2n * PRICE })]);
  const deal = await reserve(w, sold, INSPECT);
  const complaint = await complaintAbout(lots[1], 0);
  const moves = [movesOf(w, deal, lots[0], 0), movesOf(w, deal, lots[1], 1)] as const;
  return { ...w, s, lots, sold, ...deal, moves, other: movesOf(w, other, lots[1]), delivery, complaint };
}
const load = () => networkHelpers.loadFixture(fixture);
type Fixture = Awaited<ReturnType<typeof fixture>>;

/** Makes the second lot's header bad by the other deal. */
async function spoilHeader(f: Fixture): Promise<void> {
  await tx(f.who.tsp, f.other.deliverProven(f.delivery));
  await tx(f.who.stranger, f.other.complain(0, f.complaint));
}

describe("A reserved deal", () => {
  after(closeProofEngine);

  it("F10: is rejected by its buyer up to the last second of the inspection, all pages with their deposits", async () => {
    const f = await load();
    const { who, calls, terms, dealId, escrow, moves, reads } = f;
    for (const role of ["stranger", "tsp", "owner"] as const) {
      await expect(tx(who[role], calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotBuyer").withArgs(who.at[role], who.at.buyer);
      await expect(tx(who[role], calls.accept(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotBuyer").withArgs(who.at[role], who.at.buyer);
    }
    const before = await held(f);
    await expectMoney(f, { buyer: TOTAL }, async () => {
      await expect(sendAt(terms.sale.inspectBy, who.buyer, calls.reject(terms))).to.emit(escrow, "Rejected").withArgs(dealId, TOTAL);
    });
    expect(await held(f)).to.equal(before - TOTAL);
    expect([(await moves[0].state()).state, (await moves[1].state()).state]).to.deep.equal(["Cancelled", "Cancelled"]);
    expect((await reads.dealOf(dealId)).state).to.equal("Cancelled");
  });

  it("F10: can no longer be rejected a second later; then it is delivered and ends as any other", async () => {
    const f = await load();
    const { who, calls, terms, escrow, moves, dealId, lots } = f;
    const late = terms.sale.inspectBy + 1;
    await expect(sendAt(late, who.buyer, calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotReserved").withArgs(terms.sale.inspectBy, late);
    await expect(tx(who.buyer, calls.accept(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotReserved");
    await tx(who.tsp, moves[0].deliverUnproven(unproven(f, { dealId, keys: lots[0].keys })));
    await expectMoney(f, plus(split(PRICE), { buyer: DEPOSIT, tsp: BOND }), async () => {
      await networkHelpers.time.increase(WINDOW + 1);
      await tx(who.stranger, moves[0].settle());
    });
  });

  it("F10: is not delivered while the buyer inspects, and at once when the buyer has accepted", async () => {
    const f = await load();
    const { who, calls, terms, escrow, moves, dealId, lots } = f;
    const deliveries = [0, 1].map((page) => moves[page as 0 | 1].deliverUnproven(unproven(f, { dealId, page, keys: lots[page as 0 | 1].keys })));
    for (const call of [...deliveries, moves[1].deliverProven(await proven(f, { dealId, page: 1, keys: lots[1].keys }))]) {
      await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_Reserved");
    }
    await expect(sendAt(terms.sale.inspectBy - 10, who.buyer, calls.accept(terms))).to.emit(escrow, "Accepted").withArgs(dealId);
    for (const call of deliveries) await tx(who.tsp, call);
    // The acceptance is the buyer's last word.
    for (const call of [calls.reject(terms), calls.accept(terms)]) await expect(tx(who.buyer, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    expect([(await moves[0].state()).state, (await moves[1].state()).state]).to.deep.equal(["DeliveredUnproven", "DeliveredUnproven"]);
  });

  it("F10: an accepted deal that nobody delivered yet is not rejected either", async () => {
    const { who, calls, terms, escrow } = await load();
    await tx(who.buyer, calls.accept(terms));
    await expect(tx(who.buyer, calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotReserved");
  });

  it("F10: no page of it ends before the inspection does: a rejection would pay that page twice", async () => {
    const f = await load();
    const { who, calls, terms, moves, escrow } = f;
    await spoilHeader(f);
    const before = await held(f);
    const tries: [Fixture["who"]["buyer"], Call][] = [
      [who.buyer, moves[0].receipt()],
      [who.stranger, await moves[1].signedReceipt()],
      [who.tsp, moves[0].concede()],
      [who.tsp, moves[1].concede()],
      [who.stranger, moves[1].refundBad(0)],
    ];
    for (const [by, call] of tries) await expect(tx(by, call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_Reserved");
    await expectMoney(f, { buyer: TOTAL }, () => tx(who.buyer, calls.reject(terms)));
    expect(await held(f)).to.equal(before - TOTAL);
    for (const [by, call] of tries) await expect(tx(by, call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
  });

  it("F10: a seller that gives up page 0 does not take the right to reject the other pages away", async () => {
    const f = await load();
    const { who, calls, terms, moves, escrow } = f;
    await expect(tx(who.tsp, moves[0].concede())).to.be.revertedWithCustomError(escrow, "Escrow_Reserved");
    await expectMoney(f, { buyer: TOTAL }, () => tx(who.buyer, calls.reject(terms)));
  });

  it("F10: after acceptance a bad header is refunded, a receipt settles, the seller may concede", async () => {
    const f = await load();
    const { who, calls, terms, moves, lots } = f;
    await spoilHeader(f);
    const twin = await reserve(f, provenOrder(f, [provenPage(lots[0])]), INSPECT);
    await tx(who.buyer, calls.accept(terms));
    await tx(who.buyer, calls.accept(twin.terms));
    await expectMoney(f, { buyer: 2n * PRICE + DEPOSIT }, () => tx(who.stranger, moves[1].refundBad(0)));
    await expectMoney(f, plus(split(PRICE), { buyer: DEPOSIT }), () => tx(who.buyer, moves[0].receipt()));
    await expectMoney(f, { buyer: PRICE }, () => tx(who.tsp, movesOf(f, twin, lots[0]).concede()));
  });

  it("F10: deliverBy counts from the end of the inspection, and a rejected deal is refunded to nobody again", async () => {
    const f = await load();
    const { who, calls, terms, moves, escrow } = f;
    expect(terms.sale.deliverBy - terms.sale.inspectBy).to.equal(WINDOW);
    await expect(sendAt(terms.sale.inspectBy + 1, who.stranger, moves[0].refund())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(terms.sale.deliverBy, terms.sale.inspectBy + 1);
    const again = await load();
    await tx(again.who.buyer, calls.reject(terms));
    await networkHelpers.time.increaseTo(terms.sale.deliverBy + 1);
    for (const call of [moves[0].refund(), moves[1].refund(), calls.reject(terms), calls.accept(terms)]) {
      await expect(tx(who.buyer, call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    }
  });

  it("F10: deals bought by the buyer itself are never reserved, nor those without an inspection time", async () => {
    const f = await load();
    const { who, calls, escrow, sold } = f;
    for (const { terms } of [await buyIt(f, sold), await reserve(f, sold, 0)]) {
      expect(terms.sale.inspectBy).to.equal(0);
      await expect(tx(who.buyer, calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotReserved");
    }
  });

  it("F10: an operator pays for a reserved deal and its buyer decides about it and is paid back", async () => {
    const f = await load();
    const { who, calls, escrow, sold, deployment: { addresses: { qdd } } } = f;
    await tx(who.buyer, calls.transferCredit(who.at.buyer, qdd, who.at.stranger, TOTAL));
    await expect(reserve(f, sold, INSPECT, "stranger")).to.be.revertedWithCustomError(escrow, "Escrow_NotOperator").withArgs(who.at.buyer, who.at.stranger);
    await tx(who.buyer, calls.setOperator(who.at.stranger, true));
    const before = await held(f);
    const { terms } = await reserve(f, sold, INSPECT, "stranger");
    expect(await held(f)).to.equal(before + TOTAL);
    await expect(tx(who.stranger, calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_NotBuyer");
    await expectMoney(f, { buyer: TOTAL }, () => tx(who.buyer, calls.reject(terms)));
  });

  it("F10: an all-or-nothing deal is rejected whole, once", async () => {
    const f = await load();
    const { who, calls, lots, escrow } = f;
    const { terms } = await reserve(f, provenOrder(f, [provenPage(lots[0]), provenPage(lots[1])], { flags: PROVEN_ONLY | ALL_OR_NOTHING }), INSPECT);
    await expectMoney(f, { buyer: 2n * PRICE }, () => tx(who.buyer, calls.reject(terms)));
    await expect(tx(who.buyer, calls.reject(terms))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
  });
});
