import { TRIP_GPS } from "@qoodblock/sdk/dictionary";
import type { Row } from "@qoodblock/sdk/formats";
import { deductFrom, sealRecord } from "@qoodblock/sdk/kv";
import type { DayWriter, SealedRecord } from "@qoodblock/sdk/kv";
import type { Form } from "./form.ts";

const FIRST_DAY = 20_513;
const DAY_MS = 86_400_000;
/** Any 64 bytes: whose data these are matters to nobody. */
const SEED = new Uint8Array(64).fill(7);

/** A day of drives. */
export interface Day {
  readonly writer: DayWriter;
  readonly drives: readonly (readonly Row[])[];
}

/** Rows of one trip that turns, stops and goes on; trips follow one another. */
function trip(day: number, session: number, rows: number): Row[] {
  return Array.from({ length: rows }, (_, i) => {
    const t = rows * session + i;
    return [day * DAY_MS + t * 1000, session, 1, 0, Math.round(52_500_000 + 9000 * Math.sin(t / 900)), Math.round(13_400_000 + 12_000 * Math.cos(t / 700)), Math.round(50 + 40 * Math.sin(t / 47))];
  });
}

/** All days with their rows. */
export function makeDays({ days, records, rows }: Form): Day[] {
  return Array.from({ length: days }, (_, d) => ({
    writer: deductFrom(SEED, { vehicle: 1n, dataClass: "USER", day: FIRST_DAY + d }),
    drives: Array.from({ length: records }, (_, session) => trip(FIRST_DAY + d, session, rows)),
  }));
}

/** Seals a day's drives. */
export const sealDay = ({ writer, drives }: Day): SealedRecord[] => drives.map((rows) => sealRecord(writer, { format: TRIP_GPS, rows }, true));
