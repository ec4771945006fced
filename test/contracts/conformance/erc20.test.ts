/** ERC-20 by its own text, which stands in quotes; one assertion a demand. */
import { expect } from "chai";
import { MaxUint256, ZeroAddress } from "ethers";
import { ask, networkHelpers, tx } from "../support/chain.ts";
import { act, bothTokens } from "../support/tokens.ts";

for (const key of ["qdd", "qdt"] as const) {
  const fixture = async () => {
    const t = await networkHelpers.loadFixture(bothTokens);
    return { ...t, token: t[key], at: t.who.at };
  };
  const isTrue = async (work: Promise<unknown>) => expect(await work).to.equal(true);

  describe(`ERC-20: ${key.toUpperCase()}`, () => {
    it('has "the name of the token", its symbol, and "the number of decimals the token uses"', async () => {
      const { token } = await fixture();
      expect([await ask(token, "name"), await ask(token, "symbol"), await ask(token, "decimals")]).to.deep.equal(
        key === "qdd" ? ["QoodBlock Dollar", "QDD", 6n] : ["QoodBlock Token", "QDT", 18n],
      );
    });

    it('"returns the total token supply" and "the account balance of another account"', async () => {
      const { token, at, reads } = await fixture();
      expect([await ask(token, "totalSupply"), await ask(token, "balanceOf", at.owner), await ask(token, "balanceOf", at.stranger)]).to.deep.equal(
        [key === "qdd" ? await reads.qddSupply() : await reads.qdtSupply(), 1000n, 0n],
      );
    });

    it('transfer: "transfers _value amount of tokens to address _to, and MUST fire the Transfer event"', async () => {
      const { token, who, at } = await fixture();
      const sent = act(token, who.owner, "transfer", at.stranger, 10);
      await expect(sent).to.emit(token, "Transfer").withArgs(at.owner, at.stranger, 10);
      expect([await ask(token, "balanceOf", at.owner), await ask(token, "balanceOf", at.stranger)]).to.deep.equal([990n, 10n]);
    });

    it('transfer: "SHOULD throw if the message caller\'s account balance does not have enough tokens to spend"', async () => {
      const { token, who, at } = await fixture();
      await expect(act(token, who.owner, "transfer", at.stranger, 1001)).to.be.revertedWithCustomError(token, "ERC20InsufficientBalance").withArgs(at.owner, 1000, 1001);
    });

    it('transfer: "Transfers of 0 values MUST be treated as normal transfers and fire the Transfer event"', async () => {
      const { token, who, at } = await fixture();
      await expect(act(token, who.stranger, "transfer", at.owner, 0)).to.emit(token, "Transfer").withArgs(at.stranger, at.owner, 0);
    });

    it('transfer: "returns (bool success)"', async () => {
      const { token, who, at } = await fixture();
      await isTrue(token.connect(who.owner).getFunction("transfer").staticCall(at.stranger, 1));
    });

    it('transferFrom: "transfers _value amount of tokens from address _from to address _to, and MUST fire the Transfer event"', async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, 30);
      await expect(act(token, who.buyer, "transferFrom", at.owner, at.stranger, 10)).to.emit(token, "Transfer").withArgs(at.owner, at.stranger, 10);
      expect([await ask(token, "balanceOf", at.owner), await ask(token, "balanceOf", at.stranger)]).to.deep.equal([990n, 10n]);
    });

    it('transferFrom: "SHOULD throw unless the _from account has deliberately authorized the sender of the message"', async () => {
      const { token, who, at } = await fixture();
      await expect(act(token, who.buyer, "transferFrom", at.owner, at.buyer, 1)).to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance").withArgs(at.buyer, 0, 1);
    });

    it('transferFrom: "Transfers of 0 values MUST be treated as normal transfers and fire the Transfer event"', async () => {
      const { token, who, at } = await fixture();
      await expect(act(token, who.buyer, "transferFrom", at.owner, at.stranger, 0)).to.emit(token, "Transfer").withArgs(at.owner, at.stranger, 0);
    });

    it('transferFrom: "returns (bool success)"', async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, 30);
      await isTrue(token.connect(who.buyer).getFunction("transferFrom").staticCall(at.owner, at.stranger, 1));
    });

    it('approve: "allows _spender to withdraw from your account multiple times, up to the _value amount"', async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, 30);
      await act(token, who.buyer, "transferFrom", at.owner, at.stranger, 10);
      await act(token, who.buyer, "transferFrom", at.owner, at.stranger, 20);
      await expect(act(token, who.buyer, "transferFrom", at.owner, at.stranger, 1)).to.be.revertedWithCustomError(token, "ERC20InsufficientAllowance").withArgs(at.buyer, 0, 1);
    });

    it('approve: "if this function is called again it overwrites the current allowance with _value"', async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, 30);
      await act(token, who.owner, "approve", at.buyer, 7);
      expect(await ask(token, "allowance", at.owner, at.buyer)).to.equal(7n);
    });

    it('approve: "returns (bool success)"', async () => {
      const { token, who, at } = await fixture();
      await isTrue(token.connect(who.owner).getFunction("approve").staticCall(at.buyer, 1));
    });

    it('allowance: "returns the amount which _spender is still allowed to withdraw from _owner"', async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, 30);
      await act(token, who.buyer, "transferFrom", at.owner, at.stranger, 10);
      expect([await ask(token, "allowance", at.owner, at.buyer), await ask(token, "allowance", at.buyer, at.owner)]).to.deep.equal([20n, 0n]);
    });

    it("keeps an allowance without end as it is", async () => {
      const { token, who, at } = await fixture();
      await act(token, who.owner, "approve", at.buyer, MaxUint256);
      await act(token, who.buyer, "transferFrom", at.owner, at.stranger, 10);
      expect(await ask(token, "allowance", at.owner, at.buyer)).to.equal(MaxUint256);
    });

    it('Transfer: "a token contract which creates new tokens SHOULD trigger a Transfer event with the _from address set to 0x0"', async () => {
      const { token, who, calls, at } = await fixture();
      const sent = key === "qdd" ? tx(who.issuer, calls.mintQdd(at.stranger, 3n)) : tx(who.emission, calls.mintQdt(at.stranger, 3n));
      await expect(sent).to.emit(token, "Transfer").withArgs(ZeroAddress, at.stranger, 3);
    });

    it('Approval: "MUST trigger on any successful call to approve(address _spender, uint256 _value)"', async () => {
      const { token, who, at } = await fixture();
      for (const value of [30, 30, 0]) await expect(act(token, who.owner, "approve", at.buyer, value)).to.emit(token, "Approval").withArgs(at.owner, at.buyer, value);
    });
  });
}
