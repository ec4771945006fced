import { positionColumns, rowCheck } from "../dictionary/index.ts";
import type { Row, Schema } from "../dictionary/index.ts";
import { distanceMetres } from "./distance.ts";
import type { Rejection } from "./types.ts";

/** A jump is more than this plus {@link JUMP_METRES_PER_SECOND} for each second since the last accepted position. */
const JUMP_METRES = 100;
const JUMP_METRES_PER_SECOND = 100;

/** Why a row is refused. */
export interface Fault {
  readonly reason: Rejection;
  readonly detail: string;
}

/**
 * Makes the judge of parsed rows, in this order: number of columns and ranges (by the schema), time running backwards,
 * jump. It remembers the last accepted row; a row it refuses leaves no trace in it.
 *
 * @returns a function from (row, clock in ms) to the fault, or `undefined` when the row is accepted. The clock is the
 * row's time except where the source's clock is coarser than the record's time.
 */
export function rowJudge(schema: Schema): (row: Row, clockMs: number) => Fault | undefined {
  const check = rowCheck(schema);
  const position = positionColumns(schema);
  const latitudeStep = 10 ** (position?.latitudeDecimals ?? 0);
  const longitudeStep = 10 ** (position?.longitudeDecimals ?? 0);
  let lastClock = -Infinity;
  let last: { latitude: number; longitude: number; clock: number } | undefined;

  return (row, clockMs) => {
    const fault = check(row);
    if (fault !== undefined) return fault;
    if (clockMs < lastClock) return { reason: "backwards", detail: `the time is ${(lastClock - clockMs) / 1000} s before the last accepted row's` };
    const latitude = position === undefined ? null : (row[position.latitude] ?? null);
    const longitude = position === undefined ? null : (row[position.longitude] ?? null);
    if (latitude !== null && longitude !== null) {
      const here = { latitude: latitude / latitudeStep, longitude: longitude / longitudeStep, clock: clockMs };
      if (last !== undefined) {
        const metres = distanceMetres(last.latitude, last.longitude, here.latitude, here.longitude);
        const seconds = (clockMs - last.clock) / 1000;
        if (metres > JUMP_METRES + JUMP_METRES_PER_SECOND * seconds) return { reason: "jump", detail: `${Math.round(metres)} m from the last accepted position in ${seconds} s` };
      }
      last = here;
    }
    lastClock = clockMs;
    return undefined;
  };
}
