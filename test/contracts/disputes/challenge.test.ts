/** A key that was handed over without proof, doubted, and shown to be right or not. */
import { expect } from "chai";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { addField, poseidon } from "../../../sdk/crypto/index.ts";
import { deliveryContext, deliveryKeyFromSecret, unwrapKeys } from "../../../sdk/delivery/index.ts";
import { isQoodError } from "../../../sdk/errors/index.ts";
import { DOM_KDF, DOM_WRAP } from "../../../sdk/formats/index.ts";
import { intervalKey } from "../../../sdk/keys/index.ts";
import type { KeyDeliveryWords } from "../../../sdk/market/index.ts";
import { closeProofEngine, KeyDeliveryProver, loadProofArtifacts } from "../../../sdk/proof/index.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, market, movesOf, openPage, plus, proven, split, stock, unproven, unprovenOrder, wrapped } from "../support/disputes.ts";
import { CHAIN_ID, ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { PRIME } from "../support/complaint.ts";
import { sendAt } from "../support/deal.ts";
import { agree, BOND, bought, BUYER_KEY, PRICE, purchase } from "../support/world.ts";

const REFUND = PRICE + DEPOSIT;

async function fixture() {
  const w = await market();
  const s = await stock(w, "challenge", 1, { bad: [0] });
  const sold = unprovenOrder(w, [openPage(s)]);
  const deal = await buyIt(w, sold);
  const twin = await buyIt(w, sold);
  const delivery = await proven(w, { ...deal, keys: s.keys });
  const again = await proven(w, { ...deal, keys: s.keys, secret: 8 });
  const ofTwin = await proven(w, { ...twin, keys: s.keys });
  const context = deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: w.deployment.addresses.escrow, dealId: deal.dealId, page: 0 });
  return { ...w, s, sold, ...deal, twin, delivery, again, ofTwin, context, moves: movesOf(w, deal, s), twinMoves: movesOf(w, twin, s) };
}
type Fixture = Awaited<ReturnType<typeof fixture>>;
const load = () => networkHelpers.loadFixture(fixture);

/** Delivered without proof: right keys. */
async function delivered() {
  const f = await load();
  await tx(f.who.tsp, f.moves.deliverUnproven(f.delivery));
  return { ...f, endsAt: (await now()) + WINDOW };
}

/** Challenged ten seconds later. */
async function challenged() {
  const f = await delivered();
  await sendAt(f.endsAt - WINDOW + 10, f.who.buyer, f.moves.challenge());
  return { ...f, answerBy: f.endsAt + 10 };
}

/** Delivers something, and expects that no answer to a challenge saves the bond. */
async function isLost(f: Fixture, junk: { r: [bigint, bigint]; c: bigint[] }): Promise<void> {
  const { who, moves, escrow, delivery, again } = f;
  await tx(who.tsp, moves.deliverUnproven(junk));
  await tx(who.buyer, moves.challenge());
  const answers: [KeyDeliveryWords, string][] = [
    [delivery, "Escrow_NotWhatWasDelivered"],
    [again, "Escrow_NotWhatWasDelivered"],
    [{ ...delivery, ...junk }, "Escrow_BadProof"],
  ];
  for (const [answer, refusal] of answers) await expect(tx(who.tsp, moves.answer(answer))).to.be.revertedWithCustomError(escrow, refusal);
  await networkHelpers.time.increase(WINDOW + 1);
  await expectMoney(f, { buyer: REFUND + BOND }, () => tx(who.stranger, moves.refund()));
}

