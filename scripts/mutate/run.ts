/** Tries mutants, several at a time, each in a folder and processes of its own. */
import { QoodError } from "../../sdk/errors/index.ts";
import { Baseline } from "./baseline.ts";
import { Likely } from "./likely.ts";
import { testsOf } from "./map.ts";
import { findMutants, mutate, type Mutant, type Operator } from "./mutants.ts";
import { noteKiller, recall, remember, type Result, resultKey, type Tried } from "./results.ts";
import { Slot } from "./slot.ts";
import { type Batch, inBatches } from "./switches.ts";
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
   * What shows that the tests are green without the mutant: all of them, each file run once before in the reverse of its order; or of each mutant the one test
   * that turned red, run alone, which is quicker for a few mutants.
   */
  readonly baseline: "all" | "killer";
  /** The test that turned red for a mutant before. */
  readonly killers: (mutant: Mutant) => string | undefined;
  /** Whether it is written down that no test can tell a mutant from the original: then its likeliest test files are enough to look for a contradiction. */
  readonly explained?: (mutant: Mutant) => boolean;
  /** Told every result as it comes. */
  readonly onResult: (tried: Tried, fromMemory: boolean) => void;
  /** Told of a mutant that its likeliest test files did not notice; the others are tried on it when every mutant has had its likeliest. */
  readonly onDoubt?: (mutant: Mutant, left: number) => void;
  readonly signal: AbortSignal;
}

/** What shows most is tried first, in every file, before what is left: guards, who may call, and the parts of conditions. */
const FIRST: ReadonlySet<Operator> = new Set<Operator>(["guard", "modifier", "part"]);

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
  /** Those of them that it is not known to survive; the fewer, the longer the run. */
  readonly left: Set<string>;
  /** Key of the result of all tests. */
  readonly key: string;
  /** Key of a result that one test file alone is the reason of: that it killed the mutant, or let it live. */
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
    if (fresh) return { mutant, tests, left: new Set(tests), key, keyBy, known: undefined };
    const byFile = tests.map((test) => recall(keyBy(test)));
    const left = new Set(tests.filter((_, i) => byFile[i] === undefined));
    // A mutant that a test file has killed stays killed while that file is the same, and one that all of them have let live has survived.
    const survived = (): Result | undefined => (left.size > 0 ? undefined : { status: "survived", seconds: Math.max(...byFile.map((result) => result!.seconds)) });
    const known = recall(key) ?? byFile.find((result) => result?.status === "killed") ?? survived();
    return { mutant, tests, left, key, keyBy, known };
  });
}

/** Batches in the order in which they are tried. */
function inOrder(mutants: readonly Mutant[]): Batch[] {
  const files = [...new Set(mutants.map(({ file }) => file))];
  return [true, false].flatMap((first) => files.flatMap((file) => inBatches(mutants.filter((mutant) => mutant.file === file && FIRST.has(mutant.operator) === first))));
}

/**
 * Tries mutants and remembers what came of each, so that a run that was stopped goes on where it was: first every mutant on its likeliest test files, then what
 * is left on all others.
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
  const baseline = new Baseline();
  const likely = new Likely();
  const deep = new Set<string>();
  for (const { mutant, known } of prepared) if (known?.testFile !== undefined && known.by !== undefined) likely.noteKill(mutant, known.testFile, known.by);

  /** What came of a mutant on some of its test files, all of them green where it is not dead. */
  const take = (mutant: Mutant, files: readonly string[], result: Result): void => {
    const each = of.get(mutant)!;
    if (result.status === "survived") {
      for (const file of files) {
        remember(each.keyBy(file), result);
        each.left.delete(file);
      }
      if (each.left.size === 0 || options.explained?.(mutant) === true) finish(each, result);
      else options.onDoubt?.(mutant, each.left.size);
      return;
    }
    if (result.status === "killed" && result.testFile !== undefined) {
      remember(each.keyBy(result.testFile), result);
      if (result.by !== undefined) likely.noteKill(mutant, result.testFile, result.by);
    } else if (result.status !== "timeout") remember(each.key, result);
    if (result.status === "killed" && result.by !== undefined) noteKiller(mutant, result.by);
    finish(each, result);
  };
  /** Tries mutants on some of the files that are left for them. */
  const pass = async (tried: readonly Mutant[], filesOf: (mutant: Mutant) => readonly string[]): Promise<void> => {
    const chosen = new Map<Mutant, readonly string[]>();
    const files = (mutant: Mutant): readonly string[] => chosen.get(mutant) ?? chosen.set(mutant, filesOf(mutant)).get(mutant)!;
    const batches = inOrder(tried);
    await workOff(batches, async (slot, batch) => {
      const again = await slot.try(batch, {
        limitMs: Math.max(LEAST_MS, PATIENCE * baseline.ms(of.get(batch[0]!)!.tests)),
        control: options.baseline === "killer",
        deep,
        request: (mutant) => {
          const killer = options.killers(mutant);
          return { files: files(mutant), hints: likely.hints(mutant, killer), durations: baseline.durations, bail: true };
        },
        // That is looked at when the first files have let it live.
        maybeSame: (mutant) => of.get(mutant)!.left.size === of.get(mutant)!.tests.length,
        onResult: (mutant, result) => take(mutant, files(mutant), result),
      });
      batches.unshift(...again);
    });
  };
  try {
    if (options.baseline === "all") {
      await workOff([...new Set(waiting.flatMap(({ left }) => [...left]))].filter((file) => !baseline.isKnown(compiled, file)), async (slot, file) => {
        const started = performance.now();
        const { durations } = await slot.green({ files: [file], reversed: true });
        baseline.note(compiled, file, { durations, ms: performance.now() - started });
      });
    }
    await pass(waiting.map(({ mutant }) => mutant), (mutant) => likely.of(mutant, [...of.get(mutant)!.left], options.killers(mutant)));
    await pass(waiting.flatMap(({ mutant }) => (done.has(mutant) ? [] : [mutant])), (mutant) => [...of.get(mutant)!.left]);
  } finally {
    await Promise.all(slots.map((slot) => slot.close()));
    removeSlots();
  }
  return mutants.map((mutant) => done.get(mutant)!);
}
