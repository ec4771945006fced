/** How deep a header may lie below its anchor's root. */
import { expect } from "chai";
import { concat, keccak256 } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import { hashHeader } from "../../../sdk/formats/index.ts";
import { versionTerms } from "../../../sdk/market/index.ts";
import { contractAt, networkHelpers, tx } from "../support/chain.ts";
import { bought, hash, header, order, purchase, SCHEMA, world } from "../support/world.ts";

/** As many leaves as an anchor may have, 2 ** 20, take a path of 20. */
const DEEPEST = 20;

async function fixture() {
  const w = await world();
  return { ...w, escrow: await contractAt("Escrow", w.deployment.addresses.escrow) };
}

/** The root above a leaf and its siblings, the smaller of two hashes first. */
const rootAbove = (leaf: Hex, path: readonly Hex[]): Hex => path.reduce((node, sibling) => keccak256(concat(BigInt(node) < BigInt(sibling) ? [node, sibling] : [sibling, node])) as Hex, leaf);

describe("Escrow, openings", () => {
  it("take a path as deep as the deepest anchor's tree, and none that is deeper", async () => {
    const f = await networkHelpers.loadFixture(fixture);
    const words = header(f);
    const path = Array.from({ length: DEEPEST + 1 }, (_, i) => hash(`sibling ${i}`));
    for (const [sequence, length] of [DEEPEST, DEEPEST + 1].entries()) {
      await tx(f.who.tsp, f.calls.anchor(rootAbove(hashHeader(words), path.slice(0, length)), sequence, hash("leaves"), hash("list")));
    }
    const { terms } = await bought(f, await purchase(f, order(f, [words])));
    const settle = (length: number): Promise<unknown> => {
      const lot = { header: words, path: path.slice(0, length), schema: SCHEMA, former: 0 };
      return tx(f.who.buyer, f.calls.settleByReceipt(terms, 0, versionTerms(f.text), { opening: { lots: [lot], formers: [] } }));
    };
    await expect(settle(DEEPEST + 1)).to.be.revertedWithCustomError(f.escrow, "Escrow_PathTooLong").withArgs(DEEPEST + 1);
    await expect(settle(DEEPEST)).to.emit(f.escrow, "Settled");
  });
});
