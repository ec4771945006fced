/** Measures the gas of every step and writes snapshots/gas.json: `npm run gas`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import hre from "hardhat";
import { closeProofEngine } from "../../sdk/proof/index.ts";

const root = join(import.meta.dirname, "../..");
await hre.tasks.getTask("build").run({ quiet: true });
// Imported after the build: it deploys as soon as it is asked to measure.
const { FLOORS, measureGas } = await import("../../test/contracts/support/gas.ts");
const gas = await measureGas();
mkdirSync(join(root, "snapshots"), { recursive: true });
writeFileSync(join(root, "snapshots/gas.json"), `${JSON.stringify({ hardfork: "osaka", compiler: "0.8.37", gas }, null, 2)}\n`);
process.stdout.write("step                       gas      floor    goal     what the floor leaves out or contains\n");
for (const [step, used] of Object.entries(gas)) {
  const { floor, goal, contains } = FLOORS[step]!;
  const mark = goal === undefined ? "" : used <= goal ? String(goal) : `${goal} !`;
  process.stdout.write(`${step.padEnd(26)} ${String(used).padEnd(8)} ${String(floor).padEnd(8)} ${mark.padEnd(8)} ${contains}\n`);
}
await closeProofEngine();
