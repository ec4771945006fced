/** Headers that are sold to one alone, and headers that are not sold any more: what binds a header to a deal. */
import { expect } from "chai";
import { ZeroHash } from "ethers";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { type Opening, page, pageKey, type SellOrder, type Terms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { networkHelpers, tx, WINDOW } from "../support/chain.ts";
import { ALL_OR_NOTHING, batches, C, creditChanges, DEPOSIT, EXCLUSIVE, market, type Market, NO_COPY_KEPT, outcome, pageOver, PROVEN_ONLY, R, refused } from "../support/deal.ts";
import { complaintAbout, openingOf, stock } from "../support/disputes.ts";
import { anchorLot, BOND, bought, header, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

const free = { bad: false, reservedBy: ZeroHash };
let nonces = 1000n;
/** An order for one buyer alone, with a nonce of its own. */
const single = (m: Market, flags: number, change: Partial<SellOrder> = {}): SellOrder => ({ ...m.open, flags, repeatable: false, nonce: (nonces += 1n), ...change });

/** Deals over one header: two of each kind. */
async function rivals() {
  const m = await market();
  const buy = async (sold: SellOrder) => bought(m, await purchase(m, sold));
  const deals = { alone: await buy(single(m, EXCLUSIVE)), aloneToo: await buy(single(m, EXCLUSIVE)), given: await buy(single(m, NO_COPY_KEPT)), plain: await buy(m.open) };
  const deliver = ({ terms }: { terms: Terms }) => m.calls.deliverUnproven(terms, 0, m.opening, R, C);
  const receipt = ({ terms }: { terms: Terms }) => m.calls.settleByReceipt(terms, 0, m.pinned, { opening: m.opening, headers: m.headers });
  return { ...m, ...deals, deliver, receipt, mark: () => m.reads.markOf(m.headers[0]!) };
}

describe("Escrow, exclusive sale", () => {
  after(closeProofEngine);

  it("F32: reserves its headers at the first delivery: rivals bought before cannot be delivered any more, and are refunded", async () => {
    for (const first of ["alone", "given"] as const) {
      const r = await networkHelpers.loadFixture(rivals);
      const { who, calls } = r;
      expect(await r.mark()).to.deep.equal(free);
      await tx(who.tsp, r.deliver(r[first]));
      expect(await r.mark()).to.deep.equal({ bad: false, reservedBy: r[first].dealId });
      const others = [r.alone, r.aloneToo, r.given, r.plain].filter((deal) => deal !== r[first]);
      for (const deal of others) {
        for (const [role, call] of [["tsp", r.deliver(deal)], ["buyer", r.receipt(deal)]] as const) {
          await refused(tx(who[role], call), "Escrow_HeaderReserved", r.headers[0], r[first].dealId);
        }
      }
      await networkHelpers.time.increaseTo(r.plain.terms.sale.deliverBy + 1);
      for (const deal of others) expect(await creditChanges(r, () => tx(who.stranger, calls.refund(deal.terms, 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT });
      await tx(who.buyer, r.receipt(r[first]));
    }
  });

  it("F32: reserves them by a receipt too, and for good", async () => {
    const r = await networkHelpers.loadFixture(rivals);
    await tx(r.who.buyer, r.receipt(r.alone));
    expect(await r.mark()).to.deep.equal({ bad: false, reservedBy: r.alone.dealId });
    for (const deal of [r.aloneToo, r.plain]) await refused(tx(r.who.tsp, r.deliver(deal)), "Escrow_HeaderReserved", r.headers[0], r.alone.dealId);
  });

  it("F32: is not made by a plain sale, which reserves nothing and hinders none", async () => {
    const r = await networkHelpers.loadFixture(rivals);
    await tx(r.who.tsp, r.deliver(r.plain));
    expect(await r.mark()).to.deep.equal(free);
    await tx(r.who.tsp, r.deliver(r.aloneToo));
    // What was delivered before goes on: it is the buyer's already.
    await tx(r.who.buyer, r.receipt(r.plain));
  });

  it("F32: lapses with the refund of the page that made it, so that the headers can be sold again", async () => {
    const r = await networkHelpers.loadFixture(rivals);
    const { who, calls } = r;
    await tx(who.tsp, r.deliver(r.alone));
    await tx(who.buyer, calls.challenge(r.alone.terms, 0));
    expect(await outcome(tx(who.tsp, r.deliver(r.plain)))).to.equal("Escrow_HeaderReserved");
    await networkHelpers.time.increase(WINDOW + 1);
    expect(await creditChanges(r, () => tx(who.stranger, calls.refund(r.alone.terms, 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT + BOND });
    expect(await r.mark()).to.deep.equal(free);
    await tx(who.tsp, r.deliver(r.plain));
    await tx(who.tsp, r.deliver(r.aloneToo));
    expect(await r.mark()).to.deep.equal({ bad: false, reservedBy: r.aloneToo.dealId });
    expect(await outcome(tx(who.tsp, r.deliver(r.given)))).to.equal("Escrow_HeaderReserved");
  });

  it("reserves by page: a refunded page frees its own headers only", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads } = m;
    const made = await batches(m, 2);
    const openings = made.map(({ lot }): Opening => ({ lots: [lot], formers: [] }));
    const hashes = made.map(({ words }) => hashHeader(words));
    const sold = single(m, EXCLUSIVE, { pages: made.map(({ words }) => pageOver([words], { challengeDeposit: DEPOSIT })) });
    const { dealId, terms } = await bought(m, await purchase(m, sold));
    for (const at of [0, 1]) await tx(who.tsp, calls.deliverUnproven(terms, at, openings[at]!, R, C));
    const keys = [dealId, pageKey(dealId, 1)];
    expect((await Promise.all(hashes.map((hash) => reads.markOf(hash)))).map(({ reservedBy }) => reservedBy)).to.deep.equal(keys);
    await tx(who.tsp, calls.concede(terms, 1));
    expect((await Promise.all(hashes.map((hash) => reads.markOf(hash)))).map(({ reservedBy }) => reservedBy)).to.deep.equal([dealId, ZeroHash]);
    const others = await Promise.all(made.map(({ words }) => purchase(m, { ...m.open, pages: [pageOver([words])] })));
    const late = [await bought(m, others[0]!), await bought(m, others[1]!)];
    await refused(tx(who.tsp, calls.deliverUnproven(late[0]!.terms, 0, openings[0]!, R, C)), "Escrow_HeaderReserved", hashes[0], dealId);
    await tx(who.tsp, calls.deliverUnproven(late[1]!.terms, 0, openings[1]!, R, C));
  });

  it("meets its own reservation and goes on: all pages end together, opened again by the receipt", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls } = m;
    const made = await batches(m, 2);
    const openings = made.map(({ lot }): Opening => ({ lots: [lot], formers: [] }));
    const sold = single(m, ALL_OR_NOTHING | PROVEN_ONLY | EXCLUSIVE, { answerTime: 0, pages: made.map(({ words }) => pageOver([words])) });
    const { dealId, terms } = await bought(m, await purchase(m, sold));
    await tx(who.tsp, calls.deliverProven(terms, 1, openings[1]!, await prove(m.deployment.addresses.escrow, dealId, { page: 1 })));
    await tx(who.buyer, calls.settleByReceipt(terms, 0, m.pinned, { opening: { lots: made.map(({ lot }) => lot), formers: [] } }));
    // The reservation of an all-or-nothing deal is by the one state that it has.
    for (const { words } of made) expect(await m.reads.markOf(hashHeader(words))).to.deep.equal({ bad: false, reservedBy: dealId });
  });

  it("F32: is the only way to sell a header that was sealed for it", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls } = m;
    const words = header(m, { flags: 3n });
    const opening: Opening = { lots: [await anchorLot(m, words, { sequence: 5 })], formers: [] };
    const pages = [page([hashHeader(words)], PRICE, BOND)];
    for (const sold of [{ ...m.open, pages }, single(m, NO_COPY_KEPT, { pages })]) {
      const { terms } = await bought(m, await purchase(m, sold));
      for (const [role, call] of [["tsp", calls.deliverUnproven(terms, 0, opening, R, C)], ["buyer", calls.settleByReceipt(terms, 0, m.pinned, { opening })]] as const) {
        await refused(tx(who[role], call), "Escrow_HeaderExclusive", hashHeader(words));
      }
    }
    const { terms } = await bought(m, await purchase(m, single(m, EXCLUSIVE, { pages })));
    await tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, C));
  });
});

