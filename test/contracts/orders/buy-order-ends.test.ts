/** How buy orders and answers end: last seconds and events. */
import { expect } from "chai";
import { contractAt, networkHelpers, now, tx } from "../support/chain.ts";
import { creditChanges, refused } from "../support/deal.ts";
import { answering, answerOf, BUDGET, buying, DEPOSIT_OF_ANSWER, filling, placed, text32 } from "../support/orders.ts";
import { BUYER_KEY, purchase } from "../support/world.ts";

const WEEK = 7 * 24 * 3600;

describe("Buy orders, ends", () => {
  it("an answer can be called junk in the last second of its week", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const { who, calls } = b;
    const long = { ...b.wanted, deadline: b.wanted.deadline + 2 * WEEK };
    await tx(who.buyer, calls.placeBuyOrder(long, BUDGET));
    const answer = answerOf(b);
    await tx(who.tsp, answering(b, answer, long));
    const end = (await now()) + WEEK;
    await networkHelpers.time.setNextBlockTimestamp(end);
    const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
    await expect(tx(who.buyer, calls.markJunk(long, who.at.tsp, answer.orderHash)))
      .to.emit(contract, "AnswerJunked")
      .withArgs(b.id(long), who.at.tsp, answer.orderHash, 2n * DEPOSIT_OF_ANSWER);
  });

  it("the deposit for junk can be the last of an order's money", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const { who, calls, reads } = b;
    await tx(who.buyer, calls.placeBuyOrder(b.wanted, DEPOSIT_OF_ANSWER));
    const answer = answerOf(b);
    await tx(who.tsp, answering(b, answer, b.wanted));
    await tx(who.buyer, calls.markJunk(b.wanted, who.at.tsp, answer.orderHash));
    expect((await reads.buyOrderOf(b.id(b.wanted))).left).to.equal(0n);
  });

  it("each coordinate of the delivery key must be the order's", async () => {
    const b = await networkHelpers.loadFixture(placed);
    const [keyX, keyY] = BUYER_KEY.publicKey;
    for (const key of [{ keyX: keyX + 1n }, { keyY: keyY + 1n }]) {
      const { call } = await filling(b, [b.whole], { purchase: key });
      await refused(tx(b.who.stranger, call), "BuyOrders_DoesNotFit", text32("delivery key"));
    }
  });

  it("what is added to an order, and what goes back to an agent, is told", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const { who, calls, wanted } = b;
    await tx(who.buyer, calls.placeBuyOrder(wanted, BUDGET));
    const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
    await expect(tx(who.buyer, calls.fundBuyOrder(wanted, 5n))).to.emit(contract, "BuyOrderFunded").withArgs(b.id(wanted), 5n);
    const answer = answerOf(b);
    await tx(who.tsp, answering(b, answer, wanted));
    await expect(tx(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, await purchase(b, answer.sold))))
      .to.emit(contract, "AnswerReturned")
      .withArgs(b.id(wanted), who.at.tsp, answer.orderHash, DEPOSIT_OF_ANSWER);
  });

  it("closing tells what goes back", async () => {
    const b = await networkHelpers.loadFixture(placed);
    const { who, calls, wanted } = b;
    const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
    expect(
      await creditChanges(b, async () => {
        await expect(tx(who.buyer, calls.closeBuyOrder(wanted))).to.emit(contract, "BuyOrderClosed").withArgs(b.id(wanted), BUDGET);
      }),
    ).to.deep.equal({ buyer: BUDGET });
  });

  it("nothing is moved where nothing is left", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const { who, calls, wanted } = b;
    await tx(who.buyer, calls.placeBuyOrder(wanted, 0n));
    const exchange = await contractAt("EscrowDisputes", b.deployment.addresses.escrow);
    await expect(tx(who.buyer, calls.closeBuyOrder(wanted))).not.to.emit(exchange, "CreditTransferred");
  });
});
