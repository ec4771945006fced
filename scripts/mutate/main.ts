/** Removes the contracts' guards one by one and looks whether a test turns red: `npm run mutate [-- FOLDER …]`; `--help` tells more. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isQoodError, QoodError } from "../../sdk/errors/index.ts";
import { sourcesIn } from "./map.ts";
import type { Mutant } from "./mutants.ts";
import { mutantsOf, tryMutants } from "./run.ts";
import { lastKiller, readAllowed, readReport, type Report, reportOn, saveReport, type Tried, wronglyAllowed } from "./results.ts";
import { compileAll, sourceName } from "./workspace.ts";

const usage = `Makes mutants of contracts, a guard less each, and tries them on the tests that scripts/mutate/map.ts names for the contract.

usage: npm run mutate [-- PATH …] [OPTION …]
  PATH          a folder or file below contracts/ (default: contracts/market)
  --only TEXT   only mutants whose name contains this; nothing is written to snapshots/mutation.json
  --list        print the mutants and try none
  --fresh       try again what was tried before with the same source and tests
  --slots N     how many at a time (default: one a core)
  --help        this text
May be stopped at any moment: the next run goes on. The result is merged into snapshots/mutation.json. Ends with 1 if a mutant survives that
scripts/mutate/equivalent.json does not explain.`;

const options = { only: { type: "string" }, list: { type: "boolean" }, fresh: { type: "boolean" }, slots: { type: "string" }, help: { type: "boolean" } } as const;

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new QoodError("USAGE", `${(error as Error).message.split("\n")[0]!} (--help tells the options)`);
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = ({ file, line, id }: { file: string; line: number; id: string }): string => `${file}:${line}  ${id}`;

async function main(): Promise<void> {
  const { values, positionals } = readArguments(process.argv.slice(2));
  if (values.help === true) {
    say(usage);
    return;
  }
  const slots = Number(values.slots ?? availableParallelism());
  if (!Number.isInteger(slots) || slots < 1) throw new QoodError("USAGE", "--slots must be a whole number from 1");
  const files = [...new Set((positionals.length === 0 ? ["contracts/market"] : positionals).flatMap(sourcesIn))];
  const allowed = readAllowed();

  const compiled = await compileAll(say);
  const mutants = mutantsOf(compiled, files).filter(({ id }) => id.includes(values.only ?? ""));
  if (values.list === true) {
    for (const mutant of mutants) say(shown(mutant));
    say(`${mutants.length} mutants`);
    return;
  }

  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stopping.abort());
  process.once("disconnect", () => stopping.abort());
  const former = readReport();
  const started = Date.now();
  let [count, remembered] = [0, 0];
  const reports: Record<string, Report["files"][string]> = {};
  const all: Tried[] = [];
  const onResult = (tried: Tried, fromMemory: boolean): void => {
    count += 1;
    all.push(tried);
    if (fromMemory) remembered += 1;
    else say(`${String(count).padStart(4)} of ${mutants.length}  ${tried.status.padEnd(8)} ${tried.seconds.toFixed(1).padStart(5)} s  ${shown(tried)}${tried.by === undefined ? "" : `  by "${tried.by}"`}`);
    report(tried.file);
  };
  /** The report on a file is written as soon as all its mutants were tried, so that a run that is stopped leaves those that are whole. */
  const report = (file: string): void => {
    const own = new Map(all.flatMap((each) => (each.file === file ? [[each.id, each] as const] : [])));
    const order = mutants.flatMap((mutant) => (mutant.file === file ? [own.get(mutant.id)] : []));
    if (order.some((each) => each === undefined)) return;
    reports[file] = reportOn(compiled.sources.get(sourceName(file))!, order as Tried[], allowed);
    if (values.only === undefined) saveReport({ [file]: reports[file] });
  };
  const killers = ({ file, id }: { file: string; id: string }): string | undefined => former?.files[file]?.killedBy[id] ?? lastKiller({ file, id });
  const onDoubt = (mutant: Mutant, left: number): void => say(`              in doubt: ${shown(mutant)}  (${left} test files left)`);
  const explained = ({ file, id }: Mutant): boolean => allowed.some((each) => each.file === file && each.mutant === id);
  const tried = await tryMutants(compiled, mutants, { slots, explained, fresh: values.fresh ?? false, baseline: "all", killers, onResult, onDoubt, signal: stopping.signal });

  say(`\n${mutants.length} mutants, ${remembered} of them tried before, in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  say("killed  survived  equivalent   score  file");
  for (const [file, { killed, survived, equivalent, score }] of Object.entries(reports).sort(([a], [b]) => (a < b ? -1 : 1))) {
    say(`${String(killed).padStart(6)}  ${String(survived).padStart(8)}  ${String(equivalent).padStart(10)}  ${score.toFixed(1).padStart(5)} %  ${file}`);
  }
  const survivors = Object.entries(reports).flatMap(([file, each]) => each.survivors.map(({ line, mutant }) => shown({ file, line, id: mutant })));
  for (const survivor of survivors) say(`SURVIVED  ${survivor}`);
  if (values.only !== undefined) return;
  const wrong = wronglyAllowed(allowed, files, tried);
  for (const line of wrong) say(`scripts/mutate/equivalent.json: ${line}`);
  if (survivors.length + wrong.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(isQoodError(error) ? `mutate: ${error.message}${error.code === "STOPPED" ? "; run it again to go on" : ""}\n` : `mutate: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
