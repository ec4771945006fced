/** How a deal is paid out, and how it ends without: by receipt, by time, by the seller's giving up. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { type Call, eventIn } from "../../../sdk/client/index.ts";
import { receiptData, signTypedData } from "../../../sdk/eip712/index.ts";
import { type Opening, payouts, sixPairs, type Terms, versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { QDD_TERMS } from "../../../scripts/deploy/plan.ts";
import { ethers, networkHelpers, tx, WINDOW } from "../support/chain.ts";
import { C, creditChanges, delivered, DEPOSIT, market, NO_PROOF, openDeal, outcome, R, refused, sendAt, signReceipt, SPLIT } from "../support/deal.ts";
import { agree, anchorLot, BOND, bought, hash, header, order, PRICE, purchase } from "../support/world.ts";
import { prove } from "../support/proofs.ts";

const NONE: Opening = { lots: [], formers: [] };
const { owner, oem, agent, storage } = payouts(PRICE, 0, SPLIT);
/** Changes of credit by a settlement without fee, of a page that had been delivered on chain or not. */
const paid = (bond: bigint, deposit = DEPOSIT) => ({ owner, oem, tsp: agent + bond, storage, buyer: deposit });

async function settleable() {
  const d = await openDeal();
  return { ...d, receipt: await signReceipt(d, "buyer", d.dealId) };
}
type Settleable = Awaited<ReturnType<typeof settleable>>;
/** What each move would be, all of it right but for the state. */
const movesOf = (d: Settleable, terms: Terms = d.terms): Call[] => {
  const { calls, pinned, opening, headers, receipt: signature } = d;
  return [
    calls.settle(terms, 0, pinned, headers),
    calls.settleByReceipt(terms, 0, pinned, { opening, headers, signature }),
    calls.refund(terms, 0),
    calls.deliverUnproven(terms, 0, opening, R, C),
    calls.deliverProven(terms, 0, opening, NO_PROOF),
    calls.concede(terms, 0),
    calls.refundBad(terms, 0, headers, 0),
  ];
};

async function deliveredAndSigned() {
  const d = await settleable();
  await tx(d.who.tsp, d.calls.deliverUnproven(d.terms, 0, d.opening, R, C));
  return d;
}

