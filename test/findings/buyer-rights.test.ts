/**
 * Found: the buyer's check did not ask what the exchange asks of a header when its key is delivered. An offer of such a
 * header was bought, could never be delivered, and the price lay in escrow until the time to deliver was over.
 */
import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { lastMessageOf } from "@qoodblock/sdk/client";
import { agreementData, signTypedData } from "@qoodblock/sdk/eip712";
import { encodeRest } from "@qoodblock/sdk/formats";
import { handleProof } from "@qoodblock/sdk/market";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
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
    const cid = await market.publish(await market.offer(lot, batch, {}, car));
    await refused(cid, "ANCHOR_AFTER_EPOCH");

    // Within 35 days it counts where its device has signed it, which whoever opens the batch can show.
    const { sealed, k } = batch;
    const opened = openBatch(checkBatch({ ...sealed, anchor: null }), { k1: k });
    const schema = sealed.header.rest.schema;
    const proof = handleProof({ vehicle: BigInt(car.config.vehicle), epoch: 1, dataClass: 2, privacy: 1, schema });
    const header = { header: sealed.header.words, path: lot.anchor.path };
    await act(market, keeper, market.client.calls.admitLateHeader(header, proof, encodeRest(sealed.header.rest), lastMessageOf(opened.lastLink, sealed.envelope!)));
    const paid = await market.purchase(cid);
    await market.deliver(paid, k);
    assert.equal((await market.client.reads.dealOf(paid.dealId)).state, "DeliveredProven");
  });
  it("a header that another one of its TSP contradicts", async () => {
    const car = await market.newCar();
    const [one, other] = [market.seal({ car }), market.seal({ car })];
    const [lot, twin] = [await market.lot(one), await market.lot(other)];
    const cid = await market.publish(await market.offer(lot, one, {}, car));
    const opened = ({ sealed }: typeof one, { anchor }: typeof lot) => ({ header: sealed.header.words, path: anchor.path });
    await act(market, market.accounts.keeper, market.client.calls.proveTwoOfOneSequence(opened(one, lot), opened(other, twin)));
    await refused(cid, "LOT_EQUIVOCATED");
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
