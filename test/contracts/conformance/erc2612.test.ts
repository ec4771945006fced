/** ERC-2612 by its own text, which stands in quotes; one assertion a demand. */
import { expect } from "chai";
import { Signature, TypedDataEncoder, ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { permitData, TOKEN_NAMES } from "../../../sdk/client/index.ts";
import { signTypedData } from "../../../sdk/eip712/index.ts";
import { ask, networkHelpers, now } from "../support/chain.ts";
import { act, bothTokens, wallet1271 } from "../support/tokens.ts";
import { FAR } from "../support/world.ts";

for (const key of ["qdd", "qdt"] as const) {
  const fixture = async () => {
    const t = await networkHelpers.loadFixture(bothTokens);
    const { at } = t.who;
    type Words = Parameters<typeof permitData>[2];
    const words = (change: Partial<Words> = {}): Words => ({ owner: at.owner, spender: at.buyer, value: 30n, nonce: 0n, deadline: FAR, ...change });
    const sign = (permit: Words, by: "owner" | "buyer" = "owner") => signTypedData(t.who[by], permitData(key, t.domain(key), permit));
    const submit = (permit: Words, signature: Hex) => {
      const { v, r, s } = Signature.from(signature);
      return act(t[key], t.who.stranger, "permit", permit.owner, permit.spender, permit.value, permit.deadline, v, r, s);
    };
    return { ...t, token: t[key], at, words, sign, submit };
  };
  const bad = (work: Promise<unknown>, token: Awaited<ReturnType<typeof fixture>>["token"]) => expect(work).to.be.revertedWithCustomError(token, "ERC2612InvalidSigner");

  describe(`ERC-2612: ${key.toUpperCase()}`, () => {
    it('"will set allowance[owner][spender] to value"', async () => {
      const { token, at, words, sign, submit } = await fixture();
      await submit(words(), await sign(words()));
      expect(await ask(token, "allowance", at.owner, at.buyer)).to.equal(30n);
    });

    it('"increment nonces[owner] by 1"', async () => {
      const { token, at, words, sign, submit } = await fixture();
      expect(await ask(token, "nonces", at.owner)).to.equal(0n);
      await submit(words(), await sign(words()));
      expect([await ask(token, "nonces", at.owner), await ask(token, "nonces", at.stranger)]).to.deep.equal([1n, 0n]);
    });

    it('"and emit a corresponding Approval event"', async () => {
      const { token, at, words, sign, submit } = await fixture();
      await expect(submit(words(), await sign(words()))).to.emit(token, "Approval").withArgs(at.owner, at.buyer, 30);
    });

    it('"if and only if the current blocktime is less than or equal to deadline"', async () => {
      const { token, words, sign, submit } = await fixture();
      const at = (await now()) + 100;
      const permit = words({ deadline: at });
      const late = words({ deadline: at - 1 });
      const [signature, lateSignature] = [await sign(permit), await sign(late)];
      await networkHelpers.time.setNextBlockTimestamp(at);
      await expect(submit(late, lateSignature)).to.be.revertedWithCustomError(token, "ERC2612ExpiredSignature").withArgs(at - 1);
      await submit(permit, signature);
    });

    it('"owner is not the zero address"', async () => {
      const { token, at } = await fixture();
      // A signature that recovers to nothing.
      await expect(act(token, (await networkHelpers.loadFixture(bothTokens)).who.stranger, "permit", ZeroAddress, at.buyer, 1, FAR, 27, `0x${"00".repeat(32)}`, `0x${"00".repeat(32)}`)).to.be.revertedWithCustomError(token, "ECDSAInvalidSignature");
    });

    it('"nonces[owner] (before the state update) is equal to nonce": each counts once, in sequence', async () => {
      const { token, words, sign, submit } = await fixture();
      await bad(submit(words(), await sign(words({ nonce: 1n }))), token);
      const first = await sign(words());
      await submit(words(), first);
      await bad(submit(words(), first), token);
      await submit(words(), await sign(words({ nonce: 1n })));
    });

    it('"r, s and v is a valid secp256k1 signature from owner of the message": of every word of it', async () => {
      const { token, at, words, sign, submit } = await fixture();
      const signature = await sign(words());
      for (const change of [{ owner: at.tsp }, { spender: at.tsp }, { value: 31n }, { deadline: FAR - 1 }]) await bad(submit(words(change), signature), token);
      await bad(submit(words(), await sign(words(), "buyer")), token);
    });

    it('the key of a contract wallet is not "from owner": the text knows no ERC-1271', async () => {
      const { token, at, words, sign, submit } = await fixture();
      const wallet = await wallet1271(at.owner);
      const permit = words({ owner: wallet.at });
      await bad(submit(permit, await sign(permit)), token);
    });

    it('"DOMAIN_SEPARATOR is defined according to EIP-712", unique to contract and chain', async () => {
      const { token, domain } = await fixture();
      expect(await ask(token, "DOMAIN_SEPARATOR")).to.equal(TypedDataEncoder.hashDomain({ name: TOKEN_NAMES[key], version: "1", ...domain(key) }));
    });

    it("does not take the other token's permit, nor one of another chain", async () => {
      const { token, who, words, submit, domain } = await fixture();
      const other = key === "qdd" ? "qdt" : "qdd";
      await bad(submit(words(), await signTypedData(who.owner, permitData(other, domain(other), words()))), token);
      await bad(submit(words(), await signTypedData(who.owner, permitData(key, { ...domain(key), chainId: 1 }, words()))), token);
    });

    it('"the caller of the permit function can be any address"', async () => {
      const { token, who, at, words, sign } = await fixture();
      const { v, r, s } = Signature.from(await sign(words()));
      await act(token, who.feeTaker, "permit", at.owner, at.buyer, 30, FAR, v, r, s);
      expect(await ask(token, "allowance", at.owner, at.buyer)).to.equal(30n);
    });
  });
}
