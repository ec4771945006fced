/** Attacks on the opening of headers, on ids and on money: each fails without its guard. */
import { expect } from "chai";
import type { Hex } from "../../sdk/bytes/index.ts";
import { type Call } from "../../sdk/client/index.ts";
import { receiptData, sellOrderData, signTypedData } from "../../sdk/eip712/index.ts";
import { anchorTree, hashHeader, type HeaderWords } from "../../sdk/formats/index.ts";
import { agreementId, dealId as idOf, type Lot, page, type Sale, type SellOrder, sixPairs, type Terms, versionTerms } from "../../sdk/market/index.ts";
import { CHAIN_ID, contractAt, ethers, networkHelpers, now, tx } from "./support/chain.ts";
import { agree, agreementText, anchorLot, bought, hash, header, mintVehicle, order, purchase, type World, world } from "./support/world.ts";

async function fixture() {
  const w = await world();
  return { ...w, escrow: await contractAt("Escrow", w.deployment.addresses.escrow) };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;

let nonces = 100n;
/** Lets a second pass, so that what comes next is later for the contracts too. */
const later = () => networkHelpers.time.increase(1);

/** Buys a page of one header and tries to settle it by the buyer's receipt, with the given lot. */
async function trySettle(f: Fixture, words: HeaderWords, lot: Lot, formers: { version: number; terms: ReturnType<typeof versionTerms> }[] = [], w: World = f) {
  const { dealId, terms } = await bought(w, await purchase(w, order(w, [words], { version: (await f.reads.currentVersion(f.agreement)).version }), { nonce: (nonces += 1n) }));
  const call = f.calls.settleByReceipt(terms, 0, versionTerms(w.text), { opening: { lots: [lot], formers } });
  return { dealId, terms, call, attempt: () => tx(f.who.buyer, call) };
}

describe("Attacks on headers", () => {
  it("F3: the header of an accomplice's stream is not paid by this agreement", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const accomplice = await mintVehicle(f, hash("accomplice"), "owner2");
    await agree(f, agreementText(f, accomplice, { owner: f.who.at.owner2, pairs: sixPairs([{ dataClass: 2, privacy: 1, ownerBps: 0, oemBps: 0, agentBps: 10_000, storageBps: 0 }]) }), "owner2");
    // Same roots and key, but the stream of the accomplice: the order pins the honest agreement, the header the other one.
    for (const stream of [{ vehicle: accomplice }, { epoch: 2 }, { dataClass: "OEM" as const }, { privacy: "PRIVATE" as const }]) {
      const words = header(f, {}, stream);
      const lot = await anchorLot(f, words, { others: Object.keys(stream)[0]!.length });
      const { attempt } = await trySettle(f, words, lot);
      await expect(attempt()).to.be.revertedWithCustomError(f.escrow, "Escrow_StreamNotOfAgreement").withArgs(words.stream, f.agreement);
    }
  });

  it("F3: the accomplice's agreement does not pay for this vehicle's stream", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const accomplice = await mintVehicle(f, hash("accomplice"), "owner2");
    const text = agreementText(f, accomplice, { owner: f.who.at.owner2 });
    await agree(f, text, "owner2");
    const words = header(f);
    const lot = await anchorLot(f, words);
    const sold = order(f, [words], { agreementId: agreementId(accomplice, 1) });
    const { terms } = await bought(f, await purchase(f, sold, { agreement: versionTerms(text) }));
    await expect(tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(text), { opening: { lots: [lot], formers: [] } }))).to.be.revertedWithCustomError(
      f.escrow,
      "Escrow_StreamNotOfAgreement",
    );
  });

  it("refuses a handle of another registry or chain, and another schema than the handle's", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    for (const stream of [{ registry: f.who.at.stranger }, { chainId: 1n }]) {
      const words = header(f, {}, stream);
      const { attempt } = await trySettle(f, words, await anchorLot(f, words));
      await expect(attempt()).to.be.revertedWithCustomError(f.escrow, "Escrow_StreamNotOfAgreement");
    }
    const words = header(f);
    const lot = await anchorLot(f, words);
    const { terms } = await trySettle(f, words, lot);
    const call = f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [{ ...lot, schema: hash("another@1") }], formers: [] } });
    await expect(tx(f.who.buyer, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_StreamNotOfAgreement");
  });

  it("F14: a root copied out of the mempool neither blocks the TSP nor opens its headers for the copier", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const copied = await anchorLot(f, words, { by: "stranger" });
    const { terms } = await trySettle(f, words, copied);
    const call = f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [copied], formers: [] } });
    await expect(tx(f.who.buyer, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderNotAnchored").withArgs(hashHeader(words), f.who.at.tsp);
    const lot = await anchorLot(f, words); // the honest anchor of the same root
    const { attempt } = await trySettle(f, words, lot);
    await expect(attempt()).to.emit(f.escrow, "Settled");
  });

  it("refuses a header that only the TSP's accomplice anchored under its own name", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f, { tsp: f.who.at.stranger });
    const { attempt } = await trySettle(f, words, await anchorLot(f, words, { by: "stranger" }));
    await expect(attempt()).to.be.revertedWithCustomError(f.escrow, "Escrow_NotAgentAtAnchor");
  });

  it("refuses a header changed in any word after it was anchored", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const lot = await anchorLot(f, words);
    const changes: Partial<HeaderWords>[] = [{ sequence: 1 }, { root: hash("x") }, { kc1: 5n }, { flags: 0n }, { restHash: hash("x") }];
    for (const change of changes) {
      const forged = { ...words, ...change };
      const { attempt } = await trySettle(f, forged, { ...lot, header: forged });
      await expect(attempt(), Object.keys(change)[0]).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderNotAnchored");
    }
  });

  it("refuses a node passed off as a header's root, and a path longer than 20", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const lot = await anchorLot(f, words);
    const { terms } = await trySettle(f, words, lot);
    const settle = (path: Hex[]): Call => f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [{ ...lot, path }], formers: [] } });
    await expect(tx(f.who.buyer, settle(lot.path.slice(1)))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderNotAnchored");
    await expect(tx(f.who.buyer, settle([...lot.path, lot.path[0]!]))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderNotAnchored");
    await expect(tx(f.who.buyer, settle(Array<Hex>(21).fill(hash("x"))))).to.be.revertedWithCustomError(f.escrow, "Escrow_PathTooLong").withArgs(21);
  });

  it("refuses a header for exclusive deals and one with a second key", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const exclusive = header(f, { flags: 3n });
    const { attempt } = await trySettle(f, exclusive, await anchorLot(f, exclusive));
    await expect(attempt()).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderExclusive").withArgs(hashHeader(exclusive));
    const two = header(f, { kc2: 7n });
    const { attempt: second } = await trySettle(f, two, await anchorLot(f, two));
    await expect(second()).to.be.revertedWithCustomError(f.escrow, "Escrow_SecondKey").withArgs(hashHeader(two));
  });

  it("refuses a header anchored after the purchase", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const { terms } = await bought(f, await purchase(f, order(f, [words])));
    const purchasedAt = await now();
    await later();
    const lot = await anchorLot(f, words);
    const anchoredAt = await now();
    const call = f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [lot], formers: [] } });
    await expect(tx(f.who.buyer, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_AnchoredAfterPurchase").withArgs(anchoredAt, purchasedAt);
  });

  it("F9: data anchored after the transfer is not the old owner's to sell, data anchored before it is", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const before = header(f);
    const early = await anchorLot(f, before);
    await tx(f.who.owner, f.calls.transferVehicle(f.who.at.owner, f.who.at.owner2, f.vehicle));
    const end = await now();
    await later();
    const after = header(f, { sequence: 1 });
    const late = await anchorLot(f, after, { sequence: 2 });
    const anchoredAt = await now();
    const { attempt } = await trySettle(f, after, late);
    await expect(attempt()).to.be.revertedWithCustomError(f.escrow, "Escrow_AnchoredAfterEpoch").withArgs(anchoredAt, end);
    const { attempt: good } = await trySettle(f, before, early);
    await expect(good()).to.emit(f.escrow, "Settled");
  });

  it("after a change of agent the old data sells by showing the version of its time, and only by that", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const old = header(f);
    const oldLot = await anchorLot(f, old);
    await later();
    const text = { ...f.text, agent: f.who.at.tsp2, nonce: 1 };
    await agree(f, text);
    await later();
    const strange = header(f, { sequence: 1 });
    const strangeLot = await anchorLot(f, strange, { sequence: 2 }); // by the old agent, after it was replaced
    const deal = async (words: HeaderWords, lot: Lot, former: number) => {
      const sold = order(f, [words], { seller: f.who.at.tsp2, version: 2 });
      const sellerSignature = await signTypedData(f.who.tsp2, sellOrderData(f.domain("escrow"), sold));
      const { terms } = await bought(f, await purchase(f, sold, { sellerSignature, agreement: versionTerms(text), nonce: (nonces += 1n) }));
      const formers = [{ version: 1, terms: versionTerms(f.text) }, { version: 2, terms: versionTerms(f.text) }];
      return tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(text), { opening: { lots: [{ ...lot, former }], formers } }));
    };
    await expect(deal(old, oldLot, 0)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotAgentAtAnchor");
    await expect(deal(old, oldLot, 2)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotAgentAtAnchor");
    await expect(deal(strange, strangeLot, 1)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotAgentAtAnchor");
    await expect(deal(old, oldLot, 3)).to.be.revertedWithPanic(0x32);
    await expect(deal(old, oldLot, 1)).to.emit(f.escrow, "Settled");
  });

  it("data that the agent anchored before there was an agreement is not sold under it", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const vehicle = await mintVehicle(f, hash("late"));
    const w: World = { ...f, vehicle, agreement: agreementId(vehicle, 1) };
    const words = header(w);
    const lot = await anchorLot(w, words);
    await later();
    const text = agreementText(f, vehicle);
    await agree(f, text);
    const { terms } = await bought(w, await purchase({ ...w, text }, order(w, [words])));
    await expect(tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(text), { opening: { lots: [lot], formers: [] } }))).to.be.revertedWithCustomError(f.escrow, "Escrow_NotAgentAtAnchor");
  });
});

