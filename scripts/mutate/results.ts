/** What came of each mutant: remembered between runs, and told in snapshots/mutation.json. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { QoodError } from "../../sdk/errors/index.ts";
import { type Mutant, sha256 } from "./mutants.ts";
import { root, stateFolder } from "./workspace.ts";

/** Raised when a change of the runner makes former results worthless. */
const RUNNER = 2;

const resultSchema = z.strictObject({
  /**
   * - killed: a test turned red
   * - survived: every test stayed green
   * - timeout: the tests did not end, which shows nothing: it counts as survived, and the next run tries it again
   * - same: the compiler makes the same code of it, so it is no change
   * - invalid: it does not compile
   */
  status: z.enum(["killed", "survived", "timeout", "same", "invalid"]),
  /** Full title of the test that turned red. */
  by: z.string().optional(),
  /** First line of its error, or of the compiler's. */
  error: z.string().optional(),
  /** File of the test that turned red. */
  testFile: z.string().optional(),
  seconds: z.number(),
});
/** What came of one mutant. */
export type Result = z.infer<typeof resultSchema>;
/** A mutant with what came of it. */
export type Tried = Mutant & Result;

/** Key of a result: the mutated source and the tests that it was tried on, whose hash is given. */
export function resultKey(mutant: Mutant, mutated: string, testsHash: string): string {
  return sha256(String(RUNNER), mutant.file, mutated, testsHash);
}

const pathOf = (key: string): string => join(stateFolder, "results", `${key}.json`);

/** A remembered result. */
export function recall(key: string): Result | undefined {
  if (!existsSync(pathOf(key))) return undefined;
  const parsed = resultSchema.safeParse(JSON.parse(readFileSync(pathOf(key), "utf8")));
  return parsed.success ? parsed.data : undefined;
}

/** Remembers a result, whole or not at all. */
export function remember(key: string, result: Result): void {
  write(pathOf(key), `${JSON.stringify(result)}\n`);
}

const hintPath = ({ file, id }: Pick<Mutant, "file" | "id">): string => join(stateFolder, "hints", `${sha256(file, id)}.txt`);

/** Notes by which test a mutant was killed: a result is worth nothing any more when source or tests have changed, but that test is still the one to try first. */
export function noteKiller(mutant: Pick<Mutant, "file" | "id">, by: string): void {
  write(hintPath(mutant), by);
}

/** The test that killed a mutant when it was last tried here, or undefined. */
export function lastKiller(mutant: Pick<Mutant, "file" | "id">): string | undefined {
  return existsSync(hintPath(mutant)) ? readFileSync(hintPath(mutant), "utf8") : undefined;
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, content);
  renameSync(`${path}.${process.pid}`, path);
}

// ---------------------------------------------------------------- equivalent mutants

const allowedPath = join(import.meta.dirname, "equivalent.json");
const allowedSchema = z.array(z.strictObject({ file: z.string(), mutant: z.string(), reason: z.string().min(20) }));
/** A mutant that no test can tell from the original, with the reason why. */
export type Allowed = z.infer<typeof allowedSchema>[number];

/** The list of equivalent mutants. @throws QoodError `MUTATION_LIST` where it is malformed */
export function readAllowed(): Allowed[] {
  const parsed = allowedSchema.safeParse(JSON.parse(readFileSync(allowedPath, "utf8")));
  if (!parsed.success) throw new QoodError("MUTATION_LIST", `scripts/mutate/equivalent.json: ${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** What is wrong with the list in the light of results: an entry for a mutant that is not there, or that a test does kill. */
export function wronglyAllowed(allowed: readonly Allowed[], files: readonly string[], tried: readonly Tried[]): string[] {
  return allowed.flatMap(({ file, mutant }) => {
    if (!files.includes(file)) return [];
    const found = tried.find((each) => each.file === file && each.id === mutant);
    if (found?.status === "survived") return [];
    return [`${file}: ${mutant}: ${found === undefined ? "there is no such mutant any more" : `it is not equivalent: ${found.status}${found.by === undefined ? "" : ` by "${found.by}"`}`}`];
  });
}

// ---------------------------------------------------------------- the report

const reportPath = join(root, "snapshots", "mutation.json");
const fileReport = z.strictObject({
  sha256: z.string(),
  killed: z.int(),
  survived: z.int(),
  equivalent: z.int(),
  /** killed / (killed + survived), in percent to one digit. */
  score: z.number(),
  seconds: z.number(),
  survivors: z.array(z.strictObject({ line: z.int(), mutant: z.string() })),
  allowed: z.array(z.strictObject({ line: z.int(), mutant: z.string(), reason: z.string() })),
  /** Every killed mutant with the test that turned red. */
  killedBy: z.record(z.string(), z.string()),
});
const reportSchema = z.strictObject({ format: z.literal(1), compiler: z.string(), total: z.record(z.string(), z.number()), files: z.record(z.string(), fileReport) });
/** The committed result. */
export type Report = z.infer<typeof reportSchema>;

/** The committed result, or undefined. */
export function readReport(): Report | undefined {
  if (!existsSync(reportPath)) return undefined;
  const parsed = reportSchema.safeParse(JSON.parse(readFileSync(reportPath, "utf8")));
  return parsed.success ? parsed.data : undefined;
}

const percent = (killed: number, survived: number): number => (killed + survived === 0 ? 100 : Math.round((1000 * killed) / (killed + survived)) / 10);
const sum = (values: readonly number[]): number => Math.round(10 * values.reduce((total, value) => total + value, 0)) / 10;

/** The report on one file, all of whose mutants were tried. */
export function reportOn(source: string, tried: readonly Tried[], allowed: readonly Allowed[]): Report["files"][string] {
  const reasonOf = ({ file, id }: Tried): string | undefined => allowed.find((each) => each.file === file && each.mutant === id)?.reason;
  const killed = tried.filter(({ status }) => status === "killed");
  const survived = tried.filter(({ status }) => status === "survived" || status === "timeout");
  const [excused, survivors] = [survived.filter((each) => reasonOf(each) !== undefined), survived.filter((each) => reasonOf(each) === undefined)];
  return {
    sha256: sha256(source),
    killed: killed.length,
    survived: survivors.length,
    equivalent: excused.length,
    score: percent(killed.length, survivors.length),
    seconds: sum(tried.map(({ seconds }) => seconds)),
    survivors: survivors.map(({ line, id }) => ({ line, mutant: id })),
    allowed: excused.map((each) => ({ line: each.line, mutant: each.id, reason: reasonOf(each)! })),
    killedBy: Object.fromEntries(killed.map(({ id, by }) => [id, by!])),
  };
}

/** Puts the reports on some files into the committed result; files that are gone leave it. */
export function saveReport(files: Report["files"]): Report {
  const former = Object.entries(readReport()?.files ?? {}).filter(([file]) => existsSync(join(root, file)));
  const merged = Object.fromEntries(Object.entries({ ...Object.fromEntries(former), ...files }).sort(([a], [b]) => (a < b ? -1 : 1)));
  const all = Object.values(merged);
  const [killed, survived] = [sum(all.map((each) => each.killed)), sum(all.map((each) => each.survived))];
  const total = { killed, survived, equivalent: sum(all.map((each) => each.equivalent)), score: percent(killed, survived), seconds: sum(all.map((each) => each.seconds)) };
  const report: Report = { format: 1, compiler: "0.8.37", total, files: merged };
  write(reportPath, `${JSON.stringify(report, null, 2)}\n`);
  return report;
}
