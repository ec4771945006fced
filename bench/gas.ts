/** Gas of each step beside the floors of the design (what a minimal contract pays for the same storage, transfers and pairing), of each check inside a move beside its allowance, and of a whole purchase beside peers. */
import { createRequire } from "node:module";
import hre from "hardhat";
import { INTERFACES } from "@qoodblock/sdk/client";
import { closeProofEngine } from "@qoodblock/sdk/proof";
import { contractName, STEPS } from "../scripts/deploy/plan.ts";
import { CHECKS, checksOf, dominating } from "./checks.ts";
import { peers } from "./peers.ts";
import { report, type Row } from "./table.ts";
import { profile } from "./trace.ts";

const atMost = (value: number, goal: number): Pick<Row, "goal"> => ({ goal: { ratio: goal / value, side: "at most" } });

/** Measures on the in-process chain of Hardhat and reports. */
export async function benchGas(): Promise<void> {
  await hre.tasks.getTask("build").run({ quiet: true });
  // Imported after the build: they deploy as soon as they are asked to measure.
  const { FLOORS, measureSteps } = await import("../test/contracts/support/gas.ts");
  const { ethers } = await import("../test/contracts/support/chain.ts");
  const { gas, hashes, world } = await measureSteps();
  const { addresses } = world.deployment;
  const names = new Map(STEPS.map((step) => [addresses[step.key].toLowerCase(), contractName(step)]));

  const notes = new Map<string, string>();
  const checks: Row[] = [];
  for (const [step, hash] of Object.entries(hashes)) {
    const { to, data } = (await ethers.provider.getTransaction(hash))!;
    const traced = await profile((method, params) => ethers.provider.send(method, params), hash, to!, names);
    notes.set(step, dominating(data, traced));
    if (!(step in CHECKS)) continue;
    const call = INTERFACES.escrow.parseTransaction({ data })!;
    for (const { name, gas: used, allowance } of checksOf(step, call, data, traced)) {
      checks.push({ what: `${step}: ${name}`, measured: used, unit: "gas", ...(allowance === undefined ? {} : { beside: { name: "allowed", value: allowance } }) });
    }
  }
  report(
    "gas",
    "Gas of each step beside the design's floor",
    Object.entries(FLOORS).map(([step, { floor, goal, contains }]) => {
      const dominates = notes.get(step);
      const note = dominates === undefined ? contains : `${contains} | mostly ${dominates}`;
      return { what: step, measured: gas[step]!, unit: "gas", beside: { name: "floor", value: floor }, ...(goal === undefined ? {} : atMost(floor, goal)), note };
    }),
  );
  const perKey = (size: number): number => Math.round((gas[`deliverProven${size}`]! - gas["deliverProven"]!) / (size - 1));
  report("gas-keys", "Gas of each further key of a proven page", [8, 32].map((size) => ({ what: `deliverProven, ${size} keys: a further key`, measured: perKey(size), unit: "gas", beside: { name: "its two public inputs", value: 13_800 }, note: "beside them its header with a path of 10 is opened" })));
  report("gas-checks", "Gas of each check beside what the design allows for it; those of one step sum to all its gas", checks);

  const ours: readonly (readonly [string, number])[] = [
    ["by receipt (buy, settle by receipt)", gas["tradeByReceipt"]!],
    ["by unproven delivery (buy, deliver, settle)", gas["tradeUnproven"]!],
    ["by proven delivery (buy, deliver, settle)", gas["buy"]! + gas["deliverProven"]! + gas["settle"]!],
  ];
  const proxy = createRequire(import.meta.url).resolve("@openzeppelin/contracts/build/contracts/ERC1967Proxy.json");
  const theirs = await peers(await ethers.getSigners(), proxy);
  report("gas-peers", "One purchase beside peers", [
    ...ours.map(([what, measured]) => ({ what: `here, ${what}`, measured, unit: "gas" })),
    ...theirs.map(({ name, gas: used, gives }) => ({ what: name, measured: used, unit: "gas", beside: { name: "here by unproven delivery", value: gas["tradeUnproven"]! }, note: gives })),
  ]);
  await closeProofEngine();
}
