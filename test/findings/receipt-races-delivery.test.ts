/**
 * Found: who gave a receipt while the seller was delivering was refused. The program had read the deal as paid, opened its headers for
 * that, and left out what the exchange asks for once a key is there; the same command again went through.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Client } from "@qoodblock/sdk/client";
import { giveReceipt } from "@qoodblock/sdk/purchase";
import { PRICE, startMarket } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";

describe("a receipt that races the delivery", () => {
  let market: Market;
  before(async () => {
    market = await startMarket();
  });
  after(async () => {
    await market.stop();
  });

  for (const delivered of [true, false]) {
    it(delivered ? "settles a deal that is delivered after it was looked at" : "settles one that is not", async () => {
      const { client, accounts, provider } = market;
      const { cid, batch } = await market.sell();
      const paid = await market.purchase(cid);
      const pageOf: Client["reads"]["pageOf"] = async (...page) => {
        const seen = await client.reads.pageOf(...page);
        if (delivered) await market.deliver(paid, batch.k);
        return seen;
      };
      const { split } = await giveReceipt({ client: { ...client, reads: { ...client.reads, pageOf } }, signer: accounts.buyer.connect(provider) }, paid);
      assert.equal(split.byReceipt, true);
      assert.equal(split.owner + split.oem + split.agent + split.storage + split.seller + split.fee, PRICE);
    });
  }
});
