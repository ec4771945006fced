/** Gas of each step beside the floors of the design: what a minimal contract pays for the same storage, transfers and pairing. */
import hre from "hardhat";
import { closeProofEngine } from "@qoodblock/sdk/proof";
import { report } from "./table.ts";

/** Measures on the in-process chain of Hardhat and reports. */
export async function benchGas(): Promise<void> {
  await hre.tasks.getTask("build").run({ quiet: true });
  // Imported after the build: it deploys as soon as it is asked to measure.
  const { FLOORS, measureGas } = await import("../test/contracts/support/gas.ts");
  const gas = await measureGas();
  report(
    "gas",
    "Gas of each step beside the design's floor",
    Object.entries(gas).map(([step, used]) => {
      const { floor, goal, contains } = FLOORS[step]!;
      return { what: step, measured: used, unit: "gas", beside: { name: "floor", value: floor }, ...(goal === undefined ? {} : { goal: { ratio: goal / floor, side: "at most" as const } }), note: contains };
    }),
  );
  await closeProofEngine();
}
