/** The ceremony of a circuit's production key, step by step; `--help` tells the commands. */
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { isQoodError, QoodError } from "../../sdk/errors/index.ts";
import { createProgress } from "../demo/progress.ts";
import { type CeremonyArguments, readCeremonyArguments, usage } from "./arguments.ts";
import { closeEngine, type Told } from "./engine.ts";
import { CeremonyFolder, type Step } from "./record.ts";
import { add, beacon, contribute, contributeTo, init } from "./steps.ts";
import { exportKey, intoCheckout, intoFolder, verify } from "./verify.ts";

const progress = createProgress(process.stderr);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Says what a contributor publishes. The text that was mixed in is nowhere in it. */
function sayStep(step: Step): void {
  const what = step.step === "contribution" ? `contribution by ${step.name}` : step.step === "beacon" ? `beacon ${step.source}` : "initial key";
  say(`${what}: ${step.key.file}, sha256 ${step.key.sha256}`);
  if (step.step !== "initial") say(`hash ${step.hash}`);
}

async function run(given: CeremonyArguments): Promise<void> {
  if (given.command === "contribute") {
    const text = given.stdin ? await readAll(process.stdin) : "";
    if (given.folder === undefined) {
      const { from, to, name } = given as { from: string; to: string; name: string };
      const made = await progress.step("contribute", `contributing to ${from}`, (told) => contributeTo(from, to, name, text, told));
      say(`contribution ${made.number} by ${made.name}: ${to}, sha256 ${made.sha256}\nhash ${made.hash}\nsend the file to the coordinator, publish the hash, and forget the text if you gave one`);
      return;
    }
    const folder = new CeremonyFolder(given.folder);
    sayStep(await folder.exclusively(() => progress.step("contribute", "contributing", (told) => contribute(folder, given.name, text, told))));
    return;
  }
  const folder = new CeremonyFolder(given.folder);
  const step = <T>(title: string, work: (told: Told) => Promise<T>): Promise<T> => folder.exclusively(() => progress.step(given.command, title, work));
  switch (given.command) {
    case "init": {
      const record = await step(`initialising ${given.circuit}`, (told) => init(folder, { circuit: given.circuit, ptau: given.ptau, ptauHash: given["ptau-hash"] }, told));
      say(`ceremony of ${record.circuit.name} in ${given.folder}: ${record.circuit.constraints} constraints, ${record.steps.length - 1} steps after the initial key`);
      sayStep(record.steps[0]);
      return;
    }
    case "add":
      sayStep(await step(`checking ${given.file}`, (told) => add(folder, given.file, given.ptau, told)));
      return;
    case "beacon":
      sayStep(await step("applying the beacon", (told) => beacon(folder, { value: given.value, source: given.source, iterationsExponent: given["iterations-exponent"] }, told)));
      return;
    case "verify": {
      const { steps } = await progress.step("verify", "verifying", (told) => verify(folder, given.ptau, told, (line) => say(`right: ${line}`)));
      const contributions = steps.filter((each) => each.step === "contribution").length;
      say(`the ceremony is right: ${contributions} contribution${contributions === 1 ? "" : "s"}${steps.at(-1)!.step === "beacon" ? " and the beacon" : ", not closed by a beacon yet"}`);
      return;
    }
    case "export": {
      const target = given.install ? intoCheckout : intoFolder(given.out ?? join(given.folder, "export"));
      const paths = await step("verifying and exporting", (told) => exportKey(folder, given.ptau, target, told, (line) => say(`right: ${line}`)));
      for (const path of paths) say(`written: ${path}`);
    }
  }
}

try {
  const given = readCeremonyArguments(process.argv.slice(2));
  if (given === undefined) say(usage);
  else await run(given);
} catch (error) {
  process.stderr.write(isQoodError(error) ? `ceremony: ${error.message}\n` : `ceremony: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = error instanceof QoodError ? 1 : 2;
} finally {
  await closeEngine();
}
