/** What the exchange is built on, and what foundation and guardian may change. */
import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { createReads, INTERFACES } from "../../../sdk/client/index.ts";
import type { TokenTerms } from "../../../sdk/market/index.ts";
import { QDD_TERMS } from "../../../scripts/deploy/plan.ts";
import { ask, contractAt, DAY, ethers, networkHelpers, tx } from "../support/chain.ts";
import { creditChanges, delivered, DEPOSIT, market, type Market, outcome, refused, refusedSilently } from "../support/deal.ts";
import { BOND, bought, PRICE, purchase, STANDING } from "../support/world.ts";

/** What a deployment's halves are built on, in the order of the struct. */
function partsOf({ deployment: { addresses: a } }: Market): unknown[] {
  return [a.accessManager, a.vehicleRegistry, a.dataRegistry, a.qoodShares, a.keyDelivery1Verifier, a.keyDelivery8Verifier, a.keyDelivery32Verifier, a.complaintVerifier, 10];
}
const deploy = async (name: string, ...args: unknown[]): Promise<Hex> => (await (await ethers.deployContract(name, args)).getAddress()) as Hex;

describe("Escrow, constructor", () => {
  it("refuses missing contracts, and windows shorter than a second here or longer than 90 days, in both halves", async () => {
    const m = await networkHelpers.loadFixture(market);
    const parts = partsOf(m);
    for (const [half, more] of [["EscrowDisputes", []], ["Escrow", [m.deployment.addresses.escrowDisputes]]] as const) {
      for (let i = 1; i < 8; i += 1) await refused(deploy(half, parts.with(i, ZeroAddress), ...more), "Escrow_ZeroAddress");
      await refused(deploy(half, parts.with(8, 0), ...more), "Escrow_WindowTooShort", 0, 1);
      await refused(deploy(half, parts.with(8, 90 * DAY + 1), ...more), "Escrow_WindowTooLong", 90 * DAY + 1, 90 * DAY);
    }
    for (const window of [1, 90 * DAY]) await deploy("Escrow", parts.with(8, window), await deploy("EscrowDisputes", parts.with(8, window)));
  });

  it("takes no other half than one that is built on the same parts, all of them", async () => {
    const m = await networkHelpers.loadFixture(market);
    const parts = partsOf(m);
    const same = await deploy("EscrowDisputes", parts);
    await deploy("Escrow", parts, same);
    for (let i = 0; i < 9; i += 1) {
      await refused(deploy("Escrow", parts.with(i, i === 8 ? 11 : m.who.at.stranger), same), "Escrow_OtherParts", same);
    }
    await refused(deploy("Escrow", parts, m.who.at.stranger), "Escrow_OtherParts", m.who.at.stranger);
    // A contract of another kind does not know its parts.
    expect(await outcome(deploy("Escrow", parts, m.deployment.addresses.qdd))).to.equal("unknown");
  });

  it("tells what it is built on, the same in both halves, for good", async () => {
    const m = await networkHelpers.loadFixture(market);
    const names = ["authority", "vehicles", "dataRegistry", "shares", "verifier1", "verifier8", "verifier32", "complaints", "leastWindow"];
    const hash = ethers.keccak256(ethers.AbiCoder.defaultAbiCoder().encode(["tuple(address,address,address,address,address,address,address,address,uint256)"], [partsOf(m)]));
    for (const address of [m.deployment.addresses.escrow, m.deployment.addresses.escrowDisputes]) {
      const half = await contractAt("Escrow", address);
      expect(await Promise.all(names.map((name) => ask(half, name)))).to.deep.equal(partsOf(m).with(8, 10n));
      expect(await ask(half, "partsHash")).to.equal(hash);
    }
    expect(await ask(m.escrow, "disputes")).to.equal(m.deployment.addresses.escrowDisputes);
    expect(await Promise.all(["MAX_FEE_BPS", "MAX_WINDOW", "LEAST_PUBLIC_WINDOW", "LOCAL_CHAIN", "MAX_SCALE"].map((name) => ask(m.escrow, name)))).to.deep.equal([500n, 7_776_000n, 172_800n, 31_337n, 18n]);
  });
});

