import { expect } from "chai";
import { networkHelpers, tx } from "../support/chain.ts";
import { heldTokens } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

describe("QDD's lists", () => {
  it("cost a transfer nothing once nobody is on them any more", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(heldTokens);
    const cost = (): Promise<bigint> => who.owner.estimateGas({ to: qdd.target, data: qdd.interface.encodeFunctionData("transfer", [who.at.buyer, 1n]) });
    const bare = await cost();
    await tx(who.lister, calls.freeze(who.at.stranger, hash("order")));
    expect(await cost()).to.be.greaterThan(bare + 4000n);
    await tx(who.lister, calls.unfreeze(who.at.stranger, hash("order")));
    expect(await cost()).to.equal(bare);
  });
});