describe("Escrow, receipt", () => {
  after(closeProofEngine);

  it("settles from Funded: the keys were handed over off chain, no bond was locked, the deposit goes back", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, reads, escrow, terms, dealId, pinned, opening, receipt: signature } = d;
    expect(
      await creditChanges(d, async () => {
        await expect(tx(who.stranger, calls.settleByReceipt(terms, 0, pinned, { opening, signature })))
          .to.emit(escrow, "Settled")
          .withArgs(dealId, 0, true, owner, oem, agent, storage, 0, 0);
      }),
    ).to.deep.equal(paid(0n));
    expect((await reads.dealOf(dealId)).state).to.equal("Settled");
  });

  it("settles from a delivery, whose bond is freed, and from a challenge", async () => {
    const d = await networkHelpers.loadFixture(deliveredAndSigned);
    const { who, calls, terms, pinned, headers, receipt: signature } = d;
    const call = calls.settleByReceipt(terms, 0, pinned, { headers, signature });
    const back = await networkHelpers.takeSnapshot();
    expect(await creditChanges(d, () => tx(who.stranger, call))).to.deep.equal(paid(BOND));
    await back.restore();
    await tx(who.buyer, calls.challenge(terms, 0));
    expect(await creditChanges(d, () => tx(who.stranger, call))).to.deep.equal(paid(BOND));
  });

  it("leaves the deposit with the seller who has answered a challenge", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, terms, dealId, pinned, headers, receipt: signature } = d;
    const delivery = await prove(d.deployment.addresses.escrow, dealId);
    await tx(who.tsp, calls.deliverUnproven(terms, 0, d.opening, delivery.r, delivery.c));
    await tx(who.buyer, calls.challenge(terms, 0));
    expect(await creditChanges(d, () => tx(who.stranger, calls.answer(terms, 0, [d.words], delivery)))).to.deep.equal({ tsp: DEPOSIT });
    const back = await networkHelpers.takeSnapshot();
    const { buyer: _, ...rest } = paid(BOND);
    expect(await creditChanges(d, () => tx(who.stranger, calls.settleByReceipt(terms, 0, pinned, { headers, signature })))).to.deep.equal(rest);
    await back.restore();
    await networkHelpers.time.increase(WINDOW + 1);
    expect(await creditChanges(d, () => tx(who.stranger, calls.settle(terms, 0, pinned, headers)))).to.deep.equal(rest);
  });

  it("is the buyer's own call or its signature for exactly this page of this deal", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, terms, dealId, opening, pinned, domain } = d;
    const second = await bought(d, await purchase(d, d.open, { nonce: 5n }));
    for (const signature of [
      "0x" as Hex,
      await signReceipt(d, "stranger", dealId),
      await signReceipt(d, "buyer", second.dealId),
      await signReceipt(d, "buyer", dealId, 1),
      await signTypedData(who.buyer, receiptData({ ...domain("escrow"), chainId: 1 }, { dealId, page: 0n })),
      await signTypedData(who.buyer, receiptData(domain("escrowDisputes"), { dealId, page: 0n })),
    ]) {
      await refused(tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { opening, signature })), "Escrow_BadReceipt", who.at.buyer);
    }
    await tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { opening }));
  });

  it("is signed by a contract wallet that has bought (ERC-1271)", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads, deployment, opening, pinned } = m;
    const { qdd } = deployment.addresses;
    const wallet = await ethers.deployContract("Wallet1271", [who.at.buyer]);
    const address = (await wallet.getAddress()) as Hex;
    await tx(who.buyer, calls.transferToken(qdd, address, PRICE));
    const execute = async (call: Call) => ((await wallet.connect(who.buyer).getFunction("execute")(call.to, call.data)) as Awaited<ReturnType<typeof tx>>).wait();
    await execute(calls.approve(qdd, PRICE));
    const { dealId, sale, buyer } = eventIn(deployment, "Bought", (await execute(await m.buy()))!)!;
    expect(buyer).to.equal(address);
    const terms = { order: m.sold, sale };
    const settle = async (by: "buyer" | "stranger") => tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { opening, signature: await signReceipt(m, by, dealId) }));
    await refused(settle("stranger"), "Escrow_BadReceipt", address);
    // The wallet is the buyer, not whose key it has: that one cannot do without the signature.
    await refused(tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { opening })), "Escrow_BadReceipt", address);
    await settle("buyer");
    expect((await reads.dealOf(dealId)).state).to.equal("Settled");
  });

  it("opens the headers from Funded, and later reads their hashes", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, terms, pinned, opening, headers } = d;
    const by = (change: { opening?: Opening; headers?: Hex[] }) => tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, change));
    for (const given of [{}, { headers }, { opening: NONE, headers }, { opening: { lots: [d.lot, d.lot], formers: [] } }]) expect(await outcome(by(given))).to.equal("Escrow_NotTheLotsSold");
    await tx(who.tsp, calls.deliverUnproven(terms, 0, opening, R, C));
    for (const given of [{ opening }, { opening, headers: [...headers, ...headers] }, { headers: [hash("x")] }]) expect(await outcome(by(given))).to.equal("Escrow_NotTheLotsSold");
    await by({ headers });
  });

  it("settles several lots in their order", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, words, lot, pinned } = m;
    const second = header(m, { sequence: 1 });
    const lot2 = await anchorLot(m, second, { sequence: 2 });
    const { dealId, terms } = await bought(m, await purchase(m, order(m, [words, second])));
    const signature = await signReceipt(m, "buyer", dealId);
    expect(await outcome(tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { signature, opening: { lots: [lot2, lot], formers: [] } })))).to.equal("Escrow_NotTheLotsSold");
    await tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { signature, opening: { lots: [lot, lot2], formers: [] } }));
  });
});

