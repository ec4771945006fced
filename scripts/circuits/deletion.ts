/**
 * Takes the numbered constraints out of the circuit, one at a time, and looks whether its test notices:
 * `npm run test:circuit-deletion [-- NUMBER…]`, all numbers by default.
 *
 * A constraint counts as guarded when, with it deleted and the circuit compiled anew, exactly its own forgery is accepted (its test is red) while an honest
 * assignment still is (that test stays green). Ends with 1 if any is not.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { deleteConstraint, copySources, listedConstraints } from "./numbered.ts";
import { cacheFolder, circuitsFolder, root } from "./instances.ts";

/** Runs the constraint tests over other sources. Returns the names of the tests that passed and that failed. */
function runTests(sources: string): Promise<{ passed: string[]; failed: string[]; output: string }> {
  return new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env; // Set when this runs below another test run, whose protocol must not be spoken here.
    const args = ["--test", "--test-reporter=tap", join(root, "test", "circuits", "constraints.test.ts")];
    const child = spawn(process.execPath, args, { cwd: root, env: { ...environment, QOOD_CIRCUITS: sources }, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", reject);
    child.on("close", () => {
      const named = (word: string): string[] => [...output.matchAll(new RegExp(`^${word} \\d+ - (.*)$`, "gm"))].map(([, name]) => name!.replaceAll("\\", ""));
      resolve({ passed: named("ok"), failed: named("not ok"), output });
    });
  });
}

/** Deletes one constraint and runs the tests. Returns what is wrong with its guard, or undefined. */
async function tryWithout(number: number): Promise<string | undefined> {
  mkdirSync(cacheFolder, { recursive: true });
  const sources = mkdtempSync(join(cacheFolder, `without-${number}-`));
  try {
    copySources(circuitsFolder, sources);
    deleteConstraint(sources, number);
    const { passed, failed, output } = await runTests(sources);
    if (passed.length + failed.length === 0 || !passed.some((name) => name.startsWith("honest"))) return `the circuit without it is broken altogether:\n${output}`;
    if (!failed.some((name) => name.startsWith(`[${number}]`))) return "no test notices that it is gone";
    const others = failed.filter((name) => !name.startsWith(`[${number}]`));
    if (others.length > 0) return `other tests fail too, so the forgeries are not of one constraint each: ${others.join("; ")}`;
    if (!output.includes("a false statement is ACCEPTED")) return `its test fails for another reason:\n${output}`;
    return undefined;
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

const listed = listedConstraints(join(circuitsFolder, "KeyDelivery.circom"));
const asked = process.argv.slice(2).map(Number);
for (const number of asked.filter((number) => !listed.has(number))) {
  console.error(`no constraint of circuits/KeyDelivery.circom has the number [${number}]: 1 to ${listed.size} are there`);
  process.exit(1);
}
for (const [number, what] of listed) {
  if (asked.length > 0 && !asked.includes(number)) continue;
  const wrong = await tryWithout(number);
  console.log(`${wrong === undefined ? "red, as it must be" : "NOT GUARDED"}  [${number}] ${what}${wrong === undefined ? "" : `\n    ${wrong}`}`);
  if (wrong !== undefined) process.exitCode = 1;
}
