/**
 * The process that runs mocha tests for one mutant after the other, told what to do by its parent (see {@link TestRequest}). Works in the folder of a slot. To
 * load the files takes longer than most tests do: it is done once, and every further run begins with the chain as it was before the first.
 */
import { relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import Mocha from "mocha";
import type * as Chain from "../../test/contracts/support/chain.ts";
import type { TestRequest, Verdict } from "./verdict.ts";

const answer = (verdict: Verdict): void => void process.send!(verdict);
/** Says nothing: the parent is told the end. */
class Silent extends Mocha.reporters.Base {
  override epilogue(): void {
    // Nothing.
  }
}

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0]!.slice(0, 300);

/** How likely a test is to fail: by the first hint that it speaks of, then by its time. */
function rank(test: Mocha.Test, { hints, durations }: TestRequest): [number, number] {
  const code = String(test.fn ?? "");
  const at = hints.findIndex((hint) => test.fullTitle().includes(hint) || (/^\w+$/.test(hint) && new RegExp(`\\b${hint}\\b`).test(code)));
  return [at === -1 ? hints.length : at, durations[test.fullTitle()] ?? 0];
}

const compare = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0] || a[1] - b[1];

/** Orders a suite's tests and its suites by their best test. Returns the best rank of all. */
function order(suite: Mocha.Suite, request: TestRequest): [number, number] {
  const tests = suite.tests.map((test) => ({ test, rank: rank(test, request) })).sort((a, b) => compare(a.rank, b.rank));
  const suites = suite.suites.map((each) => ({ each, rank: order(each, request) })).sort((a, b) => compare(a.rank, b.rank));
  suite.tests = tests.map(({ test }) => test);
  suite.suites = suites.map(({ each }) => each);
  return [...tests, ...suites].map((each) => each.rank).sort(compare)[0] ?? [Number.MAX_SAFE_INTEGER, 0];
}

/** The last test first. */
function reverse(suite: Mocha.Suite): void {
  suite.tests.reverse();
  suite.suites.reverse();
  suite.suites.forEach(reverse);
}

interface Loaded {
  readonly mocha: Mocha;
  readonly suites: readonly Mocha.Suite[];
  readonly reset: () => Promise<void>;
}

/** Loads all files that this process will ever be asked for. */
async function load(request: TestRequest): Promise<Loaded> {
  // No limit for a single test: on a loaded machine it would kill mutants by itself. The parent has one for all of them.
  const mocha = new Mocha({ timeout: 0, bail: request.bail, reporter: Silent }).cleanReferencesAfterRun(false);
  for (const file of request.load ?? request.files) mocha.addFile(resolve(file));
  await mocha.loadFilesAsync();
  // The chain that all files share.
  const { ethers, networkHelpers } = (await import(pathToFileURL(resolve("test/contracts/support/chain.ts")).href)) as typeof Chain;
  const start = await networkHelpers.takeSnapshot();
  const reset = async (): Promise<void> => {
    networkHelpers.clearSnapshots();
    await ethers.provider.send("evm_setAutomine", [true]);
    await start.restore();
  };
  return { mocha, suites: [...mocha.suite.suites], reset };
}

let loaded: Loaded | undefined;

async function run(request: TestRequest): Promise<void> {
  try {
    if (loaded === undefined) loaded = await load(request);
    else await loaded.reset();
  } catch (error) {
    answer({ outcome: "broken", ran: 0, error: firstLine(error), durations: {} });
    return;
  }
  const { mocha, suites } = loaded;
  const wanted = new Set(request.files.map((file) => resolve(file)));
  mocha.suite.suites = suites.filter(({ file }) => file === undefined || wanted.has(file));
  if (request.reversed === true) reverse(mocha.suite);
  else order(mocha.suite, request);
  mocha.options.grep = request.only === undefined ? undefined : new RegExp(`^${request.only.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`);
  const durations: Record<string, number> = {};
  let [ran, first] = [0, undefined as { by: string; error: string; file?: string } | undefined];
  mocha
    .run(() => answer({ outcome: first === undefined ? (ran === 0 ? "broken" : "passed") : "failed", ran, ...(first ?? (ran === 0 ? { error: "no test ran" } : {})), durations }))
    .on("pass", (test) => {
      ran += 1;
      durations[test.fullTitle()] = test.duration ?? 0;
    })
    .on("fail", (test, error) => {
      ran += 1;
      // A hook that fails counts for the test that it was run for.
      const red = test.ctx?.currentTest ?? test;
      first ??= { by: red.fullTitle(), error: firstLine(error), ...(red.file === undefined ? {} : { file: relative(process.cwd(), red.file) }) };
    });
}

process.on("message", (request: TestRequest) => void run(request));
// A parent that is gone wants no answer.
process.once("disconnect", () => process.exit(1));
