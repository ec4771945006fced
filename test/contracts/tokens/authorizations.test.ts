import { expect } from "chai";
import { Signature, ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Authorization, cancelAuthorizationData, receiveAuthorizationData, transferAuthorizationData } from "../../../sdk/client/index.ts";
import { signTypedData } from "../../../sdk/eip712/index.ts";
import { networkHelpers, now, tx } from "../support/chain.ts";
import { act, HELD, heldTokens, type Tokens, wallet1271 } from "../support/tokens.ts";
import { FAR, hash } from "../support/world.ts";

const TIMES = "address,address,uint256,uint256,uint256,bytes32";
const words = (a: Authorization): unknown[] => [a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce];
const split = (signature: Hex): unknown[] => [Signature.from(signature).v, Signature.from(signature).r, Signature.from(signature).s];

/** The two forms of each function, as sent by an account. */
const FORMS = [
  {
    form: "v, r, s",
    transfer: (t: Tokens, by: "stranger" | "buyer", a: Authorization, s: Hex) => act(t.qdd, t.who[by], `transferWithAuthorization(${TIMES},uint8,bytes32,bytes32)`, ...words(a), ...split(s)),
    receive: (t: Tokens, by: "stranger" | "buyer", a: Authorization, s: Hex) => act(t.qdd, t.who[by], `receiveWithAuthorization(${TIMES},uint8,bytes32,bytes32)`, ...words(a), ...split(s)),
    cancel: (t: Tokens, authorizer: Hex, nonce: Hex, s: Hex) => act(t.qdd, t.who.stranger, "cancelAuthorization(address,bytes32,uint8,bytes32,bytes32)", authorizer, nonce, ...split(s)),
  },
  {
    form: "bytes",
    transfer: (t: Tokens, by: "stranger" | "buyer", a: Authorization, s: Hex) => tx(t.who[by], t.calls.transferWithAuthorization(a, s)),
    receive: (t: Tokens, by: "stranger" | "buyer", a: Authorization, s: Hex) => tx(t.who[by], t.calls.receiveWithAuthorization(a, s)),
    cancel: (t: Tokens, authorizer: Hex, nonce: Hex, s: Hex) => tx(t.who.stranger, t.calls.cancelAuthorization(authorizer, nonce, s)),
  },
];

const authorization = (t: Tokens, change: Partial<Authorization> = {}): Authorization => ({
  ...{ from: t.who.at.owner, to: t.who.at.buyer, value: 5n, validAfter: 0, validBefore: FAR, nonce: hash("nonce") },
  ...change,
});
const forTransfer = (t: Tokens, a: Authorization, signer: "owner" | "buyer" = "owner") => signTypedData(t.who[signer], transferAuthorizationData(t.domain("qdd"), a));
const forReceipt = (t: Tokens, a: Authorization, signer: "owner" | "buyer" = "owner") => signTypedData(t.who[signer], receiveAuthorizationData(t.domain("qdd"), a));
const forCancel = (t: Tokens, authorizer: Hex, nonce: Hex, signer: "owner" | "buyer" = "owner") =>
  signTypedData(t.who[signer], cancelAuthorizationData(t.domain("qdd"), { authorizer, nonce }));

