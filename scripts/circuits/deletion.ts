/**
 * Takes the numbered constraints out of the circuits, one at a time, and looks whether their tests notice:
 * `npm run test:circuit-deletion [-- NUMBER…]`, all numbers by default.
 *
 * A constraint counts as guarded when, with it deleted and the circuits compiled anew, in each circuit that lists it exactly its own forgery is accepted (its
 * test is red) while an honest assignment still is (that test stays green). Ends with 1 if any is not.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { deleteConstraint, copySources, listedConstraints } from "./numbered.ts";
import { cacheFolder, circuitNames, circuitsFolder, root } from "./instances.ts";

/** A numbered constraint: what it says, and the circuits that list it. */
interface Listed {
  readonly number: number;
  readonly what: string;
  readonly circuits: readonly string[];
}

/** All numbers of all circuits, in order. */
function listAll(): Listed[] {
  const listed = new Map<number, { what: string; circuits: string[] }>();
  for (const circuit of circuitNames()) {
    for (const [number, what] of listedConstraints(join(circuitsFolder, `${circuit}.circom`))) {
      const known = listed.get(number);
      if (known === undefined) listed.set(number, { what, circuits: [circuit] });
      else known.circuits.push(circuit);
    }
  }
  return [...listed].map(([number, entry]) => ({ number, ...entry })).sort((a, b) => a.number - b.number);
}

/** Runs the constraint tests of some circuits over other sources. Returns the names of the tests that passed and that failed. */
function runTests(sources: string, circuits: readonly string[]): Promise<{ passed: string[]; failed: string[]; output: string }> {
  return new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env; // Set when this runs below another test run, whose protocol must not be spoken here.
    const pattern = `^(honest|\\[\\d+\\]) (${circuits.join("|")}): `;
    const args = ["--test", "--test-reporter=tap", `--test-name-pattern=${pattern}`, join(root, "test", "circuits", "constraints.test.ts")];
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
async function tryWithout({ number, circuits }: Listed): Promise<string | undefined> {
  mkdirSync(cacheFolder, { recursive: true });
  const sources = mkdtempSync(join(cacheFolder, `without-${number}-`));
  try {
    copySources(circuitsFolder, sources);
    deleteConstraint(sources, number);
    const { passed, failed, output } = await runTests(sources, circuits);
    for (const circuit of circuits) {
      if (!passed.some((name) => name.startsWith(`honest ${circuit}:`))) return `${circuit} without it is broken altogether:\n${output}`;
      if (!failed.some((name) => name.startsWith(`[${number}] ${circuit}:`))) return `no test of ${circuit} notices that it is gone`;
    }
    const others = failed.filter((name) => !name.startsWith(`[${number}] `));
    if (others.length > 0) return `other tests fail too, so the forgeries are not of one constraint each: ${others.join("; ")}`;
    if (output.split("a false statement is ACCEPTED").length !== circuits.length + 1) return `a test fails for another reason:\n${output}`;
    return undefined;
  } finally {
    rmSync(sources, { recursive: true, force: true });
  }
}

const all = listAll();
const asked = process.argv.slice(2).map(Number);
for (const number of asked.filter((number) => !all.some((listed) => listed.number === number))) {
  console.error(`no constraint of the circuits has the number [${number}]: 1 to ${all.length} are there`);
  process.exit(1);
}
for (const listed of all) {
  if (asked.length > 0 && !asked.includes(listed.number)) continue;
  const wrong = await tryWithout(listed);
  const place = `[${listed.number}] ${listed.what} (${listed.circuits.join(", ")})`;
  console.log(`${wrong === undefined ? "red, as it must be" : "NOT GUARDED"}  ${place}${wrong === undefined ? "" : `\n    ${wrong}`}`);
  if (wrong !== undefined) process.exitCode = 1;
}
