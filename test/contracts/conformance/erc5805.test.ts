/** ERC-5805 by its own text, which stands in quotes; one assertion a demand. */
import { expect } from "chai";
import { Signature, ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { delegationData } from "../../../sdk/client/index.ts";
import { signTypedData } from "../../../sdk/eip712/index.ts";
import { ask, networkHelpers, now, tx } from "../support/chain.ts";
import { act, bothTokens } from "../support/tokens.ts";
import { FAR } from "../support/world.ts";

/** The owner has 1000 units, the tsp 500. */
async function fixture() {
  const t = await networkHelpers.loadFixture(bothTokens);
  const { who, calls, qdt } = t;
  await tx(who.emission, calls.mintQdt(who.at.tsp, 500n));
  const votes = async (of: Hex) => (await ask(qdt, "getVotes", of)) as bigint;
  const delegate = (by: "owner" | "tsp", to: Hex) => act(qdt, who[by], "delegate", to);
  const bySig = async (delegatee: Hex, nonce: bigint, expiry: number, given: { nonce?: bigint; delegatee?: Hex; expiry?: number } = {}) => {
    const { v, r, s } = Signature.from(await signTypedData(who.owner, delegationData(t.domain("qdt"), { delegatee, nonce, expiry })));
    return () => act(qdt, who.stranger, "delegateBySig", given.delegatee ?? delegatee, given.nonce ?? nonce, given.expiry ?? expiry, v, r, s);
  };
  return { ...t, at: who.at, votes, delegate, bySig };
}

describe("ERC-5805: QDT", () => {
  it('getVotes: "all the voting power delegated to it at the moment this function is called": the sum of the balances that delegate to it', async () => {
    const { at, votes, delegate } = await fixture();
    expect(await votes(at.buyer)).to.equal(0n);
    await delegate("owner", at.buyer);
    await delegate("tsp", at.buyer);
    expect([await votes(at.buyer), await votes(at.owner)]).to.deep.equal([1500n, 0n]);
  });

  it('"getVotes(0) and getPastVotes(0, x) should always return 0"', async () => {
    const { qdt, at, votes, delegate } = await fixture();
    await delegate("owner", at.buyer);
    await delegate("owner", ZeroAddress as Hex);
    await networkHelpers.time.increase(10);
    expect([await votes(ZeroAddress as Hex), await ask(qdt, "getPastVotes", ZeroAddress, (await now()) - 1)]).to.deep.equal([0n, 0n]);
  });

  it('getPastVotes: "a timepoint that is greater or equal to clock() SHOULD trigger a revert"', async () => {
    const { qdt, at } = await fixture();
    const clock = await now();
    for (const timepoint of [clock, clock + 1]) {
      await expect(ask(qdt, "getPastVotes", at.owner, timepoint)).to.be.revertedWithCustomError(qdt, "ERC5805FutureLookup").withArgs(timepoint, clock);
      await expect(ask(qdt, "getPastTotalSupply", timepoint)).to.be.revertedWithCustomError(qdt, "ERC5805FutureLookup").withArgs(timepoint, clock);
    }
  });

  it('getPastVotes: "a timepoint strictly smaller than clock() SHOULD NOT revert"', async () => {
    const { qdt, at } = await fixture();
    expect([await ask(qdt, "getPastVotes", at.owner, 0), await ask(qdt, "getPastVotes", at.owner, (await now()) - 1)]).to.deep.equal([0n, 0n]);
  });

  it('getPastVotes: "MUST be constant after t < clock is reached"', async () => {
    const { qdt, at, who, delegate } = await fixture();
    await delegate("owner", at.buyer);
    const t = await now();
    await networkHelpers.time.increase(5);
    const first = await ask(qdt, "getPastVotes", at.buyer, t);
    await act(qdt, who.owner, "transfer", at.stranger, 400);
    await delegate("owner", at.tsp);
    await networkHelpers.time.increase(1000);
    expect([first, await ask(qdt, "getPastVotes", at.buyer, t), await ask(qdt, "getPastVotes", at.buyer, t - 1)]).to.deep.equal([1000n, 1000n, 0n]);
  });

  it("getPastTotalSupply: what there was when the clock overtook it", async () => {
    const { qdt, at, who, calls } = await fixture();
    const t = await now();
    await networkHelpers.time.increase(5);
    await tx(who.emission, calls.mintQdt(at.buyer, 7n));
    await networkHelpers.time.increase(5);
    expect([await ask(qdt, "getPastTotalSupply", t), await ask(qdt, "getPastTotalSupply", (await now()) - 1)]).to.deep.equal([1500n, 1507n]);
  });

  it('delegates: "returns the address to which the voting power of an account is currently delegated"', async () => {
    const { qdt, at, delegate } = await fixture();
    expect(await ask(qdt, "delegates", at.owner)).to.equal(ZeroAddress);
    await delegate("owner", at.buyer);
    expect(await ask(qdt, "delegates", at.owner)).to.equal(at.buyer);
  });

  it('"if the delegate is address(0) then the voting power SHOULD NOT be checkpointed"', async () => {
    const { qdt, at, who } = await fixture();
    const sent = act(qdt, who.owner, "transfer", at.stranger, 1);
    await expect(sent).not.to.emit(qdt, "DelegateVotesChanged");
    expect(await ask(qdt, "numCheckpoints", ZeroAddress)).to.equal(0n);
  });

  it('delegate: "changes the caller\'s delegate, updating the vote delegation in the meantime"', async () => {
    const { at, votes, delegate } = await fixture();
    await delegate("owner", at.buyer);
    await delegate("owner", at.stranger);
    expect([await votes(at.buyer), await votes(at.stranger)]).to.deep.equal([0n, 1000n]);
  });

  it('"changing the delegate from b to c MUST not increase the voting power of b and MUST not decrease that of c"', async () => {
    const { at, votes, delegate } = await fixture();
    await delegate("tsp", at.stranger);
    await delegate("owner", at.buyer);
    const before = [await votes(at.buyer), await votes(at.stranger)] as const;
    await delegate("owner", at.stranger);
    expect((await votes(at.buyer)) <= before[0]).to.equal(true);
    expect((await votes(at.stranger)) >= before[1]).to.equal(true);
  });

  it("votes follow a transfer from the sender's delegate to the receiver's", async () => {
    const { qdt, at, who, votes, delegate } = await fixture();
    await delegate("owner", at.buyer);
    await delegate("tsp", at.stranger);
    await act(qdt, who.owner, "transfer", at.tsp, 300);
    expect([await votes(at.buyer), await votes(at.stranger)]).to.deep.equal([700n, 800n]);
  });

  it('DelegateChanged: "MUST be emitted when the delegate for an account is modified by delegate(address)"', async () => {
    const { qdt, at, delegate } = await fixture();
    await expect(delegate("owner", at.buyer)).to.emit(qdt, "DelegateChanged").withArgs(at.owner, ZeroAddress, at.buyer);
    await expect(delegate("owner", at.stranger)).to.emit(qdt, "DelegateChanged").withArgs(at.owner, at.buyer, at.stranger);
  });

  it('DelegateChanged: "or delegateBySig(address,uint256,uint256,uint8,bytes32,bytes32)"', async () => {
    const { qdt, at, bySig } = await fixture();
    await expect((await bySig(at.buyer, 0n, FAR))()).to.emit(qdt, "DelegateChanged").withArgs(at.owner, ZeroAddress, at.buyer);
  });

  it('DelegateVotesChanged: "MUST be emitted when the available voting power changes", of the old delegate and the new', async () => {
    const { qdt, at, delegate } = await fixture();
    await expect(delegate("owner", at.buyer)).to.emit(qdt, "DelegateVotesChanged").withArgs(at.buyer, 0, 1000);
    const sent = delegate("owner", at.stranger);
    await expect(sent).to.emit(qdt, "DelegateVotesChanged").withArgs(at.buyer, 1000, 0);
    await expect(sent).to.emit(qdt, "DelegateVotesChanged").withArgs(at.stranger, 0, 1000);
  });

  it('delegateBySig: "changes the signer\'s delegate, increments the signer\'s nonce by 1"', async () => {
    const { qdt, at, votes, bySig } = await fixture();
    await (await bySig(at.buyer, 0n, FAR))();
    expect([await ask(qdt, "delegates", at.owner), await votes(at.buyer), await ask(qdt, "nonces", at.owner)]).to.deep.equal([at.buyer, 1000n, 1n]);
  });

  it('delegateBySig: "the current timestamp is less than or equal to expiry"', async () => {
    const { qdt, at, bySig } = await fixture();
    const time = (await now()) + 50;
    const [late, fits] = [await bySig(at.buyer, 0n, time - 1), await bySig(at.buyer, 0n, time)];
    await networkHelpers.time.setNextBlockTimestamp(time);
    await expect(late()).to.be.revertedWithCustomError(qdt, "VotesExpiredSignature").withArgs(time - 1);
    await fits();
  });

  it('delegateBySig: "nonces(signer) (before the state update) is equal to nonce"', async () => {
    const { qdt, at, bySig } = await fixture();
    await expect((await bySig(at.buyer, 1n, FAR))()).to.be.revertedWithCustomError(qdt, "InvalidAccountNonce").withArgs(at.owner, 0);
    const first = await bySig(at.buyer, 0n, FAR);
    await first();
    await expect(first()).to.be.revertedWithCustomError(qdt, "InvalidAccountNonce").withArgs(at.owner, 1);
  });

  it("delegateBySig: other words are of another signer, and never the owner's", async () => {
    const { qdt, at, bySig } = await fixture();
    const other = await bySig(at.buyer, 0n, FAR, { delegatee: at.tsp });
    await other();
    expect(await ask(qdt, "delegates", at.owner)).to.equal(ZeroAddress);
  });
});
