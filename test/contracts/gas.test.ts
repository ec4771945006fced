import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { closeProofEngine } from "../../sdk/proof/index.ts";
import { FLOORS, measureGas } from "./support/gas.ts";

/** A rise above this needs a new snapshot, and a reason in the commit that brings it. */
const TOLERANCE = 1.02;
/** Steps that meet their goals: they keep to them, whatever the snapshot says. */
const MET = ["anchor", "buy", "deliverProven", "tradeByReceipt", "tradeUnproven", "settleByReceipt", "settle", "withdraw", "complain4k", "chacha20Block"] as const;

describe("Gas", () => {
  after(closeProofEngine);

  it("has not risen by more than 2 % over snapshots/gas.json, and keeps to its goals where it met them", async () => {
    const { gas: snapshot } = JSON.parse(readFileSync(join(import.meta.dirname, "../../snapshots/gas.json"), "utf8")) as { gas: Record<string, number> };
    const gas = await measureGas();
    expect(Object.keys(gas).sort()).to.deep.equal(Object.keys(snapshot).sort());
    expect(Object.keys(gas).filter((step) => !(step in FLOORS)), "steps without a floor").to.deep.equal([]);
    for (const [step, used] of Object.entries(gas)) expect(used, `${step}: run npm run gas and say why it rose`).to.be.at.most(snapshot[step]! * TOLERANCE);
    for (const step of MET) expect(gas[step], step).to.be.at.most(FLOORS[step]!.goal!);
  }).timeout(300_000); // Proofs of 8 and 32 keys among them.
});
