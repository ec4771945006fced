import { expect } from "chai";
import { ZeroAddress, ZeroHash } from "ethers";
import { REDEMPTION } from "../../../scripts/deploy/plan.ts";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { redemptionReceiptData } from "../../../sdk/client/index.ts";
import { signTypedData } from "../../../sdk/eip712/index.ts";
import { DAY, ethers, networkHelpers, now, tx } from "../support/chain.ts";
import { act, HELD, heldTokens, LEAST, requested, RESERVE, TO_OBJECT, TO_PAY, type Tokens, wallet1271 } from "../support/tokens.ts";
import { hash } from "../support/world.ts";

const goTo = (time: number) => networkHelpers.time.setNextBlockTimestamp(time);
const balance = (t: Tokens, of: Hex) => t.reads.balanceOf(t.qdd.target as Hex, of);
const custody = (t: Tokens) => balance(t, t.qdd.target as Hex);

/** An open request whose payment is attested. */
async function attested(t: Tokens): Promise<{ id: bigint; deadline: number; objectBy: number }> {
  const { id, deadline } = await requested(t);
  await tx(t.who.auditor, t.calls.attestRedemption(id, hash("paid")));
  return { id, deadline, objectBy: (await t.reads.redemptionOf(id))!.objectBy };
}

async function closedWith(t: Tokens, id: bigint, { burnt }: { burnt: bigint }): Promise<void> {
  expect(await t.reads.redemptionOf(id)).to.equal(undefined);
  expect([await custody(t), await balance(t, t.who.at.owner), await t.reads.qddSupply()]).to.deep.equal([0n, HELD - burnt, 3n * HELD - burnt]);
}

describe("QDD's redemption: the request", () => {
  it("moves the tokens into custody, and they stay in the supply", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const at = (await now()) + 5;
    await goTo(at);
    const sent = tx(who.owner, calls.queueRedemption(LEAST + 1n, hash("IBAN")));
    await expect(sent).to.emit(qdd, "RedemptionQueued").withArgs(1, who.at.owner, LEAST + 1n, at + TO_PAY, hash("IBAN"));
    await expect(sent).to.emit(qdd, "Transfer").withArgs(who.at.owner, qdd.target, LEAST + 1n);
    expect(await reads.redemptionOf(1n)).to.deep.equal({ redeemer: who.at.owner, deadline: at + TO_PAY, objectBy: 0, amount: LEAST + 1n });
    expect([await custody(t), await balance(t, who.at.owner), await reads.qddSupply()]).to.deep.equal([LEAST + 1n, HELD - LEAST - 1n, 3n * HELD]);
    expect([await reads.redemptionCount(), await reads.overdueRedemption(), await reads.redemptionOf(2n)]).to.deep.equal([1n, 0n, undefined]);
    expect(await reads.redemptionTerms()).to.deep.equal(REDEMPTION);
  });

  it("makes no room to mint", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    await tx(who.issuer, calls.mintQdd(who.at.tsp, RESERVE - 3n * HELD));
    await requested(t);
    await expect(tx(who.issuer, calls.mintQdd(who.at.tsp, 1n))).to.be.revertedWithCustomError(qdd, "QDD_ReserveTooSmall").withArgs(RESERVE + 1n, RESERVE);
  });

  it("needs a payout, the least amount and the balance", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(heldTokens);
    await expect(tx(who.owner, calls.queueRedemption(LEAST, ZeroHash as Hex))).to.be.revertedWithCustomError(qdd, "Redemptions_NoPayout");
    await expect(tx(who.owner, calls.queueRedemption(LEAST - 1n, hash("IBAN")))).to.be.revertedWithCustomError(qdd, "Redemptions_TooSmall").withArgs(LEAST - 1n, LEAST);
    await expect(tx(who.owner, calls.queueRedemption(HELD + 1n, hash("IBAN")))).to.be.revertedWithCustomError(qdd, "ERC20InsufficientBalance").withArgs(who.at.owner, HELD, HELD + 1n);
    await expect(tx(who.owner, calls.queueRedemption(2n ** 128n, hash("IBAN")))).to.be.revertedWithCustomError(qdd, "SafeCastOverflowedUintDowncast").withArgs(128, 2n ** 128n);
    await tx(who.owner, calls.queueRedemption(HELD, hash("IBAN")));
  });

  it("is the only way into custody: nothing else can be sent there", async () => {
    const { who, calls, qdd } = await networkHelpers.loadFixture(heldTokens);
    await expect(act(qdd, who.owner, "transfer", qdd.target, 1)).to.be.revertedWithCustomError(qdd, "ERC20InvalidReceiver").withArgs(qdd.target);
    await expect(tx(who.issuer, calls.mintQdd(qdd.target as Hex, 1n))).to.be.revertedWithCustomError(qdd, "ERC20InvalidReceiver").withArgs(qdd.target);
  });
});

