/** What a header that was shown bad keeps when it is found to contradict another one as well. */
import { expect } from "chai";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { networkHelpers, tx } from "../support/chain.ts";
import { openedHeader } from "../support/device.ts";
import { buyIt, complaintAbout, DEPOSIT, expectMoney, market, movesOf, openPage, proven, stock, unprovenOrder } from "../support/disputes.ts";
import { BOND, hash, PRICE } from "../support/world.ts";

describe("A header that was shown bad and contradicts another", () => {
  after(closeProofEngine);

  /** Two delivered deals over a bad lot, one of which was complained of, and the proof that the lot's sequence was told twice. */
  async function fixture() {
    const w = await market();
    const bad = await stock(w, "bad and equivocated", 1, { bad: [0] });
    const [first, second] = [await buyIt(w, unprovenOrder(w, [openPage(bad)])), await buyIt(w, unprovenOrder(w, [openPage(bad)]))];
    const [one, two] = [movesOf(w, first, bad), movesOf(w, second, bad)];
    await tx(w.who.tsp, one.deliverProven(await proven(w, { ...first, keys: bad.keys })));
    await tx(w.who.tsp, two.deliverProven(await proven(w, { ...second, keys: bad.keys })));
    await tx(w.who.stranger, one.complain(0, await complaintAbout(bad, 0)));
    const { header, path } = bad.lots[0]!;
    const twin = await openedHeader(w, { ...header, root: hash("another story") });
    await tx(w.who.stranger, w.calls.proveTwoOfOneSequence({ header, path }, twin));
    return { ...w, two, headerHash: bad.hashes[0]! };
  }

  it("F31: stays bad: the lesser mark, which leaves delivered pages to the seller, does not take the greater one's place", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    await expect(tx(f.who.tsp, f.calls.showEquivocated(f.headerHash))).to.be.revertedWithCustomError(f.escrow, "Escrow_HeaderBad").withArgs(f.headerHash);
    await expectMoney(f, { buyer: PRICE + DEPOSIT + BOND }, () => tx(f.who.stranger, f.two.refundBad(0)));
  });
});
