/** Deals of several pages: each for itself, or all or nothing. */
import { expect } from "chai";
import { keccak256 } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { type Opening, pageKey, payouts, type SellOrder, type Terms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, batches, C, creditChanges, DEPOSIT, market, NO_PROOF, outcome, pageOver, PROVEN_ONLY, R, refused, sendAt, signReceipt, SPLIT } from "../support/deal.ts";
import { BOND, bought, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

const PRICES = [PRICE, 7_000_001n] as const;
const BONDS = [BOND, 3_000_000n] as const;
const DEPOSITS = [DEPOSIT, 7n] as const;
/** Changes of credit by a settlement of prices. */
const paid = (price: bigint, change: { bond?: bigint; deposit?: bigint } = {}) => {
  const { owner, oem, agent, storage } = payouts(price, 0, SPLIT);
  return { owner, oem, tsp: agent + (change.bond ?? 0n), storage, ...(change.deposit === undefined ? {} : { buyer: change.deposit }) };
};

/** Two pages over a batch each, and the lots of both. */
async function twoBatches() {
  const m = await market();
  const made = await batches(m, 2);
  const words = made.map((each) => each.words);
  const openings = made.map(({ lot }): Opening => ({ lots: [lot], formers: [] }));
  const hashes = words.map(hashHeader);
  const pages = words.map((each, i) => pageOver([each], { price: PRICES[i]!, bond: BONDS[i]!, challengeDeposit: DEPOSITS[i]! }));
  return { ...m, words2: words, openings, hashes, whole: { lots: made.map(({ lot }) => lot), formers: [] } as Opening, several: { ...m.open, pages } satisfies SellOrder };
}

async function severalPages() {
  const t = await twoBatches();
  return { ...t, ...(await bought(t, await purchase(t, t.several))) };
}

/** All or nothing, with the proofs of both pages. */
async function together() {
  const t = await twoBatches();
  const sold = { ...t.several, flags: ALL_OR_NOTHING | PROVEN_ONLY, answerTime: 0, pages: t.several.pages.map((p) => ({ ...p, challengeDeposit: 0n })) };
  const deal = await bought(t, await purchase(t, sold));
  const { escrow } = t.deployment.addresses;
  const proofs = [await prove(escrow, deal.dealId), await prove(escrow, deal.dealId, { page: 1 })] as const;
  const deliver = (page: 0 | 1) => t.calls.deliverProven(deal.terms, page, t.openings[page]!, proofs[page]);
  return { ...t, ...deal, proofs, deliver };
}
type Together = Awaited<ReturnType<typeof together>>;
/** Delivers pages, page 1 first. */
async function deliverPages(t: Together, count: 0 | 1 | 2): Promise<void> {
  for (const page of ([1, 0] as const).slice(0, count)) await tx(t.who.tsp, t.deliver(page));
}

describe("Escrow, several pages", () => {
  after(closeProofEngine);

  it("have a state each, that reads as Funded until its first move", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, reads, terms, dealId, openings, hashes, pinned } = d;
    const key = pageKey(dealId, 1);
    expect(key).to.equal(keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["bytes32", "uint256"], [dealId, 1])));
    const funded = await reads.dealOf(dealId);
    expect(await reads.pageOf(terms, 0)).to.deep.equal({ dealId, key: dealId, deal: funded });
    expect(await reads.pageOf(terms, 1)).to.deep.equal({ dealId, key, deal: funded });
    expect((await reads.dealOf(key)).state).to.equal("None");

    await tx(who.tsp, calls.deliverUnproven(terms, 0, openings[0]!, R, C));
    await tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { headers: [hashes[0]!] }));
    expect((await reads.dealOf(dealId)).endsAt).to.be.greaterThan(0);
    // Of page 0 nothing else holds for the next.
    expect((await reads.pageOf(terms, 1)).deal).to.deep.equal(funded);
    await tx(who.tsp, calls.deliverUnproven(terms, 1, openings[1]!, [3n, 4n], [5n]));
    expect(await reads.dealOf(key)).to.deep.equal({ state: "DeliveredUnproven", marks: 8, endsAt: (await now()) + WINDOW, purchasedAt: 0, versionStart: 0, delivered: 0 });
    expect([await reads.deliveryOf(dealId), await reads.deliveryOf(key)].map((stored) => stored.length)).to.deep.equal([52, 52]);
    expect(await reads.deliveryOf(dealId)).to.not.equal(await reads.deliveryOf(key));
  });

  it("end each with its own price, deposit and bond", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, terms, dealId, openings, hashes, pinned } = d;
    for (const page of [0, 1] as const) {
      const locked = await creditChanges(d, () => tx(who.tsp, calls.deliverUnproven(terms, page, openings[page]!, R, C)));
      expect(locked).to.deep.equal({ tsp: -BONDS[page] });
    }
    const back = await networkHelpers.takeSnapshot();
    for (const page of [0, 1] as const) {
      expect(await creditChanges(d, () => tx(who.tsp, calls.concede(terms, page)))).to.deep.equal({ buyer: PRICES[page] + DEPOSITS[page] + BONDS[page] });
    }
    await back.restore();
    await networkHelpers.time.increase(WINDOW + 1);
    for (const page of [1, 0] as const) {
      expect(
        await creditChanges(d, async () => {
          const receipt = await (await tx(who.stranger, calls.settle(terms, page, pinned, [hashes[page]!]))).wait();
          expect(eventIn(d.deployment, "Settled", receipt!)).to.include({ dealId, page, byReceipt: false });
        }),
      ).to.deep.equal(paid(PRICES[page], { bond: BONDS[page], deposit: DEPOSITS[page] }));
    }
  });

  it("are settled, refunded and delivered by themselves: one ended leaves the other open", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, reads, terms, openings, pinned, dealId } = d;
    await tx(who.tsp, calls.settleByReceipt(terms, 1, pinned, { opening: openings[1]!, signature: await signReceipt(d, "buyer", dealId, 1) }));
    await networkHelpers.time.increaseTo(terms.sale.deliverBy + 1);
    expect(await creditChanges(d, () => tx(who.stranger, calls.refund(terms, 0)))).to.deep.equal({ buyer: PRICES[0] + DEPOSITS[0] });
    await refused(tx(who.stranger, calls.refund(terms, 1)), "Escrow_WrongState", pageKey(dealId, 1), 5);
    expect([(await reads.pageOf(terms, 0)).deal.state, (await reads.pageOf(terms, 1)).deal.state]).to.deep.equal(["Refunded", "Settled"]);
  });

  it("take no receipt, no lots and no headers of one another", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, terms, openings, hashes, pinned, dealId } = d;
    const signature = await signReceipt(d, "buyer", dealId, 0);
    await refused(tx(who.tsp, calls.settleByReceipt(terms, 1, pinned, { opening: openings[1]!, signature })), "Escrow_BadReceipt", who.at.buyer);
    expect(await outcome(tx(who.tsp, calls.deliverUnproven(terms, 1, openings[0]!, R, C)))).to.equal("Escrow_NotTheLotsSold");
    expect(await outcome(tx(who.tsp, calls.deliverUnproven(terms, 1, d.whole, R, C)))).to.equal("Escrow_NotTheLotsSold");
    await tx(who.tsp, calls.deliverUnproven(terms, 1, openings[1]!, R, C));
    expect(await outcome(tx(who.buyer, calls.settleByReceipt(terms, 1, pinned, { headers: [hashes[0]!] })))).to.equal("Escrow_NotTheLotsSold");
  });

  it("are as many as the order has", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, terms, openings, hashes, pinned } = d;
    for (const page of [2, 2 ** 40]) {
      for (const call of [
        calls.deliverUnproven(terms, page, openings[0]!, R, C),
        calls.deliverProven(terms, page, openings[0]!, NO_PROOF),
        calls.settle(terms, page, pinned, hashes),
        calls.settleByReceipt(terms, page, pinned, { opening: openings[0]! }),
        calls.refund(terms, page),
        calls.concede(terms, page),
        calls.challenge(terms, page),
      ]) {
        await refused(tx(who.buyer, call), "Escrow_NoSuchPage", page, 2);
      }
    }
  });

  it("carry no mark of page 0: its deposit, gone to the seller who has answered, does not take that of page 1", async () => {
    const d = await networkHelpers.loadFixture(severalPages);
    const { who, calls, reads, terms, openings, words2, dealId } = d;
    const delivery = await prove(d.deployment.addresses.escrow, dealId);
    await tx(who.tsp, calls.deliverUnproven(terms, 0, openings[0]!, delivery.r, delivery.c));
    await tx(who.buyer, calls.challenge(terms, 0));
    await tx(who.tsp, calls.answer(terms, 0, [words2[0]!], delivery));
    expect((await reads.pageOf(terms, 0)).deal.marks).to.equal(2);
    expect((await reads.pageOf(terms, 1)).deal).to.include({ marks: 0, state: "Funded", endsAt: 0 });
    expect(await creditChanges(d, () => tx(who.tsp, calls.concede(terms, 1)))).to.deep.equal({ buyer: PRICES[1] + DEPOSITS[1] });
    expect(await creditChanges(d, () => tx(who.tsp, calls.concede(terms, 0)))).to.deep.equal({ buyer: PRICES[0] + BONDS[0] });
  });

  it("of a deal that nobody bought are none", async () => {
    const { who, calls, reads, terms } = await networkHelpers.loadFixture(severalPages);
    const other: Terms = { ...terms, sale: { ...terms.sale, nonce: 5n } };
    const { deal, key } = await reads.pageOf(other, 1);
    expect(deal.state).to.equal("None");
    for (const call of [calls.concede(other, 1), calls.refund(other, 1)]) await refused(tx(who.tsp, call), "Escrow_WrongState", key, 0);
  });
});

