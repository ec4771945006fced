/** How a purchase is paid: by allowance, by permit, or out of a credit by an operator, with a time to inspect. */
import { expect } from "chai";
import { type Call, eventIn, readEvents, signPermit } from "../../../sdk/client/index.ts";
import type { Terms } from "../../../sdk/market/index.ts";
import { CHAIN_ID, contractAt, DAY, ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { C, creditChanges, DEPOSIT, market, type Market, outcome, pageOver, R, refused, sendAt, signReceipt } from "../support/deal.ts";
import { BOND, FAR, PRICE, purchase, STANDING } from "../support/world.ts";

const TOTAL = PRICE + DEPOSIT;

describe("Escrow, permit", () => {
  const sign = async ({ who, reads, deployment: { addresses: { qdd, escrow } } }: Market, value = PRICE) =>
    signPermit(who.buyer, { address: qdd, name: "QoodBlock Dollar", nonce: await reads.permitNonce(qdd, who.at.buyer) }, { chainId: CHAIN_ID, spender: escrow, value, deadline: FAR });

  it("F38: works by permit, also when somebody has submitted the permit first; an allowance alone decides", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, escrow, deployment, sold } = m;
    const { qdd } = deployment.addresses;
    await tx(who.buyer, calls.approve(qdd, 0n));
    await tx(who.buyer, calls.buyWithPermit(await purchase(m, sold), await sign(m)));

    const permit = await sign(m);
    const token = await contractAt("QDD", qdd);
    await token.connect(who.stranger).getFunction("permit")(who.at.buyer, deployment.addresses.escrow, PRICE, FAR, permit.v, permit.r, permit.s);
    await expect(tx(who.buyer, calls.buyWithPermit(await purchase(m, sold, { nonce: 2n }), permit))).to.emit(escrow, "Bought");
    await refused(tx(who.buyer, calls.buyWithPermit(await purchase(m, sold, { nonce: 3n }), permit)), "ERC20InsufficientAllowance", deployment.addresses.escrow, 0, PRICE);
  });

  it("asks no token for a permit that the exchange does not list", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, sold, deployment: { addresses: { qdd } } } = m;
    const permit = await sign(m);
    await tx(who.treasurer, calls.setToken(qdd, { ...(await m.reads.tokenTermsOf(qdd)), listed: false }));
    // An account without code: calling it would end the purchase without a word.
    for (const token of [qdd, who.at.owner]) {
      await refused(tx(who.buyer, calls.buyWithPermit(await purchase(m, { ...sold, token }), permit)), "Escrow_TokenNotListed", token);
    }
  });

  it("checks a purchase with a permit as any other, and takes the total and not what the permit allows", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads, open, deployment: { addresses: { qdd } } } = m;
    const before = await reads.balanceOf(qdd, who.at.buyer);
    const permit = await sign(m, 10n * TOTAL);
    await refused(tx(who.buyer, calls.buyWithPermit(await purchase(m, open, { maxTotal: TOTAL - 1n }), permit)), "Escrow_TooExpensive", TOTAL, TOTAL - 1n);
    await tx(who.buyer, calls.buyWithPermit(await purchase(m, open), permit));
    expect(before - (await reads.balanceOf(qdd, who.at.buyer))).to.equal(TOTAL);
    expect(await reads.allowance(qdd, who.at.buyer)).to.equal(9n * TOTAL);
  });
});

// ---------------------------------------------------------------- reservations

const INSPECT = 50;

/** The TSP's other account as the buyer's operator, with credit of its own. */
async function operated() {
  const m = await market();
  const { who, calls, deployment: { addresses: { qdd } } } = m;
  await tx(who.buyer, calls.setOperator(who.at.tsp2, true));
  await tx(who.tsp, calls.transferCredit(who.at.tsp, qdd, who.at.tsp2, 2n * TOTAL));
  const buyFor = async (inspectTime = INSPECT, nonce = 1n): Promise<Call> => calls.buyFor(await purchase(m, m.open, { nonce }), who.at.buyer, inspectTime);
  return { ...m, buyFor };
}

async function reserved() {
  const o = await operated();
  const receipt = await (await tx(o.who.tsp2, await o.buyFor())).wait();
  const { dealId, sale } = eventIn(o.deployment, "Bought", receipt!)!;
  const terms: Terms = { order: o.open, sale };
  return { ...o, dealId, terms, deliver: o.calls.deliverUnproven(terms, 0, o.opening, R, C) };
}

