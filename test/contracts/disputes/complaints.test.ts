/** Complaints about sold batches: the dishonest sealer's leaves, real keys and proofs, and the money. */
import { expect } from "chai";
import { toHex } from "../../../sdk/bytes/index.ts";
import { eventIn } from "../../../sdk/client/index.ts";
import { buildComplaint, findFault, withProof } from "../../../sdk/complaint/index.ts";
import { deliveryContext, padLots, unwrapKeys } from "../../../sdk/delivery/index.ts";
import { hashHeader, type HeaderWords } from "../../../sdk/formats/index.ts";
import type { ComplaintWords, Lot } from "../../../sdk/market/index.ts";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { checkBatch } from "../../../sdk/sealing/index.ts";
import { publish } from "../../support/publish.ts";
import { bytesOf, type Fault, seal } from "../../support/sealer.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, market, movesOf, openPage, part, plus, proven, provenOrder, provenPage, split, stock, type Stock, unprovenOrder } from "../support/disputes.ts";
import { CHAIN_ID, ethers, networkHelpers, now, tx, WINDOW } from "../support/chain.ts";
import { prover } from "../support/complaint.ts";
import { EXCLUSIVE, PROVEN_ONLY, sendAt } from "../support/deal.ts";
import { anchorLot, BOND, BUYER_KEY, header, PRICE } from "../support/world.ts";

const LOST = PRICE + DEPOSIT + BOND;

/** Two lots, the second spoiled, in a page of both and in pages of their own, each with its proof. */
async function fixture() {
  const w = await market();
  const both = await stock(w, "complaints", 2, { bad: [1] });
  const [good, bad] = [part(both, 0, 1), part(both, 1, 2)];
  const deal = await buyIt(w, unprovenOrder(w, [openPage(bad)]));
  const delivery = await proven(w, { ...deal, keys: bad.keys });
  const pair = await buyIt(w, unprovenOrder(w, [openPage(both)]));
  const complaint = await complaintAbout(bad, 0);
  return { ...w, both, good, bad, deal, delivery, complaint, moves: movesOf(w, deal, bad), pair: movesOf(w, pair, both) };
}
const load = () => networkHelpers.loadFixture(fixture);
type Fixture = Awaited<ReturnType<typeof fixture>>;

/** Delivered, proven or not; the window's last second. */
async function delivered(how: "deliverUnproven" | "deliverProven" = "deliverProven") {
  const f = await load();
  await tx(f.who.tsp, f.moves[how](f.delivery));
  return { ...f, endsAt: (await now()) + WINDOW };
}

/** Makes the bad lot's header known as bad. */
async function shownBad() {
  const f = await delivered();
  await tx(f.who.stranger, f.moves.complain(0, f.complaint));
  return f;
}

