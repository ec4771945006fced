import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { closeProofEngine } from "../../sdk/proof/index.ts";
import { FLOORS, measureGas } from "./support/gas.ts";

/** A rise above this needs a new snapshot, and a reason in the commit that brings it. */
const TOLERANCE = 1.02;

describe("Gas", () => {
  after(closeProofEngine);

  it("has not risen by more than 2 % over snapshots/gas.json, and keeps to its goals where it met them", async () => {
    const { gas: snapshot } = JSON.parse(readFileSync(join(import.meta.dirname, "../../snapshots/gas.json"), "utf8")) as { gas: Record<string, number> };
    const gas = await measureGas();
    expect(Object.keys(gas).sort()).to.deep.equal(Object.keys(snapshot).sort());
    for (const [step, used] of Object.entries(gas)) expect(used, `${step}: run npm run gas and say why it rose`).to.be.at.most(snapshot[step]! * TOLERANCE);
    for (const step of ["anchor", "settle", "withdraw"]) expect(gas[step], step).to.be.at.most(FLOORS[step]!.goal!);
  });
});
