/** Deliveries on chain, with and without their proof: what is checked before a bond is locked and a window starts. */
import { expect } from "chai";
import { deliveryHash } from "../../../sdk/delivery/index.ts";
import type { KeyDeliveryWords, Opening, Terms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { batches, C, creditChanges, market, NO_PROOF, openDeal, outcome, pageOver, R, refused, sendAt } from "../support/deal.ts";
import { anchorLot, BOND, bought, header, order, purchase, STANDING } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

async function provenDeal() {
  const m = await market();
  const deal = await bought(m, await purchase(m, m.sold));
  const other = await anchorLot(m, header(m, { sequence: 9 }), { sequence: 9 });
  return { ...m, ...deal, other, delivery: await prove(m.deployment.addresses.escrow, deal.dealId) };
}

/** A Funded deal over a page of so many lots. */
async function wideDeal(lots: number) {
  const m = await market();
  const made = await batches(m, lots);
  const words = made.map((each) => each.words);
  const sold = { ...m.open, pages: [pageOver(words, { price: 2_000_000n * BigInt(lots) })] };
  return { ...m, ...(await bought(m, await purchase(m, sold))), opening: { lots: made.map(({ lot }) => lot), formers: [] } satisfies Opening };
}
const twoLots = () => wideDeal(2);
const nineLots = () => wideDeal(9);

describe("Escrow, unproven delivery", () => {
  it("is the seller's, locks the bond, starts the window and remembers exactly what was delivered", async () => {
    const d = await networkHelpers.loadFixture(openDeal);
    const { who, calls, reads, escrow, terms, dealId } = d;
    const call = calls.deliverUnproven(terms, 0, d.opening, R, C);
    for (const role of ["buyer", "stranger", "owner"] as const) await refused(tx(who[role], call), "Escrow_NotSeller", who.at[role], who.at.tsp);
    expect(
      await creditChanges(d, async () => {
        await expect(tx(who.tsp, call)).to.emit(escrow, "DeliveredUnproven").withArgs(dealId, 0, R, C);
      }),
    ).to.deep.equal({ tsp: -BOND });
    expect(await reads.dealOf(dealId)).to.deep.equal({ state: "DeliveredUnproven", marks: 8, endsAt: (await now()) + WINDOW, purchasedAt: 0, versionStart: 0, delivered: 0 });
    expect(await reads.deliveryOf(dealId)).to.equal(deliveryHash({ R, c: C }));
    for (const again of [call, calls.deliverProven(terms, 0, d.opening, NO_PROOF)]) await refused(tx(who.tsp, again), "Escrow_WrongState", dealId, 2);
  });

  it("counts after deliverBy too, while nobody has refunded, and then keeps the refund away", async () => {
    const { who, calls, terms, opening, dealId } = await networkHelpers.loadFixture(openDeal);
    await sendAt(terms.sale.deliverBy + 5, who.tsp, calls.deliverUnproven(terms, 0, opening, R, C));
    await refused(tx(who.stranger, calls.refund(terms, 0)), "Escrow_WrongState", dealId, 2);
  });

  it("is refused where the order takes proven deliveries only", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { terms, dealId } = await bought(m, await purchase(m, m.sold));
    await refused(tx(m.who.tsp, m.calls.deliverUnproven(terms, 0, m.opening, R, C)), "Escrow_ProvenOnly", dealId);
  });

  it("has one, eight or 32 wrapped keys, as the page's circuit has", async () => {
    for (const [fixture, size] of [[openDeal, 1], [twoLots, 8], [nineLots, 32]] as const) {
      const { who, calls, terms, opening } = await networkHelpers.loadFixture(fixture);
      const deliver = (keys: number) => tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, Array<bigint>(keys).fill(5n)));
      for (const given of [0, 1, 2, 7, 8, 9, 31, 32, 33].filter((keys) => keys !== size)) await refused(deliver(given), "Proofs_KeyCount", given, size);
      await deliver(size);
    }
  });

  it("is refused with a value that no proof could ever answer for", async () => {
    const { who, calls, terms, opening } = await networkHelpers.loadFixture(twoLots);
    const c = Array<bigint>(8).fill(P - 1n);
    for (const [r, keys] of [[[P, 0n], c], [[0n, P], c], [[P - 1n, P - 1n], c.with(0, P)], [[P - 1n, P - 1n], c.with(7, 2n ** 256n - 1n)]] as [[bigint, bigint], bigint[]][]) {
      await refused(tx(who.tsp, calls.deliverUnproven(terms, 0, opening, r, keys)), "Escrow_NotCanonical");
    }
    await tx(who.tsp, calls.deliverUnproven(terms, 0, opening, [P - 1n, P - 1n], c));
  });

  it("is of the lots sold, in their order and number", async () => {
    const { who, calls, terms, opening, lot } = await networkHelpers.loadFixture(twoLots);
    const [a, b] = opening.lots;
    const c = Array<bigint>(8).fill(5n);
    for (const lots of [[b!, a!], [a!], [a!, lot], [a!, b!, b!], []]) {
      expect(await outcome(tx(who.tsp, calls.deliverUnproven(terms, 0, { lots, formers: [] }, R, c)))).to.equal("Escrow_NotTheLotsSold");
    }
    await tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, c));
  });

  it("is covered by the seller's credit, to the last unit", async () => {
    const d = await networkHelpers.loadFixture(openDeal);
    const { who, calls, reads, terms, opening, deployment: { addresses: { qdd } } } = d;
    await tx(who.tsp, calls.transferCredit(who.at.tsp, qdd, who.at.owner, STANDING - BOND + 1n));
    const call = calls.deliverUnproven(terms, 0, opening, R, C);
    await refused(tx(who.tsp, call), "Ledger_NotEnough", who.at.tsp, qdd, BOND - 1n, BOND);
    await tx(who.owner, calls.transferCredit(who.at.owner, qdd, who.at.tsp, 1n));
    await tx(who.tsp, call);
    expect(await reads.creditOf(who.at.tsp, qdd)).to.equal(0n);
  });

  it("is refused of a deal that was not bought, or has no such page", async () => {
    const { who, calls, reads, terms, opening } = await networkHelpers.loadFixture(openDeal);
    const other: Terms = { ...terms, sale: { ...terms.sale, keyX: 1n } };
    const { dealId } = await reads.pageOf(other, 0);
    await refused(tx(who.tsp, calls.deliverUnproven(other, 0, opening, R, C)), "Escrow_WrongState", dealId, 0);
    for (const page of [1, 2 ** 32]) await refused(tx(who.tsp, calls.deliverUnproven(terms, page, opening, R, C)), "Escrow_NoSuchPage", page, 1);
  });
});

