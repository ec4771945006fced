/**
 * Found: the buyer's check did not ask what the exchange asks of a header when its key is delivered. An offer of such a
 * header was bought, could never be delivered, and the price lay in escrow until the time to deliver was over.
 */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { agreementData, signTypedData } from "@qoodblock/sdk/eip712";
import { act } from "../workers/support/market.ts";
import { startMarket } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";

describe("what could never be delivered is not bought", { concurrency: 1 }, () => {
  let market: Market;
  before(async () => {
    market = await startMarket();
  });
  after(async () => {
    await market.stop();
  });
  const balance = (): Promise<bigint> => market.client.reads.balanceOf(market.client.deployment.addresses.qdd, market.accounts.buyer.address as Hex);
  /** The chain counts in seconds and makes two blocks in each: waits for one of a later second. */
  async function secondAfter(time: number): Promise<void> {
    while ((await market.provider.getBlock("latest"))!.timestamp <= time) await wait(50);
  }
  async function refused(cid: string, code: string): Promise<void> {
    const before = await balance();
    await assert.rejects(market.purchase(cid), { code });
    assert.equal(await balance(), before);
  }

  it("a header of another TSP than the agreement's agent", async () => {
    await refused((await market.sell({ tsp: market.accounts.keeper })).cid, "ANCHOR_AGENT");
  });
  it("a header that is sealed for exclusive deals", async () => {
    await refused((await market.sell({ exclusive: true })).cid, "LOT_EXCLUSIVE");
  });
  it("a header with a second key", async () => {
    await refused((await market.sell({ k2: 77n })).cid, "LOT_SECOND_KEY");
  });
  it("a class that the owner has denied", async () => {
    const car = await market.newCar();
    const { cid, offer } = await market.sell({ car });
    await act(market, market.accounts.owner, market.client.calls.deny(offer.agreement.text.vehicle, 1, 2, 1));
    await refused(cid, "AGREEMENT_DENIED");
  });
  it("a header that was anchored after its ownership epoch had ended", async () => {
    const car = await market.newCar();
    const { owner, keeper } = market.accounts;
    const batch = market.seal({ car });
    await act(market, owner, market.client.calls.transferVehicle(owner.address as Hex, keeper.address as Hex, BigInt(car.config.vehicle)));
    await secondAfter(await market.client.reads.epochEnd(BigInt(car.config.vehicle), 1));
    const lot = await market.lot(batch);
    await refused(await market.publish(await market.offer(lot, batch, {}, car)), "ANCHOR_AFTER_EPOCH");
  });
  it("a header from before the pinned agreement version, unless the offer shows the version of its time", async () => {
    const car = await market.newCar();
    const { offer, lot, batch } = await market.sell({ car });
    const { owner, oem, tsp } = market.accounts;
    const text = { ...offer.agreement.text, nonce: 1 };
    const data = agreementData({ chainId: offer.chainId, verifyingContract: market.client.deployment.addresses.qoodShares }, text);
    await secondAfter((await market.client.reads.anchorOf(lot.anchor.tsp, lot.anchor.root)).time);
    await act(market, tsp, market.client.calls.agree(text, await signTypedData(owner, data), await signTypedData(oem, data)));
    const renewed = { ...(await market.offer(lot, batch, { version: 2 }, car)), agreement: { version: 2, text } };
    await refused(await market.publish(renewed), "ANCHOR_AGENT");
    await refused(await market.publish({ ...renewed, lots: [{ ...lot, former: 1 }] }), "ANCHOR_AGENT");
    const former = { version: 1, text: { ...offer.agreement.text, agent: market.accounts.keeper.address as Hex } };
    await refused(await market.publish({ ...renewed, lots: [{ ...lot, former: 1 }], formers: [former] }), "ANCHOR_AGENT");
    // Shown rightly, it is bought and can be delivered.
    const paid = await market.purchase(await market.publish({ ...renewed, lots: [{ ...lot, former: 1 }], formers: [offer.agreement] }));
    await market.deliver(paid, batch.k);
    assert.equal((await market.client.reads.dealOf(paid.dealId)).state, "DeliveredProven");
  });
});
