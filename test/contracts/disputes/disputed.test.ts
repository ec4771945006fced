/** DISPUTED data: a key of two parts, delivered in two pages, bonded by three. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { Call } from "../../../sdk/client/index.ts";
import { addField } from "../../../sdk/crypto/index.ts";
import { type Purchase, type SellOrder, versionTerms } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { bytesOf, seal } from "../../support/sealer.ts";
import { buyIt, complaintAbout, consents, disputedMarket, disputedOrder, expectMoney, held, movesOf, openingOf, plus, proven, provenOrder, provenPage, split, OEM_BOND, OWNER_BOND, stock } from "../support/disputes.ts";
import { ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { proofOf } from "../support/complaint.ts";
import { ALL_OR_NOTHING, outcome, PROVEN_ONLY, sendAt } from "../support/deal.ts";
import { bought, BOND, PRICE, purchase, type World } from "../support/world.ts";

const [OWNER, OEM] = [OWNER_BOND, OEM_BOND];
const FLAGS = ALL_OR_NOTHING | PROVEN_ONLY;

let nonces = 500n;
const buyDisputed = async (w: World, sold: SellOrder) => bought(w, await purchase(w, sold, { nonce: (nonces += 1n), extras: await consents(w, sold) }));

async function fixture() {
  const w = await disputedMarket();
  const s = await stock(w, "disputed", 1, { bad: [0], disputed: true });
  const user = await stock(w, "user", 1, { sequence: 5 });
  const sold = disputedOrder(w, s);
  const deal = await buyDisputed(w, sold);
  const other = await buyDisputed(w, sold);
  const ofOwner = await proven(w, { dealId: deal.dealId, page: 0, keys: s.keys });
  const ofOem = await proven(w, { dealId: deal.dealId, page: 1, keys: s.oemKeys });
  const others = [await proven(w, { dealId: other.dealId, page: 0, keys: s.keys }), await proven(w, { dealId: other.dealId, page: 1, keys: s.oemKeys })];
  const complaint = await complaintAbout(s, 0);
  const [first, second] = [movesOf(w, deal, s, 0), movesOf(w, deal, s, 1)];
  const settle = first.settle([...s.hashes, ...s.hashes]);
  const receipt = first.receipt([...s.hashes, ...s.hashes]);
  const spoilHeader = async (): Promise<void> => {
    for (const page of [0, 1]) await tx(w.who.tsp, movesOf(w, other, s, page).deliverDisputed(others[page]!));
    await tx(w.who.stranger, movesOf(w, other, s, 0).complain(0, complaint));
  };
  return { ...w, s, user, sold, ...deal, ofOwner, ofOem, others, complaint, first, second, settle, receipt, spoilHeader };
}
const load = () => networkHelpers.loadFixture(fixture);
type Fixture = Awaited<ReturnType<typeof fixture>>;

const deliver = async (f: Fixture, ...pages: (0 | 1)[]): Promise<void> => {
  for (const page of pages) await tx(f.who.stranger, page === 0 ? f.first.deliverDisputed(f.ofOwner) : f.second.deliverDisputed(f.ofOem));
};
const FREED = { owner: OWNER, oem: OEM, tsp: OWNER };
const LOCKED = { owner: -OWNER, oem: -OEM, tsp: -OWNER };

describe("The purchase of DISPUTED data", () => {
  after(closeProofEngine);

  it("F12: needs the signatures of owner and OEM under the same order, at any price", async () => {
    const f = await load();
    const { who, sold, escrow, calls } = f;
    const dear = disputedOrder(f, f.s, { pages: [{ ...sold.pages[0]!, price: 1_000_000_000n }, sold.pages[1]!] });
    const attempt = async (order: SellOrder, extras: Purchase["extras"]) => tx(who.buyer, calls.buy(await purchase(f, order, { nonce: (nonces += 1n), extras })));
    for (const order of [sold, dear]) {
      await expect(attempt(order, [])).to.be.revertedWithCustomError(escrow, "Escrow_BelowFloor");
      const [both] = await consents(f, order);
      await expect(attempt(order, [{ ...both!, ownerSignature: "0x" }])).to.be.revertedWithCustomError(escrow, "Escrow_NoConsent").withArgs(who.at.owner);
      await expect(attempt(order, [{ ...both!, oemSignature: "0x" }])).to.be.revertedWithCustomError(escrow, "Escrow_NoConsent").withArgs(who.at.oem);
      await expect(attempt(order, [{ ...both!, ownerSignature: both!.oemSignature, oemSignature: both!.ownerSignature }])).to.be.revertedWithCustomError(escrow, "Escrow_NoConsent");
      for (const by of [{ owner: "tsp" }, { oem: "tsp" }, { owner: "owner2" }, { oem: "oem2" }] as const) await expect(attempt(order, await consents(f, order, by))).to.be.revertedWithCustomError(escrow, "Escrow_NoConsent");
      await tx(who.buyer, calls.buy(await purchase(f, order, { nonce: (nonces += 1n), extras: [both!] })));
    }
    // What was signed is this order.
    await expect(attempt(dear, await consents(f, sold))).to.be.revertedWithCustomError(escrow, "Escrow_NoConsent").withArgs(who.at.owner);
  });

  it("F12: is of two pages over the same lots, the OEM's for nothing, to be delivered proven and whole", async () => {
    const f = await load();
    const { sold, escrow } = f;
    const [a, b] = sold.pages;
    const foreign = await stock(f, "foreign", 1, { disputed: true, sequence: 4 });
    const forms: Partial<SellOrder>[] = [
      { pages: [a!] },
      { pages: [a!, b!, b!] },
      { pages: [a!, { ...b!, price: 1n }] },
      { pages: [a!, { ...b!, lotsHash: provenPage(foreign).lotsHash }] },
      { pages: [a!, { ...b!, lotCount: 2, bond: 10n * BOND }] },
      { flags: PROVEN_ONLY },
      { flags: FLAGS | 2 },
    ];
    for (const form of forms) await expect(buyDisputed(f, disputedOrder(f, f.s, form)), JSON.stringify(Object.keys(form))).to.be.revertedWithCustomError(escrow, "Escrow_DisputedForm");
  });
});

describe("The delivery of DISPUTED data", () => {
  after(closeProofEngine);

  it("F12: in either order: the first page locks three bonds, the second starts the one window", async () => {
    for (const [one, two] of [[0, 1], [1, 0]] as const) {
      const f = await load();
      const { first, settle, who } = f;
      const before = await held(f);
      await expectMoney(f, LOCKED, () => deliver(f, one));
      expect(await first.state()).to.include({ state: "Funded", endsAt: 0, delivered: one === 0 ? 1 : 2 });
      await expectMoney(f, {}, () => deliver(f, two));
      const end = (await now()) + WINDOW;
      expect(await first.state()).to.include({ state: "DeliveredProven", endsAt: end, delivered: 3 });
      expect(await held(f)).to.equal(before + 2n * OWNER + OEM);
      await expect(sendAt(end, who.stranger, settle)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotYet").withArgs(end, end);
      await expectMoney(f, plus(split(PRICE), FREED), () => sendAt(end + 1, who.stranger, settle));
      expect(await held(f)).to.equal(before - PRICE);
    }
  });

  it("F12: each page is a proof of its own part: no part stands for the other, nor the whole key for a part", async () => {
    const f = await load();
    const { first, second, s, dealId, escrow, who } = f;
    const whole = [addField(s.keys[0]!, s.oemKeys[0]!)];
    const wrong: [typeof first, Call][] = [
      [first, first.deliverDisputed(await proven(f, { dealId, page: 0, keys: s.oemKeys }))],
      [second, second.deliverDisputed(await proven(f, { dealId, page: 1, keys: s.keys }))],
      [first, first.deliverDisputed(await proven(f, { dealId, page: 0, keys: whole }))],
      [second, second.deliverDisputed(f.ofOwner)],
      [first, first.deliverDisputed(f.ofOem)],
      [first, first.deliverDisputed(f.others[0]!)],
    ];
    await expectMoney(f, {}, async () => {
      for (const [, call] of wrong) await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
    });
  });

  it("F12: takes no page twice, so that neither side can stand in for the other", async () => {
    for (const page of [0, 1] as const) {
      const f = await load();
      await deliver(f, page);
      await expectMoney(f, {}, async () => {
        await expect(deliver(f, page)).to.be.revertedWithCustomError(f.escrow, "Escrow_AlreadyDelivered").withArgs(page);
      });
    }
  });

  it("F12: is a move of its own, for this class only", async () => {
    const f = await load();
    const { first, ofOwner, escrow, who, user } = f;
    await expect(tx(who.tsp, first.deliverProven(ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_WrongClass").withArgs(3);
    await expect(tx(who.tsp, first.deliverUnproven(ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_ProvenOnly");
    const deal = await buyIt(f, provenOrder(f, [provenPage(user)], { version: 2 }));
    await expect(tx(who.tsp, movesOf(f, deal, user).deliverDisputed(ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_WrongClass").withArgs(2);
  });

  it("F12: waits for a principal without balance, and locks nothing of the others", async () => {
    const f = await load();
    const { who, calls, first, second, ofOwner, ofOem, escrow, deployment: { addresses: { qdd } } } = f;
    for (const [role, needed] of [["owner", OWNER], ["oem", OEM], ["tsp", OWNER]] as const) {
      const snapshot = await networkHelpers.takeSnapshot();
      const credit = await f.reads.creditOf(who.at[role], qdd);
      await tx(who[role], calls.withdraw(qdd, who.at[role], credit - needed + 1n));
      await expectMoney(f, {}, async () => {
        for (const call of [first.deliverDisputed(ofOwner), second.deliverDisputed(ofOem)]) {
          await expect(tx(who.tsp, call)).to.be.revertedWithCustomError(escrow, "Ledger_NotEnough").withArgs(who.at[role], qdd, needed - 1n, needed);
        }
      });
      await tx(who[role], calls.approve(qdd, 1n));
      await tx(who[role], calls.deposit(qdd, who.at[role], 1n));
      await expectMoney(f, LOCKED, () => deliver(f, 1, 0));
      await snapshot.restore();
    }
  });

  it("F12: is by the sealer in the header, who opened the whole batch and answers for it", async () => {
    const f = await load();
    const s = await stock(f, "foreign sealer", 1, { disputed: true, by: "tsp2", sequence: 6 });
    const deal = await buyDisputed(f, disputedOrder(f, s));
    const delivery = await proven(f, { dealId: deal.dealId, page: 0, keys: s.keys });
    const moves = movesOf(f, deal, s, 0);
    for (const call of [moves.deliverDisputed(delivery), moves.receipt()]) {
      await expect(tx(f.who.buyer, call)).to.be.revertedWithCustomError(f.escrow, "Escrow_NotTheSealer").withArgs(f.who.at.tsp, f.who.at.tsp2);
    }
  });

  it("F3: opens the header under this agreement and class: another stream, another key, another lot is not taken", async () => {
    const f = await load();
    const { who, calls, terms, ofOwner, escrow, s, user } = f;
    await expect(tx(who.tsp, calls.deliverDisputed(terms, 0, versionTerms(f.text), openingOf(user), ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_StreamNotOfAgreement");
    const [lot] = s.lots;
    const forged = { ...lot!, header: { ...lot!.header, kc2: 5n } };
    await expect(tx(who.tsp, calls.deliverDisputed(terms, 1, versionTerms(f.text), { lots: [forged], formers: [] }, ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_HeaderNotAnchored");
    // DISPUTED headers are not sold as the owner's own data.
    const deal = await buyIt(f, provenOrder(f, [provenPage(s)], { version: 2 }));
    await expect(tx(who.tsp, movesOf(f, deal, s).deliverProven(ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_SecondKey").withArgs(s.hashes[0]);
  });

  it("F17: names the parties by the pinned agreement and by no other", async () => {
    const f = await load();
    const { who, calls, terms, ofOwner, escrow, s, agreement } = f;
    const false_ = { ...f.text, owner: who.at.stranger };
    await expect(tx(who.tsp, calls.deliverDisputed(terms, 0, versionTerms(false_), openingOf(s), ofOwner))).to.be.revertedWithCustomError(escrow, "Escrow_WrongAgreement").withArgs(agreement, 2);
  });

  it("F34: asks the order's hook, and a hook that refuses or was starved leaves the deal for the refund", async () => {
    const f = await load();
    const hook = await ethers.deployContract("AwkwardHook");
    const address = (await hook.getAddress()) as Hex;
    await hook.getFunction("set")(0, 10_000);
    const sold = disputedOrder(f, f.s, { hook: address, hookCodeHash: ethers.keccak256(await ethers.provider.getCode(address)) as Hex });
    const deal = await buyDisputed(f, sold);
    const moves = movesOf(f, deal, f.s, 0);
    const delivery = await proven(f, { dealId: deal.dealId, page: 0, keys: f.s.keys });
    const call = moves.deliverDisputed(delivery);
    for (const [mood, answer] of [[0, 0], [0, 2], [1, 1], [2, 1], [3, 1], [4, 1], [5, 1]] as const) {
      await hook.getFunction("set")(mood, answer);
      await expect(tx(f.who.tsp, call), `mood ${mood}, answer ${answer}`).to.be.revertedWithCustomError(f.escrow, "Escrow_HookRefused").withArgs(address);
    }
    await hook.getFunction("set")(0, 1);
    // However little gas the sender gives: the hook is never starved into a refusal.
    const outcomes = new Map<string | null, number>();
    for (let gasLimit = 120_000n; gasLimit <= 720_000n; gasLimit += 12_000n) {
      const found = await outcome(f.who.tsp.call({ to: call.to, data: call.data, gasLimit })).catch(() => "out of gas");
      outcomes.set(found, (outcomes.get(found) ?? 0) + 1);
    }
    expect(outcomes.has("Escrow_HookRefused")).to.equal(false);
    expect(outcomes.get("Hooks_NotEnoughGas")).to.be.greaterThan(3);
    expect(outcomes.get(null)).to.be.greaterThan(3);
    expect((await moves.state()).state).to.equal("Funded");
    const snapshot = await networkHelpers.takeSnapshot();
    await expectMoney(f, LOCKED, () => tx(f.who.tsp, call));
    await snapshot.restore();
    await hook.getFunction("set")(1, 1);
    await expectMoney(f, { buyer: PRICE }, () => sendAt(deal.terms.sale.deliverBy + 1, f.who.stranger, moves.refund()));
  });
});

describe("The end of a DISPUTED deal", () => {
  after(closeProofEngine);

  it("F12: without any page refunds the buyer, and no bond was locked", async () => {
    const f = await load();
    const { deliverBy } = f.terms.sale;
    await expect(sendAt(deliverBy, f.who.buyer, f.first.refund())).to.be.revertedWithCustomError(f.escrow, "Escrow_NotYet").withArgs(deliverBy, deliverBy);
    await expectMoney(f, { buyer: PRICE }, () => sendAt(deliverBy + 1, f.who.stranger, f.first.refund()));
  });

  it("F12: with one page missing refunds the buyer, and the missing side's bond is the other's", async () => {
    const missingOem = await load();
    await deliver(missingOem, 0);
    await expectMoney(missingOem, { buyer: PRICE, owner: OWNER + OEM, tsp: OWNER }, () => sendAt(missingOem.terms.sale.deliverBy + 1, missingOem.who.stranger, missingOem.first.refund()));
    const missingOwner = await load();
    await deliver(missingOwner, 1);
    await expectMoney(missingOwner, { buyer: PRICE, oem: OWNER + OEM, tsp: OWNER }, () => sendAt(missingOwner.terms.sale.deliverBy + 1, missingOwner.who.stranger, missingOwner.first.refund()));
    expect(await held(missingOwner)).to.equal(PRICE);
  });

  it("F12: the last mover who withholds its page may still bring it, and pays for the delay only once somebody has refunded", async () => {
    const f = await load();
    const { who, first, second, ofOem, terms, escrow, dealId } = f;
    await deliver(f, 0);
    await expectMoney(f, {}, () => sendAt(terms.sale.deliverBy + 77, who.oem, second.deliverDisputed(ofOem)));
    expect(await first.state()).to.include({ state: "DeliveredProven", endsAt: terms.sale.deliverBy + 77 + WINDOW });
    await expect(tx(who.owner, first.refund())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 4);

    const g = await load();
    await deliver(g, 0);
    await sendAt(terms.sale.deliverBy + 77, g.who.owner, g.first.refund());
    await expect(tx(g.who.oem, g.second.deliverDisputed(g.ofOem))).to.be.revertedWithCustomError(g.escrow, "Escrow_WrongState").withArgs(dealId, 6);
  });

  it("F12: a sealer that concedes after deliverBy does not spare who withheld its page", async () => {
    const f = await load();
    await deliver(f, 0);
    await expectMoney(f, { buyer: PRICE, owner: OWNER + OEM, tsp: OWNER }, () => sendAt(f.terms.sale.deliverBy + 1, f.who.tsp, f.first.concede()));
    const g = await load();
    await deliver(g, 1);
    await expectMoney(g, { buyer: PRICE, oem: OWNER + OEM, tsp: OWNER }, () => sendAt(g.terms.sale.deliverBy + 1, g.who.tsp, g.first.concede()));
  });

  it("F41: a sealer that concedes in time frees everyone's bond, after both pages it loses its own", async () => {
    for (const pages of [[0], [1]] as const) {
      const f = await load();
      await deliver(f, ...pages);
      await expectMoney(f, { buyer: PRICE, ...FREED }, () => sendAt(f.terms.sale.deliverBy, f.who.tsp, f.first.concede()));
    }
    const f = await load();
    await deliver(f, 0, 1);
    for (const role of ["owner", "oem", "buyer"] as const) await expect(tx(f.who[role], f.first.concede())).to.be.revertedWithCustomError(f.escrow, "Escrow_NotSeller");
    await expectMoney(f, { buyer: PRICE + OWNER, owner: OWNER, oem: OEM }, () => tx(f.who.tsp, f.first.concede()));
  });

  it("F13: a right complaint costs the sealer alone, brought under either page, to the last second of the window", async () => {
    for (const page of [0, 1] as const) {
      const f = await load();
      await deliver(f, 1, 0);
      const end = (await now()) + WINDOW;
      const call = (page === 0 ? f.first : f.second).complain(0, f.complaint);
      await expectMoney(f, { buyer: PRICE + OWNER, owner: OWNER, oem: OEM }, () => sendAt(end, f.who.stranger, call));
      expect((await f.reads.markOf(f.s.hashes[0]!)).bad).to.equal(true);
    }
    const f = await load();
    await deliver(f, 1, 0);
    const late = (await now()) + WINDOW + 1;
    await expect(sendAt(late, f.who.buyer, f.first.complain(0, f.complaint))).to.be.revertedWithCustomError(f.escrow, "Escrow_TooLate").withArgs(late - 1, late);
  });

  it("F13: with one page in there is nothing to complain of yet: nobody has the key but the sealer", async () => {
    const f = await load();
    await deliver(f, 0);
    await expect(tx(f.who.buyer, f.first.complain(0, f.complaint))).to.be.revertedWithCustomError(f.escrow, "Escrow_WrongState").withArgs(f.dealId, 1);
  });

  it("F13: a complaint needs the key of both parts: a proof for one part of it is none", async () => {
    const f = await load();
    await deliver(f, 0, 1);
    const verifier = await ethers.getContractAt("IComplaintVerifier", f.deployment.addresses.complaintVerifier);
    const part = seal({ plain: [bytesOf("part", 192)], leafSize: 64, k1: f.s.keys[0]! });
    const complaint = { ...f.complaint, segmentKey: part.keyOf(0, 0), ...(await proofOf(part, 0, 0)) };
    await expect(tx(f.who.buyer, f.first.complain(0, complaint))).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_BadProof");
  });

  it("F12: a receipt settles from every state and frees every bond", async () => {
    for (const pages of [[], [0], [1], [0, 1]] as (0 | 1)[][]) {
      const f = await load();
      await deliver(f, ...pages);
      await expectMoney(f, plus(split(PRICE), pages.length === 0 ? {} : FREED), () => tx(f.who.buyer, f.receipt));
      for (const page of [0, 1] as const) await expect(deliver(f, page)).to.be.revertedWithCustomError(f.escrow, "Escrow_WrongState").withArgs(f.dealId, 5);
    }
  });

  it("F12: a late receipt settles too: the bonds are their owners' again", async () => {
    const f = await load();
    await deliver(f, 0);
    await expectMoney(f, plus(split(PRICE), FREED), () => sendAt(f.terms.sale.deliverBy + 5, f.who.buyer, f.receipt));
  });

  it("F12: both pages end together, by page 0", async () => {
    const f = await load();
    await deliver(f, 0, 1);
    for (const call of [f.second.settle(), f.second.receipt(), f.second.concede(), f.second.refund()]) {
      await expect(tx(f.who.tsp, call), call.what).to.be.revertedWithCustomError(f.escrow, "Escrow_NoSuchPage").withArgs(1, 1);
    }
    await expect(tx(f.who.buyer, f.first.challenge())).to.be.revertedWithCustomError(f.escrow, "Escrow_WrongState");
    await expectMoney(f, plus(split(PRICE), FREED), () => tx(f.who.buyer, f.receipt));
    expect((await f.second.state()).state).to.equal("Settled");
  });

  it("F31: with a header shown bad elsewhere nothing is delivered, settled or receipted; the refund frees the principals' bonds", async () => {
    const f = await load();
    await f.spoilHeader();
    await expect(deliver(f, 0)).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad");
    await expect(tx(f.who.buyer, f.receipt)).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad");
    await expectMoney(f, { buyer: PRICE }, () => tx(f.who.stranger, f.second.refundBad(0)));

    const g = await load();
    await deliver(g, 0);
    await g.spoilHeader();
    await expect(deliver(g, 1)).to.be.revertedWithCustomError(g.escrow, "Escrow_HeaderBad");
    // The OEM could not deliver any more: it is not late, however late it is.
    await expectMoney(g, { buyer: PRICE, ...FREED }, () => sendAt(g.terms.sale.deliverBy + 9, g.who.stranger, g.first.refundBad(0)));

    const h = await load();
    await deliver(h, 0, 1);
    await h.spoilHeader();
    await networkHelpers.time.increase(WINDOW + 1);
    for (const call of [h.settle, h.receipt]) await expect(tx(h.who.buyer, call), call.what).to.be.revertedWithCustomError(h.escrow, "Escrow_HeaderBad");
    await expectMoney(h, { buyer: PRICE + OWNER, owner: OWNER, oem: OEM }, () => tx(h.who.stranger, h.first.refundBad(0)));
  });

  it("F17: denial, end and transfer after purchase change nothing", async () => {
    const f = await load();
    const { who, calls, vehicle, settle } = f;
    await deliver(f, 0);
    await tx(who.owner, calls.deny(vehicle, 1, 3, 1));
    await tx(who.oem, calls.end(vehicle, 1));
    await tx(who.owner, calls.transferVehicle(who.at.owner, who.at.owner2, vehicle));
    await deliver(f, 1);
    await networkHelpers.time.increase(WINDOW + 1);
    await expectMoney(f, plus(split(PRICE), FREED), () => tx(who.stranger, settle));
  });
});
