/**
 * The independent checker: does the CSV that the buyer holds say what the input said?
 *
 * It reads these two files and nothing else, knows the formats from its own table (`check/table.ts`) and imports nothing
 * of the programs that it checks. Every number may differ by at most half a declared step after conversion of units,
 * every time by half a millisecond; count and order must be exact. A row may be missing only for one of the five reasons
 * of `check/rules.ts`, and must be missing then.
 *
 * As a program: `node scripts/demo/check.ts INPUT OUTPUT.csv [--start ISO]` prints one JSON object and exits 0 or 1.
 */
import { parseArgs } from "node:util";
import { formatOf, verdicts } from "./check/expected.ts";
import type { Expected } from "./check/expected.ts";
import { utc } from "./check/clock.ts";
import { lines } from "./check/lines.ts";
import { exact, withinHalfStep } from "./check/number.ts";
import type { Exact } from "./check/number.ts";
import { TIME_OUTPUT } from "./check/table.ts";
import type { Format } from "./check/table.ts";
import type { Reason } from "./check/rules.ts";

/** Where drives without a date start unless told otherwise. */
const DEFAULT_START = "2024-01-15T12:00:00Z";

export interface CheckInput {
  /** The drive as it was handed in. */
  readonly input: string;
  /** The CSV that the buyer wrote. */
  readonly output: string;
  /** Unix ms at which a drive without date starts; default 2024-01-15T12:00:00Z. */
  readonly startMs?: number;
}

export interface CheckResult {
  readonly verified: boolean;
  /** Why not; one line. */
  readonly reason?: string;
  /** Rows found to be equal. */
  readonly records: number;
  /** Input rows that had to be missing. */
  readonly rejected: Record<Reason, number>;
}

/** Compares an input file with the buyer's CSV. Never throws: what cannot be read is not verified. */
export async function checkDrive(check: CheckInput): Promise<CheckResult> {
  const rejected: Record<Reason, number> = { unparsable: 0, columns: 0, range: 0, backwards: 0, jump: 0 };
  const tally = { records: 0 };
  let reason: string | undefined;
  try {
    reason = await difference(check, rejected, tally);
  } catch (error) {
    reason = `cannot be checked: ${error instanceof Error ? error.message : String(error)}`;
  }
  return { verified: reason === undefined, ...(reason === undefined ? {} : { reason }), records: tally.records, rejected };
}

async function difference(check: CheckInput, rejected: Record<Reason, number>, tally: { records: number }): Promise<string | undefined> {
  const format = await formatOf(check.input);
  if (format === undefined) return "the input is of no known format";
  const header = [TIME_OUTPUT, ...format.columns.map(({ output }) => output)].join();
  const factors = format.columns.map(({ factor }) => exact(factor)!);
  const output = lines(check.output);
  try {
    const first = await output.next();
    if (first.done === true || first.value !== header) return "the output's header is not the one that the input's columns ask for";
    for await (const verdict of verdicts(check.input, format, check.startMs ?? Date.parse(DEFAULT_START))) {
      if ("reason" in verdict) {
        rejected[verdict.reason] += 1;
        continue;
      }
      const next = await output.next();
      if (next.done === true) return `the output ends after ${tally.records} records, before the input's row ${verdict.line}`;
      const wrong = compare(verdict, next.value, format, factors);
      if (wrong !== undefined) return `record ${tally.records + 1} (the input's row ${verdict.line}): ${wrong}`;
      tally.records += 1;
    }
    if ((await output.next()).done !== true) return `the output has more than the ${tally.records} records that the input accounts for`;
    return tally.records === 0 ? "the input has no good row" : undefined;
  } finally {
    await output.return();
  }
}

function compare(expected: Expected, line: string, format: Format, factors: readonly Exact[]): string | undefined {
  const cells = line.split(",");
  if (cells.length !== format.columns.length + 1) return `${cells.length} cells instead of ${format.columns.length + 1}`;
  const time = utc(cells[0]!);
  if (time === undefined || Math.abs(time - expected.time) > 0.5) return `time ${cells[0]!} instead of ${new Date(expected.time).toISOString()}`;
  for (const [i, column] of format.columns.entries()) {
    const cell = cells[i + 1]!;
    const due = expected.values[i] ?? null;
    if (due === null || cell === "") {
      if (due !== null || cell !== "") return `${column.output} is ${cell === "" ? "missing" : `${cell}, where the input has none`}`;
      continue;
    }
    const got = exact(cell);
    if (got === undefined || !withinHalfStep(due, got, factors[i]!, column.decimals)) return `${column.output} is ${cell}, not the input's ${column.input}`;
  }
  return undefined;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { start: { type: "string" } } });
  const [input, output] = positionals;
  const startMs = values.start === undefined ? undefined : Date.parse(values.start);
  if (input === undefined || output === undefined || positionals.length > 2 || Number.isNaN(startMs)) {
    console.error("usage: node scripts/demo/check.ts INPUT OUTPUT.csv [--start ISO]");
    process.exitCode = 2;
    return;
  }
  const result = await checkDrive({ input, output, ...(startMs === undefined ? {} : { startMs }) });
  console.log(JSON.stringify(result));
  process.exitCode = result.verified ? 0 : 1;
}

if (import.meta.main) await main();