describe("Escrow, settlement", () => {
  it("comes by itself when the window is over, and not in its last second", async () => {
    const d = await networkHelpers.loadFixture(delivered);
    const { who, calls, reads, escrow, terms, dealId, pinned, headers } = d;
    const { endsAt } = await reads.dealOf(dealId);
    const call = calls.settle(terms, 0, pinned, headers);
    await refused(sendAt(endsAt, who.stranger, call), "Escrow_NotYet", endsAt, endsAt);
    expect(
      await creditChanges(d, async () => {
        await expect(sendAt(endsAt + 1, who.stranger, call)).to.emit(escrow, "Settled").withArgs(dealId, 0, false, owner, oem, agent, storage, 0, 0);
      }),
    ).to.deep.equal(paid(BOND));
  });

  it("takes the header hashes sold", async () => {
    const { who, calls, terms, pinned, headers } = await networkHelpers.loadFixture(delivered);
    await networkHelpers.time.increase(WINDOW + 1);
    for (const given of [[], [...headers, ...headers], [hash("x")]]) {
      expect(await outcome(tx(who.stranger, calls.settle(terms, 0, pinned, given)))).to.equal("Escrow_NotTheLotsSold");
    }
  });

  it("ends the deal once, whatever is tried after", async () => {
    const d = await networkHelpers.loadFixture(deliveredAndSigned);
    const { who, calls, terms, dealId, pinned, headers } = d;
    await tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { headers }));
    await networkHelpers.time.increase(2 * WINDOW);
    for (const call of [...movesOf(d), calls.challenge(terms, 0)]) await refused(tx(who.tsp, call), "Escrow_WrongState", dealId, 5);
  });

  it("does not come by the window before a delivery or while challenged, nor of unknown terms at all", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, terms, dealId, pinned, headers, reads } = d;
    await networkHelpers.time.increase(2 * WINDOW);
    const settle = calls.settle(terms, 0, pinned, headers);
    await refused(tx(who.tsp, settle), "Escrow_WrongState", dealId, 1);
    const other: Terms = { ...terms, sale: { ...terms.sale, feeBps: 1 } };
    const { dealId: unknown } = await reads.pageOf(other, 0);
    for (const call of movesOf(d, other)) await refused(tx(who.tsp, call), "Escrow_WrongState", unknown, 0);
    await tx(who.tsp, calls.deliverUnproven(terms, 0, d.opening, R, C));
    await tx(who.buyer, calls.challenge(terms, 0));
    await networkHelpers.time.increase(2 * WINDOW);
    await refused(tx(who.tsp, settle), "Escrow_WrongState", dealId, 3);
  });

  it("pays by the pinned version, whatever was agreed, denied, ended, transferred, stopped or set since", async () => {
    const d = await networkHelpers.loadFixture(deliveredAndSigned);
    const { who, calls, terms, pinned, headers, receipt: signature, text, vehicle, agreement, deployment: { addresses: { qdd } } } = d;
    const changed = { ...text, nonce: 1, pairs: sixPairs([{ dataClass: 2, privacy: 1, ownerBps: 0, oemBps: 0, agentBps: 10_000, storageBps: 0 }]) };
    await agree(d, changed);
    await tx(who.owner, calls.deny(vehicle, 1, 2, 1));
    await tx(who.owner, calls.end(vehicle, 1));
    await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
    await tx(who.guardian, calls.stopToken(qdd, true));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...QDD_TERMS, listed: false, feeBps: 500 }));
    for (const wrong of [versionTerms(changed), { ...pinned, owner: who.at.owner2 }, { ...pinned, shares: pinned.shares ^ 1n }, { ...pinned, storagePayee: who.at.tsp }]) {
      await refused(tx(who.tsp, calls.settleByReceipt(terms, 0, wrong, { headers, signature })), "Escrow_WrongAgreement", agreement, 1);
    }
    expect(await creditChanges(d, () => tx(who.tsp, calls.settleByReceipt(terms, 0, pinned, { headers, signature })))).to.deep.equal(paid(BOND));
  });

  it("F40: takes the fee of the purchase's time, gives dust to the owner, and pays out exactly the price", async () => {
    const m = await networkHelpers.loadFixture(market);
    const { who, calls, reads, deployment, escrow, opening, pinned } = m;
    const { qdd } = deployment.addresses;
    await tx(who.treasurer, calls.setFeeRecipient(who.at.feeTaker));
    await tx(who.treasurer, calls.setToken(qdd, { ...QDD_TERMS, feeBps: 333 }));
    const { dealId, terms } = await bought(m, await purchase(m, m.sold));
    await tx(who.treasurer, calls.setFeeRecipient(who.at.stranger));
    await tx(who.treasurer, calls.setToken(qdd, QDD_TERMS));
    const parts = payouts(PRICE, 333, SPLIT);
    expect(
      await creditChanges(m, async () => {
        await expect(tx(who.buyer, calls.settleByReceipt(terms, 0, pinned, { opening })))
          .to.emit(escrow, "Settled")
          .withArgs(dealId, 0, true, 5_800_203n, 966_700n, 2_416_750n, 483_350n, 0, 333_000n);
      }),
    ).to.deep.equal({ owner: parts.owner, oem: parts.oem, tsp: parts.agent, storage: parts.storage, feeTaker: parts.fee });
    expect(Object.values(parts).reduce((sum, part) => sum + part, 0n)).to.equal(PRICE);
    expect(await reads.creditOf(who.at.stranger, qdd)).to.equal(0n);
  });
});