describe("QDD's redemption: the receipt", () => {
  it("of the redeemer burns the tokens", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id } = await requested(t);
    await expect(tx(who.issuer, calls.confirmRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotRedeemer").withArgs(who.at.issuer, who.at.owner);
    const sent = tx(who.owner, calls.confirmRedemption(id));
    await expect(sent).to.emit(qdd, "RedemptionConfirmed").withArgs(id, who.at.owner, LEAST);
    await expect(sent).to.emit(qdd, "Transfer").withArgs(qdd.target, ZeroAddress, LEAST);
    await closedWith(t, id, { burnt: LEAST });
  });

  it("counts by signature, whoever submits it, for its own id alone", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id } = await requested(t);
    const receipt = (of: bigint, signer = who.owner) => signTypedData(signer, redemptionReceiptData(t.domain("qdd"), { id: of }));
    for (const wrong of [await receipt(id + 1n), await receipt(id, who.issuer), "0x" as Hex]) {
      await expect(tx(who.stranger, calls.confirmRedemptionFor(id, wrong))).to.be.revertedWithCustomError(qdd, "Redemptions_BadReceipt").withArgs(who.at.owner);
    }
    const good = await receipt(id);
    await expect(tx(who.stranger, calls.confirmRedemptionFor(id, good))).to.emit(qdd, "RedemptionConfirmed").withArgs(id, who.at.owner, LEAST);
    await closedWith(t, id, { burnt: LEAST });
    await expect(tx(who.stranger, calls.confirmRedemptionFor(id, good))).to.be.revertedWithCustomError(qdd, "Redemptions_NotOpen").withArgs(id);
  });

  it("counts of a contract wallet", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const wallet = await wallet1271(who.at.buyer);
    await act(qdd, who.owner, "transfer", wallet.at, LEAST);
    await act(wallet, who.buyer, "execute", qdd.target, calls.queueRedemption(LEAST, hash("IBAN")).data);
    expect((await reads.redemptionOf(1n))!.redeemer).to.equal(wallet.at);
    const data = redemptionReceiptData(t.domain("qdd"), { id: 1n });
    await expect(tx(who.stranger, calls.confirmRedemptionFor(1n, await signTypedData(who.owner, data)))).to.be.revertedWithCustomError(qdd, "Redemptions_BadReceipt").withArgs(wallet.at);
    await tx(who.stranger, calls.confirmRedemptionFor(1n, await signTypedData(who.buyer, data)));
    expect([await custody(t), await reads.redemptionOf(1n)]).to.deep.equal([0n, undefined]);
  });

  it("burns past the deadline too, while the tokens are there", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { id, deadline } = await requested(t);
    await goTo(deadline + 1);
    await tx(t.who.owner, t.calls.confirmRedemption(id));
    await closedWith(t, id, { burnt: LEAST });
  });
});