describe("Escrow, all or nothing", () => {
  after(closeProofEngine);

  it("is delivered proven page by page in any order, each with its bond; the last one starts the window", async () => {
    const t = await networkHelpers.loadFixture(together);
    const { who, reads, terms, dealId } = t;
    const funded = await reads.dealOf(dealId);
    expect(await creditChanges(t, () => tx(who.stranger, t.deliver(1)))).to.deep.equal({ tsp: -BONDS[1] });
    expect(await reads.dealOf(dealId)).to.deep.equal({ ...funded, delivered: 2 });
    await refused(tx(who.tsp, t.deliver(1)), "Escrow_AlreadyDelivered", 1);
    expect(await creditChanges(t, () => tx(who.stranger, t.deliver(0)))).to.deep.equal({ tsp: -BONDS[0] });
    const done = { ...funded, delivered: 3, state: "DeliveredProven", endsAt: (await now()) + WINDOW };
    expect(await reads.dealOf(dealId)).to.deep.equal(done);
    for (const page of [0, 1]) expect(await reads.pageOf(terms, page)).to.deep.equal({ dealId, key: dealId, deal: done });
    for (const page of [0, 1] as const) await refused(tx(who.tsp, t.deliver(page)), "Escrow_WrongState", dealId, 4);
  });

  it("takes the proof of the page that it delivers", async () => {
    const t = await networkHelpers.loadFixture(together);
    const { who, calls, terms, openings, proofs } = t;
    await refused(tx(who.tsp, calls.deliverProven(terms, 1, openings[1]!, proofs[0])), "Escrow_BadProof");
    await refused(tx(who.tsp, calls.deliverProven(terms, 0, openings[0]!, proofs[1])), "Escrow_BadProof");
    expect(await outcome(tx(who.tsp, calls.deliverProven(terms, 1, openings[0]!, proofs[1])))).to.equal("Escrow_NotTheLotsSold");
  });

  it("ends whole, as page 0, and as no other", async () => {
    const t = await networkHelpers.loadFixture(together);
    await deliverPages(t, 2);
    const { who, calls, terms, hashes, pinned, whole } = t;
    for (const call of [calls.settle(terms, 1, pinned, hashes), calls.settleByReceipt(terms, 1, pinned, { opening: whole, headers: hashes }), calls.refund(terms, 1), calls.concede(terms, 1)]) {
      await refused(tx(who.buyer, call), "Escrow_NoSuchPage", 1, 1);
    }
    expect(await creditChanges(t, () => tx(who.tsp, calls.concede(terms, 0)))).to.deep.equal({ buyer: PRICES[0] + PRICES[1] + BONDS[0] + BONDS[1] });
  });

  it("is settled by time with the header hashes of all pages, one after the other", async () => {
    const t = await networkHelpers.loadFixture(together);
    await deliverPages(t, 2);
    const { who, calls, reads, terms, dealId, hashes, pinned } = t;
    const { endsAt } = await reads.dealOf(dealId);
    const settle = (headers: Hex[]) => calls.settle(terms, 0, pinned, headers);
    await refused(sendAt(endsAt, who.stranger, settle(hashes)), "Escrow_NotYet", endsAt, endsAt);
    await networkHelpers.time.increaseTo(endsAt + 1);
    await refused(tx(who.stranger, settle([hashes[0]!])), "Escrow_LotCount", 1);
    await refused(tx(who.stranger, settle([])), "Escrow_LotCount", 0);
    for (const headers of [hashes.toReversed(), [hashes[0]!, hashes[0]!], [hashes[1]!, hashes[1]!]]) expect(await outcome(tx(who.stranger, settle(headers)))).to.equal("Escrow_NotTheLotsSold");
    expect(await creditChanges(t, () => tx(who.stranger, settle(hashes)))).to.deep.equal(paid(PRICES[0] + PRICES[1], { bond: BONDS[0] + BONDS[1] }));
  });

  it("is settled by the receipt of page 0 with nothing, part or all of it delivered", async () => {
    for (const [count, bond] of [[0, 0n], [1, BONDS[1]], [2, BONDS[0] + BONDS[1]]] as const) {
      const t = await networkHelpers.loadFixture(together);
      await deliverPages(t, count);
      const { who, calls, terms, dealId, hashes, pinned, whole } = t;
      const signature = await signReceipt(t, "buyer", dealId);
      const settle = (opening: Opening, headers: Hex[]) => tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { signature, opening, headers }));
      if (count === 2) expect(await outcome(settle(whole, hashes.toReversed()))).to.equal("Escrow_NotTheLotsSold");
      else {
        expect(await outcome(settle({ ...whole, lots: whole.lots.toReversed() }, hashes))).to.equal("Escrow_NotTheLotsSold");
        await expect(settle({ ...whole, lots: whole.lots.slice(0, 1) }, hashes)).to.be.revertedWithPanic(0x32);
      }
      await refused(tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { signature: await signReceipt(t, "buyer", dealId, 1), opening: whole, headers: hashes })), "Escrow_BadReceipt", who.at.buyer);
      expect(
        await creditChanges(t, async () => {
          expect(eventIn(t.deployment, "Settled", (await (await settle(whole, hashes)).wait())!)).to.include({ dealId, page: 0, byReceipt: true });
        }),
      ).to.deep.equal(paid(PRICES[0] + PRICES[1], { bond }));
    }
  });

  it("is refunded whole while a page is missing: the bonds of what was delivered go back to the seller", async () => {
    const t = await networkHelpers.loadFixture(together);
    await deliverPages(t, 1);
    const { who, calls, terms, dealId, hashes, pinned } = t;
    const { deliverBy } = terms.sale;
    await refused(tx(who.stranger, calls.settle(terms, 0, pinned, hashes)), "Escrow_WrongState", dealId, 1);
    await refused(sendAt(deliverBy, who.stranger, calls.refund(terms, 0)), "Escrow_NotYet", deliverBy, deliverBy);
    const back = await networkHelpers.takeSnapshot();
    expect(await creditChanges(t, () => sendAt(deliverBy + 1, who.stranger, calls.refund(terms, 0)))).to.deep.equal({ buyer: PRICES[0] + PRICES[1], tsp: BONDS[1] });
    await back.restore();
    expect(await creditChanges(t, () => tx(who.tsp, calls.concede(terms, 0)))).to.deep.equal({ buyer: PRICES[0] + PRICES[1], tsp: BONDS[1] });
  });

  it("has one state also for a page that is its only one", async () => {
    const t = await networkHelpers.loadFixture(twoBatches);
    const { who, calls, reads } = t;
    const sold = { ...t.sold, flags: ALL_OR_NOTHING | PROVEN_ONLY, pages: [pageOver([t.words2[0]!])] };
    const { dealId, terms } = await bought(t, await purchase(t, sold));
    await tx(who.tsp, calls.deliverProven(terms, 0, t.openings[0]!, await prove(t.deployment.addresses.escrow, dealId)));
    expect(await reads.dealOf(dealId)).to.include({ state: "DeliveredProven", delivered: 1 });
  });
});