describe("Escrow, settings", () => {
  const TERMS: TokenTerms = { listed: true, stopped: false, scale: 18, feeBps: 500, deposit1: 1, deposit8: 2, deposit32: 2 ** 32 - 1, bond1: 1, bond8: 2, bond32: 2 ** 32 - 1, exact: true };

  it("belong to the treasurer, purchases' stop to the guardian, and to nobody else", async () => {
    const { who, calls } = await networkHelpers.loadFixture(market);
    const treasurers = [calls.setToken(who.at.owner, { ...TERMS, feeBps: 0 }), calls.setFeeRecipient(who.at.owner)];
    const guardians = [calls.stopToken(who.at.owner, true), calls.stopToken(who.at.owner, false)];
    for (const [own, foreign, role, other] of [[treasurers, guardians, "treasurer", "guardian"], [guardians, treasurers, "guardian", "treasurer"]] as const) {
      for (const call of foreign) await refused(tx(who[role], call), "AccessManagedUnauthorized", who.at[role]);
      for (const call of own) {
        for (const stranger of ["stranger", "registrar", "issuer", "tsp", other] as const) await refused(tx(who[stranger], call), "AccessManagedUnauthorized", who.at[stranger]);
        await tx(who[role], call);
      }
    }
  });

  it("list a token on terms that are kept as they were given, within their bounds", async () => {
    const { who, calls, reads, escrow } = await networkHelpers.loadFixture(market);
    const token = who.at.owner; // never called, so any address will do
    const set = (change: Partial<TokenTerms>, at: Hex = token) => tx(who.treasurer, calls.setToken(at, { ...TERMS, ...change }));
    expect(await reads.tokenTermsOf(token)).to.deep.equal({ listed: false, stopped: false, scale: 0, feeBps: 0, deposit1: 0, deposit8: 0, deposit32: 0, bond1: 0, bond8: 0, bond32: 0, exact: false });
    await refused(set({}), "Escrow_ZeroAddress"); // a fee and nobody to pay it to
    await expect(set({ feeBps: 0 })).to.emit(escrow, "TokenSet").withArgs(token, Object.values({ ...TERMS, feeBps: 0 }));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await expect(set({})).to.emit(escrow, "TokenSet").withArgs(token, Object.values(TERMS));
    expect(await reads.tokenTermsOf(token)).to.deep.equal(TERMS);

    await refused(set({}, ZeroAddress as Hex), "Escrow_ZeroAddress");
    await refused(set({ scale: 19 }), "Escrow_ScaleTooLarge", 19, 18);
    await refused(set({ feeBps: 501 }), "Escrow_FeeTooHigh", 501, 500);
    await refused(set({ deposit1: 2 }), "Escrow_DepositAboveBond", 1);
    await refused(set({ deposit8: 3 }), "Escrow_DepositAboveBond", 8);
    await refused(set({ bond32: 2 ** 32 - 2 }), "Escrow_DepositAboveBond", 32);
    expect(await reads.tokenTermsOf(token)).to.deep.equal(TERMS);
    await set({ listed: false, feeBps: 0 });
    expect((await reads.tokenTermsOf(token)).listed).to.equal(false);
  });

  it("leave the guardian's stop as it is", async () => {
    const { who, calls, reads, escrow } = await networkHelpers.loadFixture(market);
    const token = who.at.owner;
    const set = (stopped: boolean) => tx(who.treasurer, calls.setToken(token, { ...TERMS, feeBps: 0, stopped }));
    await expect(set(true)).to.emit(escrow, "TokenSet").withArgs(token, Object.values({ ...TERMS, feeBps: 0 }));
    expect((await reads.tokenTermsOf(token)).stopped).to.equal(false);
    await expect(tx(who.guardian, calls.stopToken(token, true))).to.emit(escrow, "TokenStopped").withArgs(token, true);
    await set(false);
    expect(await reads.tokenTermsOf(token)).to.deep.equal({ ...TERMS, feeBps: 0, stopped: true });
    await expect(tx(who.guardian, calls.stopToken(token, false))).to.emit(escrow, "TokenStopped").withArgs(token, false);
    expect(await reads.tokenTermsOf(token)).to.deep.equal({ ...TERMS, feeBps: 0 });
  });

  it("name a receiver of fees, never nobody", async () => {
    const { who, calls, reads, escrow } = await networkHelpers.loadFixture(market);
    expect(await reads.feeRecipient()).to.equal(ZeroAddress);
    await refused(tx(who.treasurer, calls.setFeeRecipient(ZeroAddress as Hex)), "Escrow_ZeroAddress");
    await expect(tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker))).to.emit(escrow, "FeeRecipientSet").withArgs(who.at.feeTaker);
    expect(await reads.feeRecipient()).to.equal(who.at.feeTaker);
  });

  it("F37: apply to later deals only: open ones go on and end as they were bought", async () => {
    const d = await networkHelpers.loadFixture(delivered);
    const { who, calls, reads, terms, pinned, headers, deployment: { addresses: { qdd } } } = d;
    const second = await bought(d, await purchase(d, d.open, { nonce: 2n }));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...QDD_TERMS, listed: false, feeBps: 500, bond1: 4_000_000_000, deposit1: 0 }));
    await tx(who.guardian, calls.stopToken(qdd, true));
    const settle = calls.settleByReceipt(terms, 0, pinned, { headers });
    expect(await creditChanges(d, () => tx(who.buyer, settle))).to.deep.equal({
      ...{ owner: 6_000_003n, oem: 1_000_000n, tsp: 2_500_000n + BOND, storage: 500_000n, buyer: DEPOSIT },
    });
    await tx(who.tsp, calls.deliverUnproven(second.terms, 0, d.opening, [1n, 2n], [3n]));
    expect(await creditChanges(d, () => tx(who.tsp, calls.concede(second.terms, 0)))).to.deep.equal({ buyer: PRICE + DEPOSIT + BOND });
    await tx(who.owner, calls.withdraw(qdd, who.at.owner, 6_000_003n));
    expect(await reads.balanceOf(qdd, who.at.owner)).to.equal(6_000_003n);
  });
});