/** A batch with a bad leaf in deals of every kind: delivered, not delivered, exclusive and whole; and the right complaint about it. */
async function spoiled() {
  const m = await market();
  const s = await stock(m, "spoiled", 2, { bad: [1] });
  const [opening, both] = [openingOf({ lots: [s.lots[1]!] }), openingOf(s)];
  const pages = [page([s.hashes[1]!], PRICE, BOND, DEPOSIT)];
  const buy = async (sold: SellOrder) => bought(m, await purchase(m, sold, { nonce: (nonces += 1n) }));
  const sold = { ...m.open, pages };
  const [first, delivered, waiting] = [await buy(sold), await buy(sold), await buy(sold)];
  const wide = await buy({ ...m.open, pages: [page(s.hashes, 2n * PRICE, BOND, DEPOSIT)] });
  for (const { terms } of [first, delivered]) await tx(m.who.tsp, m.calls.deliverUnproven(terms, 0, opening, R, C));
  await tx(m.who.tsp, m.calls.deliverUnproven(wide.terms, 0, both, R, Array<bigint>(8).fill(5n)));
  const complain = m.calls.complain(first.terms, 0, [s.hashes[1]!], 0, s.words[1]!, await complaintAbout(s, 1));
  return { ...m, stock: s, opening, first, delivered, waiting, wide, complain, sold };
}

