/**
 * Each numbered constraint of KeyDelivery is needed: a forged assignment that breaks it alone is refused, and states something that the buyer would find false.
 * Soundness is asked of the constraints, not of the program that makes witnesses. With QOOD_CIRCUITS set to a folder of sources, those are tested.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isValidBuyerKey, unwrapKeys } from "@qoodblock/sdk/delivery";
import { circuitsFolder } from "../../scripts/circuits/instances.ts";
import { listedConstraints } from "../../scripts/circuits/numbered.ts";
import { accepts, loadCircuit } from "./support/circuit.ts";
import { forge, FORGERIES, victim } from "./support/forge.ts";

const circuit = await loadCircuit();

test("honest: an assignment that breaks nothing is accepted", async () => {
  const { signals, statement } = await forge({});
  assert.equal(accepts(circuit, signals), true);
  assert.deepEqual(unwrapKeys(victim.secret, { ...statement, wrapped: statement }), [987654321n]);
});

for (const [number, what] of listedConstraints(join(circuitsFolder, "KeyDelivery.circom"))) {
  test(`[${number}] ${what}`, async () => {
    const forgery = FORGERIES.get(number);
    assert.ok(forgery !== undefined, `constraint [${number}] has no forgery`);
    const { signals, statement } = await forge(forgery);
    assert.equal(accepts(circuit, signals), false, "a false statement is ACCEPTED");
    if (isValidBuyerKey(statement.buyerKey)) {
      assert.throws(() => unwrapKeys(victim.secret, { ...statement, wrapped: statement }), { name: "QoodError" });
    }
  });
}