describe("Escrow, its other half", () => {
  it("F37: called by itself finds no deal, moves no money, and cancels nothing here", async () => {
    const d = await networkHelpers.loadFixture(delivered);
    const { who, calls, reads, terms, headers, lot, deployment: { addresses: { escrow, escrowDisputes, qdd } } } = d;
    const there = (call: { data: Hex }) => ({ to: escrowDisputes, data: call.data, what: "" });
    const { dealId: id } = await createReads({ addresses: { ...d.deployment.addresses, escrow: escrowDisputes } }, ethers.provider).pageOf(terms, 0);
    expect(id).to.not.equal(d.dealId); // the id names the contract
    const none = { root: headers[0]!, leafCount: 1, leaf: 0, interval: 0, segment: 0, firstBlock: 0, cipher: "0x00" as Hex, dataHash: headers[0]!, path: [], segmentKey: 1n };
    const proof = { proofA: [0n, 0n] as [bigint, bigint], proofB: [[0n, 0n], [0n, 0n]] as [[bigint, bigint], [bigint, bigint]], proofC: [0n, 0n] as [bigint, bigint] };
    const delivery = { r: [1n, 2n] as [bigint, bigint], c: [3n], ...proof };
    for (const [role, call] of [
      ["buyer", calls.accept(terms)],
      ["buyer", calls.reject(terms)],
      ["buyer", calls.challenge(terms, 0)],
      ["tsp", calls.deliverDisputed(terms, 0, d.pinned, d.opening, delivery)],
      ["tsp", calls.answer(terms, 0, [d.words], delivery)],
      ["tsp", calls.concede(terms, 0)],
      ["tsp", calls.refund(terms, 0)],
      ["tsp", calls.refundBad(terms, 0, headers, 0)],
      ["tsp", calls.complain(terms, 0, headers, 0, lot.header, { ...none, ...proof })],
    ] as const) {
      await refused(tx(who[role], there(call)), "Escrow_WrongState", id, 0);
    }
    await refused(tx(who.tsp, there(calls.deposit(qdd, who.at.tsp, 1n))), "Escrow_TokenNotListed", qdd);
    await refused(tx(who.tsp, there(calls.withdraw(qdd, who.at.tsp, 1n))), "Ledger_NotEnough", who.at.tsp, qdd, 0, 1);
    await refused(tx(who.tsp, there(calls.transferCredit(who.at.tsp, qdd, who.at.owner, 1n))), "Ledger_NotEnough", who.at.tsp, qdd, 0, 1);
    for (const role of ["treasurer", "guardian"] as const) {
      for (const call of [calls.setToken(qdd, QDD_TERMS), calls.setFeeRecipient(who.at.owner), calls.stopToken(qdd, true)]) {
        // The roles are for the exchange's functions; here they are nobody's.
        await refused(tx(who[role], there(call)), "AccessManagedUnauthorized", who.at[role]);
      }
    }
    await tx(who.tsp, there(calls.cancelOrder(0n)));
    await tx(who.tsp, there(calls.setOperator(who.at.stranger, true)));
    expect([await reads.isCancelled(who.at.tsp, 0n), await reads.isOperator(who.at.tsp, who.at.stranger)]).to.deep.equal([false, false]);
    expect((await reads.dealOf(d.dealId)).state).to.equal("DeliveredUnproven");
    expect(await reads.balanceOf(qdd, escrow)).to.equal(STANDING + PRICE + DEPOSIT);
  });

  it("answers with everything that it declares, and refuses what nobody declares, and money of the chain", async () => {
    const { who, deployment: { addresses: { escrow } } } = await networkHelpers.loadFixture(market);
    for (const data of ["0x12345678", "0x", "0x00", `0x${"ff".repeat(68)}`]) {
      await refusedSilently(who.stranger.sendTransaction({ to: escrow, data }));
      await refusedSilently(who.stranger.sendTransaction({ to: escrow, data, value: 1n }));
    }
    const view = INTERFACES.escrow;
    for (const name of ["dealOf", "keyOf", "contextOf", "deliveryOf", "markOf", "tokenTermsOf", "feeRecipient", "isCancelled", "fillsOf", "creditOf", "isOperator", "withdrawalNonce"]) {
      const { inputs } = view.getFunction(name)!;
      const call = await ethers.provider.call({ to: escrow, data: view.encodeFunctionData(name, inputs.map(({ type }) => (type === "address" ? escrow : type === "bytes32" ? ethers.ZeroHash : 1n))) });
      expect(view.decodeFunctionResult(name, call), name).to.have.length.greaterThan(0);
    }
  });
});
