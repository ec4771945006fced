/** Selling on what was bought: whose right counts, what the agreement's parties get of it, and how a right is passed on. */
import { expect } from "chai";
import { ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { agreementId, noExtras, type Opening, payouts, type Purchase, type SellOrder, sixPairs, type Terms, versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { QDD_TERMS } from "../../../scripts/deploy/plan.ts";
import { networkHelpers, now, type Role, tx } from "../support/chain.ts";
import { ALL_OR_NOTHING, batches, C, creditChanges, EXCLUSIVE, market, NO_COPY_KEPT, pageOver, PROVEN_ONLY, R, refused, RESALE, signOrder, SPLIT } from "../support/deal.ts";
import { agree, agreementText, anchorLot, BOND, hash, header, mintVehicle, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

const ROYALTY = 1_234;

/** A market whose buyer has money to bond and whose stranger has money to buy, with an agreement that authorises three pairs. */
async function resellers() {
  const m = await market();
  const { who, calls, deployment: { addresses: { qdd } } } = m;
  await tx(who.buyer, calls.deposit(qdd, who.at.buyer, 1_000_000_000n));
  await tx(who.buyer, calls.transferToken(qdd, who.at.stranger, 10_000_000_000n));
  await tx(who.stranger, calls.approve(qdd, 10_000_000_000n));
  const shares = { ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 };
  const text = { ...m.text, nonce: 1, pairs: sixPairs([[1, 1], [2, 1], [2, 2]].map(([dataClass, privacy]) => ({ dataClass: dataClass!, privacy: privacy!, ...shares }))) };
  // The first version goes on to count for what was anchored under it.
  const formers = [{ version: 1, terms: versionTerms(m.text) }];
  await networkHelpers.time.increase(1);
  await agree(m, text);
  const live = { ...m, text, pinned: versionTerms(text) };
  let nonces = 5000n;

  /** An order of anyone over the batch. */
  const orderOf = (seller: Role, change: Partial<SellOrder> = {}): SellOrder => ({ ...m.open, seller: who.at[seller], version: 2, nonce: (nonces += 1n), ...change });
  /** A purchase of an order, by its seller's signature, from a right. */
  const from = async (seller: Role, sold: SellOrder, right?: { terms: Terms; page?: number }, change: Partial<Purchase> = {}): Promise<Purchase> => ({
    ...(await purchase(live, sold, { sellerSignature: await signOrder(m, seller, sold), nonce: (nonces += 1n) })),
    ...(right === undefined ? {} : { extras: [{ ...noExtras(), right: [right.terms], rightPage: right.page ?? 0 }] }),
    ...change,
  });
  /** Buys and gives what later moves need. */
  const buyAs = async (buyer: Role, p: Purchase): Promise<{ dealId: Hex; terms: Terms }> => {
    const receipt = await (await tx(who[buyer], calls.buy(p))).wait();
    const { dealId, sale } = eventIn(m.deployment, "Bought", receipt!)!;
    return { dealId, terms: { order: p.order, sale } };
  };
  /** The opening by the version under which the batch was anchored. */
  const former: Opening = { lots: [{ ...m.lot, former: 1 }], formers };
  const settle = (by: Role, terms: Terms, opening = former) => tx(who[by], calls.settleByReceipt(terms, 0, live.pinned, { opening }));
  const deliver = (by: Role, terms: Terms) => tx(who[by], calls.deliverUnproven(terms, 0, former, R, C));
  return { ...live, orderOf, from, buyAs, former, settle, deliver };
}

/** The buyer holds a right to sell the batch on, for a royalty. */
async function holder() {
  const r = await resellers();
  const first = await r.buyAs("buyer", await r.from("tsp", r.orderOf("tsp", { flags: RESALE, royaltyBps: ROYALTY })));
  await r.settle("buyer", first.terms);
  return { ...r, first };
}
/** The same, exclusively. */
async function owner() {
  const r = await resellers();
  const plain = await r.buyAs("stranger", await r.from("tsp", r.orderOf("tsp")));
  const first = await r.buyAs("buyer", await r.from("tsp", r.orderOf("tsp", { flags: RESALE | EXCLUSIVE, repeatable: false, royaltyBps: ROYALTY })));
  await r.settle("buyer", first.terms);
  return { ...r, first, plain };
}

describe("Escrow, resale", () => {
  after(closeProofEngine);

  it("pays the agreement's parties their royalty, as any price with its dust, and the seller the rest", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { who, calls, escrow, first } = h;
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(h.sold.token, { ...QDD_TERMS, feeBps: 100 }));
    const deal = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first));
    expect([deal.terms.sale.rightKey, deal.terms.sale.partiesBps]).to.deep.equal([first.dealId, ROYALTY]);
    const fee = PRICE / 100n;
    const parties = ((PRICE - fee) * BigInt(ROYALTY)) / 10_000n;
    const split = payouts(parties, 0, SPLIT);
    const rest = PRICE - fee - parties;
    expect(
      await creditChanges(h, async () => {
        await expect(h.settle("stranger", deal.terms))
          .to.emit(escrow, "Settled")
          .withArgs(deal.dealId, 0, true, split.owner, split.oem, split.agent, split.storage, rest, fee);
      }),
    ).to.deep.equal({ owner: split.owner, oem: split.oem, tsp: split.agent, storage: split.storage, buyer: rest, feeTaker: fee, stranger: h.open.pages[0]!.challengeDeposit });
  });

  it("may be made again and again by who keeps a copy, delivered and bonded by the reseller", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { who, first } = h;
    const deals = [await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first)), await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first))];
    for (const { terms } of deals) {
      await refused(h.deliver("tsp", terms), "Escrow_NotSeller", who.at.tsp, who.at.buyer);
      expect(await creditChanges(h, () => h.deliver("buyer", terms))).to.deep.equal({ buyer: -BOND });
    }
    expect((await h.reads.dealOf(first.dealId)).marks).to.equal(0);
    expect(await h.reads.markOf(h.headers[0]!)).to.deep.equal({ bad: false, reservedBy: ZeroHash });
  });

  it("asks for a right that is the seller's own, settled, and allows it", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { first } = h;
    const key = first.dealId;
    const attempt = async (seller: Role, right: { terms: Terms; page?: number }, change: Partial<SellOrder> = {}) => h.buyAs("stranger", await h.from(seller, h.orderOf(seller, change), right));
    // Somebody else's right.
    await refused(attempt("owner2", first), "Escrow_NoResaleRight", h.who.at.owner2, key);
    await refused(attempt("tsp", first), "Escrow_NoResaleRight", h.who.at.tsp, key);
    // A sale that allows none.
    const plain = await h.buyAs("buyer", await h.from("tsp", h.orderOf("tsp")));
    await h.settle("buyer", plain.terms);
    await refused(attempt("buyer", plain), "Escrow_NoResaleRight", h.who.at.buyer, plain.dealId);
    // One that is not settled, was refunded, or never was.
    const open = await h.buyAs("buyer", await h.from("tsp", h.orderOf("tsp", { flags: RESALE })));
    await refused(attempt("buyer", open), "Escrow_NoResaleRight", h.who.at.buyer, open.dealId);
    await h.deliver("tsp", open.terms);
    await refused(attempt("buyer", open), "Escrow_NoResaleRight", h.who.at.buyer, open.dealId);
    await tx(h.who.tsp, h.calls.concede(open.terms, 0));
    await refused(attempt("buyer", open), "Escrow_NoResaleRight", h.who.at.buyer, open.dealId);
    const forged = { terms: { ...first.terms, sale: { ...first.terms.sale, nonce: 9n } } };
    await refused(attempt("buyer", forged), "Escrow_NoResaleRight", h.who.at.buyer, (await h.reads.pageOf(forged.terms, 0)).key);
    await refused(attempt("buyer", { ...first, page: 1 }), "Escrow_NoSuchPage", 1, 1);
    // A right does not make anybody the agent.
    await refused(h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"))), "Escrow_SellerNotAgent", h.who.at.buyer, h.who.at.tsp);
    await attempt("buyer", first);
  });

  it("is of exactly the lots, the agreement and the pair that were bought, in one page, and no more exclusive than the right", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { who, first, open } = h;
    const [p] = open.pages;
    const attempt = async (change: Partial<SellOrder>, more: Partial<Purchase> = {}) => h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", change), first, more));
    const changes: Partial<SellOrder>[] = [
      { pages: [{ ...p!, lotsHash: hash("others") }] },
      { pages: [{ ...p!, lotCount: 2 }] },
      { pages: [p!, p!] },
      { flags: EXCLUSIVE, repeatable: false },
      { dataClass: 1 },
      { privacy: 2 },
    ];
    for (const change of changes) await refused(attempt(change), "Escrow_NoResaleRight", who.at.buyer, first.dealId);
    const vehicle = await mintVehicle(h, hash("another"));
    const text = agreementText(h, vehicle);
    await agree(h, text);
    const foreign = { agreementId: agreementId(vehicle, 1), version: 1 };
    await refused(attempt(foreign, { agreement: versionTerms(text) }), "Escrow_NoResaleRight", who.at.buyer, first.dealId);
    await attempt({ flags: NO_COPY_KEPT, repeatable: false });
  });

  it("keeps to the purchase's other checks: current version, authorised pair, floor", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { who, calls, first, agreement, vehicle } = h;
    const attempt = async (change: Partial<SellOrder>) => h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", change), first));
    await refused(attempt({ version: 1 }), "Escrow_VersionNotInForce", agreement, 1);
    const cheap = h.orderOf("buyer", { pages: [{ ...h.open.pages[0]!, price: 1n }] });
    await refused(h.buyAs("stranger", await h.from("buyer", cheap, first)), "Escrow_NoConsent", who.at.owner);
    const extras = [{ ...noExtras(), right: [first.terms], ownerSignature: await signOrder(h, "owner", cheap) }];
    await h.buyAs("stranger", await h.from("buyer", cheap, first, { extras }));
    await tx(who.owner, calls.deny(vehicle, 1, 2, 1));
    await refused(attempt({}), "Escrow_PairDenied", 2, 1);
  });

  it("allows a further resale for the same royalty or more, never for less", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { first } = h;
    await refused(h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { flags: RESALE, royaltyBps: ROYALTY - 1 }), first)), "Escrow_RoyaltyTooLow", ROYALTY - 1, ROYALTY);
    await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { flags: RESALE, royaltyBps: ROYALTY }), first));
    // The royalty of a sale is that of its own right; what it asks of the next is more here.
    const second = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { flags: RESALE, royaltyBps: 5_000 }), first));
    expect(second.terms.sale.partiesBps).to.equal(ROYALTY);
    await h.settle("stranger", second.terms);
    await tx(h.who.buyer, h.calls.approve(h.sold.token, 10n ** 12n));
    const third = await h.buyAs("buyer", await h.from("stranger", h.orderOf("stranger"), second));
    expect([third.terms.sale.rightKey, third.terms.sale.partiesBps]).to.deep.equal([second.dealId, 5_000]);
    await h.settle("buyer", third.terms);
  });

  it("opens by the version under which the batch was anchored, never by the pinned one, though the TSP itself sells on", async () => {
    const h = await networkHelpers.loadFixture(resellers);
    const { who, deployment: { addresses: { qdd } } } = h;
    await tx(who.tsp, h.calls.withdraw(qdd, who.at.tsp, 100_000_000n));
    await tx(who.tsp, h.calls.approve(qdd, 100_000_000n));
    await networkHelpers.time.increase(1);
    const words = header(h, { sequence: 7 });
    const lot = await anchorLot(h, words, { sequence: 7 });
    const anchoredAt = await now();
    const pages = [pageOver([words])];
    const own = await h.buyAs("tsp", await h.from("tsp", h.orderOf("tsp", { flags: RESALE, pages })));
    const direct: Opening = { lots: [lot], formers: [] };
    await h.settle("tsp", own.terms, direct);
    const deal = await h.buyAs("stranger", await h.from("tsp", h.orderOf("tsp", { pages }), own));
    await refused(h.settle("stranger", deal.terms, direct), "Escrow_NotAgentAtAnchor", who.at.tsp, anchoredAt);
    await h.settle("stranger", deal.terms, { lots: [{ ...lot, former: 1 }], formers: [{ version: 2, terms: h.pinned }] });
  });

  it("goes on after a change of agent: the parties of the version in force are paid", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const text = { ...h.text, nonce: 2, agent: h.who.at.tsp2 };
    await networkHelpers.time.increase(1);
    await agree(h, text);
    const deal = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { version: 3 }), h.first, { agreement: versionTerms(text) }));
    const parties = (PRICE * BigInt(ROYALTY)) / 10_000n;
    const changes = await creditChanges(h, () => tx(h.who.stranger, h.calls.settleByReceipt(deal.terms, 0, versionTerms(text), { opening: h.former })));
    expect(changes).to.include({ tsp2: payouts(parties, 0, SPLIT).agent, buyer: PRICE - parties });
    expect(changes).to.not.have.property("tsp");
  });

  it("takes its right from any page of a deal", async () => {
    const h = await networkHelpers.loadFixture(resellers);
    const made = await batches(h, 2);
    const openings = made.map(({ lot }): Opening => ({ lots: [lot], formers: [] }));
    const pages = made.map(({ words }) => pageOver([words]));
    const first = await h.buyAs("buyer", await h.from("tsp", h.orderOf("tsp", { flags: RESALE, pages })));
    const attempt = async (at: number, of: number) => h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { pages: [pages[of]!] }), { ...first, page: at }));
    const { key } = await h.reads.pageOf(first.terms, 1);
    await refused(attempt(1, 1), "Escrow_NoResaleRight", h.who.at.buyer, key);
    await tx(h.who.buyer, h.calls.settleByReceipt(first.terms, 1, h.pinned, { opening: openings[1]! }));
    expect((await attempt(1, 1)).terms.sale.rightKey).to.equal(key);
    await refused(attempt(1, 0), "Escrow_NoResaleRight", h.who.at.buyer, key);
    await refused(attempt(0, 0), "Escrow_NoResaleRight", h.who.at.buyer, first.dealId);
  });
});