for (const { form, transfer, receive, cancel } of FORMS) {
  describe(`QDD's authorizations by ${form}`, () => {
    it("transfer once, whoever submits them", async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const { who, reads, qdd } = t;
      const a = authorization(t);
      const signature = await forTransfer(t, a);
      const sent = transfer(t, "stranger", a, signature);
      await expect(sent).to.emit(qdd, "AuthorizationUsed").withArgs(a.from, a.nonce);
      await expect(sent).to.emit(qdd, "Transfer").withArgs(a.from, a.to, 5);
      expect([await reads.balanceOf(qdd.target as Hex, who.at.owner), await reads.authorizationState(a.from, a.nonce)]).to.deep.equal([HELD - 5n, true]);
      await expect(transfer(t, "stranger", a, signature)).to.be.revertedWithCustomError(qdd, "ERC3009_Used").withArgs(a.from, a.nonce);
      await expect(receive(t, "buyer", a, await forReceipt(t, a)), "the same nonce").to.be.revertedWithCustomError(qdd, "ERC3009_Used").withArgs(a.from, a.nonce);
      expect(await reads.authorizationState(who.at.buyer, a.nonce), "another's nonce").to.equal(false);
    });

    it("count between their times, both excluded", async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const at = (await now()) + 100;
      const timed = async (validAfter: number, validBefore: number, nonce: Hex) => {
        const a = authorization(t, { validAfter, validBefore, nonce });
        return [a, await forTransfer(t, a)] as const;
      };
      const [late, early, fits] = [await timed(at, FAR, hash("late")), await timed(0, at, hash("early")), await timed(at - 1, at + 1, hash("fits"))];
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(transfer(t, "stranger", ...late)).to.be.revertedWithCustomError(t.qdd, "ERC3009_NotYetValid").withArgs(at, at);
      await expect(transfer(t, "stranger", ...early)).to.be.revertedWithCustomError(t.qdd, "ERC3009_Expired").withArgs(at, at);
      await transfer(t, "stranger", ...fits);
      const block = authorization(t, { validAfter: 2n ** 47n, validBefore: 2n ** 47n + 2n ** 46n, nonce: hash("blocks") });
      await expect(transfer(t, "stranger", block, await forTransfer(t, block)), "seconds, however large").to.be.revertedWithCustomError(t.qdd, "ERC3009_NotYetValid");
    });

    it("want the payer's signature on every word, for this function and no other", async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const a = authorization(t);
      const signature = await forTransfer(t, a);
      const changes: Partial<Authorization>[] = [{ from: t.who.at.tsp }, { to: t.who.at.tsp }, { value: 6n }, { validAfter: 1 }, { validBefore: FAR - 1 }, { nonce: hash("other") }];
      for (const change of changes) {
        const other = { ...a, ...change };
        await expect(transfer(t, "stranger", other, signature), Object.keys(change)[0]).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(other.from);
      }
      for (const wrong of [await forTransfer(t, a, "buyer"), await forReceipt(t, a)]) {
        await expect(transfer(t, "stranger", a, wrong)).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(a.from);
      }
      await expect(receive(t, "buyer", a, signature)).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(a.from);
      const nobody = authorization(t, { from: ZeroAddress as Hex });
      await expect(transfer(t, "stranger", nobody, `0x${"00".repeat(64)}1b`)).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(ZeroAddress);
    });

    it("to receive are the payee's to submit", async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const a = authorization(t);
      const signature = await forReceipt(t, a);
      await expect(receive(t, "stranger", a, signature)).to.be.revertedWithCustomError(t.qdd, "ERC3009_NotPayee").withArgs(a.to, t.who.at.stranger);
      await expect(receive(t, "buyer", a, await forReceipt(t, a, "buyer"))).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(a.from);
      const over = authorization(t, { validBefore: 1 });
      await expect(receive(t, "buyer", over, await forReceipt(t, over))).to.be.revertedWithCustomError(t.qdd, "ERC3009_Expired");
      const sent = receive(t, "buyer", a, signature);
      await expect(sent).to.emit(t.qdd, "AuthorizationUsed").withArgs(a.from, a.nonce);
      await expect(sent).to.emit(t.qdd, "Transfer").withArgs(a.from, a.to, 5);
    });

    it("are cancelled by their signer, whoever submits that", async () => {
      const t = await networkHelpers.loadFixture(heldTokens);
      const a = authorization(t);
      await expect(cancel(t, a.from, a.nonce, await forCancel(t, a.from, a.nonce, "buyer"))).to.be.revertedWithCustomError(t.qdd, "ERC3009_BadSignature").withArgs(a.from);
      const signature = await forCancel(t, a.from, a.nonce);
      await expect(cancel(t, a.from, a.nonce, signature)).to.emit(t.qdd, "AuthorizationCanceled").withArgs(a.from, a.nonce);
      expect(await t.reads.authorizationState(a.from, a.nonce)).to.equal(true);
      await expect(cancel(t, a.from, a.nonce, signature)).to.be.revertedWithCustomError(t.qdd, "ERC3009_Used").withArgs(a.from, a.nonce);
      await expect(transfer(t, "stranger", a, await forTransfer(t, a))).to.be.revertedWithCustomError(t.qdd, "ERC3009_Used").withArgs(a.from, a.nonce);
    });
  });
}

describe("QDD's authorizations of contract wallets", () => {
  it("transfer, are received and cancelled by ERC-1271", async () => {
    const t = await networkHelpers.loadFixture(heldTokens);
    const { who, calls, reads, qdd } = t;
    const wallet = await wallet1271(who.at.owner);
    await act(qdd, who.owner, "transfer", wallet.at, 100);
    const [a, b, c] = ["a", "b", "c"].map((nonce) => authorization(t, { from: wallet.at, nonce: hash(nonce) })) as [Authorization, Authorization, Authorization];
    await expect(tx(who.stranger, calls.transferWithAuthorization(a, await forTransfer(t, a, "buyer")))).to.be.revertedWithCustomError(qdd, "ERC3009_BadSignature").withArgs(wallet.at);
    await tx(who.stranger, calls.transferWithAuthorization(a, await forTransfer(t, a)));
    await tx(who.buyer, calls.receiveWithAuthorization(b, await forReceipt(t, b)));
    await tx(who.stranger, calls.cancelAuthorization(wallet.at, c.nonce, await forCancel(t, wallet.at, c.nonce)));
    expect(await reads.balanceOf(qdd.target as Hex, wallet.at)).to.equal(90n);
    const d = authorization(t, { from: wallet.at, nonce: hash("d") });
    await expect(FORMS[0]!.transfer(t, "stranger", d, await forTransfer(t, d)), "v, r, s is a key's").to.be.revertedWithCustomError(qdd, "ERC3009_BadSignature").withArgs(wallet.at);
  });
});
