/** Tries mutants, several at a time, each in a folder and processes of its own. */
import { QoodError } from "../../sdk/errors/index.ts";
import { findMutants, mutate, type Mutant } from "./mutants.ts";
import { testsOf } from "./map.ts";
import { noteKiller, recall, remember, type Result, resultKey, type Tried } from "./results.ts";
import { Slot } from "./slot.ts";
import { type Batch, inBatches } from "./switches.ts";
import type { Verdict } from "./verdict.ts";
import { type Compiled, hashOf, removeSlots, sourceName } from "./workspace.ts";

/** Longest time for the tests of one mutant: so many times what they take without it, and never less than the second figure. A loaded machine is slow. */
const [PATIENCE, LEAST_MS] = [10, 600_000];

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
  /** The test that turned red for a mutant before. */
  readonly killers: (mutant: Mutant) => string | undefined;
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

/** A mutant with what it is tried on. */
interface Prepared {
  readonly mutant: Mutant;
  readonly tests: readonly string[];
  readonly key: string;
  /** Key of a result that one test file alone is the reason of. */
  readonly keyBy: (testFile: string) => string;
  readonly known: Result | undefined;
}

function prepare(compiled: Compiled, mutants: readonly Mutant[], fresh: boolean): Prepared[] {
  const hashes = new Map<string, string>();
  /** Hash of what decides the outcome of tests beside the contracts and the SDK. */
  const hash = (tests: readonly string[]): string => {
    const name = tests.join(" ");
    if (!hashes.has(name)) hashes.set(name, hashOf([...tests, "test/contracts/support"]));
    return hashes.get(name)!;
  };
  return mutants.map((mutant) => {
    const tests = testsOf(mutant.file);
    const mutated = mutate(Buffer.from(compiled.sources.get(sourceName(mutant.file))!), mutant);
    const key = resultKey(mutant, mutated, hash(tests));
    const keyBy = (testFile: string): string => resultKey(mutant, mutated, hash([testFile]));
    // A mutant that a test has killed stays killed while that test is the same, whatever becomes of the others.
    const killed = (): Result | undefined => tests.map((test) => recall(keyBy(test))).find((result) => result?.status === "killed");
    return { mutant, tests, key, keyBy, known: fresh ? undefined : (recall(key) ?? killed()) };
  });
}

/**
 * Tries mutants and remembers what came of each, so that a run that was stopped goes on where it was.
 * @returns all of them in the order given
 * @throws QoodError `MUTATION_BASELINE` where tests are red without any mutant, `MUTATION_BROKEN` where they cannot be loaded, `STOPPED`
 */
export async function tryMutants(compiled: Compiled, mutants: readonly Mutant[], options: RunOptions): Promise<Tried[]> {
  const prepared = prepare(compiled, mutants, options.fresh);
  const of = new Map(prepared.map((each) => [each.mutant, each]));
  const done = new Map<Mutant, Tried>();
  const finish = ({ mutant, known }: Prepared, result: Result): void => {
    const tried = { ...mutant, ...result };
    done.set(mutant, tried);
    options.onResult(tried, result === known);
  };
  for (const each of prepared) if (each.known !== undefined) finish(each, each.known);
  const waiting = prepared.filter(({ known }) => known === undefined);

  removeSlots();
  const slots = Array.from({ length: Math.min(options.slots, waiting.length) }, (_, i) => new Slot(compiled, i, options.signal));
  /** Slots take from the queue until it is empty; work may add to it. */
  const workOff = async <T>(queue: T[], work: (slot: Slot, item: T) => Promise<void>): Promise<void> => {
    await Promise.all(
      slots.map(async (slot) => {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(slot, item);
      }),
    );
  };
  try {
    const before = new Map<string, { durations: Verdict["durations"]; ms: number }>();
    if (options.baseline === "all") {
      const sets = [...new Map(waiting.map(({ tests }) => [tests.join(" "), tests]))];
      await workOff(sets, async (slot, [name, tests]) => {
        const started = performance.now();
        const { durations } = await slot.green({ files: tests, reversed: true });
        before.set(name, { durations, ms: performance.now() - started });
      });
    }
    const files = [...new Set(waiting.map(({ mutant }) => mutant.file))];
    const batches: Batch[] = files.flatMap((file) => inBatches(waiting.flatMap(({ mutant }) => (mutant.file === file ? [mutant] : []))));
    await workOff(batches, async (slot, batch) => {
      const tests = of.get(batch[0]!)!.tests;
      const known = before.get(tests.join(" "));
      const again = await slot.try(batch, {
        limitMs: Math.max(LEAST_MS, PATIENCE * (known?.ms ?? 0)),
        control: options.baseline === "killer",
        request: (mutant) => {
          const killer = options.killers(mutant);
          return { files: tests, hints: [...(killer === undefined ? [] : [killer]), ...mutant.hints], durations: known?.durations ?? {}, bail: true };
        },
        onResult: (mutant, result) => {
          const each = of.get(mutant)!;
          if (result.status !== "timeout") remember(each.key, result);
          if (result.status === "killed" && result.testFile !== undefined) remember(each.keyBy(result.testFile), result);
          if (result.status === "killed" && result.by !== undefined) noteKiller(mutant, result.by);
          finish(each, result);
        },
      });
      batches.push(...again);
    });
  } finally {
    await Promise.all(slots.map((slot) => slot.close()));
    removeSlots();
  }
  return mutants.map((mutant) => done.get(mutant)!);
}