describe("Escrow, purchase for somebody else", () => {
  it("is made by the buyer or its operator, out of the caller's credit, with a time to inspect before the time to deliver", async () => {
    const o = await networkHelpers.loadFixture(operated);
    const { who, calls, deployment } = o;
    await refused(tx(who.stranger, await o.buyFor()), "Escrow_NotOperator", who.at.buyer, who.at.stranger);
    expect(await creditChanges(o, async () => tx(who.tsp2, await o.buyFor()))).to.deep.equal({ tsp2: -TOTAL });
    const at = await now();
    const [event] = await readEvents(deployment, ethers.provider, "Bought", { fromBlock: 0, toBlock: "latest" });
    const { sale, buyer } = event!;
    expect([buyer, sale.buyer, sale.inspectBy, sale.deliverBy]).to.deep.equal([who.at.buyer, who.at.buyer, at + INSPECT, at + INSPECT + WINDOW]);

    await tx(who.buyer, calls.setOperator(who.at.tsp2, false));
    await refused(tx(who.tsp2, await o.buyFor(INSPECT, 2n)), "Escrow_NotOperator", who.at.buyer, who.at.tsp2);
    await tx(who.tsp, calls.transferCredit(who.at.tsp, deployment.addresses.qdd, who.at.buyer, TOTAL - 1n));
    await refused(tx(who.buyer, await o.buyFor(INSPECT, 2n)), "Ledger_NotEnough", who.at.buyer, deployment.addresses.qdd, TOTAL - 1n, TOTAL);
    await tx(who.tsp, calls.transferCredit(who.at.tsp, deployment.addresses.qdd, who.at.buyer, 1n));
    expect(await creditChanges(o, async () => tx(who.buyer, await o.buyFor(INSPECT, 2n)))).to.deep.equal({ buyer: -TOTAL });
  });

  it("is the buyer's: an order for one or for a list is for who the deal is bought for", async () => {
    const o = await networkHelpers.loadFixture(operated);
    const { who, calls } = o;
    const forOperator = { ...o.open, buyer: who.at.tsp2 };
    await refused(tx(who.tsp2, calls.buyFor(await purchase(o, forOperator), who.at.buyer, 0)), "Escrow_NotForThisBuyer", who.at.buyer);
    await tx(who.tsp2, calls.buyFor(await purchase(o, { ...o.open, buyer: who.at.buyer }), who.at.buyer, 0));
  });

  it("gives at most 90 days to inspect, or none, and then reserves nothing", async () => {
    const o = await networkHelpers.loadFixture(operated);
    const { who, calls, deployment } = o;
    await refused(tx(who.tsp2, await o.buyFor(90 * DAY + 1)), "Escrow_WindowTooLong", 90 * DAY + 1, 90 * DAY);
    await tx(who.tsp2, await o.buyFor(90 * DAY));
    const receipt = await (await tx(who.tsp2, await o.buyFor(0, 2n))).wait();
    const { sale } = eventIn(deployment, "Bought", receipt!)!;
    expect([sale.inspectBy, sale.deliverBy]).to.deep.equal([0, (await now()) + WINDOW]);
    const terms = { order: o.open, sale };
    const soon = (await now()) + 5;
    await refused(sendAt(soon, who.buyer, calls.reject(terms)), "Escrow_NotReserved", 0, soon);
    await tx(who.tsp, calls.deliverUnproven(terms, 0, o.opening, R, C));
  });

  it("checks a purchase as any other", async () => {
    const o = await networkHelpers.loadFixture(operated);
    await refused(tx(o.who.tsp2, o.calls.buyFor(await purchase(o, o.open, { maxTotal: TOTAL - 1n }), o.who.at.buyer, 0)), "Escrow_TooExpensive", TOTAL, TOTAL - 1n);
  });
});

