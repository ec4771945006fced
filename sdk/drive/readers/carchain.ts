import { readFile } from "node:fs/promises";
import { z } from "zod";
import { TRIP_GPS, parseDecimal } from "../../dictionary/index.ts";
import type { Row } from "../../dictionary/index.ts";
import { QoodError } from "../../errors/index.ts";
import { rowJudge } from "../accept.ts";
import type { Fault } from "../accept.ts";
import { parseCarchainTime } from "../time.ts";
import type { DriveEvent } from "../types.ts";

/** A trip of this many points is longer than any day. */
const MAX_POINTS = 1_000_000;

const tripSchema = z.object({
  key: z.object({ SESSION_ID: z.number().int(), START_TIME: z.number().int(), END_TIME: z.number().int() }),
  value: z.object({
    format: z.literal("trip-gps"),
    len: z.number().int().min(0).max(MAX_POINTS),
    // What stands in a point is judged row by row, not as a whole.
    GPS: z.array(z.unknown()).max(MAX_POINTS),
    SPEED: z.string(),
    VEHICLE_DATA: z.number().int(),
  }),
});

/** A trip with its two measured times. */
export interface CarchainTrip {
  readonly record: z.infer<typeof tripSchema>;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Reads CarChain's JSON: a `trip-gps` record, or an object that holds one under that name.
 *
 * @throws QoodError `INPUT_SHAPE` for anything else
 */
export async function readTrip(path: string): Promise<CarchainTrip> {
  const shape = (what: string, cause?: unknown): QoodError => new QoodError("INPUT_SHAPE", `${path}: ${what}`, { cause });
  let json: unknown;
  try {
    json = JSON.parse((await readFile(path, "utf8")).replace(/^\uFEFF/, ""));
  } catch (error) {
    throw shape("starts like JSON but is none", error);
  }
  const holder = z.object({ "trip-gps": z.unknown() }).safeParse(json);
  const parsed = tripSchema.safeParse(holder.success ? holder.data["trip-gps"] : json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw shape(`not a CarChain trip-gps record: ${issue === undefined ? "unreadable" : `${issue.path.join(".")}: ${issue.message}`}`);
  }
  const startMs = parseCarchainTime(parsed.data.key.START_TIME);
  const endMs = parseCarchainTime(parsed.data.key.END_TIME);
  if (startMs === undefined || endMs === undefined) throw shape("START_TIME and END_TIME must be times written yyyymmddhhmmss");
  if (endMs < startMs) throw shape("END_TIME is before START_TIME");
  return { record: parsed.data, startMs, endMs };
}

/** The trip's points as judged rows; times between the first and the last point are spread evenly and labelled so. */
export function* tripEvents(trip: CarchainTrip): Generator<DriveEvent, void, undefined> {
  const { key, value } = trip.record;
  const speeds = value.SPEED.trim() === "" ? [] : value.SPEED.split(",");
  // The longest of the three says how many points there should have been; a point that lacks a part is incomplete.
  const count = Math.max(value.len, value.GPS.length, speeds.length);
  const judge = rowJudge(TRIP_GPS);
  for (let i = 0; i < count; i++) {
    const line = i + 1;
    const measured = i === 0 || i === count - 1;
    const time = i === 0 ? trip.startMs : trip.startMs + Math.round((i * (trip.endMs - trip.startMs)) / (count - 1));
    const point = pointValues(value.GPS[i], speeds[i]);
    if (!Array.isArray(point)) {
      yield { kind: "rejected", line, ...point };
      continue;
    }
    const row: Row = [time, key.SESSION_ID, value.VEHICLE_DATA, measured ? 0 : 1, ...point];
    const fault = judge(row, time);
    if (fault === undefined) yield { kind: "row", line, values: row };
    else yield { kind: "rejected", line, ...fault };
  }
}

/** Latitude, longitude and speed of one point as integers. */
function pointValues(point: unknown, speed: string | undefined): Row | Fault {
  if (typeof point !== "object" || point === null || !("lat" in point) || !("lng" in point) || speed === undefined) {
    return { reason: "columns", detail: "the point lacks lat, lng or speed" };
  }
  const cells: [string, unknown, number][] = [
    ["lat", point.lat, 6],
    ["lng", point.lng, 6],
    ["speed", speed.trim() === "" ? null : speed, 0],
  ];
  const row: Row = [];
  for (const [name, cell, decimals] of cells) {
    const value = cell === null ? null : typeof cell === "number" || typeof cell === "string" ? parseDecimal(String(cell), decimals) : undefined;
    if (value === undefined) return { reason: "unparsable", detail: `${name} ${JSON.stringify(cell)} cannot be read` };
    row.push(value);
  }
  return row;
}
