/**
 * Each numbered constraint of each circuit is needed: a forged assignment that breaks it alone is refused, and states something false.
 * Soundness is asked of the constraints, not of the program that makes witnesses. With QOOD_CIRCUITS set to a folder of sources, those are tested.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { circuitsFolder, readInstance } from "../../scripts/circuits/instances.ts";
import { listedConstraints } from "../../scripts/circuits/numbered.ts";
import { CASES } from "./support/cases.ts";
import { accepts, loadCircuit, sourcesUnderTest, type Circuit } from "./support/circuit.ts";

for (const { circuit, instance, honest, forgeries } of CASES) {
  let loading: Promise<Circuit> | undefined;
  const load = (): Promise<Circuit> => (loading ??= loadCircuit({ sources: sourcesUnderTest }, readInstance(instance)));

  test(`honest ${circuit}: an assignment that breaks nothing is accepted`, async () => {
    const { signals, isTrue } = await honest();
    assert.equal(accepts(await load(), signals), true);
    assert.equal(isTrue, true);
  });

  for (const [number, what] of listedConstraints(join(circuitsFolder, `${circuit}.circom`))) {
    test(`[${number}] ${circuit}: ${what}`, async () => {
      const forgery = forgeries.get(number);
      assert.ok(forgery !== undefined, `constraint [${number}] has no forgery`);
      const { signals, isTrue } = await forgery();
      assert.equal(accepts(await load(), signals), false, "a false statement is ACCEPTED");
      assert.equal(isTrue, false);
    });
  }
}
