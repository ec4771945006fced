/** Gas of buy orders and of the beacon in their usual form: accounts in use, one lot, a path of 10. */
import { expect } from "chai";
import { hashHeader, anchorTree } from "../../../sdk/formats/index.ts";
import { networkHelpers, tx } from "../support/chain.ts";
import { answering, answerOf, BUDGET, buying, filling, mined, restOf, type WholeLot } from "../support/orders.ts";
import { hash, header, purchase, SCHEMA } from "../support/world.ts";

/** Two per cent above what was measured: a rise wants a reason. What a purchase costs by itself stands in snapshots/gas.json. */
const MOST = { place: 117_000, fund: 62_500, answer: 86_000, accept: 152_000, fill: 198_000, close: 55_500, show: 67_000, capture: 47_000 } as const;

describe("The costs of buy orders", () => {
  it("do not rise unnoticed", async () => {
    const b = await networkHelpers.loadFixture(buying);
    const { who, calls } = b;
    const used: Record<string, number> = {};
    const run = async (name: string | null, ...[signer, call]: Parameters<typeof mined>): Promise<void> => {
      const { gasUsed } = await mined(signer, call);
      if (name !== null) used[name] = Number(gasUsed);
    };
    let sequence = 5_000;
    const lot = async (): Promise<WholeLot> => {
      sequence += 1;
      const words = header(b, { sequence });
      const tree = anchorTree([hashHeader(words), ...Array.from({ length: 1023 }, (_, i) => hash(`${sequence} ${i}`))]);
      await tx(who.tsp, calls.anchor(tree.root, sequence, tree.listHash, tree.listDigest));
      return { words, rest: restOf(), lot: { header: words, path: tree.paths[0]!, schema: SCHEMA, former: 0 } };
    };
    for (const round of [1, 2]) {
      const name = (step: string): string | null => (round === 1 ? null : step);
      const wanted = { ...b.wanted, nonce: BigInt(round) };
      await run(name("place"), who.buyer, calls.placeBuyOrder(wanted, BUDGET));
      await run(name("fund"), who.buyer, calls.fundBuyOrder(wanted, 1n));
      const answer = answerOf(b, { nonce: BigInt(round) });
      await run(name("answer"), who.tsp, answering(b, answer, wanted));
      await run(name("accept"), who.buyer, calls.acceptAnswer(wanted, who.at.tsp, await purchase(b, answer.sold)));
      const filled = await filling(b, [await lot()], { wanted, purchase: { nonce: BigInt(round) } });
      await run(name("fill"), who.tsp, filled.call);
      await run(name("close"), who.buyer, calls.closeBuyOrder(wanted));
      const { words, lot: shown } = await lot();
      await run(name("show"), who.tsp, calls.showHeader(words, shown.path));
      const block = await b.reads.sampleBlockOf(hashHeader(words));
      await networkHelpers.mineUpTo(block);
      await run(name("capture"), who.tsp, calls.captureBeacon(block));
    }
    for (const [step, most] of Object.entries(MOST)) expect(used[step], step).to.be.at.most(most);
  });
});
