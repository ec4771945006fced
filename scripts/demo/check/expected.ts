import { readFile } from "node:fs/promises";
import { central, china, utc } from "./clock.ts";
import { lines } from "./lines.ts";
import { exact, steps } from "./number.ts";
import type { Exact } from "./number.ts";
import { Rules, numbers } from "./rules.ts";
import type { Reason } from "./rules.ts";
import { FORMATS } from "./table.ts";
import type { Format } from "./table.ts";

/** A row that the output must hold. */
export interface Expected {
  readonly line: number;
  /** Unix ms, fraction kept. */
  readonly time: number;
  readonly values: readonly (Exact | null)[];
}

/** What an input row must become: a row of the output, or nothing for one of the five reasons. */
export type Verdict = Expected | { readonly line: number; readonly reason: Reason };

/** Recognises the input, by its first line alone. */
export async function formatOf(path: string): Promise<Format | undefined> {
  for await (const line of lines(path)) {
    if (line.trimStart().startsWith("{")) return FORMATS.find(({ name }) => name === "carchain");
    const names = line.split(",").map((cell) => cell.trim().replace(/ ?\(\)$/, ""));
    if (names.at(-1) === "") names.pop();
    return FORMATS.find(({ header }) => header.length > 0 && header.join() === names.join());
  }
  return undefined;
}

/** The verdict on every row of the input, in order. */
export function verdicts(path: string, format: Format, startMs: number): AsyncGenerator<Verdict, void, undefined> {
  if (format.clock === "trip") return trip(path, format);
  if (format.clock === "engine-seconds") return seconds(path, format, startMs);
  return timed(path, format, format.clock === "utc" ? utc : central);
}

/** Data lines with their cells; blank lines are no rows. */
async function* rows(path: string): AsyncGenerator<{ line: number; cells: string[] }, void, undefined> {
  let line = 0;
  for await (const text of lines(path)) {
    line += 1;
    if (line > 1 && text.trim() !== "") yield { line, cells: text.split(",") };
  }
}

async function* timed(path: string, format: Format, clock: (text: string) => number | undefined): AsyncGenerator<Verdict, void, undefined> {
  const rules = new Rules(format.columns);
  for await (const { line, cells } of rows(path)) {
    const time = clock(cells[0] ?? "");
    const values = numbers(cells.slice(1));
    const reason = cells.length !== format.header.length ? "columns" : time === undefined || values === undefined ? "unparsable" : rules.judge(values, time, true);
    yield reason === undefined ? { line, time: time!, values: values! } : { line, reason };
  }
}

/** Engine run time in whole seconds: the n good rows of one second lie at second + i/n. */
async function* seconds(path: string, format: Format, startMs: number): AsyncGenerator<Verdict, void, undefined> {
  const rules = new Rules(format.columns);
  let second: number | undefined;
  let group: { line: number; values: (Exact | null)[] }[] = [];
  const spread = (): Verdict[] => group.map(({ line, values }, i) => ({ line, values, time: startMs + second! * 1000 + (1000 * i) / group.length }));
  for await (const { line, cells } of rows(path)) {
    // carOBD ends its rows in a comma, which is no cell.
    if (cells.at(-1)!.trim() === "") cells.pop();
    const values = cells.length === format.header.length ? numbers(cells) : undefined;
    const run = values?.[0] ?? null;
    const clock = run === null ? undefined : Number(steps(run, 0));
    const reason = cells.length !== format.header.length ? "columns" : values === undefined || clock === undefined ? "unparsable" : rules.judge(values, clock * 1000, false);
    if (reason !== undefined) {
      yield { line, reason };
      continue;
    }
    if (clock !== second) {
      yield* spread();
      group = [];
      second = clock;
    }
    group.push({ line, values: values! });
  }
  yield* spread();
}

/** The parts of CarChain's record that are read here. */
interface Trip {
  key: { SESSION_ID: number; START_TIME: number; END_TIME: number };
  value: { len: number; GPS: unknown[]; SPEED: string; VEHICLE_DATA: number };
}

/** Only the first and the last point are timed; the times between are spread evenly and labelled by a 1. */
async function* trip(path: string, format: Format): AsyncGenerator<Verdict, void, undefined> {
  const json = JSON.parse((await readFile(path, "utf8")).replace(/^\uFEFF/, "")) as Trip | { "trip-gps": Trip };
  const { key, value } = "trip-gps" in json ? json["trip-gps"] : json;
  const [start, end] = [china(key.START_TIME), china(key.END_TIME)];
  if (start === undefined || end === undefined || end < start) throw new Error("the trip's start and end are no times");
  const speeds = value.SPEED.trim() === "" ? [] : value.SPEED.split(",");
  const count = Math.max(value.len, value.GPS.length, speeds.length);
  const rules = new Rules(format.columns);
  for (let i = 0; i < count; i++) {
    const point = value.GPS[i] as { lat?: unknown; lng?: unknown } | string | null | undefined;
    const time = i === 0 ? start : start + ((end - start) * i) / (count - 1);
    let reason: Reason | undefined;
    let values: (Exact | null)[] | undefined;
    if (typeof point !== "object" || point === null || point.lat === undefined || point.lng === undefined || speeds[i] === undefined) reason = "columns";
    else {
      values = points([key.SESSION_ID, value.VEHICLE_DATA, i === 0 || i === count - 1 ? 0 : 1, point.lat, point.lng, speeds[i]]);
      reason = values === undefined ? "unparsable" : rules.judge(values, time, true);
    }
    yield reason === undefined ? { line: i + 1, time, values: values! } : { line: i + 1, reason };
  }
}

function points(cells: unknown[]): (Exact | null)[] | undefined {
  const values: (Exact | null)[] = [];
  for (const [i, cell] of cells.entries()) {
    // The list of speeds is text, where empty is absent; a coordinate is absent by null.
    const absent = cell === null || (i === 5 && typeof cell === "string" && cell.trim() === "");
    const value = absent ? null : typeof cell === "number" || typeof cell === "string" ? exact(String(cell)) : undefined;
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}
