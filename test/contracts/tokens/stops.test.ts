import { expect } from "chai";
import { MaxUint256, ZeroAddress, ZeroHash } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { signTypedData } from "../../../sdk/eip712/index.ts";
import { cancelAuthorizationData, transferAuthorizationData } from "../../../sdk/client/index.ts";
import { networkHelpers, tx } from "../support/chain.ts";
import { act, HELD, heldTokens, LEAST, requested, TO_OBJECT, type Tokens } from "../support/tokens.ts";
import { FAR, hash } from "../support/world.ts";

async function authorization(t: Tokens, nonce = hash("n")) {
  const a = { from: t.who.at.owner, to: t.who.at.buyer, value: 5n, validAfter: 0, validBefore: FAR, nonce };
  return { a, signature: await signTypedData(t.who.owner, transferAuthorizationData(t.domain("qdd"), a)) };
}

describe("QDD's pause", () => {
  it("is the guardian's to begin and the treasurer's to end", async () => {
    const { who, calls, reads, qdd } = await networkHelpers.loadFixture(heldTokens);
    await expect(tx(who.treasurer, calls.pauseQdd())).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.treasurer);
    await expect(tx(who.treasurer, calls.unpauseQdd())).to.be.revertedWithCustomError(qdd, "QDD_NotPaused");
    await expect(tx(who.guardian, calls.pauseQdd())).to.emit(qdd, "Paused").withArgs(who.at.guardian);
    expect(await reads.qddPaused()).to.equal(true);
    await expect(tx(who.guardian, calls.pauseQdd())).to.be.revertedWithCustomError(qdd, "QDD_Paused");
    await expect(tx(who.guardian, calls.unpauseQdd())).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.guardian);
    await expect(tx(who.treasurer, calls.unpauseQdd())).to.emit(qdd, "Unpaused").withArgs(who.at.treasurer);
    expect(await reads.qddPaused()).to.equal(false);
    await tx(who.owner, calls.transferToken(qdd.target as Hex, who.at.buyer, 1n));
  });

  it("stops transfers of every kind and minting, and nothing else", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    await act(qdd, who.owner, "approve", who.at.buyer, MaxUint256);
    const { id } = await requested(t);
    await tx(who.guardian, calls.pauseQdd());
    const { a, signature } = await authorization(t);
    for (const stopped of [
      () => act(qdd, who.owner, "transfer", who.at.buyer, 1),
      () => act(qdd, who.owner, "transfer", who.at.buyer, 0),
      () => act(qdd, who.buyer, "transferFrom", who.at.owner, who.at.buyer, 1),
      () => tx(who.stranger, calls.transferWithAuthorization(a, signature)),
      () => tx(who.issuer, calls.mintQdd(who.at.owner, 1n)),
    ]) {
      await expect(stopped()).to.be.revertedWithCustomError(qdd, "QDD_Paused");
    }
    await act(qdd, who.owner, "approve", who.at.buyer, 7);
    await tx(who.stranger, calls.cancelAuthorization(a.from, a.nonce, await signTypedData(who.owner, cancelAuthorizationData(t.domain("qdd"), { authorizer: a.from, nonce: a.nonce }))));
    await tx(who.owner, calls.confirmRedemption(id));
    const second = await requested(t);
    await tx(who.auditor, calls.attestRedemption(second.id, hash("paid")));
    await tx(who.owner, calls.disputeRedemption(second.id));
    const third = await requested(t);
    await networkHelpers.time.increaseTo(third.deadline + 1);
    await tx(who.owner, calls.takeBackRedemption(second.id));
    await tx(who.auditor, calls.sendBackRedemption(third.id, hash("no such bank")));
    const fourth = await requested(t);
    await tx(who.auditor, calls.attestRedemption(fourth.id, hash("paid")));
    await networkHelpers.time.increase(TO_OBJECT + 1);
    await tx(who.stranger, calls.settleRedemption(fourth.id));
    expect(await reads.balanceOf(qdd.target as Hex, who.at.owner)).to.equal(HELD - 2n * LEAST);
  });
});