describe("QDD's redemption: the attestation", () => {
  it("is the auditor's, with a document, once", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const { id } = await requested(t);
    await expect(tx(who.issuer, calls.attestRedemption(id, hash("paid")))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.issuer);
    await expect(tx(who.auditor, calls.attestRedemption(id, ZeroHash as Hex))).to.be.revertedWithCustomError(qdd, "Redemptions_NoDocument");
    const at = (await now()) + 5;
    await goTo(at);
    await expect(tx(who.auditor, calls.attestRedemption(id, hash("paid")))).to.emit(qdd, "RedemptionAttested").withArgs(id, who.at.auditor, hash("paid"), at + TO_OBJECT);
    expect((await reads.redemptionOf(id))!.objectBy).to.equal(at + TO_OBJECT);
    await expect(tx(who.auditor, calls.attestRedemption(id, hash("paid")))).to.be.revertedWithCustomError(qdd, "Redemptions_AlreadyAttested").withArgs(id);
  });

  it("lets anybody burn when the objection time has passed in silence, not in its last second", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id, objectBy } = await attested(t);
    await goTo(objectBy);
    await expect(tx(who.stranger, calls.settleRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotYet").withArgs(objectBy, objectBy);
    await goTo(objectBy + 1);
    await expect(tx(who.owner, calls.takeBackRedemption(id)), "silence is over").to.be.revertedWithCustomError(qdd, "Redemptions_TooLate").withArgs(objectBy, objectBy + 1);
    await expect(tx(who.owner, calls.disputeRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_TooLate").withArgs(objectBy, objectBy + 1);
    await expect(tx(who.auditor, calls.sendBackRedemption(id, hash("d")))).to.be.revertedWithCustomError(qdd, "Redemptions_TooLate").withArgs(objectBy, objectBy + 1);
    await expect(tx(who.stranger, calls.settleRedemption(id))).to.emit(qdd, "RedemptionSettled").withArgs(id, who.at.owner, LEAST);
    await closedWith(t, id, { burnt: LEAST });
  });

  it("falls to the redeemer's objection, up to the last second, and can be made again", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const { id, deadline } = await attested(t);
    await expect(tx(who.issuer, calls.disputeRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotRedeemer").withArgs(who.at.issuer, who.at.owner);
    await goTo(deadline);
    const sent = tx(who.owner, calls.disputeRedemption(id));
    await expect(sent).to.emit(qdd, "RedemptionDisputed").withArgs(id, who.at.owner);
    await expect(sent).not.to.emit(qdd, "RedemptionTakenBack");
    expect((await reads.redemptionOf(id))!.objectBy).to.equal(0);
    await expect(tx(who.owner, calls.disputeRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotAttested").withArgs(id);
    await networkHelpers.time.increase(TO_OBJECT + 1);
    await expect(tx(who.stranger, calls.settleRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotAttested").withArgs(id);
    await tx(who.auditor, calls.attestRedemption(id, hash("paid indeed")));
    await goTo((await reads.redemptionOf(id))!.objectBy);
    await tx(who.owner, calls.disputeRedemption(id));
    await closedWith(t, id, { burnt: 0n });
  });

  it("objected to past the deadline gives the tokens back at once", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id, deadline } = await attested(t);
    await goTo(deadline + 1);
    const sent = tx(who.owner, calls.disputeRedemption(id));
    await expect(sent).to.emit(qdd, "RedemptionDisputed").withArgs(id, who.at.owner);
    await expect(sent).to.emit(qdd, "RedemptionTakenBack").withArgs(id, who.at.owner, LEAST);
    await closedWith(t, id, { burnt: 0n });
  });
});

describe("QDD's redemption: the way back", () => {
  it("is the redeemer's from the second after the deadline", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id, deadline } = await requested(t);
    await goTo(deadline);
    await expect(tx(who.owner, calls.takeBackRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotYet").withArgs(deadline, deadline);
    await goTo(deadline + 1);
    await expect(tx(who.issuer, calls.takeBackRedemption(id))).to.be.revertedWithCustomError(qdd, "Redemptions_NotRedeemer").withArgs(who.at.issuer, who.at.owner);
    const sent = tx(who.owner, calls.takeBackRedemption(id));
    await expect(sent).to.emit(qdd, "RedemptionTakenBack").withArgs(id, who.at.owner, LEAST);
    await expect(sent).to.emit(qdd, "Transfer").withArgs(qdd.target, who.at.owner, LEAST);
    await closedWith(t, id, { burnt: 0n });
  });

  it("is open while an attestation can still be objected to", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { id, objectBy } = await attested(t);
    await goTo(objectBy);
    await tx(t.who.owner, t.calls.takeBackRedemption(id));
    await closedWith(t, id, { burnt: 0n });
  });

  it("is the auditor's for what cannot be paid, past the deadline, with a document, to the redeemer", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id, deadline } = await requested(t);
    await expect(tx(who.issuer, calls.sendBackRedemption(id, hash("d")))).to.be.revertedWithCustomError(qdd, "AccessManagedUnauthorized").withArgs(who.at.issuer);
    await expect(tx(who.auditor, calls.sendBackRedemption(id, ZeroHash as Hex))).to.be.revertedWithCustomError(qdd, "Redemptions_NoDocument");
    await goTo(deadline);
    await expect(tx(who.auditor, calls.sendBackRedemption(id, hash("d")))).to.be.revertedWithCustomError(qdd, "Redemptions_NotYet").withArgs(deadline, deadline);
    await goTo(deadline + 1);
    await expect(tx(who.auditor, calls.sendBackRedemption(id, hash("d")))).to.emit(qdd, "RedemptionSentBack").withArgs(id, who.at.owner, LEAST, who.at.auditor, hash("d"));
    await closedWith(t, id, { burnt: 0n });
  });
});

describe("QDD's redemption: states", () => {
  it("know no move of a request that never was or is closed", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, qdd } = t;
    const { id } = await requested(t);
    await tx(who.owner, calls.confirmRedemption(id));
    await networkHelpers.time.increase(TO_PAY + TO_OBJECT + 2);
    for (const none of [0n, id, id + 1n]) {
      for (const call of [
        calls.confirmRedemption(none),
        calls.confirmRedemptionFor(none, await signTypedData(who.owner, redemptionReceiptData(t.domain("qdd"), { id: none }))),
        calls.disputeRedemption(none),
        calls.takeBackRedemption(none),
        calls.settleRedemption(none),
      ]) {
        await expect(tx(who.owner, call), call.what).to.be.revertedWithCustomError(qdd, "Redemptions_NotOpen").withArgs(none);
      }
      for (const call of [calls.attestRedemption(none, hash("d")), calls.sendBackRedemption(none, hash("d"))]) {
        await expect(tx(who.auditor, call), call.what).to.be.revertedWithCustomError(qdd, "Redemptions_NotOpen").withArgs(none);
      }
    }
  });
});