describe("A complaint", () => {
  after(closeProofEngine);

  it("F1: is built from what the buyer has: the delivered key, the ciphertext and the dataHash list, of a batch that commits to other data", async () => {
    const f = await load();
    const lengths = [8192, 192];
    // Every leaf decrypts, one to something that nobody promised.
    const junk: Fault = (leaf) => {
      if (leaf.j === 1) leaf.cipher = bytesOf("junk", leaf.cipher.length);
    };
    const batch = seal({ plain: lengths.map((length, i) => bytesOf(`f1 ${i}`, length)), leafSize: 4096, k1: 42n, fault: junk });
    const files = publish(batch, { storedLengths: lengths, leafSize: 4096 });
    expect(() => checkBatch({ ...files, dataHashes: new Uint8Array() })).to.throw(); // without the list nobody pays
    const words: HeaderWords = { ...files.header.words, stream: header(f).stream, tsp: f.who.at.tsp };
    const published = { ...files, header: { ...files.header, words }, headerHash: hashHeader(words) };
    const lot: Lot = await anchorLot(f, words, { sequence: 9 });
    const s: Stock = { batches: [batch], words: [words], lots: [lot], hashes: [hashHeader(words)], keys: [42n], oemKeys: [] };
    const checked = checkBatch(published);
    const deal = await buyIt(f, provenOrder(f, [provenPage(s)]));
    const receipt = await (await tx(f.who.tsp, movesOf(f, deal, s).deliverProven(await proven(f, { ...deal, keys: s.keys })))).wait();

    const { r, c } = eventIn(f.deployment, "DeliveredProven", receipt!)!;
    const context = deliveryContext({ chainId: BigInt(CHAIN_ID), exchange: f.deployment.addresses.escrow, dealId: deal.dealId, page: 0 });
    const [k1] = unwrapKeys(BUYER_KEY.secret, { context, commitments: padLots([words.kc1]), wrapped: { R: r, c } });
    const fault = findFault(checked, { k1: k1! });
    expect(fault?.index).to.equal(1);
    const draft = buildComplaint(checked, { k1: k1! }, 1);
    const complaint = withProof(draft.complaint, await prover.prove(draft.proofInput));
    await networkHelpers.time.setNextBlockTimestamp((await now()) + 1);
    await expectMoney(f, { buyer: PRICE + BOND }, () => tx(f.who.buyer, movesOf(f, deal, s).complain(0, complaint)));
    expect((await f.reads.markOf(hashHeader(words))).bad).to.equal(true);
  });

  it("refunds the page with deposit and bond and marks the header for all deals", async () => {
    const f = await delivered();
    const { who, moves, complaint, escrow, deal, bad, reads } = f;
    await expectMoney(f, { buyer: LOST }, async () => {
      await expect(tx(who.buyer, moves.complain(0, complaint)))
        .to.emit(escrow, "HeaderShownBad").withArgs(bad.hashes[0], deal.dealId)
        .and.to.emit(escrow, "Refunded").withArgs(deal.dealId, 0, 3, PRICE + DEPOSIT, BOND);
    });
    expect(await reads.markOf(bad.hashes[0]!)).to.deep.equal({ bad: true, reservedBy: ethers.ZeroHash });
    expect((await moves.state()).state).to.equal("Refunded");
    await expect(tx(who.buyer, moves.complain(0, complaint))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState").withArgs(deal.dealId, 6);
  });

  it("F31: pays the deal's buyer, whoever brings it: copied out of the mempool by a stranger, or by the seller", async () => {
    for (const role of ["stranger", "tsp", "owner", "oem"] as const) {
      const f = await delivered();
      await expectMoney(f, { buyer: LOST }, () => tx(f.who[role], f.moves.complain(0, f.complaint)));
    }
  });

  it("F5: counts up to the last second of the window, proven or not, and not a second later", async () => {
    for (const how of ["deliverUnproven", "deliverProven"] as const) {
      const f = await delivered(how);
      await expectMoney(f, { buyer: LOST }, () => sendAt(f.endsAt, f.who.buyer, f.moves.complain(0, f.complaint)));
      const g = await delivered(how);
      await expect(sendAt(g.endsAt + 1, g.who.buyer, g.moves.complain(0, g.complaint))).to.be.revertedWithCustomError(g.escrow, "Escrow_TooLate").withArgs(g.endsAt, g.endsAt + 1);
    }
  });

  it("F5: of a challenged page counts until it is answered or slashed, and brings the deposit back", async () => {
    const f = await delivered("deliverUnproven");
    await sendAt(f.endsAt, f.who.buyer, f.moves.challenge());
    await expectMoney(f, { buyer: LOST }, () => sendAt(f.endsAt + WINDOW + 50, f.who.buyer, f.moves.complain(0, f.complaint)));
  });

  it("F13: before a delivery there is nothing to complain of, and nobody can lock the seller's bond for it", async () => {
    const f = await load();
    const { who, moves, complaint, escrow, delivery } = f;
    await expect(tx(who.buyer, moves.complain(0, complaint))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
    await expectMoney(f, {}, async () => {
      for (const role of ["buyer", "owner", "stranger"] as const) {
        await expect(tx(who[role], moves.deliverUnproven(delivery))).to.be.revertedWithCustomError(escrow, "Escrow_NotSeller").withArgs(who.at[role], who.at.tsp);
        // Without the keys there is no proof, and no bond.
        await expect(tx(who[role], moves.deliverProven({ ...delivery, c: [1n] }))).to.be.revertedWithCustomError(escrow, "Escrow_BadProof");
      }
    });
  });

  it("about a leaf that is right is refused, and the seller is paid", async () => {
    const f = await delivered();
    const { who, moves, bad } = f;
    const verifier = await ethers.getContractAt("IComplaintVerifier", f.deployment.addresses.complaintVerifier);
    for (const leaf of [0, 2]) {
      await expect(tx(who.buyer, moves.complain(0, await complaintAbout(bad, 0, leaf)))).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_LeafIsRight");
    }
    expect((await f.reads.markOf(bad.hashes[0]!)).bad).to.equal(false);
    await networkHelpers.time.increase(WINDOW + 1);
    await expectMoney(f, plus(split(PRICE), { buyer: DEPOSIT, tsp: BOND }), () => tx(who.stranger, moves.settle()));
  });

  it("F28: with another firstBlock, segment, interval, position, ciphertext or hash than the leaf has does not lead to the root", async () => {
    const f = await delivered();
    const { who, moves, complaint } = f;
    const verifier = await ethers.getContractAt("IComplaintVerifier", f.deployment.addresses.complaintVerifier);
    const changes: Partial<ComplaintWords>[] = [
      { firstBlock: complaint.firstBlock + 1 },
      { segment: 1 },
      { interval: 1 },
      { leaf: 2 },
      { leafCount: 4 },
      { cipher: toHex(bytesOf("other", 64)) },
      { dataHash: toHex(bytesOf("other", 32)) },
    ];
    for (const change of changes) {
      await expect(tx(who.buyer, moves.complain(0, { ...complaint, ...change })), Object.keys(change)[0]).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_NotUnderRoot");
    }
  });

  it("F26: with another segment's key, whose salt would be another, is not proven", async () => {
    const f = await delivered();
    const verifier = await ethers.getContractAt("IComplaintVerifier", f.deployment.addresses.complaintVerifier);
    for (const segmentKey of [f.complaint.segmentKey + 1n, 1n]) {
      await expect(tx(f.who.buyer, f.moves.complain(0, { ...f.complaint, segmentKey }))).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_BadProof");
    }
  });

  it("F28: about a leaf that the sealer bound to a place of another is decided from where the leaf says, and no buyer pays for such a batch", async () => {
    const f = await load();
    const plain = [bytesOf("moved", 256)];
    const moved: Fault = (leaf) => {
      if (leaf.j === 2) leaf.firstBlock += 9;
    };
    const batch = seal({ plain, leafSize: 64, k1: 77n, fault: moved });
    expect(() => checkBatch(publish(batch, { storedLengths: [256], leafSize: 64 }))).to.throw("do not give the header's root");
    const [kc1, kc2] = batch.commitments;
    const words = header(f, { sequence: 5, root: toHex(batch.root), kc1, kc2 });
    const s: Stock = { batches: [batch], words: [words], lots: [await anchorLot(f, words, { sequence: 9 })], hashes: [hashHeader(words)], keys: [77n], oemKeys: [] };
    const deal = await buyIt(f, provenOrder(f, [provenPage(s)]));
    await tx(f.who.tsp, movesOf(f, deal, s).deliverProven(await proven(f, { ...deal, keys: [77n] })));
    await expectMoney(f, { buyer: PRICE + BOND }, async () => tx(f.who.buyer, movesOf(f, deal, s).complain(0, await complaintAbout(s, 0, 2))));
  });

  it("is about the header at its index, one of the page", async () => {
    const f = await load();
    const { who, pair, both, good, complaint, escrow, reads } = f;
    // A page of eight lots' size is delivered unproven: its wrapped keys are not what this is about.
    await tx(who.tsp, pair.deliverUnproven({ r: [1n, 2n], c: Array.from({ length: 8 }, (_, i) => BigInt(i)) }));
    await expect(tx(who.buyer, pair.complain(0, complaint, both.hashes, both.words[1]))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheHeader").withArgs(both.hashes[1], both.hashes[0]);
    await expect(tx(who.buyer, pair.complain(2, complaint, both.hashes, both.words[1]))).to.be.revertedWithCustomError(escrow, "Escrow_LotCount").withArgs(2);
    for (const hashes of [[both.hashes[1]!], [...both.hashes, both.hashes[1]!], both.hashes.toReversed(), []]) {
      await expect(tx(who.buyer, pair.complain(0, complaint, hashes, both.words[1]))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    }
    const verifier = await ethers.getContractAt("IComplaintVerifier", f.deployment.addresses.complaintVerifier);
    await expect(tx(who.buyer, pair.complain(0, complaint))).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_NotUnderRoot");
    await expectMoney(f, { buyer: 2n * PRICE + DEPOSIT + BOND }, () => tx(who.buyer, pair.complain(1, complaint)));
    // The good lot of the page can be sold on.
    expect([(await reads.markOf(both.hashes[1]!)).bad, (await reads.markOf(good.hashes[0]!)).bad]).to.deep.equal([true, false]);
  });

  it("F31: takes a page of another deal by itself, with the same proof: it is a fact about the header", async () => {
    const f = await delivered();
    const again = await buyIt(f, provenOrder(f, [provenPage(f.bad)]));
    await tx(f.who.tsp, movesOf(f, again, f.bad).deliverProven(await proven(f, { ...again, keys: f.bad.keys })));
    await tx(f.who.buyer, f.moves.complain(0, f.complaint));
    await expectMoney(f, { buyer: PRICE + BOND }, () => tx(f.who.stranger, movesOf(f, again, f.bad).complain(0, f.complaint)));
  });
});

describe("A header that was shown bad", () => {
  after(closeProofEngine);

  /** A further deal over the bad lot. */
  async function further(f: Fixture) {
    const deal = await buyIt(f, unprovenOrder(f, [openPage(f.bad)]));
    return { deal, moves: movesOf(f, deal, f.bad), delivery: await proven(f, { ...deal, keys: f.bad.keys }) };
  }

  it("F31: is delivered in no deal any more, with or without a proof, nor by a receipt for keys handed over off chain", async () => {
    const f = await load();
    const { moves, delivery } = await further(f);
    await tx(f.who.tsp, f.moves.deliverProven(f.delivery));
    await tx(f.who.stranger, f.moves.complain(0, f.complaint));
    for (const call of [moves.deliverUnproven(delivery), moves.deliverProven(delivery), await moves.signedReceipt()]) {
      await expect(tx(f.who.tsp, call), call.what).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(f.bad.hashes[0]);
    }
    await expectMoney(f, { buyer: PRICE + DEPOSIT }, () => tx(f.who.stranger, moves.refundBad(0)));
  });

  it("F31: is neither settled nor receipted, however long its own window has been over, and costs the bond", async () => {
    for (const how of ["deliverUnproven", "deliverProven"] as const) {
      const f = await load();
      const { moves, delivery } = await further(f);
      await tx(f.who.tsp, moves[how](delivery));
      await networkHelpers.time.increase(WINDOW + 1);
      await tx(f.who.tsp, f.moves.deliverProven(f.delivery));
      await tx(f.who.stranger, f.moves.complain(0, f.complaint));
      for (const call of [moves.settle(), moves.receipt()]) {
        await expect(tx(f.who.buyer, call), call.what).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(f.bad.hashes[0]);
      }
      await expectMoney(f, { buyer: LOST }, () => tx(f.who.stranger, moves.refundBad(0)));
    }
  });

  it("F31: is no answer to a challenge", async () => {
    const f = await load();
    const { moves, delivery } = await further(f);
    await tx(f.who.tsp, moves.deliverUnproven(delivery));
    await tx(f.who.buyer, moves.challenge());
    await tx(f.who.tsp, f.moves.deliverProven(f.delivery));
    await tx(f.who.stranger, f.moves.complain(0, f.complaint));
    await expect(tx(f.who.tsp, moves.answer(delivery))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(f.bad.hashes[0]);
    await expectMoney(f, { buyer: LOST }, () => tx(f.who.stranger, moves.refundBad(0)));
  });

  it("F31: refunds further deals for a look-up, not for another complaint each", async () => {
    const f = await shownBad();
    const used: bigint[] = [];
    for (let i = 0; i < 3; i += 1) {
      const sent = await tx(f.who.stranger, movesOf(f, await buyIt(f, provenOrder(f, [provenPage(f.bad)])), f.bad).refundBad(0));
      used.push((await sent.wait())!.gasUsed);
    }
    for (const gas of used) expect(gas).to.be.lessThan(90_000n);
  });

  it("F31: is what refundBad needs: a header that nobody has shown bad, or of another page, refunds nothing", async () => {
    const f = await shownBad();
    const { who, escrow, good, bad, pair } = f;
    const deal = await buyIt(f, provenOrder(f, [provenPage(good)]));
    const moves = movesOf(f, deal, good);
    await expect(tx(who.buyer, moves.refundBad(0))).to.be.revertedWithCustomError(escrow, "Escrow_HeaderNotBad").withArgs(good.hashes[0]);
    await expect(tx(who.buyer, moves.refundBad(0, bad.hashes))).to.be.revertedWithCustomError(escrow, "Escrow_NotTheLotsSold");
    await expect(tx(who.buyer, moves.refundBad(1))).to.be.revertedWithCustomError(escrow, "Escrow_LotCount").withArgs(1);
    await expect(tx(who.buyer, pair.refundBad(0))).to.be.revertedWithCustomError(escrow, "Escrow_HeaderNotBad").withArgs(good.hashes[0]);
    await expectMoney(f, { buyer: 2n * PRICE + DEPOSIT }, () => tx(who.buyer, pair.refundBad(1)));
    await expect(tx(who.buyer, pair.refundBad(1))).to.be.revertedWithCustomError(escrow, "Escrow_WrongState");
  });

  it("F32: stays bad where it was reserved for an exclusive deal", async () => {
    const f = await load();
    const s = await stock(f, "exclusive", 1, { bad: [0], sequence: 3, flags: 3n });
    const order = provenOrder(f, [provenPage(s)], { flags: PROVEN_ONLY | EXCLUSIVE, repeatable: false, nonce: 1n });
    const deal = await buyIt(f, order);
    const moves = movesOf(f, deal, s);
    await tx(f.who.tsp, moves.deliverProven(await proven(f, { ...deal, keys: s.keys })));
    expect(await f.reads.markOf(s.hashes[0]!)).to.deep.equal({ bad: false, reservedBy: deal.dealId });
    await tx(f.who.stranger, moves.complain(0, await complaintAbout(s, 0)));
    expect(await f.reads.markOf(s.hashes[0]!)).to.deep.equal({ bad: true, reservedBy: ethers.ZeroHash });
    const next = movesOf(f, await buyIt(f, { ...order, nonce: 2n }), s);
    await expect(tx(f.who.buyer, next.receipt())).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad");
  });

  it("F32: a reservation ends with the refund of the deal that made it", async () => {
    const f = await load();
    const s = await stock(f, "exclusive", 1, { bad: [0], sequence: 3, flags: 3n });
    const order = provenOrder(f, [provenPage(s)], { flags: PROVEN_ONLY | EXCLUSIVE, repeatable: false, nonce: 1n });
    const [first, second] = [await buyIt(f, order), await buyIt(f, { ...order, nonce: 2n })];
    const [one, two] = [movesOf(f, first, s), movesOf(f, second, s)];
    await tx(f.who.tsp, one.deliverProven(await proven(f, { ...first, keys: s.keys })));
    const delivery = await proven(f, { ...second, keys: s.keys });
    await expect(tx(f.who.tsp, two.deliverProven(delivery))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderReserved").withArgs(s.hashes[0], first.dealId);
    await tx(f.who.tsp, one.concede());
    expect((await f.reads.markOf(s.hashes[0]!)).reservedBy).to.equal(ethers.ZeroHash);
    await tx(f.who.tsp, two.deliverProven(delivery));
    expect((await f.reads.markOf(s.hashes[0]!)).reservedBy).to.equal(second.dealId);
  });
});
