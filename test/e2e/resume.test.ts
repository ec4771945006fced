import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createDeliveryKey } from "@qoodblock/sdk/delivery";
import { awaitDelivery, openDelivery } from "@qoodblock/sdk/purchase";
import { resumePurchase } from "../../cli/flows/buyer/resume.ts";
import { giveReceiptIfOpen } from "../../cli/flows/buyer/settle.ts";
import { act } from "../workers/support/market.ts";
import { startMarket } from "./market.ts";
import type { Market } from "./market.ts";

describe("a purchase that was stopped after paying goes on from the chain and the account alone", { concurrency: 1 }, () => {
  let market: Market;
  before(async () => {
    market = await startMarket();
  });
  after(async () => {
    await market.stop();
  });

  it("before the delivery, even when the owner has denied further sales since", async () => {
    const car = await market.newCar();
    const { batch, cid, offer } = await market.sell({ car });
    const paid = await market.purchase(cid, await createDeliveryKey(market.buyer.signer, false));
    const { vehicle } = offer.agreement.text;
    await act(market, market.accounts.owner, market.client.calls.deny(vehicle, 1, 2, 1));

    const resumed = await resumePurchase(market.buyer, paid.dealId, cid, []);
    assert.deepEqual(resumed.terms, paid.terms);
    await market.deliver(resumed, batch.k);
    // The key comes from the account's signature again.
    const key = await createDeliveryKey(market.buyer.signer, false);
    const [opened] = openDelivery(market.buyer, resumed, [await awaitDelivery(market.buyer, resumed)], key);
    assert.ok(opened!.rows.length > 0);
    await giveReceiptIfOpen(market.buyer, resumed);
    assert.equal((await market.client.reads.dealOf(paid.dealId)).state, "Settled");
    // Once more, after the end: the data still open, and nothing is settled twice.
    const again = await resumePurchase(market.buyer, paid.dealId, cid, []);
    assert.equal(openDelivery(market.buyer, again, [await awaitDelivery(market.buyer, again)], key)[0]!.rows.length, opened!.rows.length);
    await giveReceiptIfOpen(market.buyer, again);
  });

  it("but not with another offer, another buyer's account or an unknown deal", async () => {
    const first = await market.sell({});
    const second = await market.sell({});
    const paid = await market.purchase(first.cid);
    await assert.rejects(resumePurchase(market.buyer, paid.dealId, second.cid, []), { code: "OFFER_OF_ANOTHER_DEAL" });
    const stranger = { ...market.buyer, signer: market.accounts.keeper.connect(market.provider) };
    await assert.rejects(resumePurchase(stranger, paid.dealId, first.cid, []), { code: "DEAL_OF_ANOTHER" });
    await assert.rejects(resumePurchase(market.buyer, `0x${"11".repeat(32)}`, first.cid, []), { code: "DEAL_UNKNOWN" });
  });
});
