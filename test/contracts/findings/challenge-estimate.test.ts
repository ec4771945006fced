/**
 * Found: a challenge wrote its page's slot twice. Estimated in the delivery's own second the last write changes nothing; a
 * second later it does, and a write is refused where less than 2,300 gas are left: a buyer's wallet was one estimate short.
 */
import { expect } from "chai";
import { networkHelpers, now, tx } from "../support/chain.ts";
import { buyIt, market, movesOf, openPage, stock, unproven, unprovenOrder } from "../support/disputes.ts";

describe("A challenge estimated a second before it is mined", () => {
  it("has gas enough", async () => {
    const w = await market();
    const s = await stock(w, "estimate", 1);
    const deal = await buyIt(w, unprovenOrder(w, [openPage(s)]));
    const moves = movesOf(w, deal, s);
    await tx(w.who.tsp, moves.deliverUnproven(unproven(w, { dealId: deal.dealId, keys: s.keys })));
    const { to, data } = moves.challenge();
    const second = await now();
    await networkHelpers.time.setNextBlockTimestamp(second);
    const gasLimit = await w.who.buyer.estimateGas({ to, data });
    await networkHelpers.time.setNextBlockTimestamp(second + 1);
    await (await w.who.buyer.sendTransaction({ to, data, gasLimit })).wait();
    expect(await moves.state()).to.include({ state: "Challenged" });
  });
});