describe("Escrow, proven delivery", () => {
  after(closeProofEngine);

  it("is submitted by anyone, also after deliverBy while nobody has refunded; the bond is the seller's", async () => {
    const d = await networkHelpers.loadFixture(provenDeal);
    const { who, calls, reads, escrow, terms, opening, delivery, dealId } = d;
    const before = await reads.dealOf(dealId);
    expect(
      await creditChanges(d, async () => {
        await expect(sendAt(terms.sale.deliverBy + 5, who.stranger, calls.deliverProven(terms, 0, opening, delivery)))
          .to.emit(escrow, "DeliveredProven")
          .withArgs(dealId, 0, delivery.r, delivery.c);
      }),
    ).to.deep.equal({ tsp: -BOND });
    expect(await reads.dealOf(dealId)).to.deep.equal({ ...before, state: "DeliveredProven", endsAt: terms.sale.deliverBy + 5 + WINDOW });
    expect(await reads.deliveryOf(dealId)).to.equal(`0x${"0".repeat(50)}`);
    await refused(tx(who.stranger, calls.refund(terms, 0)), "Escrow_WrongState", dealId, 4);
    await refused(tx(who.stranger, calls.deliverProven(terms, 0, opening, delivery)), "Escrow_WrongState", dealId, 4);
  });

  it("refuses a changed proof, wrapped key, R, and values that are not canonical", async () => {
    const { who, calls, terms, opening, delivery } = await networkHelpers.loadFixture(provenDeal);
    const [c] = delivery.c as [bigint];
    const changes: Partial<KeyDeliveryWords>[] = [
      { c: [c + 1n] },
      { c: [c + P] },
      { r: [delivery.r[0] + P, delivery.r[1]] },
      { r: [delivery.r[0], delivery.r[1] + P] },
      { r: [delivery.r[1], delivery.r[0]] },
      { proofA: [delivery.proofA[1], delivery.proofA[0]] },
      { proofA: [0n, 0n], proofB: [[0n, 0n], [0n, 0n]], proofC: [0n, 0n] },
      { proofB: [delivery.proofB[1], delivery.proofB[0]] },
      { proofC: delivery.proofA },
    ];
    for (const change of changes) await refused(tx(who.tsp, calls.deliverProven(terms, 0, opening, { ...delivery, ...change })), "Escrow_BadProof");
    for (const keys of [[], [c, c], Array<bigint>(8).fill(c)]) {
      await refused(tx(who.tsp, calls.deliverProven(terms, 0, opening, { ...delivery, c: keys })), "Proofs_KeyCount", keys.length, 1);
    }
    await tx(who.tsp, calls.deliverProven(terms, 0, opening, delivery));
  });

  it("F8: refuses a proof for another deal, exchange, chain, page, key or buyer", async () => {
    const d = await networkHelpers.loadFixture(provenDeal);
    const { who, calls, terms, opening, dealId, deployment: { addresses: { escrow, escrowDisputes } } } = d;
    const second = await bought(d, await purchase(d, d.sold, { nonce: 77n }));
    for (const delivery of [
      await prove(escrow, second.dealId),
      await prove(escrowDisputes, dealId),
      await prove(escrow, dealId, { chainId: 1 }),
      await prove(escrow, dealId, { page: 1 }),
      await prove(escrow, dealId, { key: 5n }),
    ]) {
      await refused(tx(who.tsp, calls.deliverProven(terms, 0, opening, delivery)), "Escrow_BadProof");
    }
    // The delivery key is one of the deal's terms: a deal with another one is another deal.
    const swapped: Terms = { ...terms, sale: { ...terms.sale, keyX: terms.sale.keyY, keyY: terms.sale.keyX } };
    expect(await outcome(tx(who.tsp, calls.deliverProven(swapped, 0, opening, d.delivery)))).to.equal("Escrow_WrongState");
  });

  it("F8: refuses other lots than those sold, and a wrong count under a right hash", async () => {
    const d = await networkHelpers.loadFixture(provenDeal);
    const { who, calls, terms, delivery, lot, other, sold } = d;
    for (const lots of [[other], [], [lot, lot], [lot, other]]) {
      expect(await outcome(tx(who.tsp, calls.deliverProven(terms, 0, { lots, formers: [] }, delivery)))).to.equal("Escrow_NotTheLotsSold");
    }
    const miscounted = order(d, [d.words], { pages: [{ ...sold.pages[0]!, lotCount: 2 }] });
    const { terms: counted } = await bought(d, await purchase(d, miscounted));
    await refused(tx(who.tsp, calls.deliverProven(counted, 0, d.opening, delivery)), "Escrow_LotCount", 1);
  });

  it("is covered by the seller's credit, whoever submits it", async () => {
    const { who, calls, terms, opening, delivery, deployment: { addresses: { qdd } } } = await networkHelpers.loadFixture(provenDeal);
    await tx(who.tsp, calls.withdraw(qdd, who.at.tsp, STANDING - BOND + 1n));
    await refused(tx(who.stranger, calls.deliverProven(terms, 0, opening, delivery)), "Ledger_NotEnough", who.at.tsp, qdd, BOND - 1n, BOND);
  });

  it("is refused of a deal that was not bought, or has no such page", async () => {
    const { who, calls, reads, terms, opening, delivery } = await networkHelpers.loadFixture(provenDeal);
    const other: Terms = { ...terms, order: { ...terms.order, complaintWindow: WINDOW + 1 } };
    await refused(tx(who.tsp, calls.deliverProven(other, 0, opening, delivery)), "Escrow_WrongState", (await reads.pageOf(other, 0)).dealId, 0);
    await refused(tx(who.tsp, calls.deliverProven(terms, 1, opening, delivery)), "Escrow_NoSuchPage", 1, 1);
  });

  it("is taken of an order that allows unproven ones too, and then cannot be challenged", async () => {
    const d = await networkHelpers.loadFixture(openDeal);
    const { who, calls, terms, dealId } = d;
    await tx(who.tsp, calls.deliverProven(terms, 0, d.opening, await prove(d.deployment.addresses.escrow, dealId)));
    await refused(tx(who.buyer, calls.challenge(terms, 0)), "Escrow_WrongState", dealId, 4);
  });
});
