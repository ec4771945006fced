/** Tries mutants, several at a time, each in a folder and processes of its own. */
import { fork } from "node:child_process";
import { join } from "node:path";
import { QoodError } from "../../sdk/errors/index.ts";
import { Compiler, type Codes, differing, writeCodes } from "./compiler.ts";
import { findMutants, mutate, type Mutant } from "./mutants.ts";
import { testsOf } from "./map.ts";
import { recall, remember, type Result, resultKey, type Tried } from "./results.ts";
import type { TestRequest, Verdict } from "./verdict.ts";
import { type Compiled, hashOf, makeSlot, removeSlots, sourceName } from "./workspace.ts";

/** Longest time for the tests of one mutant: so many times what they take without it, and never less than the second figure. */
const [PATIENCE, LEAST_MS] = [4, 60_000];

/** How to try. */
export interface RunOptions {
  /** How many at a time. */
  readonly slots: number;
  /** Forget former results. */
  readonly fresh: boolean;
  /**
   * What shows that the tests are green without the mutant: all of them, run once before in the reverse of their order; or of each mutant the one test that
   * turned red, run alone, which is quicker for a few mutants.
   */
  readonly baseline: "all" | "killer";
  /** Titles of tests that turned red before, by file and mutant. */
  readonly killers?: (mutant: Mutant) => string | undefined;
  /** Told every result as it comes. */
  readonly onResult: (tried: Tried, fromMemory: boolean) => void;
  readonly signal: AbortSignal;
}

/** All mutants of some sources. */
export function mutantsOf(compiled: Compiled, files: readonly string[]): Mutant[] {
  return files.flatMap((file) => {
    const source = compiled.sources.get(sourceName(file));
    const ast = compiled.asts.get(sourceName(file));
    if (source === undefined || ast === undefined) throw new QoodError("MUTATION_SOURCE", `${file} was not compiled`);
    return findMutants(file, Buffer.from(source), ast);
  });
}

/** What decides a test's outcome beside the contracts and the SDK. */
function testsHash(files: readonly string[]): string {
  return hashOf([...files, "test/contracts/support"]);
}

/** Runs tests in a slot. */
function runTests(slot: string, request: TestRequest, limitMs: number, signal: AbortSignal): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const child = fork(join(slot, "scripts/mutate/tests.ts"), { cwd: slot, stdio: ["ignore", "ignore", "pipe", "ipc"], execArgv: ["--disable-warning=ExperimentalWarning"] });
    let verdict: Verdict | undefined;
    let said = "";
    const stop = (): void => void child.kill("SIGKILL");
    const timer = setTimeout(() => {
      verdict = { outcome: "timeout", ran: 0, durations: {} };
      stop();
    }, limitMs);
    signal.addEventListener("abort", stop, { once: true });
    child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.on("message", (message) => (verdict ??= message as Verdict));
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      if (signal.aborted) reject(new QoodError("STOPPED", "stopped"));
      else resolve(verdict ?? { outcome: "broken", ran: 0, error: `the process of the tests died: ${said.trim().split("\n").at(-1) ?? ""}`, durations: {} });
    });
    child.send(request);
  });
}

/** One place to try mutants in. */
class Slot {
  readonly #compiler: Compiler;
  readonly #folder: string;
  readonly #compiled: Compiled;
  readonly #originals = new Map<string, Codes>();

  constructor(compiled: Compiled, number: number) {
    this.#compiled = compiled;
    this.#compiler = new Compiler(compiled);
    this.#folder = makeSlot(compiled, number);
  }

  close(): Promise<void> {
    return this.#compiler.close();
  }

