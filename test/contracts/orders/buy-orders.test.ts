/** Buy orders: placing, money, answers and their deposits, acceptance. Each guard with its exact error. */
import { expect } from "chai";
import { type TransactionReceipt, ZeroAddress, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { misfits, orderHash } from "../../../sdk/market/index.ts";
import { ask, CHAIN_ID, contractAt, DAY, networkHelpers, now, tx } from "../support/chain.ts";
import { creditChanges, EXCLUSIVE, refused } from "../support/deal.ts";
import { answering, answerOf, BUDGET, buying, type Buying, DEPOSIT_OF_ANSWER, mined, offerOf, placed, text32, type wholeLot } from "../support/orders.ts";
import { hash, PRICE, purchase } from "../support/world.ts";

const WEEK = 7 * DAY;
const NOBODY = "0x000000000000000000000000000000000000dEaD";

async function answered() {
  const b = await placed();
  const answer = answerOf(b);
  await tx(b.who.tsp, answering(b, answer));
  return { ...b, answer, answeredAt: await now() };
}

const held = (b: Buying): Promise<bigint> => b.reads.creditOf(b.deployment.addresses.buyOrders, b.deployment.addresses.qdd);

describe("Buy orders", () => {
  it("have the same id in the SDK, and the same digest of a sell order as the exchange", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
    expect(await ask(contract, "idOf", b.wanted)).to.equal(b.id(b.wanted));
    expect(await b.escrow.getFunction("hashOrder")(answerOf(b).sold)).to.equal(answerOf(b).orderHash);
    expect(await ask(contract, "exchange")).to.equal(b.deployment.addresses.escrow);
  });

  describe("place", () => {
    it("moves the buyer's credit to the order, and tells everything of it", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const call = b.calls.placeBuyOrder(b.wanted, BUDGET);
      let placed!: TransactionReceipt;
      expect(await creditChanges(b, async () => (placed = await mined(b.who.buyer, call)))).to.deep.equal({ buyer: -BUDGET });
      expect(eventIn(b.deployment, "BuyOrderPlaced", placed)).to.deep.equal({ id: b.id(b.wanted), buyer: b.who.at.buyer, schema: b.wanted.schema, wanted: b.wanted, amount: BUDGET });
      expect(await b.reads.buyOrderOf(b.id(b.wanted))).to.deep.equal({ status: "Open", left: BUDGET });
      expect(await held(b)).to.equal(BUDGET);
    });

    it("is the buyer's own act, once, before the deadline, within its credit and by its leave", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, wanted, deployment } = b;
      const { qdd, buyOrders } = deployment.addresses;
      await refused(tx(who.stranger, calls.placeBuyOrder(wanted, BUDGET)), "BuyOrders_NotBuyer", who.at.stranger, who.at.buyer);
      await refused(tx(who.buyer, calls.placeBuyOrder(wanted, 11n * BUDGET)), "Ledger_NotEnough", who.at.buyer, qdd, 10n * BUDGET, 11n * BUDGET);
      await tx(who.buyer, calls.setOperator(buyOrders, false));
      await refused(tx(who.buyer, calls.placeBuyOrder(wanted, BUDGET)), "Ledger_NotOperator", who.at.buyer, buyOrders);
      await tx(who.buyer, calls.setOperator(buyOrders, true));
      await tx(who.buyer, calls.placeBuyOrder(wanted, BUDGET));
      await refused(tx(who.buyer, calls.placeBuyOrder(wanted, BUDGET)), "BuyOrders_Exists", b.id(wanted));
      await tx(who.buyer, calls.closeBuyOrder(wanted));
      await refused(tx(who.buyer, calls.placeBuyOrder(wanted, BUDGET)), "BuyOrders_Exists", b.id(wanted));
      const at = await now();
      await networkHelpers.time.setNextBlockTimestamp(at + 50);
      await refused(tx(who.buyer, calls.placeBuyOrder({ ...wanted, deadline: at + 49 }, BUDGET)), "BuyOrders_TooLate", at + 49, at + 50);
      await networkHelpers.time.setNextBlockTimestamp(at + 60);
      await tx(who.buyer, calls.placeBuyOrder({ ...wanted, deadline: at + 60 }, BUDGET));
    });

    it("refuses delivery keys that the exchange refuses", async () => {
      const b = await networkHelpers.loadFixture(buying);
      for (const [keyX, keyY] of [[0n, 1n], [b.wanted.keyX, b.wanted.keyY + 1n]] as const) {
        await refused(tx(b.who.buyer, b.calls.placeBuyOrder({ ...b.wanted, keyX, keyY }, BUDGET)), "BuyOrders_BadDeliveryKey", keyX, keyY);
      }
    });

    it("F10: has no rule that names neither TSPs nor a maker with devices", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls } = b;
      const nobody = { ...b.wanted, agentsRoot: ZeroHash as Hex };
      const named = { ...nobody, oem: who.at.oem };
      for (const wanted of [nobody, named, { ...named, origins: 7 }, { ...named, origins: 1 }, { ...nobody, origins: 6 }]) {
        await refused(tx(who.buyer, calls.placeBuyOrder(wanted, 1n)), "BuyOrders_RuleNamesNobody");
      }
      await tx(who.buyer, calls.placeBuyOrder({ ...named, origins: 6 }, 1n));
      await tx(who.buyer, calls.placeBuyOrder({ ...nobody, inspectTime: 0 }, 1n));
    });

    it("bounds the inspection time and the deposit of answers", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, wanted } = b;
      await refused(tx(who.buyer, calls.placeBuyOrder({ ...wanted, inspectTime: 90 * DAY + 1 }, 1n)), "BuyOrders_InspectTimeTooLong", 90 * DAY + 1, 90 * DAY);
      await tx(who.buyer, calls.placeBuyOrder({ ...wanted, inspectTime: 90 * DAY }, 1n));
      // 200 units of 10^4: the least bond of one lot of QDD.
      await refused(tx(who.buyer, calls.placeBuyOrder({ ...wanted, answerDeposit: 2_000_001n }, 1n)), "BuyOrders_DepositTooHigh", 2_000_001n, 2_000_000n);
      await tx(who.buyer, calls.placeBuyOrder({ ...wanted, answerDeposit: 2_000_000n }, 1n));
      const unlisted = { ...wanted, token: who.at.owner };
      await refused(tx(who.buyer, calls.placeBuyOrder(unlisted, 0n)), "BuyOrders_DepositTooHigh", DEPOSIT_OF_ANSWER, 0);
      await tx(who.buyer, calls.placeBuyOrder({ ...unlisted, answerDeposit: 0n }, 0n));
    });
  });

  describe("fund and close", () => {
    it("add to an open order, by its buyer, until the deadline", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, wanted } = b;
      expect(await creditChanges(b, () => tx(who.buyer, calls.fundBuyOrder(wanted, 5n)))).to.deep.equal({ buyer: -5n });
      expect((await b.reads.buyOrderOf(b.id(wanted))).left).to.equal(BUDGET + 5n);
      await refused(tx(who.stranger, calls.fundBuyOrder(wanted, 5n)), "BuyOrders_NotBuyer", who.at.stranger, who.at.buyer);
      const other = { ...wanted, nonce: 2n };
      await refused(tx(who.buyer, calls.fundBuyOrder(other, 5n)), "BuyOrders_WrongStatus", b.id(other), 0);
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline);
      await tx(who.buyer, calls.fundBuyOrder(wanted, 5n));
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      await refused(tx(who.buyer, calls.fundBuyOrder(wanted, 5n)), "BuyOrders_TooLate", wanted.deadline, wanted.deadline + 1);
    });

    it("give everything back when the buyer cancels", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, wanted } = b;
      await refused(tx(who.stranger, calls.closeBuyOrder(wanted)), "BuyOrders_NotBuyer", who.at.stranger, who.at.buyer);
      expect(await creditChanges(b, () => tx(who.buyer, calls.closeBuyOrder(wanted)))).to.deep.equal({ buyer: BUDGET });
      expect(await b.reads.buyOrderOf(b.id(wanted))).to.deep.equal({ status: "Closed", left: 0n });
      expect(await held(b)).to.equal(0n);
      await refused(tx(who.buyer, calls.closeBuyOrder(wanted)), "BuyOrders_WrongStatus", b.id(wanted), 2);
      await refused(tx(who.buyer, calls.fundBuyOrder(wanted, 1n)), "BuyOrders_WrongStatus", b.id(wanted), 2);
    });

    it("give everything back to the buyer when the deadline is over, by anyone, and not in its last second", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, wanted } = b;
      // Without leave to act for the buyer the way out stays open.
      await tx(who.buyer, calls.setOperator(b.deployment.addresses.buyOrders, false));
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline);
      await refused(tx(who.stranger, calls.closeBuyOrder(wanted)), "BuyOrders_NotBuyer", who.at.stranger, who.at.buyer);
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      expect(await creditChanges(b, () => tx(who.stranger, calls.closeBuyOrder(wanted)))).to.deep.equal({ buyer: BUDGET });
    });

    it("keep the money of orders apart", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls } = b;
      const small = { ...b.wanted, nonce: 2n };
      await tx(who.buyer, calls.placeBuyOrder(small, 7n));
      expect(await held(b)).to.equal(BUDGET + 7n);
      expect(await creditChanges(b, () => tx(who.buyer, calls.closeBuyOrder(small)))).to.deep.equal({ buyer: 7n });
      expect(await creditChanges(b, () => tx(who.buyer, calls.closeBuyOrder(b.wanted)))).to.deep.equal({ buyer: BUDGET });
    });

    it("tell what goes back", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, wanted } = b;
      const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
      expect(
        await creditChanges(b, async () => {
          await expect(tx(who.buyer, calls.closeBuyOrder(wanted))).to.emit(contract, "BuyOrderClosed").withArgs(b.id(wanted), BUDGET);
        }),
      ).to.deep.equal({ buyer: BUDGET });
    });

    it("move nothing where nothing is left", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, wanted } = b;
      await tx(who.buyer, calls.placeBuyOrder(wanted, 0n));
      const exchange = await contractAt("EscrowDisputes", b.deployment.addresses.escrow);
      await expect(tx(who.buyer, calls.closeBuyOrder(wanted))).not.to.emit(exchange, "CreditTransferred");
    });
  });

  describe("answers", () => {
    it("lock their deposit", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, wanted } = b;
      const answer = answerOf(b);
      const call = b.calls.answerBuyOrder(wanted, answer.orderHash, hash("offer"), b.agents.pathOf(who.at.tsp));
      let given!: TransactionReceipt;
      expect(await creditChanges(b, async () => (given = await mined(who.tsp, call)))).to.deep.equal({ tsp: -DEPOSIT_OF_ANSWER });
      expect(eventIn(b.deployment, "AnswerGiven", given)).to.deep.equal({ id: b.id(wanted), agent: who.at.tsp, orderHash: answer.orderHash, offerDigest: hash("offer") });
      expect(await b.reads.answeredAt(b.id(wanted), who.at.tsp, answer.orderHash)).to.equal(await now());
      expect(await held(b)).to.equal(BUDGET + DEPOSIT_OF_ANSWER);
    });

    it("come from the list, once each, to an open order before its deadline", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, wanted, deployment } = b;
      const answer = answerOf(b);
      const by = (path: Hex[]) => calls.answerBuyOrder(wanted, answer.orderHash, hash("offer"), path);
      await refused(tx(who.stranger, by(b.agents.pathOf(who.at.tsp))), "BuyOrders_NotListed", who.at.stranger);
      await refused(tx(who.tsp, by([])), "BuyOrders_NotListed", who.at.tsp);
      await refused(tx(who.tsp2, by(b.agents.pathOf(who.at.tsp2))), "Ledger_NotOperator", who.at.tsp2, deployment.addresses.buyOrders);
      await tx(who.tsp2, calls.setOperator(deployment.addresses.buyOrders, true));
      await refused(tx(who.tsp2, by(b.agents.pathOf(who.at.tsp2))), "Ledger_NotEnough", who.at.tsp2, deployment.addresses.qdd, 0, DEPOSIT_OF_ANSWER);
      await tx(who.tsp, answering(b, answer));
      await refused(tx(who.tsp, answering(b, answer)), "BuyOrders_AnsweredBefore", b.id(wanted), who.at.tsp, answer.orderHash);
      const other = { ...wanted, nonce: 2n };
      await refused(tx(who.tsp, answering(b, answer, other)), "BuyOrders_WrongStatus", b.id(other), 0);
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      await refused(tx(who.tsp, answering(b, answerOf(b, { nonce: 9n }))), "BuyOrders_TooLate", wanted.deadline, wanted.deadline + 1);
    });

    it("come from anyone where the order has no list, and cost nothing where it asks nothing", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls } = b;
      const open = { ...b.wanted, agentsRoot: ZeroHash as Hex, inspectTime: 0, answerDeposit: 0n };
      await tx(who.buyer, calls.placeBuyOrder(open, BUDGET));
      expect(await creditChanges(b, () => tx(who.stranger, calls.answerBuyOrder(open, hash("order"), hash("offer"))))).to.deep.equal({});
      await refused(tx(who.buyer, calls.markJunk(open, who.at.stranger, hash("order"))), "BuyOrders_NoDeposit", b.id(open));
      await tx(who.buyer, calls.closeBuyOrder(open));
      expect(await creditChanges(b, () => tx(who.stranger, calls.returnAnswerDeposit(open, who.at.stranger, hash("order"))))).to.deep.equal({});
    });

    it("get their deposit back after a week, by anyone and once", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls } = b;
      const long = { ...b.wanted, deadline: b.wanted.deadline + 2 * WEEK };
      await tx(who.buyer, calls.placeBuyOrder(long, BUDGET));
      const answer = answerOf(b);
      await tx(who.tsp, answering(b, answer, long));
      const end = (await now()) + WEEK;
      const call = calls.returnAnswerDeposit(long, who.at.tsp, answer.orderHash);
      await networkHelpers.time.setNextBlockTimestamp(end);
      await refused(tx(who.stranger, call), "BuyOrders_NotYet", end, end);
      await networkHelpers.time.setNextBlockTimestamp(end + 1);
      await refused(tx(who.buyer, calls.markJunk(long, who.at.tsp, answer.orderHash)), "BuyOrders_TooLate", end, end + 1);
      const contract = await contractAt("BuyOrders", b.deployment.addresses.buyOrders);
      expect(
        await creditChanges(b, async () => {
          await expect(tx(who.stranger, call)).to.emit(contract, "AnswerReturned").withArgs(b.id(long), who.at.tsp, answer.orderHash, DEPOSIT_OF_ANSWER);
        }),
      ).to.deep.equal({ tsp: DEPOSIT_OF_ANSWER });
      await refused(tx(who.stranger, call), "BuyOrders_NoAnswer", b.id(long), who.at.tsp, answer.orderHash);
      // Ended, it may be given again.
      await tx(who.tsp, answering(b, answer, long));
    });

    it("get their deposit back at once when the order is closed or over", async () => {
      const first = await networkHelpers.loadFixture(answered);
      const { who, calls, wanted } = first;
      const back = calls.returnAnswerDeposit(wanted, who.at.tsp, first.answer.orderHash);
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline);
      await refused(tx(who.stranger, back), "BuyOrders_NotYet", wanted.deadline, wanted.deadline);
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      expect(await creditChanges(first, () => tx(who.stranger, back))).to.deep.equal({ tsp: DEPOSIT_OF_ANSWER });
      const second = await networkHelpers.loadFixture(answered);
      await tx(who.buyer, calls.closeBuyOrder(wanted));
      await refused(tx(who.buyer, calls.markJunk(wanted, who.at.tsp, second.answer.orderHash)), "BuyOrders_WrongStatus", second.id(wanted), 2);
      expect(await creditChanges(second, () => tx(who.stranger, back))).to.deep.equal({ tsp: DEPOSIT_OF_ANSWER });
      expect(await held(second)).to.equal(0n);
    });

    it("marked as junk cost agent and buyer the same, and nobody gets it", async () => {
      const b = await networkHelpers.loadFixture(answered);
      const { who, calls, wanted, answer, deployment } = b;
      const call = calls.markJunk(wanted, who.at.tsp, answer.orderHash);
      await refused(tx(who.stranger, call), "BuyOrders_NotBuyer", who.at.stranger, who.at.buyer);
      await refused(tx(who.buyer, calls.markJunk(wanted, who.at.tsp2, answer.orderHash)), "BuyOrders_NoAnswer", b.id(wanted), who.at.tsp2, answer.orderHash);
      let marked!: TransactionReceipt;
      expect(await creditChanges(b, async () => (marked = await mined(who.buyer, call)))).to.deep.equal({});
      expect(eventIn(deployment, "AnswerJunked", marked)).to.deep.equal({ id: b.id(wanted), agent: who.at.tsp, orderHash: answer.orderHash, burnt: 2n * DEPOSIT_OF_ANSWER });
      expect(await b.reads.creditOf(NOBODY, deployment.addresses.qdd)).to.equal(2n * DEPOSIT_OF_ANSWER);
      expect((await b.reads.buyOrderOf(b.id(wanted))).left).to.equal(BUDGET - DEPOSIT_OF_ANSWER);
      await refused(tx(who.buyer, call), "BuyOrders_NoAnswer", b.id(wanted), who.at.tsp, answer.orderHash);
      await networkHelpers.time.increaseTo(wanted.deadline + 1);
      await refused(tx(who.tsp, calls.returnAnswerDeposit(wanted, who.at.tsp, answer.orderHash)), "BuyOrders_NoAnswer", b.id(wanted), who.at.tsp, answer.orderHash);
    });

    it("are junk only up to the deadline and for who can pay for it", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, wanted } = b;
      await tx(who.buyer, calls.placeBuyOrder(wanted, DEPOSIT_OF_ANSWER - 1n));
      const answer = answerOf(b);
      await tx(who.tsp, answering(b, answer));
      const call = calls.markJunk(wanted, who.at.tsp, answer.orderHash);
      await refused(tx(who.buyer, call), "BuyOrders_TooLittleLeft", DEPOSIT_OF_ANSWER - 1n, DEPOSIT_OF_ANSWER);
      await tx(who.buyer, calls.fundBuyOrder(wanted, 1n));
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      await refused(tx(who.buyer, call), "BuyOrders_TooLate", wanted.deadline, wanted.deadline + 1);
    });

    it("can be called junk in the last second of their week", async () => {
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

    it("called junk can take the last of an order's money", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, reads } = b;
      await tx(who.buyer, calls.placeBuyOrder(b.wanted, DEPOSIT_OF_ANSWER));
      const answer = answerOf(b);
      await tx(who.tsp, answering(b, answer, b.wanted));
      await tx(who.buyer, calls.markJunk(b.wanted, who.at.tsp, answer.orderHash));
      expect((await reads.buyOrderOf(b.id(b.wanted))).left).to.equal(0n);
    });
  });

  describe("accept", () => {
    it("buys the answer's order out of the buy order's money, unreserved, and returns the deposit", async () => {
      const b = await networkHelpers.loadFixture(answered);
      const { who, calls, wanted, answer } = b;
      const buy = await purchase(b, answer.sold);
      let done!: TransactionReceipt;
      expect(await creditChanges(b, async () => (done = await mined(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, buy))))).to.deep.equal({ tsp: DEPOSIT_OF_ANSWER });
      const accepted = eventIn(b.deployment, "AnswerAccepted", done)!;
      const deal = eventIn(b.deployment, "Bought", done)!;
      expect(accepted).to.deep.equal({ id: b.id(wanted), dealId: deal.dealId, agent: who.at.tsp, orderHash: answer.orderHash, spent: PRICE });
      expect([deal.buyer, deal.sale.inspectBy, deal.sale.keyX]).to.deep.equal([who.at.buyer, 0, wanted.keyX]);
      expect((await b.reads.dealOf(deal.dealId)).state).to.equal("Funded");
      expect((await b.reads.buyOrderOf(b.id(wanted))).left).to.equal(BUDGET - PRICE);
      expect(await held(b)).to.equal(BUDGET - PRICE);
    });

    it("is the buyer's, of an answer that was given, in the order's token, with its key, within what is left", async () => {
      const b = await networkHelpers.loadFixture(answered);
      const { who, calls, wanted, answer, deployment } = b;
      const buy = await purchase(b, answer.sold);
      const accept = (change: Partial<typeof buy> = {}, agent = who.at.tsp) => calls.acceptAnswer(wanted, agent, { ...buy, ...change });
      await refused(tx(who.tsp, accept()), "BuyOrders_NotBuyer", who.at.tsp, who.at.buyer);
      await refused(tx(who.buyer, accept({}, who.at.tsp2)), "BuyOrders_NoAnswer", b.id(wanted), who.at.tsp2, answer.orderHash);
      const swapped = { ...answer.sold, legalHash: hash("other terms") };
      await refused(tx(who.buyer, accept({ order: swapped })), "BuyOrders_NoAnswer", b.id(wanted), who.at.tsp, orderHash(CHAIN_ID, deployment.addresses.escrow, swapped));
      await refused(tx(who.buyer, accept({ keyX: 0n, keyY: 1n })), "BuyOrders_DoesNotFit", text32("delivery key"));
      await refused(tx(who.buyer, accept({ keyY: 1n })), "BuyOrders_DoesNotFit", text32("delivery key"));
      await refused(tx(who.buyer, accept({ maxTotal: BUDGET + 1n })), "BuyOrders_TooLittleLeft", BUDGET, BUDGET + 1n);
      await refused(tx(who.buyer, accept({ maxTotal: PRICE - 1n })), "Escrow_TooExpensive", PRICE, PRICE - 1n);
      await tx(who.buyer, calls.setOperator(deployment.addresses.buyOrders, false));
      await refused(tx(who.buyer, accept()), "Escrow_NotOperator", who.at.buyer, deployment.addresses.buyOrders);
      await tx(who.buyer, calls.setOperator(deployment.addresses.buyOrders, true));
      await networkHelpers.time.setNextBlockTimestamp(wanted.deadline + 1);
      await refused(tx(who.buyer, accept()), "BuyOrders_TooLate", wanted.deadline, wanted.deadline + 1);
    });

    it("spends no other order's money in another token", async () => {
      const b = await networkHelpers.loadFixture(placed);
      const { who, calls, deployment } = b;
      // An order in a token of the buyer's own, in which nothing is locked; the answer is in QDD.
      const other = { ...b.wanted, token: who.at.owner, answerDeposit: 0n };
      await tx(who.buyer, calls.placeBuyOrder(other, 0n));
      const answer = answerOf(b);
      await tx(who.tsp, answering(b, answer, other));
      await refused(tx(who.buyer, calls.acceptAnswer(other, who.at.tsp, await purchase(b, answer.sold, { maxTotal: 0n }))), "BuyOrders_DoesNotFit", text32("token"));
      expect(await b.reads.creditOf(deployment.addresses.buyOrders, deployment.addresses.qdd)).to.equal(BUDGET);
    });

    it("leaves the order open for the next answer, and what it cannot pay to nobody", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const { who, calls, wanted } = b;
      await tx(who.buyer, calls.placeBuyOrder(wanted, PRICE + 5n));
      for (const nonce of [1n, 2n]) await tx(who.tsp, answering(b, answerOf(b, { nonce })));
      await tx(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, await purchase(b, answerOf(b, { nonce: 1n }).sold)));
      const second = await purchase(b, answerOf(b, { nonce: 2n }).sold);
      await refused(tx(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, second)), "BuyOrders_TooLittleLeft", 5n, PRICE);
      await tx(who.buyer, calls.fundBuyOrder(wanted, PRICE));
      await tx(who.buyer, calls.acceptAnswer(wanted, who.at.tsp, second));
      expect((await b.reads.buyOrderOf(b.id(wanted))).left).to.equal(5n);
    });

    it("tells what was added to the order, and what goes back to the agent", async () => {
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
  });

  describe("the SDK's word on offers", () => {
    it("says why an offer does not fit a rule", async () => {
      const b = await networkHelpers.loadFixture(buying);
      const offer = (change: object, sealed: Parameters<typeof wholeLot>[1] = {}) => ({ ...offerOf({ ...b.sold, ...change }, [{ ...b.whole, words: { ...b.whole.words, ...sealed } }]), agreement: { version: 1, text: b.text } });
      expect(misfits(b.wanted, offer({}))).to.deep.equal([]);
      const strict = { ...b.wanted, oem: b.who.at.oem2, flags: EXCLUSIVE, legalHash: hash("other"), maxDeliverTime: 1, minComplaintWindow: 1_000, minLots: 2, maxPrice: 1n, origins: 4, firstTime: b.whole.rest.firstTime + 1, schema: hash("x@1") };
      expect(misfits(strict, offer({ token: ZeroAddress, dataClass: 1 }, { flags: 3n }))).to.deep.equal([
        `is paid in ${ZeroAddress}`,
        "is of class 1, privacy 1",
        "lacks flags 4",
        "has other terms of use",
        `is of the maker ${b.who.at.oem}`,
        "takes 100 s to deliver",
        "leaves 100 s to complain",
        "has 1 lots",
        `costs ${PRICE} for 1 lots`,
        `lot 0 has the schema ${b.whole.rest.schema}`,
        "lot 0 is DEVICE_SIGNED",
        "lot 0 is sealed for exclusive deals",
        "lot 0 has records out of the range",
      ]);
    });
  });
});
