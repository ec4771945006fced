/** Pages of 2 to 32 lots, with real proofs of the circuits for 8 and for 32. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { instanceFor, type KeyDeliveryWords, type Terms } from "../../../sdk/market/index.ts";
import { closeProofEngine, KeyDeliveryProver, loadProofArtifacts } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, leastBond, market, movesOf, openingOf, openPage, part, plus, proven, split, stock, type Stock, unproven, unprovenOrder, wrapped } from "../support/disputes.ts";
import { networkHelpers, tx, WINDOW } from "../support/chain.ts";
import { sendAt } from "../support/deal.ts";
import { PRICE } from "../support/world.ts";

const BAD = 20;
const SIZES = [2, 8, 9, 32] as const;
const priceOf = (lots: number): bigint => PRICE * BigInt(lots);

/** A deal of one page. */
interface Sized {
  size: number;
  lots: Stock;
  dealId: Hex;
  terms: Terms;
  moves: ReturnType<typeof movesOf>;
  delivery: KeyDeliveryWords;
  bond: bigint;
}

/** Four deals of one page each, over the first 2, 8, 9 and 32 of the lots; lot 20 is spoiled. */
async function fixture() {
  const w = await market();
  const s = await stock(w, "sizes", 32, { bad: [BAD] });
  const deals: Sized[] = [];
  for (const size of SIZES) {
    const [lots, bond] = [part(s, 0, size), leastBond(size)];
    const deal = await buyIt(w, unprovenOrder(w, [openPage(lots, { bond })]));
    deals.push({ size, lots, bond, ...deal, moves: movesOf(w, deal, lots), delivery: await proven(w, { dealId: deal.dealId, keys: lots.keys }) });
  }
  const complaint = await complaintAbout(s, BAD);
  const of = (size: (typeof SIZES)[number]): Sized => deals.find((deal) => deal.size === size)!;
  return { ...w, s, of, complaint };
}
const load = () => networkHelpers.loadFixture(fixture);

