/** Buy orders from end to end, with real keys, proofs and complaints, and the money told to the last unit. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { deliveryContext, unwrapKeys } from "../../../sdk/delivery/index.ts";
import type { Purchase, SellOrder } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { CHAIN_ID, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { PROVEN_ONLY, refused } from "../support/deal.ts";
import { buyIt, complaintAbout, expectMoney, held, movesOf, openPage, part, plus, proven, provenOrder, provenPage, split, stock, type Stock, unproven, unprovenOrder } from "../support/disputes.ts";
import { answering, BUDGET, type Buying, DEPOSIT_OF_ANSWER, filling, opened, placed, text32, type WholeLot } from "../support/orders.ts";
import { BOND, BUYER_KEY, PRICE, purchase } from "../support/world.ts";

/** Two lots, the second spoiled, and an order with money in it. */
async function fixture() {
  const b = await placed();
  const both = await stock(b, "orders", 2, { bad: [1] });
  return { ...b, good: part(both, 0, 1), bad: part(both, 1, 2) };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;
const load = () => networkHelpers.loadFixture(fixture);

/** Lots of stock as the support for rules takes them; no order here asks for the times of records. */
const wholes = ({ words, lots }: Stock): WholeLot[] => words.map((each, i) => ({ words: each, rest: {} as WholeLot["rest"], lot: lots[i]! }));

/** Reserves by rule an order over stock, brought by a stranger. */
async function reservedBy(f: Fixture, s: Stock, sold: Partial<SellOrder>, change: Partial<Purchase> = {}) {
  const filled = await filling(f, wholes(s), { sold, purchase: change });
  return { filled, deal: await opened(f, "stranger", filled.call, filled.sold) };
}

const leftOf = async (b: Buying): Promise<bigint> => (await b.reads.buyOrderOf(b.id(b.wanted))).left;

describe("A buy order", () => {
  after(closeProofEngine);

  it("matched by rule, inspected and rejected: the money is the buyer's credit, and reopens the order when the buyer says so", async () => {
    const f = await load();
    const { who, calls, wanted } = f;
    const { filled, deal } = await reservedBy(f, f.bad, { pages: [provenPage(f.bad)] });
    await networkHelpers.time.setNextBlockTimestamp(deal.terms.sale.inspectBy);
    await expectMoney(f, { buyer: PRICE }, () => tx(who.buyer, calls.reject(deal.terms)));
    expect((await f.reads.dealOf(deal.dealId)).state).to.equal("Cancelled");
    expect(await leftOf(f)).to.equal(BUDGET - PRICE);
    await expectMoney(f, { buyer: -PRICE }, () => tx(who.buyer, calls.fundBuyOrder(wanted, PRICE)));
    expect(await leftOf(f)).to.equal(BUDGET);
    // What was rejected does not come back by the rule.
    const again = await filling(f, wholes(f.bad), { sold: filled.sold, purchase: { nonce: 2n } });
    await refused(tx(who.stranger, again.call), "BuyOrders_LotDoesNotFit", text32("taken before"), 0);
    await expectMoney(f, { buyer: BUDGET }, () => tx(who.buyer, calls.closeBuyOrder(wanted)));
  });

  it("matched by rule, accepted at once, delivered with a proof and settled by the window", async () => {
    const f = await load();
    const { who, calls, deployment } = f;
    const { deal } = await reservedBy(f, f.good, { pages: [provenPage(f.good)] });
    const moves = movesOf(f, deal, f.good);
    await tx(who.buyer, calls.accept(deal.terms));
    const at = (await now()) + 1;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await refused(tx(who.buyer, calls.reject(deal.terms)), "Escrow_NotReserved", deal.terms.sale.inspectBy, at);
    const delivery = await proven(f, { ...deal, keys: f.good.keys });
    await expectMoney(f, { tsp: -BOND }, () => tx(who.stranger, moves.deliverProven(delivery)));
    const context = deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: deployment.addresses.escrow, dealId: deal.dealId, page: 0 });
    const keys = unwrapKeys(BUYER_KEY.secret, { context, commitments: [f.good.words[0]!.kc1], wrapped: { R: delivery.r, c: delivery.c } });
    expect(keys).to.deep.equal(f.good.keys);
    await networkHelpers.time.increase(WINDOW + 1);
    await expectMoney(f, plus(split(PRICE), { tsp: BOND }), () => tx(who.stranger, moves.settle()));
    expect(await leftOf(f)).to.equal(BUDGET - PRICE);
    await expectMoney(f, { buyer: BUDGET - PRICE }, () => tx(who.buyer, calls.closeBuyOrder(f.wanted)));
    expect(await held(f)).to.equal(0n);
  });

  it("matched by rule and left alone: after the inspection it is a deal like any other, and ends in a receipt or a refund", async () => {
    const f = await load();
    const { who, calls } = f;
    const sold = { flags: 0, answerTime: WINDOW, pages: [openPage(f.good)] };
    const { deal } = await reservedBy(f, f.good, sold);
    const moves = movesOf(f, deal, f.good);
    const keys = unproven(f, { ...deal, keys: f.good.keys });
    await networkHelpers.time.setNextBlockTimestamp(deal.terms.sale.inspectBy);
    await refused(tx(who.tsp, moves.deliverUnproven(keys)), "Escrow_Reserved", deal.terms.sale.inspectBy, deal.terms.sale.inspectBy);
    await networkHelpers.time.setNextBlockTimestamp(deal.terms.sale.inspectBy + 1);
    await refused(tx(who.buyer, calls.reject(deal.terms)), "Escrow_NotReserved", deal.terms.sale.inspectBy, deal.terms.sale.inspectBy + 1);
    await tx(who.tsp, moves.deliverUnproven(keys));
    await expectMoney(f, plus(split(PRICE), { tsp: BOND, buyer: openPage(f.good).challengeDeposit }), () => tx(who.buyer, moves.receipt()));

    const { deal: late } = await reservedBy(f, f.bad, { pages: [provenPage(f.bad)] });
    await networkHelpers.time.setNextBlockTimestamp(late.terms.sale.deliverBy + 1);
    expect(late.terms.sale.deliverBy - late.terms.sale.inspectBy).to.equal(WINDOW);
    await expectMoney(f, { buyer: PRICE }, () => tx(who.stranger, movesOf(f, late, f.bad).refund()));
  });

  it("answered, the answer accepted, delivered with a proof and settled by receipt", async () => {
    const f = await load();
    const { who, calls, wanted } = f;
    const sold = provenOrder(f, [provenPage(f.good)], { buyer: who.at.buyer, repeatable: false, nonce: 3n });
    const orderHash = (await f.escrow.getFunction("hashOrder")(sold)) as Hex;
    await expectMoney(f, { tsp: -DEPOSIT_OF_ANSWER }, () => tx(who.tsp, answering(f, { orderHash })));
    let deal!: Awaited<ReturnType<typeof opened>>;
    const accept = calls.acceptAnswer(wanted, who.at.tsp, await purchase(f, sold));
    await expectMoney(f, { tsp: DEPOSIT_OF_ANSWER }, async () => (deal = await opened(f, "buyer", accept, sold)));
    expect(deal.terms.sale.inspectBy).to.equal(0);
    const moves = movesOf(f, deal, f.good);
    await tx(who.stranger, moves.deliverProven(await proven(f, { ...deal, keys: f.good.keys })));
    await expectMoney(f, plus(split(PRICE), { tsp: BOND }), async () => tx(who.stranger, await moves.signedReceipt()));
    // The order was for one purchase, and so was the answer.
    await refused(tx(who.buyer, accept), "BuyOrders_NoAnswer", f.id(wanted), who.at.tsp, orderHash);
    await expectMoney(f, { buyer: BUDGET - PRICE }, () => tx(who.buyer, calls.closeBuyOrder(wanted)));
  });

  it("over its deadline: order, answer and an undelivered deal give everything back, each by anyone", async () => {
    const f = await load();
    const { who, calls, wanted } = f;
    const sold = provenOrder(f, [provenPage(f.good)], { buyer: who.at.buyer });
    const orderHash = (await f.escrow.getFunction("hashOrder")(sold)) as Hex;
    await tx(who.tsp, answering(f, { orderHash }));
    const { deal } = await reservedBy(f, f.bad, { pages: [provenPage(f.bad)] });
    await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
    await expectMoney(f, { buyer: BUDGET - PRICE }, () => tx(who.stranger, calls.closeBuyOrder(wanted)));
    await expectMoney(f, { tsp: DEPOSIT_OF_ANSWER }, () => tx(who.stranger, calls.returnAnswerDeposit(wanted, who.at.tsp, orderHash)));
    await expectMoney(f, { buyer: PRICE }, () => tx(who.stranger, movesOf(f, deal, f.bad).refund()));
    expect(await held(f)).to.equal(0n);
    expect(await f.reads.creditOf(f.deployment.addresses.buyOrders, f.deployment.addresses.qdd)).to.equal(0n);
  });

  it("takes no header that a right complaint has shown to be bad; what was reserved before is refunded", async () => {
    const f = await load();
    const { who } = f;
    // Another deal of the same batch goes wrong while this one is inspected.
    const { deal } = await reservedBy(f, f.bad, { pages: [provenPage(f.bad)] });
    const other = await buyIt(f, unprovenOrder(f, [openPage(f.bad)]));
    const theirs = movesOf(f, other, f.bad);
    await tx(who.tsp, theirs.deliverUnproven(unproven(f, { ...other, keys: f.bad.keys })));
    await tx(who.stranger, theirs.complain(0, await complaintAbout(f.bad, 0)));
    // During the inspection the buyer alone decides.
    const at = (await now()) + 1;
    await networkHelpers.time.setNextBlockTimestamp(at);
    await refused(tx(who.stranger, movesOf(f, deal, f.bad).refundBad(0)), "Escrow_Reserved", deal.terms.sale.inspectBy, at);
    await networkHelpers.time.setNextBlockTimestamp(deal.terms.sale.inspectBy + 1);
    await expectMoney(f, { buyer: PRICE }, () => tx(who.stranger, movesOf(f, deal, f.bad).refundBad(0)));

    const next = { ...f.wanted, nonce: 2n };
    await tx(who.buyer, f.calls.placeBuyOrder(next, BUDGET));
    const again = await filling(f, wholes(f.bad), { wanted: next, sold: { pages: [provenPage(f.bad)] } });
    await refused(tx(who.stranger, again.call), "BuyOrders_LotDoesNotFit", text32("shown bad"), 0);
  });

  it("F17: leaves denial and floors to the exchange, for rules and answers alike", async () => {
    const f = await load();
    const { who, calls, wanted } = f;
    const cheap = provenOrder(f, [provenPage(f.good, { price: 1n })], { buyer: who.at.buyer });
    await refused(tx(who.stranger, (await filling(f, wholes(f.good), { sold: { pages: cheap.pages } })).call), "Escrow_BelowFloor", 0, 1n, 2_000_000n);
    const orderHash = (await f.escrow.getFunction("hashOrder")(cheap)) as Hex;
    await tx(who.tsp, answering(f, { orderHash }));
    await refused(tx(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, await purchase(f, cheap))), "Escrow_BelowFloor", 0, 1n, 2_000_000n);
    await tx(who.owner, calls.deny(f.vehicle, 1, 2, 1));
    await refused(tx(who.stranger, (await filling(f, wholes(f.good), { sold: { flags: PROVEN_ONLY, pages: [provenPage(f.good)] } })).call), "Escrow_PairDenied", 2, 1);
    expect(await leftOf(f)).to.equal(BUDGET);
  });
});