describe("Escrow, refund", () => {
  it("comes after deliverBy, to the buyer, by anyone, once", async () => {
    const d = await networkHelpers.loadFixture(settleable);
    const { who, calls, escrow, terms, dealId } = d;
    const { deliverBy } = terms.sale;
    await refused(sendAt(deliverBy, who.stranger, calls.refund(terms, 0)), "Escrow_NotYet", deliverBy, deliverBy);
    expect(
      await creditChanges(d, async () => {
        await expect(sendAt(deliverBy + 1, who.stranger, calls.refund(terms, 0))).to.emit(escrow, "Refunded").withArgs(dealId, 0, 0, PRICE + DEPOSIT, 0);
      }),
    ).to.deep.equal({ buyer: PRICE + DEPOSIT });
    for (const call of movesOf(d)) await refused(tx(who.tsp, call), "Escrow_WrongState", dealId, 6);
  });

  it("comes when the seller alone gives up: before a delivery the money, after it with the bond", async () => {
    for (const [fixture, bond] of [[openDeal, 0n], [delivered, BOND]] as const) {
      const d = await networkHelpers.loadFixture(fixture);
      const { who, calls, escrow, terms, dealId } = d;
      for (const role of ["buyer", "stranger"] as const) await refused(tx(who[role], calls.concede(terms, 0)), "Escrow_NotSeller", who.at[role], who.at.tsp);
      expect(
        await creditChanges(d, async () => {
          await expect(tx(who.tsp, calls.concede(terms, 0))).to.emit(escrow, "Refunded").withArgs(dealId, 0, 1, PRICE + DEPOSIT, bond);
        }),
      ).to.deep.equal({ buyer: PRICE + DEPOSIT + bond });
    }
  });

  it("leaves what it stores of a deal in place", async () => {
    const { calls, who, reads, terms, dealId, headers } = await networkHelpers.loadFixture(delivered);
    const before = await reads.dealOf(dealId);
    await tx(who.tsp, calls.concede(terms, 0));
    expect(await reads.dealOf(dealId)).to.deep.equal({ ...before, state: "Refunded" });
    expect(await reads.markOf(headers[0]!)).to.deep.equal({ bad: false, reservedBy: `0x${"0".repeat(64)}` });
  });
});
