/** Credits: paid in, moved, taken out, by the account, by signature and by operators; each refusal by its error. */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { signTypedData, type Withdrawal, withdrawalData } from "../../sdk/eip712/index.ts";
import { contractAt, ethers, networkHelpers, now, type Role, tx } from "./support/chain.ts";
import { creditChanges, refused } from "./support/deal.ts";
import { FAR, STANDING, world } from "./support/world.ts";

const NOBODY = ZeroAddress as Hex;

describe("The ledger", () => {
  async function fixture() {
    const w = await world();
    const { qdd, escrow } = w.deployment.addresses;
    const exchange = await contractAt("Escrow", escrow);
    const signed = async (change: Partial<Withdrawal> = {}, by: Role = "tsp") => {
      const text: Withdrawal = { account: w.who.at.tsp, token: qdd, to: w.who.at.storage, amount: 7n, nonce: 0n, deadline: FAR, ...change };
      return { text, signature: await signTypedData(w.who[by], withdrawalData(w.domain("escrow"), text)) };
    };
    const take = ({ account, token, to, amount, deadline }: Withdrawal, signature: Hex) => w.calls.withdrawFor({ account, token, to, amount, deadline, signature });
    return { ...w, qdd, exchange, signed, take };
  }

  describe("deposit", () => {
    it("credits whom the payer names, with an event", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const call = f.calls.deposit(f.qdd, f.who.at.stranger, 12n);
      expect(await creditChanges(f, async () => expect(tx(f.who.buyer, call)).to.emit(f.exchange, "Deposited").withArgs(f.who.at.stranger, f.qdd, f.who.at.buyer, 12))).to.deep.equal({ stranger: 12n });
    });

    it("refuses nobody, and tokens that the exchange does not list", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await refused(tx(f.who.buyer, f.calls.deposit(f.qdd, NOBODY, 1n)), "Ledger_NoReceiver");
      await refused(tx(f.who.buyer, f.calls.deposit(f.who.at.owner, f.who.at.buyer, 1n)), "Escrow_TokenNotListed", f.who.at.owner);
    });
  });

  describe("transferCredit", () => {
    it("moves the caller's credit, or that of who has named the caller operator", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const call = f.calls.transferCredit(f.who.at.tsp, f.qdd, f.who.at.stranger, 5n);
      expect(await creditChanges(f, async () => expect(tx(f.who.tsp, call)).to.emit(f.exchange, "CreditTransferred").withArgs(f.who.at.tsp, f.qdd, f.who.at.stranger, 5))).to.deep.equal({ tsp: -5n, stranger: 5n });
      await refused(tx(f.who.stranger, call), "Ledger_NotOperator", f.who.at.tsp, f.who.at.stranger);
      await expect(tx(f.who.tsp, f.calls.setOperator(f.who.at.stranger, true))).to.emit(f.exchange, "OperatorSet").withArgs(f.who.at.tsp, f.who.at.stranger, true);
      expect(await creditChanges(f, () => tx(f.who.stranger, call))).to.deep.equal({ tsp: -5n, stranger: 5n });
      await tx(f.who.tsp, f.calls.setOperator(f.who.at.stranger, false));
      await refused(tx(f.who.stranger, call), "Ledger_NotOperator", f.who.at.tsp, f.who.at.stranger);
    });

    it("refuses nobody, and more than there is", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await refused(tx(f.who.tsp, f.calls.transferCredit(f.who.at.tsp, f.qdd, NOBODY, 1n)), "Ledger_NoReceiver");
      await refused(tx(f.who.tsp, f.calls.transferCredit(f.who.at.tsp, f.qdd, f.who.at.owner, STANDING + 1n)), "Ledger_NotEnough", f.who.at.tsp, f.qdd, STANDING, STANDING + 1n);
    });
  });

  describe("withdraw", () => {
    it("pays any address out of the caller's credit, to the last unit", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const before = await f.reads.balanceOf(f.qdd, f.who.at.storage);
      await expect(tx(f.who.tsp, f.calls.withdraw(f.qdd, f.who.at.storage, STANDING))).to.emit(f.exchange, "Withdrawn").withArgs(f.who.at.tsp, f.qdd, f.who.at.storage, STANDING);
      expect((await f.reads.balanceOf(f.qdd, f.who.at.storage)) - before).to.equal(STANDING);
      expect(await f.reads.creditOf(f.who.at.tsp, f.qdd)).to.equal(0n);
      await refused(tx(f.who.tsp, f.calls.withdraw(f.qdd, f.who.at.storage, 1n)), "Ledger_NotEnough", f.who.at.tsp, f.qdd, 0, 1);
    });

    it("refuses nobody, and credit of another account, also to an operator", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      await refused(tx(f.who.tsp, f.calls.withdraw(f.qdd, NOBODY, 1n)), "Ledger_NoReceiver");
      await tx(f.who.tsp, f.calls.setOperator(f.who.at.stranger, true));
      await refused(tx(f.who.stranger, f.calls.withdraw(f.qdd, f.who.at.stranger, 1n)), "Ledger_NotEnough", f.who.at.stranger, f.qdd, 0, 1);
    });
  });

  describe("withdrawFor", () => {
    it("pays by the account's signature, submitted by anyone, once", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { text, signature } = await f.signed();
      expect(await creditChanges(f, () => tx(f.who.stranger, f.take(text, signature)))).to.deep.equal({ tsp: -7n });
      await refused(tx(f.who.stranger, f.take(text, signature)), "Ledger_BadSignature", f.who.at.tsp);
      const next = await f.signed({ nonce: 1n });
      await tx(f.who.stranger, f.take(next.text, next.signature));
    });

    it("binds account, token, receiver, amount and deadline, and takes no other's signature", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { text, signature } = await f.signed();
      for (const change of [{ token: f.who.at.owner }, { to: f.who.at.stranger }, { amount: 8n }, { deadline: FAR - 1 }]) {
        await refused(tx(f.who.stranger, f.take({ ...text, ...change }, signature)), "Ledger_BadSignature", f.who.at.tsp);
      }
      await refused(tx(f.who.stranger, f.take({ ...text, account: f.who.at.buyer }, signature)), "Ledger_BadSignature", f.who.at.buyer);
      await refused(tx(f.who.stranger, f.take(text, (await f.signed({}, "stranger")).signature)), "Ledger_BadSignature", f.who.at.tsp);
    });

    it("counts the deadline to its last second, and refuses nobody", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const at = (await now()) + 10;
      const { text, signature } = await f.signed({ deadline: at });
      await networkHelpers.time.setNextBlockTimestamp(at + 1);
      await refused(tx(f.who.stranger, f.take(text, signature)), "Ledger_Expired", at, at + 1);
      const last = await f.signed({ deadline: at + 5 });
      await networkHelpers.time.setNextBlockTimestamp(at + 5);
      await tx(f.who.stranger, f.take(last.text, last.signature));
      const nobody = await f.signed({ to: NOBODY, nonce: 1n });
      await refused(tx(f.who.stranger, f.take(nobody.text, nobody.signature)), "Ledger_NoReceiver");
    });

    it("takes a contract wallet's word (ERC-1271)", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const account = (await (await ethers.deployContract("Wallet1271", [f.who.at.owner])).getAddress()) as Hex;
      await tx(f.who.tsp, f.calls.transferCredit(f.who.at.tsp, f.qdd, account, 7n));
      const { text, signature } = await f.signed({ account }, "owner");
      await tx(f.who.stranger, f.take(text, signature));
      expect(await f.reads.creditOf(account, f.qdd)).to.equal(0n);
    });
  });
});
