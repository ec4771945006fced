import { expect } from "chai";
import { parseEther, ZeroAddress } from "ethers";
import { ask, networkHelpers, tx } from "../support/chain.ts";
import { bareTokens } from "../support/tokens.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";

const CAP = parseEther("2100000000");

describe("QDT", () => {
  it("is minted by the emission alone", async () => {
    const { who, calls, reads, qdt } = await networkHelpers.loadFixture(bareTokens);
    for (const role of ["foundation", "issuer", "auditor", "treasurer", "stranger"] as const) {
      await expect(tx(who[role], calls.mintQdt(who.at.owner, 1n))).to.be.revertedWithCustomError(qdt, "AccessManagedUnauthorized").withArgs(who.at[role]);
    }
    const sent = tx(who.emission, calls.mintQdt(who.at.owner, 5n));
    await expect(sent).to.emit(qdt, "Emitted").withArgs(who.at.emission, who.at.owner, 5, 5);
    await expect(sent).to.emit(qdt, "Transfer").withArgs(ZeroAddress, who.at.owner, 5);
    await expect(tx(who.emission, calls.mintQdt(who.at.buyer, 7n))).to.emit(qdt, "Emitted").withArgs(who.at.emission, who.at.buyer, 7, 12);
    expect(await reads.qdtSupply()).to.equal(12n);
    await expect(tx(who.emission, calls.mintQdt(ZeroAddress as Hex, 1n))).to.be.revertedWithCustomError(qdt, "ERC20InvalidReceiver").withArgs(ZeroAddress);
  });

  it("reaches its cap and not one unit more", async () => {
    const { who, calls, reads, qdt } = await networkHelpers.loadFixture(bareTokens);
    expect([await ask(qdt, "cap"), await ask(qdt, "decimals"), await ask(qdt, "symbol"), await ask(qdt, "name")]).to.deep.equal([CAP, 18n, "QDT", "QoodBlock Token"]);
    await expect(tx(who.emission, calls.mintQdt(who.at.owner, CAP + 1n))).to.be.revertedWithCustomError(qdt, "ERC20ExceededCap").withArgs(CAP + 1n, CAP);
    await tx(who.emission, calls.mintQdt(who.at.owner, CAP));
    await expect(tx(who.emission, calls.mintQdt(who.at.owner, 1n))).to.be.revertedWithCustomError(qdt, "ERC20ExceededCap").withArgs(CAP + 1n, CAP);
    expect(await reads.qdtSupply()).to.equal(CAP);
  });

  it("has no function that burns, stops, freezes or moves", async () => {
    const { qdt } = await networkHelpers.loadFixture(bareTokens);
    const names: string[] = [];
    qdt.interface.forEachFunction(({ name, constant }) => {
      if (!constant) names.push(name);
    });
    expect(names.sort()).to.deep.equal(["approve", "delegate", "delegateBySig", "mint", "permit", "setAuthority", "transfer", "transferFrom"]);
  });

  it("gives votes by delegation, and keeps them by the second", async () => {
    const { who, calls, reads, qdt } = await networkHelpers.loadFixture(bareTokens);
    await tx(who.emission, calls.mintQdt(who.at.owner, 10n));
    expect([await reads.votesOf(who.at.owner), await reads.delegateOf(who.at.owner)]).to.deep.equal([0n, ZeroAddress]);
    await tx(who.owner, calls.delegateVotes(who.at.buyer));
    const at = await networkHelpers.time.latest();
    expect([await reads.votesOf(who.at.buyer), await reads.delegateOf(who.at.owner)]).to.deep.equal([10n, who.at.buyer]);
    await networkHelpers.time.increase(10);
    await tx(who.owner, calls.transferToken(qdt.target as Hex, who.at.tsp, 4n));
    expect([await reads.votesOf(who.at.buyer), await reads.pastVotesOf(who.at.buyer, at), await reads.pastVotesOf(who.at.buyer, at - 1)]).to.deep.equal([6n, 10n, 0n]);
  });
});
