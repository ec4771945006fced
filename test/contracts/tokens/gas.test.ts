import { expect } from "chai";
import type { TransactionResponse } from "ethers";
import { networkHelpers, tx } from "../support/chain.ts";
import { act, HELD, heldTokens, LEAST, requested, type Tokens } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

/** What transferFrom cost before there were lists, a pause and redemptions, and what a cold slot costs. */
const BEFORE = 39_770n;
const SLOT = 2_100n;

const used = async (sent: Promise<TransactionResponse>): Promise<bigint> => (await (await sent).wait())!.gasUsed;

async function transferFrom(t: Tokens): Promise<bigint> {
  const { qdd, who } = t;
  await act(qdd, who.buyer, "approve", who.at.stranger, 500);
  return used(act(qdd, who.stranger, "transferFrom", who.at.buyer, who.at.owner, 10));
}

describe("QDD's transferFrom", () => {
  it("costs one further slot while nobody is frozen, and three at most when somebody is", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const free = await transferFrom(t);
    expect(free).to.be.at.most(BEFORE + SLOT + 300n);
    await tx(t.who.lister, t.calls.freeze(t.who.at.feeTaker, hash("order")));
    const listed = await transferFrom(t);
    expect(listed - free).to.be.within(3n * SLOT, 3n * SLOT + 600n);
  });

  it("costs nothing more for redemptions, however many are open", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const before = await transferFrom(t);
    for (let i = 0; i < 20; i += 1) await requested(t);
    expect(await transferFrom(t)).to.equal(before);
  });

  it("and neither does minting or closing one, however many are open", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls } = t;
    const mint = () => used(tx(who.issuer, calls.mintQdd(who.at.tsp, 1n)));
    const [first, second, third] = [await requested(t), await requested(t), await requested(t)];
    const few = { mint: await mint(), close: await used(tx(who.owner, calls.confirmRedemption(second.id))) };
    for (let i = 0; i < 40; i += 1) await requested(t);
    expect(HELD).to.be.greaterThan(44n * LEAST);
    const many = { mint: await mint(), close: await used(tx(who.owner, calls.confirmRedemption(third.id + 10n))) };
    expect(many.mint).to.equal(few.mint);
    expect(many.close - few.close).to.be.within(-50n, 50n);
    expect(first.id).to.equal(1n);
  });
});
