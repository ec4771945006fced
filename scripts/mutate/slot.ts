/** One place to try mutants in: a folder of its own, a warm compiler, one process of tests at a time. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { QoodError } from "../../sdk/errors/index.ts";
import { areSame, type Code, type Codes, Compiler, writeCodes } from "./compiler.ts";
import { mutate, type Mutant } from "./mutants.ts";
import type { Result } from "./results.ts";
import { type Batch, isUsable, switchedOn, tooDeep, withoutDeep, withSwitches } from "./switches.ts";
import type { TestRequest, Verdict } from "./verdict.ts";
import { type Compiled, makeSlot, root, sourceName } from "./workspace.ts";

/** How to try a batch. */
export interface Trial {
  /** The tests of a mutant. */
  readonly request: (mutant: Mutant) => TestRequest;
  /** Longest time for the tests of one mutant. */
  readonly limitMs: number;
  /** Show of every test that turned red that it is green on the unchanged contracts. */
  readonly control: boolean;
  /** Functions, by source and name, that have no place for a switch; what is found out is added. */
  readonly deep: Set<string>;
  /** Whether the compiler may make the same of a mutant that survives as of the original, which is looked at once. */
  readonly maybeSame: (mutant: Mutant) => boolean;
  readonly onResult: (mutant: Mutant, result: Result) => void;
}

/** Most runs of a process, so that what they leave behind does not pile up. */
const MOST_RUNS = 60;

const seconds = (ms: number): number => Math.round(ms / 100) / 10;

export class Slot {
  readonly #compiler: Compiler;
  readonly #folder: string;
  readonly #compiled: Compiled;
  readonly #signal: AbortSignal;
  readonly #originals = new Map<string, Codes>();
  #tests: { child: ChildProcess; files: ReadonlySet<string>; runs: number } | undefined;

  constructor(compiled: Compiled, number: number, signal: AbortSignal) {
    this.#compiled = compiled;
    this.#signal = signal;
    this.#compiler = new Compiler(compiled);
    this.#folder = makeSlot(compiled, number);
  }

  close(): Promise<void> {
    this.#end();
    return this.#compiler.close();
  }

  /** Runs tests on the unchanged contracts. @throws QoodError `MUTATION_BASELINE` unless they are green */
  async green(request: Pick<TestRequest, "files" | "only" | "reversed">): Promise<Verdict> {
    this.#end();
    const verdict = await this.#test({ hints: [], durations: {}, bail: false, ...request }, 15 * 60_000);
    this.#end();
    if (verdict.outcome !== "passed") throw new QoodError("MUTATION_BASELINE", `without any mutant ${request.files.join(", ")} are not green: ${verdict.outcome} ${verdict.by ?? ""}: ${verdict.error ?? ""}`);
    return verdict;
  }