describe("Escrow, passing a right on", () => {
  after(closeProofEngine);

  it("F32: without a copy spends it at the delivery, for deals bought before as well, and is no reservation against others' copies", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const { who, reads, first } = h;
    const given = h.orderOf("buyer", { flags: NO_COPY_KEPT, repeatable: false });
    const [deal, rival] = [await h.buyAs("stranger", await h.from("buyer", given, first)), await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first))];
    expect((await reads.dealOf(first.dealId)).marks).to.equal(0);
    await h.deliver("buyer", deal.terms);
    expect(await reads.dealOf(first.dealId)).to.include({ marks: 4, state: "Settled" });
    await refused(h.deliver("buyer", rival.terms), "Escrow_RightSpent", first.dealId);
    await refused(h.settle("stranger", rival.terms), "Escrow_RightSpent", first.dealId);
    await refused(h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first)), "Escrow_RightSpent", first.dealId);
    // The agent has sold copies before and may do so again: the reseller's right was all that it could give up.
    expect(await reads.markOf(h.headers[0]!)).to.deep.equal({ bad: false, reservedBy: ZeroHash });
    const plain = await h.buyAs("stranger", await h.from("tsp", h.orderOf("tsp")));
    await h.deliver("tsp", plain.terms);
    // The deal that passed the right on ends as any other.
    await tx(who.stranger, h.calls.settleByReceipt(deal.terms, 0, h.pinned, { headers: h.headers }));
  });

  it("spends it by a receipt too", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const deal = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { flags: NO_COPY_KEPT | RESALE, royaltyBps: ROYALTY, repeatable: false }), h.first));
    await h.settle("stranger", deal.terms);
    expect((await h.reads.dealOf(h.first.dealId)).marks).to.equal(4);
    // Who has it now can sell on.
    const next = await h.from("stranger", h.orderOf("stranger"), deal);
    await tx(h.who.buyer, h.calls.approve(h.sold.token, 10n ** 12n));
    await h.settle("buyer", (await h.buyAs("buyer", next)).terms);
  });

  it("F32: hands an exclusive reservation over, from holder to holder, and keeps everyone else out", async () => {
    const h = await networkHelpers.loadFixture(owner);
    const { who, reads, first, headers } = h;
    expect((await reads.markOf(headers[0]!)).reservedBy).to.equal(first.dealId);
    await refused(h.deliver("tsp", h.plain.terms), "Escrow_HeaderReserved", headers[0], first.dealId);
    // A copy for somebody leaves holder and right as they are.
    const copy = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first));
    await h.deliver("buyer", copy.terms);
    expect((await reads.markOf(headers[0]!)).reservedBy).to.equal(first.dealId);
    expect((await reads.dealOf(first.dealId)).marks).to.equal(0);
    // The whole right goes to the next.
    const waiting = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer"), first));
    const next = await h.buyAs("stranger", await h.from("buyer", h.orderOf("buyer", { flags: EXCLUSIVE | RESALE, royaltyBps: ROYALTY, repeatable: false }), first));
    await h.deliver("buyer", next.terms);
    expect((await reads.markOf(headers[0]!)).reservedBy).to.equal(next.dealId);
    expect((await reads.dealOf(first.dealId)).marks).to.equal(4);
    await refused(h.deliver("buyer", waiting.terms), "Escrow_HeaderReserved", headers[0], next.dealId);
    await refused(h.deliver("tsp", h.plain.terms), "Escrow_HeaderReserved", headers[0], next.dealId);
    await tx(who.stranger, h.calls.settleByReceipt(next.terms, 0, h.pinned, { headers }));
    await tx(who.buyer, h.calls.approve(h.sold.token, 10n ** 12n));
    const last = await h.buyAs("buyer", await h.from("stranger", h.orderOf("stranger", { flags: EXCLUSIVE, repeatable: false }), next));
    await h.settle("buyer", last.terms);
    expect((await reads.markOf(headers[0]!)).reservedBy).to.equal(last.dealId);
  });

  it("spends a right once, also where all pages end together and are delivered one by one", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const sold = h.orderOf("buyer", { flags: ALL_OR_NOTHING | PROVEN_ONLY | NO_COPY_KEPT, answerTime: 0, repeatable: false, pages: [pageOver([h.words])] });
    const deal = await h.buyAs("stranger", await h.from("buyer", sold, h.first));
    await tx(h.who.buyer, h.calls.deliverProven(deal.terms, 0, h.former, await prove(h.deployment.addresses.escrow, deal.dealId)));
    expect((await h.reads.dealOf(h.first.dealId)).marks).to.equal(4);
    await networkHelpers.time.increase(1_000);
    await tx(h.who.stranger, h.calls.settle(deal.terms, 0, h.pinned, h.headers));
  });

  it("does not mark the right of a sale that keeps a copy, and marks none of the agent's own", async () => {
    const h = await networkHelpers.loadFixture(holder);
    const own = await h.buyAs("stranger", await h.from("tsp", h.orderOf("tsp", { flags: NO_COPY_KEPT, repeatable: false })));
    await h.deliver("tsp", own.terms);
    expect((await h.reads.dealOf(ZeroHash as Hex)).marks).to.equal(0);
    expect((await h.reads.dealOf(h.first.dealId)).marks).to.equal(0);
  });
});