describe("Attacks on ids", () => {
  it("F8: every term is part of the id", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const lot = await anchorLot(f, words);
    const { dealId, terms } = await trySettle(f, words, lot);
    const [p] = terms.order.pages;
    const orders: Partial<SellOrder>[] = [
      ...[{ seller: f.who.at.stranger }, { buyer: f.who.at.stranger }, { buyersRoot: hash("x") }, { token: f.who.at.stranger }, { maxFeeBps: 1 }],
      ...[{ agreementId: 1n }, { version: 2 }, { dataClass: 1 }, { privacy: 2 }, { flags: 0 }, { royaltyBps: 1 }],
      ...[{ hook: f.who.at.stranger }, { hookCodeHash: hash("x") }, { pages: [p!, p!] }],
      ...[{ pages: [{ ...p!, lotsHash: hash("x") }] }, { pages: [{ ...p!, lotCount: 2 }] }, { pages: [{ ...p!, price: p!.price + 1n }] }],
      ...[{ pages: [{ ...p!, challengeDeposit: 1n }] }, { pages: [{ ...p!, bond: 1n }] }],
      ...[{ deliverTime: 1 }, { answerTime: 1 }, { complaintWindow: 1 }, { repeatable: false }, { maxFills: 1 }, { expiry: 1 }, { nonce: 9n }, { legalHash: hash("x") }],
    ];
    const sales: Partial<Sale>[] = [
      ...[{ buyer: f.who.at.stranger }, { feeBps: 1 }, { feeRecipient: f.who.at.stranger }, { priceBps: 1 }, { partiesBps: 1 }, { rightKey: hash("x") }],
      ...[{ agreementDigest: hash("x").slice(0, 56) as Hex }, { keyX: 1n }, { keyY: 1n }, { deliverBy: terms.sale.deliverBy - 1 }, { inspectBy: 1 }, { nonce: 9n }],
    ];
    expect(Object.keys(terms.order).filter((key) => !orders.some((change) => key in change))).to.deep.equal([]);
    expect(Object.keys(terms.sale).filter((key) => !sales.some((change) => key in change))).to.deep.equal([]);
    const changed: Terms[] = [
      ...orders.map((change) => ({ ...terms, order: { ...terms.order, ...change } })),
      ...sales.map((change) => ({ ...terms, sale: { ...terms.sale, ...change } })),
    ];
    for (const other of changed) {
      await expect(tx(f.who.buyer, f.calls.refund(other, 0)))
        .to.be.revertedWithCustomError(f.escrow, "Escrow_WrongState")
        .withArgs(idOf(CHAIN_ID, f.deployment.addresses.escrow, other), 0);
    }
    await expect(tx(f.who.buyer, f.calls.refund({ ...terms, order: { ...terms.order, pages: [] } }, 0))).to.be.revertedWithCustomError(f.escrow, "Escrow_NoSuchPage").withArgs(0, 0);
    expect(idOf(1, f.deployment.addresses.escrow, terms)).to.not.equal(dealId);
    expect(idOf(CHAIN_ID, f.who.at.stranger, terms)).to.not.equal(dealId);
  });

  it("an anchor of a TSP stands once, and another TSP's anchor of the same root beside it", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const registry = await contractAt("DataRegistry", f.deployment.addresses.dataRegistry);
    const { root } = anchorTree([hash("a"), hash("b")]);
    await expect(tx(f.who.tsp, f.calls.anchor(root, 7, hash("leaves"), hash("list")))).to.emit(registry, "Anchored").withArgs(f.who.at.tsp, root, 7, hash("leaves"), hash("list"));
    await expect(tx(f.who.tsp, f.calls.anchor(root, 8, hash("leaves"), hash("list")))).to.be.revertedWithCustomError(registry, "DataRegistry_AlreadyAnchored").withArgs(f.who.at.tsp, root);
    const at = await f.reads.anchorOf(f.who.at.tsp, root);
    expect(at).to.deep.equal({ sequence: 7, time: at.time, blockNumber: at.blockNumber });
    await tx(f.who.tsp2, f.calls.anchor(root, 1, hash("leaves"), hash("list")));
  });
});