describe("An unproven delivery", () => {
  after(closeProofEngine);

  it("is remembered by the hash of exactly what was delivered", async () => {
    const f = await load();
    const { who, moves, delivery, reads, dealId, escrow } = f;
    expect(await reads.deliveryOf(dealId)).to.equal(ethers.ZeroHash.slice(0, 52));
    await expect(tx(who.tsp, moves.deliverUnproven(delivery))).to.emit(escrow, "DeliveredUnproven").withArgs(dealId, 0, delivery.r, delivery.c);
    expect(await reads.deliveryOf(dealId)).to.equal(ethers.solidityPackedKeccak256(["uint256[]"], [[...delivery.r, ...delivery.c]]).slice(0, 52));
    expect(await moves.state()).to.include({ state: "DeliveredUnproven", endsAt: (await now()) + WINDOW });
  });

  it("F2: is refused where a value is not canonical, r + p among them: no proof could ever answer for it", async () => {
    const { who, moves, delivery: { r, c }, escrow } = await load();
    for (const other of [
      { r: [r[0] + PRIME, r[1]] as [bigint, bigint], c },
      { r: [r[0], r[1] + PRIME] as [bigint, bigint], c },
      { r, c: [c[0]! + PRIME] },
      { r: [PRIME, r[1]] as [bigint, bigint], c },
      { r, c: [2n ** 256n - 1n] },
    ]) {
      await expect(tx(who.tsp, moves.deliverUnproven(other))).to.be.revertedWithCustomError(escrow, "Escrow_NotCanonical");
    }
  });

  it("is refused with more or fewer wrapped keys than the page's circuit has", async () => {
    const { who, moves, delivery: { r, c }, escrow } = await load();
    for (const keys of [[], [...c, ...c], Array<bigint>(8).fill(c[0]!)]) {
      await expect(tx(who.tsp, moves.deliverUnproven({ r, c: keys }))).to.be.revertedWithCustomError(escrow, "Proofs_KeyCount").withArgs(keys.length, 1);
    }
  });

  it("F2: of junk costs price and bond: a fresh, right wrapped key is no answer to a challenge", async () => {
    const f = await load();
    await isLost(f, { r: [5n, 6n], c: [7n] });
  });

  it("F2: of another lot's key is lost as well", async () => {
    const f = await load();
    await isLost(f, unproven(f, { dealId: f.dealId, keys: [f.s.keys[0]! + 1n] }));
  });

  it("F11: of an interval's key instead of the batch's is lost as well", async () => {
    const f = await load();
    await isLost(f, unproven(f, { dealId: f.dealId, keys: [intervalKey(f.s.keys[0]!, 0)] }));
  });

  it("F23: of what was delivered in another deal is lost as well: the deal is the cipher's nonce", async () => {
    const f = await load();
    expect(f.ofTwin.c).to.not.deep.equal(f.delivery.c);
    await isLost(f, { r: f.ofTwin.r, c: f.ofTwin.c });
  });

  it("F22: with r = 0, which gives the key to everyone, can be challenged: the circuit makes no proof of it", async () => {
    const f = await load();
    const { context, s, who, moves } = f;
    const key = poseidon([DOM_KDF, 0n, 1n, context]);
    const pad = poseidon([DOM_WRAP, key, 0n]);
    const { input } = wrapped(f, { dealId: f.dealId, keys: s.keys });
    const open = { ...input, r: 0n, R: [0n, 1n] as [bigint, bigint], c: [addField(s.keys[0]!, pad)] };
    const prover = new KeyDeliveryProver(loadProofArtifacts("circuits/keys", "KeyDelivery1"));
    const failure: unknown = await prover.prove(open).then(() => null, (error: unknown) => error);
    expect(isQoodError(failure, "STATEMENT_FALSE")).to.equal(true);
    // The buyer's program and the circuit agree: wrong, hence a challenge.
    expect(() => unwrapKeys(987654321987654321n, { context, commitments: input.commitment, wrapped: { R: open.R, c: open.c } })).to.throw("not one that the circuit makes");
    await tx(who.tsp, moves.deliverUnproven({ r: open.R, c: open.c }));
    await tx(who.buyer, moves.challenge());
    await networkHelpers.time.increase(WINDOW + 1);
    await expectMoney(f, { buyer: REFUND + BOND }, () => tx(who.stranger, moves.refund()));
  });

  it("F25: with R off the curve or of small order is a wrong delivery to the buyer's program and is never answered", async () => {
    const points: [bigint, bigint][] = [[1n, 2n], [0n, PRIME - 1n]];
    for (const r of points) {
      const f = await load();
      const wrong = { R: r, c: [9n] };
      expect(() => unwrapKeys(987654321987654321n, { context: f.context, commitments: f.s.batches[0]!.commitments.slice(0, 1), wrapped: wrong })).to.throw("not one that the circuit makes");
      await isLost(f, { r, c: wrong.c });
    }
  });

  it("F2: is settled by the window when nobody challenges, with the buyer's deposit back", async () => {
    const f = await delivered();
    const { who, moves, escrow, endsAt } = f;
    await expect(sendAt(endsAt, who.tsp, moves.settle())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(endsAt, endsAt);
    await expectMoney(f, plus(split(PRICE), { buyer: DEPOSIT, tsp: BOND }), () => sendAt(endsAt + 1, who.stranger, moves.settle()));
  });
});

describe("A challenge", () => {
  after(closeProofEngine);

  it("F5: is the buyer's alone, up to the last second of the window", async () => {
    const { who, moves, escrow, endsAt, dealId } = await delivered();
    for (const role of ["tsp", "stranger", "owner"] as const) {
      await expect(tx(who[role], moves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_NotBuyer").withArgs(who.at[role], who.at.buyer);
    }
    await expect(sendAt(endsAt, who.buyer, moves.challenge())).to.emit(escrow, "Challenged").withArgs(dealId, 0, endsAt + WINDOW);
    expect(await moves.state()).to.include({ state: "Challenged", endsAt: endsAt + WINDOW });
  });

  it("F5: comes too late a second after the window", async () => {
    const { who, moves, escrow, endsAt } = await delivered();
    await expect(sendAt(endsAt + 1, who.buyer, moves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_TooLate").withArgs(endsAt, endsAt + 1);
  });

  it("F5: is of an unproven delivery only, and once", async () => {
    const f = await load();
    const { who, moves, twinMoves, escrow, delivery, ofTwin } = f;
    await expect(tx(who.buyer, moves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(f.dealId, 1);
    await tx(who.tsp, moves.deliverUnproven(delivery));
    await tx(who.buyer, moves.challenge());
    await expect(tx(who.buyer, moves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(f.dealId, 3);
    await tx(who.tsp, twinMoves.deliverProven(ofTwin));
    await expect(tx(who.buyer, twinMoves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(f.twin.dealId, 4);
  });

  it("F5: of an answered delivery is refused, else it would never end", async () => {
    const { who, moves, escrow, delivery } = await challenged();
    await tx(who.tsp, moves.answer(delivery));
    await expect(tx(who.buyer, moves.challenge())).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
  });

  it("costs nothing more: the deposit was paid with the purchase", async () => {
    const f = await delivered();
    await expectMoney(f, {}, () => tx(f.who.buyer, f.moves.challenge()));
  });

  it("that nobody answered ends in a refund by anyone, a second after the time to answer, with deposit and bond", async () => {
    const f = await challenged();
    const { who, moves, escrow, answerBy, dealId } = f;
    await expect(sendAt(answerBy, who.buyer, moves.refund())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(answerBy, answerBy);
    await expectMoney(f, { buyer: REFUND + BOND }, async () => {
      await expect(sendAt(answerBy + 1, who.stranger, moves.refund())).to.emit(escrow, "Refunded").withArgs(dealId, 0, 2, REFUND, BOND);
    });
  });

  it("F18: needs no token: one that is dead, stopped, delisted, or refuses the buyer changes nothing from purchase to end", async () => {
    const f = await load();
    const { who, calls, text } = f;
    const token = await ethers.deployContract("AwkwardToken");
    const address = (await token.getAddress()) as Hex;
    const terms = { ...(await f.reads.tokenTermsOf(f.deployment.addresses.qdd)), scale: 0, deposit1: Number(DEPOSIT), bond1: Number(BOND), deposit8: 0, deposit32: 0 };
    await tx(who.treasurer, calls.setToken(address, terms));
    const accepted = { ...text, nonce: 1, tokens: [...text.tokens, { token: address, oemFloor: 1n, userFloor: 1n, disputedFloor: 1n }] };
    await agree(f, accepted);
    const w = { ...f, text: accepted };
    const s = await stock(w, "awkward", 1, { sequence: 2 });
    for (const role of ["buyer", "tsp"] as const) {
      await token.getFunction("mint")(who.at[role], 10n ** 9n);
      await tx(who[role], calls.approve(address, 10n ** 9n));
    }
    await tx(who.tsp, calls.deposit(address, who.at.tsp, 3n * BOND));
    const sold = unprovenOrder(w, [openPage(s)], { token: address, version: 2 });
    const deals = [await bought(w, await purchase(w, sold, { tokenIndex: 1, nonce: 71n })), await bought(w, await purchase(w, sold, { tokenIndex: 1, nonce: 72n }))] as const;
    const [answered, slashed] = [movesOf(w, deals[0], s), movesOf(w, deals[1], s)];
    const delivery = await proven(w, { ...deals[0], keys: s.keys });
    await token.getFunction("setMood")(2);
    await token.getFunction("setBlocked")(who.at.buyer, true);
    await token.getFunction("setBlocked")(f.deployment.addresses.escrow, true);
    await tx(who.guardian, calls.stopToken(address, true));
    await tx(who.treasurer, calls.setToken(address, { ...terms, listed: false }));
    await tx(who.tsp, answered.deliverUnproven(delivery));
    await tx(who.tsp, slashed.deliverUnproven({ r: [1n, 2n], c: [3n] }));
    for (const moves of [answered, slashed]) await tx(who.buyer, moves.challenge());
    await tx(who.tsp, answered.answer(delivery));
    await networkHelpers.time.increase(WINDOW + 1);
    await tx(who.stranger, slashed.refund());
    await tx(who.stranger, answered.settle());
    expect(await f.reads.creditOf(who.at.buyer, address)).to.equal(PRICE + DEPOSIT + BOND);
    expect(await f.reads.creditOf(who.at.tsp, address)).to.equal(2n * BOND + DEPOSIT + split(PRICE).tsp);
    expect(await f.reads.creditOf(who.at.owner, address)).to.equal(split(PRICE).owner);
  });
});

describe("The answer to a challenge", () => {
  after(closeProofEngine);

  it("F2: is the proof of exactly what was delivered: by anyone, the deposit to the seller, a full new window", async () => {
    const f = await challenged();
    const { who, moves, delivery, dealId, escrow, answerBy } = f;
    await expectMoney(f, { tsp: DEPOSIT }, async () => {
      await expect(sendAt(answerBy - 7, who.stranger, moves.answer(delivery))).to.emit(escrow, "Answered").withArgs(dealId, 0, answerBy - 7 + WINDOW);
    });
    expect(await moves.state()).to.include({ state: "DeliveredProven", endsAt: answerBy - 7 + WINDOW });
  });

  it("F2: with another wrapped key of the same key, however well proven, is refused", async () => {
    const { who, moves, again, escrow, reads, dealId } = await challenged();
    const hash = ethers.solidityPackedKeccak256(["uint256[]"], [[...again.r, ...again.c]]).slice(0, 52);
    await expect(tx(who.tsp, moves.answer(again))).to.be.revertedWithCustomError(escrow, "Escrow_NotWhatWasDelivered").withArgs(hash, await reads.deliveryOf(dealId));
  });

  it("F2: with another R, another c, r + p, c + p, or more keys is refused", async () => {
    const { who, moves, delivery, again, escrow } = await challenged();
    const { r, c } = delivery;
    for (const change of [
      { r: again.r },
      { c: again.c },
      { r: [r[0] + PRIME, r[1]] as [bigint, bigint] },
      { r: [r[0], r[1] + PRIME] as [bigint, bigint] },
      { c: [c[0]! + PRIME] },
      { c: [...c, ...c] },
      { c: [] },
    ]) {
      await expect(tx(who.tsp, moves.answer({ ...delivery, ...change }))).to.be.revertedWithCustomError(escrow, "Escrow_NotWhatWasDelivered");
    }
  });

  it("F2: without a proof, or with that of another delivery, is refused", async () => {
    const { who, moves, delivery: { r, c, ...own }, again, ofTwin, escrow } = await challenged();
    const zero = { proofA: [0n, 0n], proofB: [[0n, 0n], [0n, 0n]], proofC: [0n, 0n] } as Pick<KeyDeliveryWords, "proofA" | "proofB" | "proofC">;
    for (const { proofA, proofB, proofC } of [zero, again, ofTwin, { ...own, proofC: own.proofA }]) {
      await expect(tx(who.tsp, moves.answer({ r, c, proofA, proofB, proofC }))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
    }
  });

  it("F23: of another deal is refused, even where the same was delivered there", async () => {
    const { who, twinMoves, delivery, escrow } = await delivered();
    await tx(who.tsp, twinMoves.deliverUnproven(delivery));
    await tx(who.buyer, twinMoves.challenge());
    await expect(tx(who.tsp, twinMoves.answer(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
  });

  it("F8: is about the headers sold: other commitments are neither the lots nor proven", async () => {
    const f = await challenged();
    const { who, moves, delivery, escrow, s } = f;
    const [words] = s.words;
    for (const headers of [[{ ...words!, kc1: 5n }], [{ ...words!, root: ethers.ZeroHash as Hex }], [], [words!, words!]]) {
      await expect(tx(who.tsp, moves.answer(delivery, headers))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    }
  });

  it("F5: counts after the time to answer, as long as nobody has taken the refund, and not after it", async () => {
    const f = await challenged();
    const { who, moves, delivery, answerBy, escrow } = f;
    await expectMoney(f, { tsp: DEPOSIT }, () => sendAt(answerBy + 500, who.tsp, moves.answer(delivery)));
    expect((await moves.state()).endsAt).to.equal(answerBy + 500 + WINDOW);
    const g = await challenged();
    await sendAt(answerBy + 1, g.who.stranger, g.moves.refund());
    await expect(tx(g.who.tsp, g.moves.answer(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(g.dealId, 6);
  });

  it("F2: is given once, to a challenge only", async () => {
    const f = await delivered();
    const { who, moves, delivery, escrow, dealId } = f;
    await expect(tx(who.tsp, moves.answer(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 2);
    await tx(who.buyer, moves.challenge());
    await expectMoney(f, { tsp: DEPOSIT }, () => tx(who.tsp, moves.answer(delivery)));
    await expect(tx(who.tsp, moves.answer(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(dealId, 4);
  });

  it("F5: after the first window leaves a full one to complain, to its last second", async () => {
    const f = await challenged();
    const { who, moves, delivery, answerBy, endsAt, s, escrow } = f;
    expect(answerBy).to.be.greaterThan(endsAt);
    const complaint = await complaintAbout(s, 0);
    await sendAt(answerBy, who.tsp, moves.answer(delivery));
    const newEnd = answerBy + WINDOW;
    await expect(sendAt(newEnd, who.tsp, moves.settle())).to.be.revertedWithCustomError(escrow, "Escrow_NotYet").withArgs(newEnd, newEnd);
    // The challenge is lost, the deposit with it; the price and the bond are the buyer's.
    await expectMoney(f, { buyer: PRICE + BOND }, () => sendAt(newEnd, who.buyer, moves.complain(0, complaint)));
  });

  it("F5: and a second later there is no complaint any more, but settlement", async () => {
    const f = await challenged();
    const { who, moves, delivery, answerBy, s, escrow } = f;
    const complaint = await complaintAbout(s, 0);
    await sendAt(answerBy, who.tsp, moves.answer(delivery));
    const late = answerBy + WINDOW + 1;
    await expect(sendAt(late, who.buyer, moves.complain(0, complaint))).to.be.revertedWithCustomError(escrow, "Escrow_TooLate").withArgs(late - 1, late);
    await expectMoney(f, plus(split(PRICE), { tsp: BOND }), () => tx(who.stranger, moves.settle()));
  });

  it("F7: is for the delivery key in the terms, whatever key the buyer uses for later purchases", async () => {
    const f = await challenged();
    const { who, sold, moves, delivery, dealId, escrow, s } = f;
    const other = deliveryKeyFromSecret(1122334455n, "random");
    // The buyer turns to another key after the delivery, and another deal takes it.
    const later = await bought(f, await purchase(f, sold, { nonce: 99n, keyX: other.publicKey[0], keyY: other.publicKey[1] }));
    expect(later.dealId).to.not.equal(dealId);
    expect([later.terms.sale.keyX, f.terms.sale.keyX]).to.deep.equal([other.publicKey[0], BUYER_KEY.publicKey[0]]);
    await expect(tx(who.tsp, movesOf(f, later, s).deliverProven(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
    await expectMoney(f, { tsp: DEPOSIT }, () => tx(who.tsp, moves.answer(delivery)));
  });
});