describe("QDD's redemption: minting", () => {
  const refusal = async (t: Tokens): Promise<void> => {
    const id = await t.reads.overdueRedemption();
    const { deadline } = (await t.reads.redemptionOf(id))!;
    await expect(tx(t.who.issuer, t.calls.mintQdd(t.who.at.tsp, 1n))).to.be.revertedWithCustomError(t.qdd, "Redemptions_Overdue").withArgs(id, deadline);
  };

  it("goes on in the deadline's last second and stops in the next", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads } = t;
    const { id, deadline } = await requested(t);
    await goTo(deadline);
    await tx(who.issuer, calls.mintQdd(who.at.tsp, 1n));
    expect(await reads.overdueRedemption()).to.equal(0n);
    await networkHelpers.time.increaseTo(deadline + 1);
    expect(await reads.overdueRedemption()).to.equal(id);
    await refusal(t);
  });

  for (const [cure, end] of [
    ["the receipt", (t: Tokens, id: bigint) => tx(t.who.owner, t.calls.confirmRedemption(id))],
    ["taking back", (t: Tokens, id: bigint) => tx(t.who.owner, t.calls.takeBackRedemption(id))],
    ["the auditor's sending back", (t: Tokens, id: bigint) => tx(t.who.auditor, t.calls.sendBackRedemption(id, hash("d")))],
  ] as const) {
    it(`is cured by ${cure}`, async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const { id, deadline } = await requested(t);
      await networkHelpers.time.increaseTo(deadline + 1);
      await refusal(t);
      await end(t, id);
      await tx(t.who.issuer, t.calls.mintQdd(t.who.at.tsp, 1n));
    });
  }

  it("is cured by a late payment that the auditor attests, whether the redeemer is silent or objects", async () => {
    for (const objects of [false, true]) {
      const t = await networkHelpers.loadFixture(heldTokens);
      const { who, calls, reads } = t;
      const { id, deadline } = await requested(t);
      await networkHelpers.time.increaseTo(deadline + 1);
      await tx(who.auditor, calls.attestRedemption(id, hash("paid late")));
      await refusal(t);
      if (objects) await tx(who.owner, calls.disputeRedemption(id));
      else {
        await networkHelpers.time.increaseTo((await reads.redemptionOf(id))!.objectBy + 1);
        await tx(who.stranger, calls.settleRedemption(id));
      }
      await tx(who.issuer, calls.mintQdd(who.at.tsp, 1n));
      expect(await balance(t, who.at.owner)).to.equal(objects ? HELD : HELD - LEAST);
    }
  });

  it("looks at the oldest open request, in whatever order the others are closed", async () => {
    const orders = [
      [1n, 2n, 3n, 4n],
      [4n, 3n, 2n, 1n],
      [2n, 3n, 1n, 4n],
      [3n, 1n, 4n, 2n],
    ];
    for (const order of orders) {
      const t = await networkHelpers.loadFixture(heldTokens);
      const { who, calls, reads } = t;
      for (const by of [who.owner, who.buyer, who.owner, who.buyer]) await requested(t, LEAST, by);
      await networkHelpers.time.increase(TO_PAY + 1);
      const left = new Set([1n, 2n, 3n, 4n]);
      for (const id of order) {
        expect(await reads.overdueRedemption(), `${order.join()}: ${id}`).to.equal([...left][0]);
        await refusal(t);
        await tx(id % 2n === 1n ? who.owner : who.buyer, calls.takeBackRedemption(id));
        left.delete(id);
      }
      expect([await reads.overdueRedemption(), await custody(t)]).to.deep.equal([0n, 0n]);
      await tx(who.issuer, calls.mintQdd(who.at.tsp, 1n));
      // The list begins anew after it was empty.
      const { id } = await requested(t);
      expect([id, await reads.overdueRedemption()]).to.deep.equal([5n, 0n]);
      await networkHelpers.time.increase(TO_PAY + 1);
      expect(await reads.overdueRedemption()).to.equal(5n);
    }
  });

  it("takes a request after others were closed into its place", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads } = t;
    for (let i = 0; i < 3; i += 1) await requested(t);
    await tx(who.owner, calls.confirmRedemption(3n));
    await tx(who.owner, calls.confirmRedemption(1n));
    await requested(t);
    await networkHelpers.time.increase(TO_PAY + 1);
    const seen: bigint[] = [];
    for (let id = await reads.overdueRedemption(); id !== 0n; id = await reads.overdueRedemption()) {
      seen.push(id);
      await tx(who.owner, calls.takeBackRedemption(id));
    }
    expect(seen).to.deep.equal([2n, 4n]);
  });
});

