import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

/** One measured thing beside what it is measured against. */
export interface Row {
  readonly what: string;
  readonly measured: number;
  readonly unit: string;
  /** Floor or peer, measured in the same run or taken from the design, with its name. */
  readonly beside?: { readonly name: string; readonly value: number };
  /** Median of the ratios of rounds that took turns; without it the ratio of the two figures. */
  readonly ratio?: number;
  /** Goal as a ratio measured / beside, with the side on which it is met. */
  readonly goal?: { readonly ratio: number; readonly side: "at least" | "at most" };
  readonly note?: string;
  /** The room that measured it, where rooms of one table may be measured apart. */
  readonly room?: string;
}

const shown = (value: number): string => (value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3));
/** Two decimals, or two digits of what is smaller. */
const shownRatio = (ratio: number): string => (ratio > 0 && ratio < 0.01 ? ratio.toExponential(1) : String(Number(ratio.toFixed(2))));

/** Prints a room's table and writes it to `bench/results/NAME.json`; without a name it is printed only. */
export function report(name: string | undefined, title: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${title}\n`);
  const width = Math.max(...rows.map((row) => row.what.length));
  for (const row of rows) {
    const ratio = row.beside === undefined ? undefined : (row.ratio ?? row.measured / row.beside.value);
    const met = ratio === undefined || row.goal === undefined ? "" : (row.goal.side === "at least" ? ratio >= row.goal.ratio : ratio <= row.goal.ratio) ? "met" : "MISSED";
    process.stdout.write(
      `  ${row.what.padEnd(width)}  ${shown(row.measured).padStart(9)} ${row.unit.padEnd(10)}` +
        (row.beside === undefined ? "" : `  ${row.beside.name} ${shown(row.beside.value)}, ratio ${shownRatio(ratio!)}`) +
        (row.goal === undefined ? "" : `  (goal ${row.goal.side} ${shownRatio(row.goal.ratio)}: ${met})`) +
        (row.note === undefined ? "" : `  ${row.note}`) +
        "\n",
    );
  }
  if (name !== undefined) write(name, title, rows);
}

const folder = join(import.meta.dirname, "results");
const machine = { cores: cpus().length, node: process.version };

function write(name: string, title: string, rows: readonly Row[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ title, machine, rows }, null, 2)}\n`);
}

/**
 * {@link report} of a part of a table whose rooms take long, each beside its own peers: what is measured is kept as soon as it
 * is, and the rows of other rooms stay as they stand in the file, if they are of the same kind of machine.
 *
 * @param order - All rooms, as their rows are to stand.
 */
export function reportRooms(name: string | undefined, title: string, order: readonly string[], measured: readonly Row[]): void {
  report(undefined, title, measured);
  if (name === undefined) return;
  const file = join(folder, `${name}.json`);
  const former = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { machine: unknown; rows: readonly Row[] }) : undefined;
  const kept = former !== undefined && isDeepStrictEqual(former.machine, machine) ? former.rows : [];
  const rowsOf = (room: string): readonly Row[] => {
    const own = measured.filter((row) => row.room === room);
    return own.length > 0 ? own : kept.filter((row) => row.room === room);
  };
  write(name, title, order.flatMap(rowsOf));
}

/** Runs `work` for `rounds` rounds after one that is not counted; the median of the times in seconds. */
export async function medianSeconds(rounds: number, work: () => unknown): Promise<number> {
  return (await mediansInTurn(rounds, work))[0]!;
}

/** {@link medianSeconds} of several works that take turns, so that what else the machine does weighs on all alike. */
export async function mediansInTurn(rounds: number, ...works: (() => unknown)[]): Promise<number[]> {
  const times = works.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, work] of works.entries()) {
      const started = performance.now();
      await work();
      if (round > 0) times[i]!.push((performance.now() - started) / 1000);
    }
  }
  return times.map(median);
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** A figure beside its peer: both as medians of rates, and the median of the ratios of rounds that lay side by side. */
export interface Paired {
  readonly measured: number;
  readonly peer: number;
  readonly ratio: number;
}

/** {@link Paired} out of the rates of rounds that took turns. */
export function paired(measured: readonly number[], peer: readonly number[]): Paired {
  return { measured: median(measured), peer: median(peer), ratio: median(measured.map((rate, i) => rate / peer[i]!)) };
}

/**
 * Rates of two works over the same amount, turn by turn after one round that is not counted. What else the machine does
 * weighs on both of a round alike, so the ratio holds where the figures themselves move.
 * @param prepare - what a round begins with, unmeasured
 */
export async function ratesInTurn(rounds: number, amount: number, own: () => unknown, peer: () => unknown, prepare?: () => unknown): Promise<Paired> {
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    await prepare?.();
    for (const [i, work] of [own, peer].entries()) {
      const started = performance.now();
      await work();
      if (round > 0) rates[i]!.push((1000 * amount) / (performance.now() - started));
    }
  }
  return paired(...rates);
}