describe("QDD's freeze", () => {
  it("is the lister's, each with the hash of an order in an event", async () => {
    const { who, calls, reads, qdd } = await networkHelpers.loadFixture(heldTokens);
    const { at } = who;
    await expect(tx(who.guardian, calls.freeze(at.owner, hash("o")))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(at.guardian);
    await expect(tx(who.guardian, calls.unfreeze(at.owner, hash("o")))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(at.guardian);
    await expect(tx(who.lister, calls.freeze(at.owner, ZeroHash as Hex))).to.be.revertedWithCustomError(qdd, "QDD_NoOrder");
    await expect(tx(who.lister, calls.freeze(ZeroAddress as Hex, hash("o")))).to.be.revertedWithCustomError(qdd, "QDD_CannotFreeze").withArgs(ZeroAddress);
    await expect(tx(who.lister, calls.freeze(qdd.target as Hex, hash("o")))).to.be.revertedWithCustomError(qdd, "QDD_CannotFreeze").withArgs(qdd.target);
    await expect(tx(who.lister, calls.unfreeze(at.owner, hash("o")))).to.be.revertedWithCustomError(qdd, "QDD_NotFrozen").withArgs(at.owner);
    await expect(tx(who.lister, calls.freeze(at.owner, hash("order")))).to.emit(qdd, "Frozen").withArgs(at.owner, hash("order"), at.lister);
    await tx(who.lister, calls.freeze(at.buyer, hash("order")));
    await expect(tx(who.lister, calls.freeze(at.owner, hash("again")))).to.be.revertedWithCustomError(qdd, "QDD_AlreadyFrozen").withArgs(at.owner);
    expect([await reads.isFrozen(at.owner), await reads.isFrozen(at.tsp)]).to.deep.equal([true, false]);
    await expect(tx(who.lister, calls.unfreeze(at.owner, ZeroHash as Hex))).to.be.revertedWithCustomError(qdd, "QDD_NoOrder");
    await expect(tx(who.lister, calls.unfreeze(at.owner, hash("end")))).to.emit(qdd, "Unfrozen").withArgs(at.owner, hash("end"), at.lister);
    expect([await reads.isFrozen(at.owner), await reads.isFrozen(at.buyer)]).to.deep.equal([false, true]);
    await act(qdd, who.owner, "transfer", at.tsp, 1);
  });

  it("keeps an account from sending, receiving, spending for another, being minted to and asking for redemption", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { at } = who;
    for (const from of [who.owner, who.buyer, who.tsp]) for (const spender of [at.owner, at.stranger]) await act(qdd, from, "approve", spender, 100);
    const { a, signature } = await authorization(t);
    await tx(who.lister, calls.freeze(at.owner, hash("order")));
    for (const held of [
      () => act(qdd, who.owner, "transfer", at.buyer, 1),
      () => act(qdd, who.buyer, "transfer", at.owner, 1),
      () => act(qdd, who.stranger, "transferFrom", at.owner, at.tsp, 1),
      () => act(qdd, who.stranger, "transferFrom", at.buyer, at.owner, 1),
      () => act(qdd, who.owner, "transferFrom", at.buyer, at.tsp, 1),
      () => tx(who.stranger, calls.transferWithAuthorization(a, signature)),
      () => tx(who.issuer, calls.mintQdd(at.owner, 1n)),
      () => tx(who.owner, calls.queueRedemption(LEAST, hash("IBAN"))),
    ]) {
      await expect(held()).to.be.revertedWithCustomError(qdd, "QDD_AccountFrozen").withArgs(at.owner);
    }
    await act(qdd, who.buyer, "transfer", at.tsp, 1);
    await act(qdd, who.stranger, "transferFrom", at.buyer, at.tsp, 1);
    await tx(who.issuer, calls.mintQdd(at.buyer, 1n));
    await tx(who.lister, calls.freeze(at.issuer, hash("order")));
    await expect(tx(who.issuer, calls.mintQdd(at.buyer, 1n))).to.be.revertedWithCustomError(qdd, "QDD_AccountFrozen").withArgs(at.issuer);
  });

  it("takes nothing: balance and custody stay, and what is in custody comes home", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const token = qdd.target as Hex;
    const { id, deadline } = await requested(t);
    await tx(who.lister, calls.freeze(who.at.owner, hash("order")));
    expect(await reads.balanceOf(token, who.at.owner)).to.equal(HELD - LEAST);
    await networkHelpers.time.increaseTo(deadline + 1);
    await tx(who.owner, calls.takeBackRedemption(id));
    expect(await reads.balanceOf(token, who.at.owner)).to.equal(HELD);
    await tx(who.lister, calls.unfreeze(who.at.owner, hash("end")));
    await act(qdd, who.owner, "transfer", who.at.buyer, HELD);
  });
});
