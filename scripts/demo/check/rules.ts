import { exact, steps } from "./number.ts";
import type { Exact } from "./number.ts";
import type { Column } from "./table.ts";

/** The five reasons for which a row of the input may be missing from the output. */
export type Reason = "unparsable" | "columns" | "range" | "backwards" | "jump";

const FROM = Date.UTC(2000, 0, 1);
const TO = Date.UTC(2100, 0, 1);
const RADIUS = 6_371_008.8;

/** The cells of a row as numbers; `null` where a cell is empty. */
export function numbers(cells: readonly string[]): (Exact | null)[] | undefined {
  const out: (Exact | null)[] = [];
  for (const cell of cells) {
    const value = cell.trim() === "" ? null : exact(cell);
    if (value === undefined) return undefined;
    out.push(value);
  }
  return out;
}

/** Judges rows one after the other, remembering the last good one. */
export class Rules {
  readonly #columns: readonly Column[];
  readonly #bounds: readonly { min: bigint; max: bigint }[];
  readonly #latitude: number;
  readonly #longitude: number;
  #clock = -Infinity;
  #place: { latitude: number; longitude: number; clock: number } | undefined;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#bounds = columns.map(({ min, max, decimals }) => ({ min: steps(exact(min)!, decimals), max: steps(exact(max)!, decimals) }));
    this.#latitude = columns.findIndex(({ output }) => output.includes(".Latitude"));
    this.#longitude = columns.findIndex(({ output }) => output.includes(".Longitude"));
  }

  /**
   * @param values - one a column, in table order
   * @param clock - Unix ms, or for a clock in whole seconds these seconds times 1000
   */
  judge(values: readonly (Exact | null)[], clock: number, isUnixTime: boolean): Reason | undefined {
    const rounded = Math.round(clock);
    if (isUnixTime && (rounded < FROM || rounded > TO)) return "range";
    const integers = values.map((value, i) => (value === null ? null : steps(value, this.#columns[i]!.decimals)));
    for (const [i, integer] of integers.entries()) {
      const { min, max } = this.#bounds[i]!;
      if (integer !== null && (integer < min || integer > max)) return "range";
    }
    if (rounded < this.#clock) return "backwards";
    const latitude = integers[this.#latitude] ?? null;
    const longitude = integers[this.#longitude] ?? null;
    if (latitude !== null && longitude !== null) {
      const here = { latitude: this.#degrees(latitude, this.#latitude), longitude: this.#degrees(longitude, this.#longitude), clock: rounded };
      if (this.#place !== undefined && metres(this.#place, here) > 100 + (100 * (rounded - this.#place.clock)) / 1000) return "jump";
      this.#place = here;
    }
    this.#clock = rounded;
    return undefined;
  }

  #degrees(integer: bigint, column: number): number {
    return Number(integer) / 10 ** this.#columns[column]!.decimals;
  }
}

/** Great-circle distance by the chord between two points of the unit sphere: another way than the usual haversine. */
function metres(a: { latitude: number; longitude: number }, b: { latitude: number; longitude: number }): number {
  const [p, q] = [unit(a), unit(b)];
  return 2 * RADIUS * Math.asin(Math.min(1, Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) / 2));
}

function unit({ latitude, longitude }: { latitude: number; longitude: number }): [number, number, number] {
  const [phi, lambda] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
}