describe("Attacks by tokens", () => {
  async function awkward() {
    const f = await fixture();
    const token = await ethers.deployContract("AwkwardToken");
    const address = (await token.getAddress()) as Hex;
    await tx(f.who.treasurer, f.calls.setToken(address, { listed: true, stopped: false, scale: 0, feeBps: 0, deposit1: 0, deposit8: 0, deposit32: 0, bond1: 0, bond8: 0, bond32: 0, exact: false }));
    const text = { ...f.text, nonce: 1, tokens: [...f.text.tokens, { token: address, oemFloor: 1n, userFloor: 1n, disputedFloor: 1n }] };
    await agree(f, text);
    await token.getFunction("mint")(f.who.at.buyer, 10_000n);
    await tx(f.who.buyer, f.calls.approve(address, 10_000n));
    const w: World = { ...f, text };
    const words = header(w);
    const lot = await anchorLot(w, words);
    const sold = order(w, [words], { version: 2, token: address, pages: [page([hashHeader(words)], 1000n)] });
    const buying = await purchase(w, sold, { tokenIndex: 1 });
    return { ...f, ...w, escrow: f.escrow, token, address, lot, buying };
  }

  it("a fee on transfer, or false instead of a transfer, stops the purchase", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    await f.token.getFunction("setMood")(1);
    await expect(tx(f.who.buyer, f.calls.buy(f.buying))).to.be.revertedWithCustomError(f.escrow, "Ledger_WrongAmountReceived").withArgs(999, 1000);
    await f.token.getFunction("setMood")(2);
    await expect(tx(f.who.buyer, f.calls.buy(f.buying))).to.be.revertedWithCustomError(f.escrow, "SafeERC20FailedOperation").withArgs(f.address);
  });

  it("balances are compared but of a token that the treasurer lists as exact, and of that one at every deposit too", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    await f.token.getFunction("setMood")(1);
    await expect(tx(f.who.buyer, f.calls.buy(f.buying))).to.be.revertedWithCustomError(f.escrow, "Ledger_WrongAmountReceived").withArgs(999, 1000);
    await tx(f.who.treasurer, f.calls.setToken(f.address, { ...(await f.reads.tokenTermsOf(f.address)), exact: true }));
    // What was said of the token is believed: listing a token that takes a fee as exact would be the treasurer's fault.
    const { dealId } = await bought(f, f.buying);
    expect((await f.reads.dealOf(dealId)).state).to.equal("Funded");
    await expect(tx(f.who.buyer, f.calls.deposit(f.address, f.who.at.buyer, 10n))).to.be.revertedWithCustomError(f.escrow, "Ledger_WrongAmountReceived").withArgs(9, 10);
    await f.token.getFunction("setMood")(2);
    await expect(tx(f.who.buyer, f.calls.buy({ ...f.buying, nonce: 2n }))).to.be.revertedWithCustomError(f.escrow, "SafeERC20FailedOperation").withArgs(f.address);
  });

  it("a token that calls back can neither buy nor withdraw inside a purchase or a withdrawal", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    const guard = f.escrow.interface.getError("ReentrancyGuardReentrantCall")!.selector;
    for (const call of [f.calls.buy({ ...f.buying, nonce: 2n }), f.calls.withdraw(f.address, f.who.at.stranger, 0n)]) {
      await f.token.getFunction("callBack")(call.to, call.data);
      await tx(f.who.buyer, f.calls.buy({ ...f.buying, nonce: BigInt(call.data.length) }));
      expect(await f.token.getFunction("calledBackWell")()).to.equal(false);
      expect(await f.token.getFunction("answer")()).to.equal(guard);
    }
    const { terms } = await bought(f, { ...f.buying, nonce: 3n });
    await tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [f.lot], formers: [] } }));
    const again = f.calls.withdraw(f.address, f.who.at.stranger, 0n);
    await f.token.getFunction("callBack")(again.to, again.data);
    await tx(f.who.owner, f.calls.withdraw(f.address, f.who.at.owner, 600n));
    expect(await f.token.getFunction("calledBackWell")()).to.equal(false);
  });

  it("after purchase no move touches the token: a dead token stops neither settlement nor refund", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    const { terms } = await bought(f, f.buying);
    const second = await bought(f, { ...f.buying, nonce: 2n });
    await f.token.getFunction("setMood")(2);
    await tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [f.lot], formers: [] } }));
    await networkHelpers.time.increase(1000);
    await tx(f.who.stranger, f.calls.refund(second.terms, 0));
    await expect(tx(f.who.buyer, f.calls.withdraw(f.address, f.who.at.buyer, 1000n))).to.be.revertedWithCustomError(f.escrow, "SafeERC20FailedOperation");
    await f.token.getFunction("setMood")(0);
    await tx(f.who.buyer, f.calls.withdraw(f.address, f.who.at.buyer, 1000n));
  });

  it("a payee that the token refuses harms nobody else and can still be paid elsewhere", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    const { terms } = await bought(f, f.buying);
    await f.token.getFunction("setBlocked")(f.who.at.owner, true);
    await tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [f.lot], formers: [] } }));
    await expect(tx(f.who.owner, f.calls.withdraw(f.address, f.who.at.owner, 600n))).to.be.revertedWithCustomError(f.token, "AwkwardToken_Blocked");
    await tx(f.who.oem, f.calls.withdraw(f.address, f.who.at.oem, 100n));
    await tx(f.who.owner, f.calls.withdraw(f.address, f.who.at.stranger, 600n));
  });

  it("a receipt signed for one deal does not settle its twin", async () => {
    const f = await networkHelpers.loadFixture(awkward);
    const { dealId } = await bought(f, f.buying);
    const twin = await bought(f, { ...f.buying, nonce: 2n });
    const signature = await signTypedData(f.who.buyer, receiptData(f.domain("escrow"), { dealId, page: 0n }));
    await expect(tx(f.who.tsp, f.calls.settleByReceipt(twin.terms, 0, versionTerms(f.text), { signature, opening: { lots: [f.lot], formers: [] } }))).to.be.revertedWithCustomError(f.escrow, "Escrow_BadReceipt");
  });
});
