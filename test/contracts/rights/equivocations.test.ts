/** Two stories under one TSP's anchors: what proves them, what is none, and what the exchange makes of it. */
import { expect } from "chai";
import { ZeroHash } from "ethers";
import type { OpenedHeader } from "../../../sdk/client/index.ts";
import { fromHex } from "../../../sdk/bytes/index.ts";
import { hashHeader, type HeaderRest, type HeaderWords } from "../../../sdk/formats/index.ts";
import { contractAt, networkHelpers, tx } from "../support/chain.ts";
import { C, EXCLUSIVE, market, openDeal, pageOver, R, refused, unproven } from "../support/deal.ts";
import { keyOf } from "../support/device-keys.ts";
import { openedHeader, signedBatch } from "../support/device.ts";
import { anchorLot, bought, hash, header, order, purchase } from "../support/world.ts";

describe("Equivocations", () => {
  async function fixture() {
    const w = await market();
    const registry = await contractAt("DataRegistry", w.deployment.addresses.dataRegistry);
    const first = header(w, { sequence: 7, root: hash("one story") });
    const second = header(w, { sequence: 7, root: hash("another story") });
    const pair = [await openedHeader(w, first), await openedHeader(w, second)] as [OpenedHeader, OpenedHeader];
    return { ...w, registry, first, second, pair, device: keyOf("device") };
  }

  describe("of one sequence", () => {
    it("are proven by anyone with two different headers, once, and mark both and the TSP", async () => {
      const { who, calls, reads, registry, pair, first, second } = await networkHelpers.loadFixture(fixture);
      const [one, other] = [hashHeader(first), hashHeader(second)];
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(...pair))).to.emit(registry, "Equivocated").withArgs(who.at.tsp, first.stream, one, other, 1);
      expect(await Promise.all([one, other, hash("x")].map((header) => reads.isEquivocated(header)))).to.deep.equal([true, true, false]);
      expect([await reads.equivocationsOf(who.at.tsp), await reads.equivocationsOf(who.at.tsp2)]).to.deep.equal([1, 0]);
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(...pair))).to.be.revertedWithCustomError(registry, "Equivocations_AlreadyProven").withArgs(one, other);
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(pair[1], pair[0]))).to.be.revertedWithCustomError(registry, "Equivocations_AlreadyProven").withArgs(other, one);
    });

    it("a third header of the sequence is marked by either of the two", async () => {
      const { who, calls, reads, pair, first, ...w } = await networkHelpers.loadFixture(fixture);
      const world = { who, calls, reads, ...w };
      await tx(who.stranger, calls.proveTwoOfOneSequence(...pair));
      const third = await openedHeader(world, { ...first, root: hash("a third story") });
      await tx(who.stranger, calls.proveTwoOfOneSequence(third, pair[1]));
      expect(await reads.isEquivocated(hashHeader(third.header))).to.equal(true);
      const fourth = await openedHeader(world, { ...first, root: hash("a fourth story") });
      await tx(who.stranger, calls.proveTwoOfOneSequence(pair[0], fourth));
      expect([await reads.isEquivocated(hashHeader(fourth.header)), await reads.equivocationsOf(who.at.tsp)]).to.deep.equal([true, 3]);
    });

    it("F15: a header that was signed or anchored again is the same header", async () => {
      const { who, calls, registry, first, pair, ...w } = await networkHelpers.loadFixture(fixture);
      const lot = await anchorLot({ who, calls, ...w }, first, { others: 5, sequence: 99 });
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(pair[0], { header: first, path: lot.path })))
        .to.be.revertedWithCustomError(registry, "Equivocations_SameHeader")
        .withArgs(hashHeader(first));
    });

    it("are not shown by headers of another sequence, another stream or another TSP", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { who, calls, registry, first, pair } = f;
      const other = async (change: Partial<HeaderWords>, by: "tsp" | "tsp2" = "tsp") => openedHeader(f, { ...first, root: hash("x"), ...change }, by);
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(pair[0], await other({ sequence: 8 }))))
        .to.be.revertedWithCustomError(registry, "Equivocations_OtherSequence")
        .withArgs(7, 8);
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(pair[0], await other({ stream: hash("stream") }))))
        .to.be.revertedWithCustomError(registry, "Equivocations_OtherStream")
        .withArgs(first.stream, hash("stream"));
      await expect(tx(who.stranger, calls.proveTwoOfOneSequence(pair[0], await other({ tsp: who.at.tsp2 }, "tsp2"))))
        .to.be.revertedWithCustomError(registry, "Equivocations_OtherTsp")
        .withArgs(who.at.tsp, who.at.tsp2);
    });

    it("F14: are nobody's fault who did not anchor both: a stranger's anchor of a TSP's name opens nothing", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const forged = { ...f.first, root: hash("forged") };
      const opened = await openedHeader(f, forged, "stranger");
      for (const pair of [[f.pair[0], opened], [opened, f.pair[0]]] as const) {
        await expect(tx(f.who.stranger, f.calls.proveTwoOfOneSequence(...pair))).to.be.revertedWithCustomError(f.registry, "DataRegistry_NotAnchored");
      }
    });
  });

  describe("of overlapping counters", () => {
    /** Two batches of one stream and device with these counters. */
    async function batches(f: Awaited<ReturnType<typeof fixture>>, counters: [number, number][], change: { rest?: Partial<HeaderRest>[]; words?: Partial<HeaderWords>[] } = {}) {
      const made = counters.map(([firstCounter, lastCounter], i) =>
        signedBatch(f, f.device, { words: { sequence: 20 + i, ...change.words?.[i] }, rest: { firstCounter, lastCounter, ...change.rest?.[i] } }),
      );
      const opened: OpenedHeader[] = [];
      for (const { words } of made) opened.push(await openedHeader(f, words, words.tsp === f.who.at.tsp2 ? "tsp2" : "tsp"));
      return { made, call: f.calls.proveOverlap(opened[0]!, made[0]!.restBytes, opened[1]!, made[1]!.restBytes), opened };
    }

    it("are proven to the message: the same ones, some, or the last that is the other's first", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      for (const pair of [[[0, 9], [0, 9]], [[0, 9], [3, 5]], [[0, 9], [9, 12]], [[4, 4], [4, 4]]] as [number, number][][]) {
        const { made, call } = await batches(f, pair, { rest: [{ sealNonce: hash(`a ${pair.join()}`) }, { sealNonce: hash(`b ${pair.join()}`) }] });
        const [one, other] = made.map(({ headerHash }) => headerHash);
        await expect(tx(f.who.stranger, call)).to.emit(f.registry, "Equivocated").withArgs(f.who.at.tsp, f.first.stream, one, other, 2);
        expect([await f.reads.isEquivocated(one!), await f.reads.isEquivocated(other!)]).to.deep.equal([true, true]);
      }
      expect(await f.reads.equivocationsOf(f.who.at.tsp)).to.equal(4);
    });

    it("are not shown by batches that follow one another, nor in the wrong order", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { call } = await batches(f, [[0, 9], [10, 12]]);
      await expect(tx(f.who.stranger, call)).to.be.revertedWithCustomError(f.registry, "Equivocations_NoOverlap").withArgs(9, 10);
      const { call: wrong } = await batches(f, [[5, 9], [0, 5]], { rest: [{ sealNonce: hash("c") }, { sealNonce: hash("d") }] });
      await expect(tx(f.who.stranger, wrong)).to.be.revertedWithCustomError(f.registry, "Equivocations_NoOverlap").withArgs(9, 0);
    });

    it("F15: a device that starts again after a reset counts under a new key, and a batch that no device has signed counts nothing", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { call } = await batches(f, [[0, 9], [0, 9]], { rest: [{}, { deviceKey: keyOf("after the reset").deviceKey }] });
      await expect(tx(f.who.stranger, call))
        .to.be.revertedWithCustomError(f.registry, "Equivocations_OtherDevice")
        .withArgs(f.device.deviceKey, keyOf("after the reset").deviceKey);
      const { call: attested } = await batches(f, [[0, 0], [0, 0]], { rest: [{ deviceKey: ZeroHash as "0x", sealNonce: hash("e") }, { deviceKey: ZeroHash as "0x", sealNonce: hash("f") }] });
      await expect(tx(f.who.stranger, attested)).to.be.revertedWithCustomError(f.registry, "Equivocations_OtherDevice").withArgs(ZeroHash, ZeroHash);
    });

    it("are shown of one TSP, stream and two headers, by the headers' own rests", async () => {
      const f = await networkHelpers.loadFixture(fixture);
      const { call: foreign } = await batches(f, [[0, 9], [0, 9]], { words: [{}, { tsp: f.who.at.tsp2 }] });
      await expect(tx(f.who.stranger, foreign)).to.be.revertedWithCustomError(f.registry, "Equivocations_OtherTsp");
      const { call: elsewhere } = await batches(f, [[0, 8], [0, 9]], { words: [{}, { stream: hash("s") }] });
      await expect(tx(f.who.stranger, elsewhere)).to.be.revertedWithCustomError(f.registry, "Equivocations_OtherStream");
      const { made, opened } = await batches(f, [[0, 7], [0, 6]]);
      const [a, b] = made.map(({ restBytes }) => restBytes) as [Uint8Array, Uint8Array];
      const longer = Uint8Array.from([...a, ...fromHex(hash("more"), 32)]);
      for (const [rests, headerHash] of [[[b, b], made[0]!.headerHash], [[longer, b], made[0]!.headerHash], [[a, a], made[1]!.headerHash]] as const) {
        await expect(tx(f.who.stranger, f.calls.proveOverlap(opened[0]!, rests[0], opened[1]!, rests[1])))
          .to.be.revertedWithCustomError(f.registry, "Equivocations_WrongRest")
          .withArgs(headerHash);
      }
      await expect(tx(f.who.stranger, f.calls.proveOverlap(opened[0]!, a, opened[0]!, a))).to.be.revertedWithCustomError(f.registry, "Equivocations_SameHeader");
    });
  });

  describe("in the exchange", () => {
    /** A Funded deal over a header that contradicts another one. */
    async function open() {
      const w = await market();
      const words = header(w, { sequence: 7 });
      const lot = await anchorLot(w, words);
      const twin = await openedHeader(w, { ...words, root: hash("another story") });
      const sold = order(w, [words], unproven([words]));
      const deal = await bought(w, await purchase(w, sold));
      const prove = () => tx(w.who.stranger, w.calls.proveTwoOfOneSequence({ header: words, path: lot.path }, twin));
      const opening = { lots: [lot], formers: [] };
      const deliver = w.calls.deliverUnproven(deal.terms, 0, opening, R, C);
      return { ...w, words, lot, twin, sold, deal, prove, deliver, opening, headerHash: hashHeader(words), exchange: await contractAt("Escrow", w.deployment.addresses.escrow) };
    }

    it("count when they are shown: no key to such a header is delivered any more, in whatever deal", async () => {
      const { who, calls, reads, exchange, prove, deliver, headerHash, twin } = await networkHelpers.loadFixture(open);
      await refused(tx(who.stranger, calls.showEquivocated(headerHash)), "Escrow_NotEquivocated", headerHash);
      await prove();
      await expect(tx(who.stranger, calls.showEquivocated(headerHash))).to.emit(exchange, "HeaderShownEquivocated").withArgs(headerHash);
      expect((await reads.markOf(headerHash)).bad).to.equal(true);
      await refused(tx(who.tsp, deliver), "Escrow_HeaderBad", headerHash);
      await refused(tx(who.stranger, calls.showEquivocated(headerHash)), "Escrow_HeaderBad", headerHash);
      // The other one is shown by itself.
      expect((await reads.markOf(hashHeader(twin.header))).bad).to.equal(false);
      await tx(who.stranger, calls.showEquivocated(hashHeader(twin.header)));
    });

    it("give the buyer of a Funded page the money back at once", async () => {
      const { who, calls, prove, deal, headerHash, reads } = await networkHelpers.loadFixture(open);
      const back = calls.refundBad(deal.terms, 0, [headerHash], 0);
      await refused(tx(who.stranger, back), "Escrow_HeaderNotBad", headerHash);
      await prove();
      await refused(tx(who.stranger, back), "Escrow_HeaderNotBad", headerHash);
      await tx(who.stranger, calls.showEquivocated(headerHash));
      const before = await reads.creditOf(who.at.buyer, deal.terms.order.token);
      await tx(who.stranger, back);
      const { price, challengeDeposit } = deal.terms.order.pages[0]!;
      expect((await reads.creditOf(who.at.buyer, deal.terms.order.token)) - before).to.equal(price + challengeDeposit);
    });

    it("take nothing from who has delivered: the buyer has what was committed to", async () => {
      const { who, calls, reads, pinned, prove, deliver, deal, headerHash } = await networkHelpers.loadFixture(open);
      await tx(who.tsp, deliver);
      await prove();
      await tx(who.stranger, calls.showEquivocated(headerHash));
      await refused(tx(who.buyer, calls.refundBad(deal.terms, 0, [headerHash], 0)), "Escrow_HeaderNotBad", headerHash);
      await networkHelpers.time.increase(deal.terms.order.answerTime + deal.terms.order.complaintWindow + 1);
      await tx(who.stranger, calls.settle(deal.terms, 0, pinned, [headerHash]));
      expect((await reads.dealOf(deal.dealId)).state).to.equal("Settled");
    });

    it("end a reservation: an exclusive deal over such a header is not delivered either", async () => {
      const w = await networkHelpers.loadFixture(openDeal);
      const words = header(w, { sequence: 8, flags: 3n });
      const lot = await anchorLot(w, words, { sequence: 3 });
      const twin = await openedHeader(w, { ...words, root: hash("other") });
      const sold = order(w, [words], { ...unproven([words]), flags: EXCLUSIVE, repeatable: false, nonce: 5n, pages: [pageOver([words])] });
      const deal = await bought(w, await purchase(w, sold));
      await tx(w.who.stranger, w.calls.proveTwoOfOneSequence({ header: words, path: lot.path }, twin));
      await tx(w.who.stranger, w.calls.showEquivocated(hashHeader(words)));
      await refused(tx(w.who.tsp, w.calls.deliverUnproven(deal.terms, 0, { lots: [lot], formers: [] }, R, C)), "Escrow_HeaderBad", hashHeader(words));
    });
  });
});