  /**
   * Tries a batch: in each group of contracts that the mutants are part of, as long as they survive. A batch that cannot be compiled or deployed with its switches is
   * given back in parts.
   */
  async try(batch: Batch, trial: Trial): Promise<Batch[]> {
    const { file } = batch[0]!;
    const source = Buffer.from(this.#compiled.sources.get(sourceName(file))!);
    const alone = batch.length === 1;
    const isDeep = (mutant: Mutant): boolean => trial.deep.has(`${file} ${mutant.where}`);
    if (!alone && batch.some(isDeep)) return withoutDeep(batch, isDeep);
    const content = alone ? mutate(source, batch[0]!) : withSwitches(source, batch);
    const took = new Map<Mutant, number>(batch.map((mutant) => [mutant, 0]));
    const since = (mutants: Iterable<Mutant>, count: number, started: number): void => {
      for (const mutant of mutants) took.set(mutant, took.get(mutant)! + (performance.now() - started) / count);
    };
    let alive = [...batch];
    const load = [...new Set(batch.flatMap((mutant) => trial.request(mutant).files))];
    for (const group of this.#compiler.targets(file)) {
      if (alive.length === 0) break;
      const compiling = performance.now();
      const codes = await this.#compile(group, file, content, { roomy: !alone, onlyChanged: alone && !trial.control });
      since(alive, alive.length, compiling);
      if (typeof codes === "string" || !isUsable(codes, !alone)) {
        const where = alone || typeof codes !== "string" ? undefined : tooDeep(source, batch, codes);
        if (where !== undefined) {
          trial.deep.add(`${file} ${where}`);
          return withoutDeep(alive, isDeep);
        }
        if (!alone) return [alive.slice(0, alive.length / 2), alive.slice(alive.length / 2)].filter(({ length }) => length > 0);
        const error = typeof codes === "string" ? codes.split("\n")[0]! : "it is too large to be deployed";
        trial.onResult(batch[0]!, { status: "invalid", error, seconds: seconds(took.get(batch[0]!)!) });
        return [];
      }
      if (codes.size === 0) continue;
      for (const mutant of alive) {
        const started = performance.now();
        const number = alone ? 0 : batch.indexOf(mutant) + 1;
        const request = { ...trial.request(mutant), load };
        const { outcome, by, error, file: red } = await this.#tryOne(alone ? codes : switchedOn(codes, number), alone ? undefined : switchedOn(codes, 0), request, trial.limitMs);
        if (outcome === "broken") throw new QoodError("MUTATION_BROKEN", `the tests of ${file} cannot be loaded: ${error ?? ""}`);
        if (outcome === "failed" && by !== undefined && trial.control) await this.green({ files: red === undefined ? request.files : [red], only: by });
        since([mutant], 1, started);
        if (outcome === "passed") continue;
        alive = alive.filter((each) => each !== mutant);
        const status = outcome === "failed" ? "killed" : "timeout";
        trial.onResult(mutant, { status, ...(by === undefined ? {} : { by }), ...(error === undefined ? {} : { error }), ...(red === undefined ? {} : { testFile: red }), seconds: seconds(took.get(mutant)!) });
      }
    }
    for (const mutant of alive) trial.onResult(mutant, { status: trial.maybeSame(mutant) && (await this.#isSame(mutant, source)) ? "same" : "survived", seconds: seconds(took.get(mutant)!) });
    return [];
  }

  /**
   * Codes of several sources with a change.
   * @param how what is not changed by it needs no test; to find that out pays where many mutants share the original
   */
  async #compile(targets: readonly string[], file: string, content: string, how: { roomy: boolean; onlyChanged: boolean }): Promise<Codes | string> {
    const all = new Map<string, Code>();
    for (const target of targets) {
      const codes = await this.#compiler.compile(target, file, content, how.roomy);
      if (typeof codes === "string") return codes;
      if (how.onlyChanged && areSame(await this.#original(target), codes)) continue;
      for (const [name, code] of codes) all.set(name, code);
    }
    return all;
  }

  /** Codes of a source, unchanged. */
  async #original(target: string): Promise<Codes> {
    const known = this.#originals.get(target);
    if (known !== undefined) return known;
    const codes = await this.#compiler.compile(target, "", "");
    if (typeof codes === "string") throw new QoodError("CONTRACTS_DO_NOT_COMPILE", `${target} does not compile by itself: ${codes}`);
    this.#originals.set(target, codes);
    return codes;
  }

  /** Whether the compiler makes the same of a mutant as of the original. */
  async #isSame(mutant: Mutant, source: Buffer): Promise<boolean> {
    for (const target of this.#compiler.targets(mutant.file).flat()) {
      const mutated = await this.#compiler.compile(target, mutant.file, mutate(source, mutant));
      if (typeof mutated === "string" || !areSame(await this.#original(target), mutated)) return false;
    }
    return true;
  }

  /**
   * Tests codes. A test that turns red must be green without the mutant, in the same process: else the process, which has run others before, is not to be
   * trusted, and a fresh one decides.
   * @param off codes with all mutants switched off; the unchanged ones if undefined
   */
  async #tryOne(on: Codes, off: Codes | undefined, request: TestRequest, limitMs: number): Promise<Verdict> {
    const verdict = await this.#testWith(on, request, limitMs);
    if (verdict.outcome !== "failed" || verdict.by === undefined) return verdict;
    const { by, file: red } = verdict;
    const control = (): Promise<Verdict> => this.#testWith(off, { ...request, files: red === undefined ? request.files : [red], only: by }, limitMs);
    if ((await control()).outcome === "passed") return verdict;
    this.#end();
    const { outcome, error } = await control();
    if (outcome !== "passed") throw new QoodError("MUTATION_BASELINE", `"${by}" is red with all mutants switched off: ${error ?? outcome}`);
    this.#end();
    return this.#testWith(on, request, limitMs);
  }

  async #testWith(codes: Codes | undefined, request: TestRequest, limitMs: number): Promise<Verdict> {
    const restore = codes === undefined ? () => undefined : writeCodes(join(this.#folder, "artifacts"), codes);
    try {
      return await this.#test(request, limitMs);
    } finally {
      restore();
    }
  }

  /** Ends the process of the tests; the next one is fresh. */
  #end(): void {
    this.#tests?.child.kill("SIGKILL");
    this.#tests = undefined;
  }

  /** A process that has loaded the files of a request. */
  #process(request: TestRequest): ChildProcess {
    const { files, load = files } = request;
    if (this.#tests === undefined || this.#tests.runs >= MOST_RUNS || files.some((file) => !this.#tests!.files.has(file))) {
      this.#end();
      const options = { cwd: this.#folder, execArgv: ["--disable-warning=ExperimentalWarning"], env: { ...process.env, NODE_COMPILE_CACHE: join(root, ".cache", "code") } };
      const child = fork(join(this.#folder, "scripts/mutate/tests.ts"), { ...options, stdio: ["ignore", "ignore", "pipe", "ipc"] });
      this.#tests = { child, files: new Set(load), runs: 0 };
    }
    this.#tests.runs += 1;
    return this.#tests.child;
  }

  #test(request: TestRequest, limitMs: number): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      const child = this.#process(request);
      let said = "";
      const end = (verdict: Verdict): void => {
        clearTimeout(timer);
        this.#signal.removeEventListener("abort", stop);
        child.removeAllListeners();
        child.stderr!.removeAllListeners();
        // The process is there for more only when it has answered.
        if (verdict.outcome === "timeout" || verdict.outcome === "broken") this.#end();
        if (this.#signal.aborted) reject(new QoodError("STOPPED", "stopped"));
        else resolve(verdict);
      };
      const stop = (): void => end({ outcome: "timeout", ran: 0, durations: {} });
      const timer = setTimeout(stop, limitMs);
      this.#signal.addEventListener("abort", stop, { once: true });
      child.stderr!.on("data", (chunk: Buffer) => (said += chunk.toString()));
      child.on("message", (message) => end(message as Verdict));
      child.on("error", reject);
      child.on("close", () => end({ outcome: "broken", ran: 0, error: `the process of the tests died: ${said.trim().split("\n").at(-1) ?? ""}`, durations: {} }));
      child.send(request);
    });
  }
}