describe("Escrow, bad header", () => {
  after(closeProofEngine);

  it("F31: is not delivered, received or settled in any deal any more", async () => {
    const b = await networkHelpers.loadFixture(spoiled);
    const { who, calls, reads, pinned, opening, stock: { hashes } } = b;
    const bad = hashes[1]!;
    const back = await networkHelpers.takeSnapshot();
    await networkHelpers.time.increase(WINDOW + 1);
    await tx(who.stranger, calls.settle(b.wide.terms, 0, pinned, hashes)); // nobody has complained yet
    await back.restore();

    await tx(who.stranger, b.complain);
    expect(await reads.markOf(bad)).to.deep.equal({ bad: true, reservedBy: ZeroHash });
    expect(await reads.markOf(hashes[0]!)).to.deep.equal(free);
    const { terms } = b.waiting;
    await refused(tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, C)), "Escrow_HeaderBad", bad);
    await refused(tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { opening })), "Escrow_HeaderBad", bad);
    await networkHelpers.time.increase(WINDOW + 1);
    for (const [deal, headers] of [[b.delivered, [bad]], [b.wide, hashes]] as const) {
      await refused(tx(who.stranger, calls.settle(deal.terms, 0, pinned, headers)), "Escrow_HeaderBad", bad);
      await refused(tx(who.buyer, calls.settleByReceipt(deal.terms, 0, pinned, { headers })), "Escrow_HeaderBad", bad);
    }
    // The money has its way out all the same.
    expect(await creditChanges(b, () => tx(who.stranger, calls.refundBad(b.delivered.terms, 0, [bad], 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT + BOND });
    expect(await creditChanges(b, () => tx(who.stranger, calls.refund(terms, 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT });
  });

  it("is bad for its exclusive deal too, whose reservation ends", async () => {
    const b = await networkHelpers.loadFixture(spoiled);
    const { who, calls, reads, stock: { hashes } } = b;
    const { dealId, terms } = await bought(b, await purchase(b, single(b, EXCLUSIVE, { pages: b.sold.pages })));
    await tx(who.tsp, calls.deliverUnproven(terms, 0, b.opening, R, C));
    expect(await reads.markOf(hashes[1]!)).to.deep.equal({ bad: false, reservedBy: dealId });
    await tx(who.stranger, b.complain);
    expect(await reads.markOf(hashes[1]!)).to.deep.equal({ bad: true, reservedBy: ZeroHash });
    await refused(tx(who.buyer, calls.settleByReceipt(terms, 0, b.pinned, { headers: [hashes[1]!] })), "Escrow_HeaderBad", hashes[1]);
  });
});
