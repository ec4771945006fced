/** Who may read: grants of the registry, and what a sale without a copy kept makes of the free ones. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type GrantRange, mayRead, type ReadRequest } from "../../../sdk/client/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { networkHelpers, tx } from "../support/chain.ts";
import { C, EXCLUSIVE, market, type Market, NO_COPY_KEPT, R, unproven } from "../support/deal.ts";
import { bought, FAR, hash, header, order, purchase, rightsProof } from "../support/world.ts";

describe("Reading by a grant", () => {
  async function fixture() {
    const m = await market();
    const range: GrantRange = { stream: m.words.stream, party: m.who.at.stranger, first: 0, last: 9, expiry: FAR, paid: false };
    await tx(m.who.owner, m.calls.grantFree(range, rightsProof(m), hash("service")));
    const ask = (change: Partial<ReadRequest> = {}) => mayRead(m, { party: m.who.at.stranger, header: m.words, range, handleProof: rightsProof(m), ...change });
    return { m, range, ask };
  }
  const sell = async (m: Market, flags: number) => bought(m, await purchase(m, order(m, [m.words], { ...unproven([m.words]), flags, repeatable: false })));

  it("wants the grant's own party and stream, and the grant on the chain", async () => {
    const { m, range, ask } = await networkHelpers.loadFixture(fixture);
    expect(await ask()).to.deep.equal({ allowed: true, by: "free" });
    expect(await ask({ party: m.who.at.stranger.toLowerCase() as Hex })).to.deep.equal({ allowed: true, by: "free" });
    expect(await ask({ party: m.who.at.buyer })).to.deep.equal({ allowed: false, why: "OTHER_PARTY" });
    expect(await ask({ header: header(m, {}, { dataClass: "OEM" }) })).to.deep.equal({ allowed: false, why: "OTHER_STREAM" });
    expect(await ask({ header: { ...m.words, sequence: 10 } })).to.deep.equal({ allowed: false, why: "NOT_GRANTED" });
    expect(await ask({ range: { ...range, last: 10 } })).to.deep.equal({ allowed: false, why: "NOT_GRANTED" });
    await tx(m.who.owner, m.calls.revokeGrant(range, rightsProof(m)));
    expect(await ask()).to.deep.equal({ allowed: false, why: "NOT_GRANTED" });
  });

  it("by a free grant ends with the delivery of a sale without a copy kept, for its headers alone, and comes back with a refund", async () => {
    const { m, ask } = await networkHelpers.loadFixture(fixture);
    const { dealId, terms } = await sell(m, NO_COPY_KEPT);
    // Bought is not delivered: the seller may still fail.
    expect(await ask()).to.deep.equal({ allowed: true, by: "free" });
    await tx(m.who.tsp, m.calls.deliverUnproven(terms, 0, m.opening, R, C));
    expect(await ask()).to.deep.equal({ allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy: dealId });
    expect(await ask({ reservation: { terms, page: 0 } })).to.deep.equal({ allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy: dealId });
    expect(await ask({ header: { ...m.words, sequence: 1 } })).to.deep.equal({ allowed: true, by: "free" });
    await tx(m.who.tsp, m.calls.concede(terms, 0));
    expect(await ask()).to.deep.equal({ allowed: true, by: "free" });
  });

  it("by a paid grant is not touched by a sale", async () => {
    const { m, range, ask } = await networkHelpers.loadFixture(fixture);
    const paid = { ...range, last: 0, paid: true };
    await tx(m.who.owner, m.calls.grantPaid(paid, rightsProof(m), hash("payment"), { header: m.words, path: m.lot.path }));
    const { dealId, terms } = await sell(m, NO_COPY_KEPT);
    await tx(m.who.buyer, m.calls.settleByReceipt(terms, 0, m.pinned, { opening: m.opening }));
    expect((await m.reads.markOf(hashHeader(m.words))).reservedBy).to.equal(dealId);
    expect(await ask({ range: paid })).to.deep.equal({ allowed: true, by: "paid" });
    expect(await ask()).to.deep.equal({ allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy: dealId });
  });

  it("stays after an exclusive sale with a copy kept, once its terms are shown", async () => {
    const { m, ask } = await networkHelpers.loadFixture(fixture);
    const { dealId, terms } = await sell(m, EXCLUSIVE);
    await tx(m.who.tsp, m.calls.deliverUnproven(terms, 0, m.opening, R, C));
    expect(await ask()).to.deep.equal({ allowed: false, why: "SOLD_WITHOUT_COPY", reservedBy: dealId });
    expect(await ask({ reservation: { terms, page: 0 } })).to.deep.equal({ allowed: true, by: "free" });
    const lie = { ...terms, order: { ...terms.order, nonce: 7n } };
    const error = await ask({ reservation: { terms: lie, page: 0 } }).then(() => null, (thrown: unknown) => thrown);
    expect(error).to.have.property("code", "ACCESS_TERMS");
  });
});
