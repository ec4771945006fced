import { expect } from "chai";
import { receiptData, signTypedData } from "../../sdk/eip712/index.ts";
import { dealId as idOf, payouts, versionTerms } from "../../sdk/market/index.ts";
import { unwrapKeys, deliveryContext } from "../../sdk/delivery/index.ts";
import { CHAIN_ID, contractAt, networkHelpers, now, tx, WINDOW } from "./support/chain.ts";
import { hashHeader } from "../../sdk/formats/index.ts";
import { BUYER_KEY, funded, KEY, PRICE, STANDING, world } from "./support/world.ts";
import { prove } from "./support/proofs.ts";
import { closeProofEngine } from "../../sdk/proof/index.ts";

describe("A whole trade", () => {
  after(closeProofEngine);

  const split = { ownerBps: 6000, oemBps: 1000, agentBps: 2500, storageBps: 500 };

  it("goes from purchase over proven delivery and receipt to withdrawals", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { who, calls, reads, deployment } = w;
    const { escrow, qdd } = deployment.addresses;
    const { dealId, terms, lot } = await funded(w);
    expect(idOf(CHAIN_ID, escrow, terms)).to.equal(dealId);
    expect(await reads.balanceOf(qdd, escrow)).to.equal(STANDING + PRICE);

    const delivery = await prove(escrow, dealId);
    await tx(who.stranger, calls.deliverProven(terms, 0, { lots: [lot], formers: [] }, delivery));
    const context = deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: escrow, dealId, page: 0 });
    expect(unwrapKeys(BUYER_KEY.secret, { context, commitments: [lot.header.kc1], wrapped: { R: delivery.r, c: delivery.c } })).to.deep.equal([KEY]);

    const signature = await signTypedData(who.buyer, receiptData(w.domain("escrow"), { dealId, page: 0n }));
    await tx(who.stranger, calls.settleByReceipt(terms, 0, versionTerms(w.text), { signature, headers: [hashHeader(lot.header)] }));
    const parts = payouts(PRICE, 0, split);
    for (const [role, part] of [["owner", parts.owner], ["oem", parts.oem], ["tsp", parts.agent], ["storage", parts.storage]] as const) {
      // The TSP's bond is back in its standing balance, beside its part.
      expect(await reads.creditOf(who.at[role], qdd)).to.equal(role === "tsp" ? STANDING + part : part);
      await tx(who[role], calls.withdraw(qdd, who.at[role], part));
      expect(await reads.balanceOf(qdd, who.at[role])).to.equal(part);
    }
    expect(await reads.balanceOf(qdd, escrow)).to.equal(STANDING);
    expect((await reads.dealOf(dealId)).state).to.equal("Settled");
  });

  it("settles without a receipt when the full window is over, and not in its last second", async () => {
    const w = await networkHelpers.loadFixture(world);
    const { who, calls, reads, deployment } = w;
    const { dealId, terms, lot } = await funded(w);
    await tx(who.tsp, calls.deliverProven(terms, 0, { lots: [lot], formers: [] }, await prove(deployment.addresses.escrow, dealId)));
    const { endsAt } = await reads.dealOf(dealId);
    expect(endsAt).to.equal((await now()) + WINDOW);
    const settle = calls.settle(terms, 0, versionTerms(w.text), [hashHeader(lot.header)]);
    const escrow = await contractAt("Escrow", deployment.addresses.escrow);

    await networkHelpers.time.setNextBlockTimestamp(endsAt);
    await expect(tx(who.stranger, settle))
      .to.be.revertedWithCustomError(escrow, "Escrow_NotYet")
      .withArgs(endsAt, endsAt);
    await networkHelpers.time.setNextBlockTimestamp(endsAt + 1);
    await expect(tx(who.stranger, settle)).to.emit(escrow, "Settled");
  });
});