describe("Escrow, reservation", () => {
  it("is rejected freely by the buyer alone until its last second: everything goes back, and nothing moves the deal after", async () => {
    const r = await networkHelpers.loadFixture(reserved);
    const { who, calls, reads, escrow, dealId, terms } = r;
    for (const role of ["tsp2", "tsp", "stranger"] as const) {
      await refused(tx(who[role], calls.reject(terms)), "Escrow_NotBuyer", who.at[role], who.at.buyer);
      await refused(tx(who[role], calls.accept(terms)), "Escrow_NotBuyer", who.at[role], who.at.buyer);
    }
    expect(
      await creditChanges(r, async () => {
        await expect(sendAt(terms.sale.inspectBy, who.buyer, calls.reject(terms))).to.emit(escrow, "Rejected").withArgs(dealId, TOTAL);
      }),
    ).to.deep.equal({ buyer: TOTAL });
    expect((await reads.dealOf(dealId)).state).to.equal("Cancelled");
    await networkHelpers.time.increase(10 * DAY);
    const receipt = await signReceipt(r, "buyer", dealId);
    for (const call of [
      calls.reject(terms),
      calls.accept(terms),
      r.deliver,
      calls.refund(terms, 0),
      calls.concede(terms, 0),
      calls.settle(terms, 0, r.pinned, r.headers),
      calls.settleByReceipt(terms, 0, r.pinned, { opening: r.opening, headers: r.headers, signature: receipt }),
      calls.challenge(terms, 0),
    ]) {
      await refused(tx(who.buyer, call), "Escrow_WrongState", dealId, 7);
    }
  });

  it("is rejected no more in the second after its time, and is delivered then", async () => {
    const { who, calls, terms, deliver } = await networkHelpers.loadFixture(reserved);
    const { inspectBy } = terms.sale;
    await refused(sendAt(inspectBy, who.tsp, deliver), "Escrow_Reserved", inspectBy, inspectBy);
    await refused(sendAt(inspectBy + 1, who.buyer, calls.reject(terms)), "Escrow_NotReserved", inspectBy, inspectBy + 1);
    await refused(sendAt(inspectBy + 1, who.buyer, calls.accept(terms)), "Escrow_NotReserved", inspectBy, inspectBy + 1);
    await sendAt(inspectBy + 1, who.tsp, deliver);
  });

  it("is delivered on chain before its time only after the buyer has accepted, who can then no longer reject", async () => {
    const { who, calls, reads, escrow, dealId, terms, deliver } = await networkHelpers.loadFixture(reserved);
    const { inspectBy } = terms.sale;
    expect(await outcome(tx(who.tsp, deliver))).to.equal("Escrow_Reserved");
    const before = await reads.dealOf(dealId);
    await expect(tx(who.buyer, calls.accept(terms))).to.emit(escrow, "Accepted").withArgs(dealId);
    expect(await reads.dealOf(dealId)).to.deep.equal({ ...before, marks: 1 });
    for (const call of [calls.reject(terms), calls.accept(terms)]) await refused(sendAt(inspectBy, who.buyer, call), "Escrow_NotReserved", inspectBy, inspectBy);
    await tx(who.tsp, deliver);
    // What was delivered is neither accepted nor rejected.
    for (const call of [calls.reject(terms), calls.accept(terms)]) await refused(tx(who.buyer, call), "Escrow_WrongState", dealId, 2);
  });

  it("ends in no other way while it lasts, and as any other deal after: refunded when the time to deliver that follows it is over", async () => {
    const r = await networkHelpers.loadFixture(reserved);
    const { who, calls, dealId, terms, pinned, opening } = r;
    const { deliverBy, inspectBy } = terms.sale;
    expect(deliverBy).to.equal(inspectBy + WINDOW);
    const receipt = calls.settleByReceipt(terms, 0, pinned, { opening, signature: await signReceipt(r, "buyer", dealId) });
    const ends: [Call, "buyer" | "tsp"][] = [[receipt, "buyer"], [calls.concede(terms, 0), "tsp"]];
    for (const [call, role] of ends) await refused(sendAt(inspectBy, who[role], call), "Escrow_Reserved", inspectBy, inspectBy);
    const back = await networkHelpers.takeSnapshot();
    for (const [call, role] of ends) {
      await sendAt(inspectBy + 1, who[role], call);
      await back.restore();
    }
    await refused(sendAt(deliverBy, who.stranger, calls.refund(terms, 0)), "Escrow_NotYet", deliverBy, deliverBy);
    await sendAt(deliverBy + 1, who.stranger, calls.refund(terms, 0));
  });

  it("holds for all pages of a deal: rejected whole, accepted whole", async () => {
    const o = await networkHelpers.loadFixture(operated);
    const { who, calls, reads } = o;
    const order = { ...o.open, pages: [o.open.pages[0]!, pageOver([o.words], { price: 7_000_000n, challengeDeposit: 3n })] };
    const total = TOTAL + 7_000_003n;
    await tx(who.tsp, calls.transferCredit(who.at.tsp, order.token, who.at.tsp2, total));
    const receipt = await (await tx(who.tsp2, calls.buyFor(await purchase(o, order), who.at.buyer, INSPECT))).wait();
    const terms: Terms = { order, sale: eventIn(o.deployment, "Bought", receipt!)!.sale };
    const { dealId, key } = await reads.pageOf(terms, 1);
    const deliver = calls.deliverUnproven(terms, 1, o.opening, R, C);
    expect(await outcome(tx(who.tsp, deliver))).to.equal("Escrow_Reserved");
    const back = await networkHelpers.takeSnapshot();
    expect(await creditChanges(o, () => tx(who.buyer, calls.reject(terms)))).to.deep.equal({ buyer: total });
    expect((await reads.pageOf(terms, 1)).deal.state).to.equal("Cancelled");
    await refused(tx(who.tsp, deliver), "Escrow_WrongState", key, 7);
    await refused(tx(who.tsp, calls.concede(terms, 1)), "Escrow_WrongState", key, 7);
    await back.restore();
    await tx(who.buyer, calls.accept(terms));
    expect((await reads.pageOf(terms, 1)).deal).to.include({ state: "Funded", marks: 1 });
    await tx(who.tsp, deliver);
    expect((await reads.dealOf(dealId)).state).to.equal("Funded");
    expect(await reads.creditOf(who.at.tsp, order.token)).to.equal(STANDING - 2n * TOTAL - total - BOND);
  });

  it("knows no deal that was not bought", async () => {
    const { who, calls, reads, terms } = await networkHelpers.loadFixture(reserved);
    const other: Terms = { ...terms, sale: { ...terms.sale, nonce: 99n } };
    const { dealId } = await reads.pageOf(other, 0);
    for (const call of [calls.accept(other), calls.reject(other)]) await refused(tx(who.buyer, call), "Escrow_WrongState", dealId, 0);
  });
});