describe("Pages of many lots", () => {
  after(closeProofEngine);

  for (const size of SIZES) {
    it(`F30: ${size} lots are delivered by one proof of ${instanceFor(size)} keys, bonded and settled as one`, async () => {
      const f = await load();
      const { moves, delivery, dealId, bond } = f.of(size);
      expect(delivery.c.length).to.equal(instanceFor(size));
      await expectMoney(f, { tsp: -bond }, async () => {
        await expect(tx(f.who.stranger, moves.deliverProven(delivery))).to.emit(f.escrow, "DeliveredProven").withArgs(dealId, 0, delivery.r, delivery.c);
      });
      await networkHelpers.time.increase(WINDOW + 1);
      await expectMoney(f, plus(split(priceOf(size)), { tsp: bond, buyer: DEPOSIT }), () => tx(f.who.stranger, moves.settle()));
    });

    it(`F2: ${size} lots are challenged and answered as one, by exactly what was delivered`, async () => {
      const f = await load();
      const { moves, delivery, lots } = f.of(size);
      await tx(f.who.tsp, moves.deliverUnproven(delivery));
      await tx(f.who.buyer, moves.challenge());
      for (const i of [0, size - 1, delivery.c.length - 1]) {
        await expect(tx(f.who.tsp, moves.answer({ ...delivery, c: delivery.c.with(i, 1n) }))).to.be.revertedWithCustomError(f.escrow, "Escrow_NotWhatWasDelivered");
      }
      for (const words of [lots.words.slice(1), [...lots.words, lots.words[0]!], lots.words.toReversed()]) {
        await expect(tx(f.who.tsp, moves.answer(delivery, words))).to.be.revertedWithCustomError(f.escrow, "Escrow_NotTheLotsSold");
      }
      await expectMoney(f, { tsp: DEPOSIT }, () => tx(f.who.stranger, moves.answer(delivery)));
    });
  }

  it("F30: fewer lots than keys are padded by the last, in circuit and contract alike: nothing else is taken", async () => {
    const f = await load();
    const { moves, dealId, lots } = f.of(2);
    const honest = wrapped(f, { dealId, keys: lots.keys }).input;
    // The seller's proof holds, over commitments padded by the first lot.
    const others = [lots.keys[0]!, lots.keys[1]!, ...Array<bigint>(6).fill(lots.keys[0]!)];
    const padded = wrapped(f, { dealId, keys: others }).input;
    expect([honest.k[7], padded.k[7]]).to.deep.equal([lots.keys[1], lots.keys[0]]);
    const other = await proven(f, { dealId, keys: others });
    await expect(tx(f.who.tsp, moves.deliverProven(other))).to.be.revertedWithCustomError(f.escrow, "Escrow_BadProof");
  });

  it("F8: a page whose one key of many is not the committed one has no proof, and a proof of other keys does not hold", async () => {
    const f = await load();
    const { moves, dealId, lots } = f.of(8);
    for (const keys of [lots.keys.with(7, 5n), lots.keys.toReversed()]) {
      await expect(tx(f.who.tsp, moves.deliverProven(await proven(f, { dealId, keys })))).to.be.revertedWithCustomError(f.escrow, "Escrow_BadProof");
    }
    // The circuit itself refuses a commitment that its key does not open.
    const { input } = wrapped(f, { dealId, keys: lots.keys });
    const failure: unknown = await new KeyDeliveryProver(loadProofArtifacts("circuits/keys", "KeyDelivery8")).prove({ ...input, k: input.k.with(3, 5n) }).then(() => null, (error: unknown) => error);
    expect(failure).to.have.property("code", "STATEMENT_FALSE");
  });

  it("takes as many wrapped keys as the instance has, from the number of lots that were sold", async () => {
    const f = await load();
    for (const [size, other] of [[2, 9], [9, 2], [32, 8]] as const) {
      const { moves, dealId, lots } = f.of(size);
      const { delivery } = f.of(other);
      for (const call of [moves.deliverProven(delivery), moves.deliverUnproven(delivery)]) {
        await expect(tx(f.who.tsp, call)).to.be.revertedWithCustomError(f.escrow, "Proofs_KeyCount").withArgs(instanceFor(other), instanceFor(size));
      }
      const one = unproven(f, { dealId, keys: [lots.keys[0]!] });
      await expect(tx(f.who.tsp, moves.deliverUnproven(one))).to.be.revertedWithCustomError(f.escrow, "Proofs_KeyCount").withArgs(1, instanceFor(size));
    }
  });

  it("takes the lots in the order sold, all of them and no others", async () => {
    const f = await load();
    const { terms, lots, delivery } = f.of(8);
    const all = openingOf(lots).lots;
    for (const some of [all.slice(0, 7), all.toReversed(), [...all, f.s.lots[8]!], all.with(7, f.s.lots[8]!), []]) {
      for (const call of [f.calls.deliverProven(terms, 0, { lots: some, formers: [] }, delivery), f.calls.deliverUnproven(terms, 0, { lots: some, formers: [] }, delivery.r, delivery.c)]) {
        await expect(tx(f.who.tsp, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotTheLotsSold");
      }
    }
  });

  it("is not deceived by a number of lots that is not that of the hash", async () => {
    const f = await load();
    const lots = part(f.s, 0, 2);
    for (const lotCount of [1, 3, 8]) {
      const deal = await buyIt(f, unprovenOrder(f, [openPage(lots, { lotCount, price: priceOf(8) })]));
      const moves = movesOf(f, deal, lots);
      const call = moves.deliverUnproven({ r: [1n, 2n], c: Array<bigint>(instanceFor(lotCount)).fill(3n) });
      await expect(tx(f.who.tsp, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_LotCount").withArgs(2);
      await expect(tx(f.who.buyer, moves.refundBad(0))).to.be.revertedWithCustomError(f.escrow, "Escrow_LotCount").withArgs(2);
      await expectMoney(f, { buyer: priceOf(8) + DEPOSIT }, () => sendAt(deal.terms.sale.deliverBy + 1, f.who.stranger, moves.refund()));
    }
  });

  it("F30: one bad lot of 32 refunds the page with the bond, and bars the pages that have it alone", async () => {
    const f = await load();
    const { moves, delivery, bond, lots } = f.of(32);
    await tx(f.who.tsp, moves.deliverProven(delivery));
    for (const index of [0, 19, 21, 31]) {
      await expect(tx(f.who.buyer, moves.complain(index, f.complaint, lots.hashes, lots.words[BAD]))).to.be.revertedWithCustomError(f.escrow, "Escrow_NotTheHeader").withArgs(lots.hashes[BAD], lots.hashes[index]);
    }
    await expectMoney(f, { buyer: priceOf(32) + DEPOSIT + bond }, () => tx(f.who.stranger, moves.complain(BAD, f.complaint)));

    const beside = f.of(9);
    await tx(f.who.tsp, beside.moves.deliverProven(beside.delivery));
    const over = part(f.s, 16, 24);
    const deal = await buyIt(f, unprovenOrder(f, [openPage(over, { bond: leastBond(8) })]));
    const barred = movesOf(f, deal, over);
    await expect(tx(f.who.tsp, barred.deliverUnproven({ r: [1n, 2n], c: Array<bigint>(8).fill(3n) }))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(lots.hashes[BAD]);
    await expectMoney(f, { buyer: priceOf(8) + DEPOSIT }, () => tx(f.who.stranger, barred.refundBad(BAD - 16)));
  });

  it("F31: a page of 32 with one lot shown bad elsewhere is neither settled nor receipted nor answered", async () => {
    const f = await load();
    const { moves, delivery, bond, lots } = f.of(32);
    await tx(f.who.tsp, moves.deliverUnproven(delivery));
    const alone = part(f.s, BAD, BAD + 1);
    const deal = await buyIt(f, unprovenOrder(f, [openPage(alone)]));
    await tx(f.who.tsp, movesOf(f, deal, alone).deliverUnproven({ r: [1n, 2n], c: [3n] }));
    await tx(f.who.stranger, movesOf(f, deal, alone).complain(0, f.complaint));
    await expect(tx(f.who.buyer, moves.receipt())).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(lots.hashes[BAD]);
    await tx(f.who.buyer, moves.challenge());
    await expect(tx(f.who.tsp, moves.answer(delivery))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(lots.hashes[BAD]);
    await expectMoney(f, { buyer: priceOf(32) + DEPOSIT + bond }, () => tx(f.who.stranger, moves.refundBad(BAD)));
  });

  it("is complained of with the deposit already the seller's after an answer", async () => {
    const f = await load();
    const { moves, delivery, bond } = f.of(32);
    await tx(f.who.tsp, moves.deliverUnproven(delivery));
    await tx(f.who.buyer, moves.challenge());
    await tx(f.who.tsp, moves.answer(delivery));
    await expectMoney(f, { buyer: priceOf(32) + bond }, () => tx(f.who.buyer, moves.complain(BAD, f.complaint)));
  });
});