  /** Codes of what a source is part of, unchanged. */
  async #original(file: string): Promise<Codes> {
    const known = this.#originals.get(file);
    if (known !== undefined) return known;
    const codes = await this.#compiler.compile(file, this.#compiled.sources.get(sourceName(file))!);
    if (typeof codes === "string") throw new QoodError("CONTRACTS_DO_NOT_COMPILE", `${file} does not compile by itself: ${codes}`);
    this.#originals.set(file, codes);
    return codes;
  }

  /** Runs tests on the unchanged contracts, compiled as mutants are. @throws QoodError `MUTATION_BASELINE` unless they are green */
  async green(files: readonly string[], request: Partial<TestRequest> & Pick<TestRequest, "files">, signal: AbortSignal): Promise<Verdict> {
    for (const file of files) writeCodes(join(this.#folder, "artifacts"), await this.#original(file));
    const verdict = await runTests(this.#folder, { hints: [], durations: {}, bail: false, ...request }, 10 * 60_000, signal);
    if (verdict.outcome !== "passed") throw new QoodError("MUTATION_BASELINE", `without any mutant ${request.files.join(", ")} are not green: ${verdict.outcome} ${verdict.by ?? ""}: ${verdict.error ?? ""}`);
    return verdict;
  }

  /** Tries one mutant. */
  async try(mutant: Mutant, mutated: string, request: TestRequest, limitMs: number, signal: AbortSignal): Promise<Omit<Result, "seconds">> {
    const original = await this.#original(mutant.file);
    const codes = await this.#compiler.compile(mutant.file, mutated);
    if (typeof codes === "string") return { status: "invalid", error: codes.split("\n")[0]! };
    const changed = differing(original, codes);
    if (changed.size === 0) return { status: "same" };
    const restore = writeCodes(join(this.#folder, "artifacts"), changed);
    try {
      const { outcome, by, error } = await runTests(this.#folder, request, limitMs, signal);
      if (outcome === "broken") throw new QoodError("MUTATION_BROKEN", `the tests of ${mutant.file} cannot be loaded: ${error ?? ""}`);
      const status = { passed: "survived", failed: "killed", timeout: "timeout" } as const;
      return { status: status[outcome], ...(by === undefined ? {} : { by }), ...(error === undefined ? {} : { error }) };
    } finally {
      restore();
    }
  }
}

/**
 * Tries mutants and remembers what came of each, so that a run that was stopped goes on where it was.
 * @returns all of them in the order given
 * @throws QoodError `MUTATION_BASELINE` where tests are red without any mutant, `MUTATION_BROKEN` where they cannot be loaded, `STOPPED`
 */
export async function tryMutants(compiled: Compiled, mutants: readonly Mutant[], options: RunOptions): Promise<Tried[]> {
  const hashes = new Map<string, string>();
  const prepared = mutants.map((mutant) => {
    const tests = testsOf(mutant.file);
    const name = tests.join(" ");
    if (!hashes.has(name)) hashes.set(name, testsHash(tests));
    const mutated = mutate(Buffer.from(compiled.sources.get(sourceName(mutant.file))!), mutant);
    const key = resultKey(mutant, mutated, hashes.get(name)!);
    return { mutant, tests, name, mutated, key, known: options.fresh ? undefined : recall(key) };
  });
  type Prepared = (typeof prepared)[number];
  const done = new Map<Prepared, Tried>();
  const finish = (each: Prepared, result: Result): void => {
    const tried = { ...each.mutant, ...result };
    done.set(each, tried);
    options.onResult(tried, result === each.known);
  };
  for (const each of prepared) if (each.known !== undefined) finish(each, each.known);
  const waiting = prepared.filter(({ known }) => known === undefined);
  const sets = [...new Map(waiting.map(({ name, tests }) => [name, tests]))];
  const before = new Map<string, { durations: Verdict["durations"]; ms: number }>();

  const inSlots = async (work: (slot: Slot) => Promise<void>): Promise<void> => {
    await Promise.all(slots.map(work));
  };
  removeSlots();
  const slots = Array.from({ length: Math.min(options.slots, waiting.length) }, (_, i) => new Slot(compiled, i));
  try {
    if (options.baseline === "all") {
      const queue = [...sets];
      await inSlots(async (slot) => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const [name, tests] = next;
          const started = performance.now();
          const { durations } = await slot.green([...new Set(waiting.filter((each) => each.name === name).map(({ mutant }) => mutant.file))], { files: tests, reversed: true }, options.signal);
          before.set(name, { durations, ms: performance.now() - started });
        }
      });
    }
    const queue = [...waiting];
    await inSlots(async (slot) => {
      for (let each = queue.shift(); each !== undefined; each = queue.shift()) {
        const { mutant, mutated, tests, name, key } = each;
        const started = performance.now();
        const killer = options.killers?.(mutant);
        const known = before.get(name);
        const request: TestRequest = { files: tests, hints: [...(killer === undefined ? [] : [killer]), ...mutant.hints], durations: known?.durations ?? {}, bail: true };
        const outcome = await slot.try(mutant, mutated, request, Math.max(LEAST_MS, PATIENCE * (known?.ms ?? 0)), options.signal);
        if (options.baseline === "killer" && outcome.by !== undefined) await slot.green([mutant.file], { files: tests, only: outcome.by }, options.signal);
        const result = { ...outcome, seconds: Math.round((performance.now() - started) / 100) / 10 };
        remember(key, result);
        finish(each, result);
      }
    });
  } finally {
    await Promise.all(slots.map((slot) => slot.close()));
    removeSlots();
  }
  return prepared.map((each) => done.get(each)!);
}