describe("QDD's redemption: its terms", () => {
  it("are within bounds, and of days on every chain but a local one", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { addresses } = t.deployment;
    const make = (at: typeof ethers, redemptionTime: number, objectionTime: number) =>
      at.deployContract("QDD", [addresses.accessManager, addresses.reserveFeed, 1, { redemptionTime, objectionTime, least: 1n }]);
    const refuse = async (work: Promise<unknown>, given: number, least: number) =>
      expect(work).to.be.revertedWithCustomError(t.qdd, "Redemptions_TimeOutOfRange").withArgs(given, least, 90 * DAY);
    await refuse(make(ethers, 0, 1), 0, 1);
    await refuse(make(ethers, 1, 0), 0, 1);
    await refuse(make(ethers, 90 * DAY + 1, 1), 90 * DAY + 1, 1);
    await refuse(make(ethers, 1, 90 * DAY + 1), 90 * DAY + 1, 1);
    await make(ethers, 1, 1);
    await make(ethers, 90 * DAY, 90 * DAY);
    const elsewhere = await (await import("hardhat")).network.create({ override: { chainId: 8453 } });
    await refuse(make(elsewhere.ethers, DAY - 1, 7 * DAY), DAY - 1, DAY);
    await refuse(make(elsewhere.ethers, DAY, 7 * DAY - 1), 7 * DAY - 1, 7 * DAY);
    await make(elsewhere.ethers, DAY, 7 * DAY);
    await elsewhere.close();
  });
});
