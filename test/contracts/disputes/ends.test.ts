/** How pages end that nobody settled: conceded, late, and what no change outside the deal can do to them. */
import { expect } from "chai";
import type { Call } from "../../../sdk/client/index.ts";
import { sixPairs, versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, held, market, movesOf, openPage, plus, proven, provenOrder, provenPage, split, stock, unprovenOrder } from "../support/disputes.ts";
import { networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { sendAt } from "../support/deal.ts";
import { agree, BOND, PRICE } from "../support/world.ts";

async function fixture() {
  const w = await market();
  const s = await stock(w, "ends", 1, { bad: [0] });
  const deal = await buyIt(w, unprovenOrder(w, [openPage(s)]));
  const twin = await buyIt(w, provenOrder(w, [provenPage(s)]));
  const delivery = await proven(w, { ...deal, keys: s.keys });
  const twinDelivery = await proven(w, { ...twin, keys: s.keys });
  const complaint = await complaintAbout(s, 0);
  return { ...w, s, ...deal, twin, delivery, twinDelivery, complaint, moves: movesOf(w, deal, s), twinMoves: movesOf(w, twin, s) };
}
const load = () => networkHelpers.loadFixture(fixture);

describe("Conceding", () => {
  after(closeProofEngine);

  it("F41: costs nothing before a delivery, the bond after one: else a seller would dodge every complaint that it sees coming", async () => {
    const f = await load();
    const { who, moves, twinMoves, delivery, twinDelivery, complaint, dealId, escrow, reads, s } = f;
    const third = movesOf(f, await buyIt(f, unprovenOrder(f, [openPage(s)])), s);
    await expectMoney(f, { buyer: PRICE + DEPOSIT }, () => tx(who.tsp, third.concede()));
    await tx(who.tsp, moves.deliverUnproven(delivery));
    await tx(who.tsp, twinMoves.deliverProven(twinDelivery));
    // The complaint is on its way; conceding first saves the seller nothing.
    await expectMoney(f, { buyer: PRICE + DEPOSIT + BOND }, async () => {
      await expect(tx(who.tsp, moves.concede())).to.emit(escrow, "Refunded").withArgs(dealId, 0, 1, PRICE + DEPOSIT, BOND);
    });
    await expectMoney(f, { buyer: PRICE + BOND }, () => tx(who.tsp, twinMoves.concede()));
    await expect(tx(who.buyer, moves.complain(0, complaint))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    expect((await reads.markOf(s.hashes[0]!)).bad).to.equal(false);
  });

  it("is the seller's alone", async () => {
    const { who, moves, escrow, delivery } = await load();
    for (const step of [moves.deliverUnproven(delivery), null]) {
      for (const role of ["buyer", "stranger", "owner", "foundation", "guardian"] as const) {
        await expect(tx(who[role], moves.concede())).to.be.revertedWithCustomError(escrow, "Escrow_NotSeller").withArgs(who.at[role], who.at.tsp);
      }
      if (step !== null) await tx(who.tsp, step);
    }
  });
});

describe("A late page", () => {
  after(closeProofEngine);

  it("F6: no move of the buyer leads out of Funded before deliverBy, so that a delivery on its way is not reverted", async () => {
    const f = await load();
    const { who, calls, terms, moves, escrow, delivery, dealId } = f;
    const tries: [Call, string][] = [
      [moves.refund(), "Escrow_NotYet"],
      [moves.challenge(), "Escrow_WrongState"],
      [moves.concede(), "Escrow_NotSeller"],
      [moves.complain(0, f.complaint), "Escrow_WrongState"],
      [moves.refundBad(0), "Escrow_HeaderNotBad"],
      [moves.settle(), "Escrow_WrongState"],
      [calls.reject(terms), "Escrow_NotReserved"],
      [calls.accept(terms), "Escrow_NotReserved"],
      [moves.answer(delivery), "Escrow_WrongState"],
    ];
    await expectMoney(f, {}, async () => {
      for (const [call, refusal] of tries) await expect(tx(who.buyer, call), call.what).to.be.revertedWithCustomError(escrow, refusal);
    });
    expect((await moves.state()).state).to.equal("Funded");
    await tx(who.tsp, moves.deliverProven(delivery));
    expect((await f.reads.dealOf(dealId)).state).to.equal("DeliveredProven");
  });

  it("F6: is delivered as long as nobody has refunded it, and not after", async () => {
    const f = await load();
    const { who, moves, twinMoves, terms, twin, delivery, twinDelivery, escrow } = f;
    const late = Math.max(terms.sale.deliverBy, twin.terms.sale.deliverBy) + 1000;
    await expectMoney(f, { tsp: -BOND }, () => sendAt(late, who.tsp, moves.deliverUnproven(delivery)));
    await expect(tx(who.buyer, moves.refund())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    await expectMoney(f, { buyer: PRICE }, () => tx(who.stranger, twinMoves.refund()));
    for (const call of [twinMoves.deliverProven(twinDelivery), twinMoves.receipt()]) {
      await expect(tx(who.buyer, call)).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(twin.dealId, 6);
    }
  });

  it("is refunded by anyone from the second after deliverBy", async () => {
    const f = await load();
    const { who, moves, terms, escrow } = f;
    const { deliverBy } = terms.sale;
    await expect(sendAt(deliverBy, who.buyer, moves.refund())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(deliverBy, deliverBy);
    await expectMoney(f, { buyer: PRICE + DEPOSIT }, () => sendAt(deliverBy + 1, who.stranger, moves.refund()));
  });

  it("F8: a delivery for a purchase that a reorganisation took back finds no deal, whoever has bought the order since", async () => {
    const w = await market();
    const s = await stock(w, "reorg", 1);
    const sold = unprovenOrder(w, [openPage(s)]);
    const before = await networkHelpers.takeSnapshot();
    const taken = await buyIt(w, sold);
    const delivery = await proven(w, { ...taken, keys: s.keys });
    await before.restore();
    // The other chain: the purchase comes a second later, and so is another deal.
    await networkHelpers.time.increase(1);
    const stands = await buyIt(w, sold);
    expect(stands.dealId).to.not.equal(taken.dealId);
    const gone = movesOf(w, taken, s);
    await expectMoney(w, {}, async () => {
      for (const call of [gone.deliverUnproven(delivery), gone.deliverProven(delivery)]) {
        await expect(tx(w.who.tsp, call)).to.be.revertedWithCustomError(w.escrow, "Escrow_WrongState").withArgs(taken.dealId, 0);
      }
      await expect(tx(w.who.tsp, movesOf(w, stands, s).deliverProven(delivery))).to.be.revertedWithCustomError(w.escrow, "Escrow_BadProof");
    });
    expect((await w.reads.dealOf(stands.dealId)).state).to.equal("Funded");
  });
});

describe("Bonds", () => {
  after(closeProofEngine);

  it("F4: every delivery on chain locks one, proven or not, out of the seller's credit, and fails where that does not cover it", async () => {
    const f = await load();
    const { who, calls, moves, twinMoves, delivery, twinDelivery, escrow, deployment: { addresses: { qdd } } } = f;
    const all = await f.reads.creditOf(who.at.tsp, qdd);
    await tx(who.tsp, calls.withdraw(qdd, who.at.tsp, all - BOND + 1n));
    for (const call of [moves.deliverUnproven(delivery), twinMoves.deliverProven(twinDelivery)]) {
      await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Ledger_NotEnough").withArgs(who.at.tsp, qdd, BOND - 1n, BOND);
    }
    await tx(who.tsp, calls.approve(qdd, BOND + 1n));
    await tx(who.tsp, calls.deposit(qdd, who.at.tsp, BOND + 1n));
    const before = await held(f);
    for (const call of [moves.deliverUnproven(delivery), twinMoves.deliverProven(twinDelivery)]) await expectMoney(f, { tsp: -BOND }, () => tx(who.tsp, call));
    expect(await held(f)).to.equal(before + 2n * BOND);
    // Locked is locked.
    await expect(tx(who.tsp, calls.withdraw(qdd, who.at.tsp, 1n))).to.be.revertedWithCustomError(escrow, "Ledger_NotEnough").withArgs(who.at.tsp, qdd, 0, 1);
  });

  it("F4: one that is slashed is the buyer's in whole, on the proven path too; one that is not comes back in whole", async () => {
    const f = await load();
    const { who, moves, twinMoves, delivery, twinDelivery, complaint } = f;
    await tx(who.tsp, moves.deliverUnproven(delivery));
    await tx(who.tsp, twinMoves.deliverProven(twinDelivery));
    await expectMoney(f, plus(split(PRICE), { tsp: BOND, buyer: DEPOSIT }), () => tx(who.buyer, moves.receipt()));
    await expectMoney(f, { buyer: PRICE + BOND }, () => tx(who.stranger, twinMoves.complain(0, complaint)));
  });
});

describe("After purchase", () => {
  after(closeProofEngine);

  it("F17: denial, end, another version, transfer, fee, stop and delisting change nothing in delivery, challenge, answer, complaint, refund and settlement", async () => {
    const f = await load();
    const { who, calls, vehicle, text, moves, twinMoves, delivery, twinDelivery, complaint, escrow, deployment: { addresses: { qdd } }, agreement } = f;
    const third = movesOf(f, await buyIt(f, unprovenOrder(f, [openPage(f.s)])), f.s);
    const changed = { ...text, nonce: 1, agent: who.at.tsp2, pairs: sixPairs([{ dataClass: 2, privacy: 1, ownerBps: 0, oemBps: 0, agentBps: 10_000, storageBps: 0 }]) };
    await agree(f, changed);
    await tx(who.owner, calls.deny(vehicle, 1, 2, 1));
    await tx(who.oem, calls.end(vehicle, 1));
    await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
    await tx(who.guardian, calls.stopToken(qdd, true));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...(await f.reads.tokenTermsOf(qdd)), listed: false, feeBps: 500, deposit1: 0, bond1: 900 }));

    await expectMoney(f, { tsp: -BOND }, () => tx(who.tsp, moves.deliverUnproven(delivery)));
    await expectMoney(f, {}, () => tx(who.buyer, moves.challenge()));
    await expectMoney(f, { tsp: DEPOSIT }, () => tx(who.tsp, moves.answer(delivery)));
    await networkHelpers.time.increase(WINDOW + 1);
    await expect(tx(who.tsp, calls.settle(f.terms, 0, versionTerms(changed), f.s.hashes))).to.be.revertedWithCustomError(escrow, "Escrow_WrongAgreement").withArgs(agreement, 1);
    await expectMoney(f, plus(split(PRICE), { tsp: BOND }), () => tx(who.stranger, moves.settle()));
    await expectMoney(f, { tsp: -BOND }, () => tx(who.tsp, twinMoves.deliverProven(twinDelivery)));
    await expectMoney(f, { buyer: PRICE + BOND }, () => tx(who.buyer, twinMoves.complain(0, complaint)));
    await expectMoney(f, { buyer: PRICE + DEPOSIT }, () => tx(who.stranger, third.refund()));
  });

  it("F17: no role can move, end or hold up the money of a deal", async () => {
    const f = await load();
    const { who, moves, delivery, terms, calls, escrow } = f;
    await tx(who.tsp, moves.deliverUnproven(delivery));
    await tx(who.buyer, moves.challenge());
    await expectMoney(f, {}, async () => {
      for (const role of ["foundation", "guardian", "treasurer", "registrar", "issuer", "auditor"] as const) {
        const tries: [Call, string][] = [
          [moves.concede(), "Escrow_NotSeller"],
          [moves.refund(), "Escrow_NotYet"],
          [moves.refundBad(0), "Escrow_HeaderNotBad"],
          [moves.settle(), "Escrow_WrongState"],
          [moves.receipt(), "Escrow_BadReceipt"],
          [calls.reject(terms), "Escrow_WrongState"],
        ];
        for (const [call, refusal] of tries) await expect(tx(who[role], call), `${role}: ${call.what}`).to.be.revertedWithCustomError(escrow, refusal);
      }
    });
    expect((await moves.state()).state).to.equal("Challenged");
  });

  it("opens a refund no more than once: nothing is paid from what other deals hold", async () => {
    const f = await load();
    const { who, moves, terms, escrow, dealId } = f;
    await sendAt(terms.sale.deliverBy + 1, who.stranger, moves.refund());
    await expectMoney(f, {}, async () => {
      for (const call of [moves.refund(), moves.concede(), moves.receipt(), moves.settle(), moves.refundBad(0)]) {
        await expect(tx(who.tsp, call), call.what).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 6);
      }
    });
    expect(await held(f)).to.equal(PRICE); // the twin's
    expect(await now()).to.be.greaterThan(terms.sale.deliverBy);
  });
});
