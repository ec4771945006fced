/** What the deliveries of DISPUTED data tell the world: the buyer finds both parts of the key by these events alone. */
import { expect } from "chai";
import { closeProofEngine } from "../../../sdk/proof/index.ts";
import { networkHelpers, tx } from "../support/chain.ts";
import { consents, disputedMarket, disputedOrder, movesOf, proven, stock } from "../support/disputes.ts";
import { bought, purchase } from "../support/world.ts";

describe("The deliveries of DISPUTED data", () => {
  after(closeProofEngine);

  /** A deal that both principals have signed, none of its pages delivered. */
  async function fixture() {
    const w = await disputedMarket();
    const s = await stock(w, "deliveries", 1, { disputed: true });
    const sold = disputedOrder(w, s);
    const extras = await consents(w, sold);
    return { ...w, s, ...(await bought(w, await purchase(w, sold, { extras }))) };
  }

  it("name the deal, the page and the wrapped part of the key, each by an event of its own", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    for (const [page, keys] of [f.s.keys, f.s.oemKeys].entries()) {
      const delivery = await proven(f, { dealId: f.dealId, page, keys });
      await expect(tx(f.who.stranger, movesOf(f, f, f.s, page).deliverDisputed(delivery)))
        .to.emit(f.escrow, "DeliveredProven")
        .withArgs(f.dealId, page, delivery.r, delivery.c);
    }
  });
});
