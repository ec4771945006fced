/** CarChain's records that are no drive, and a trip as a whole, as rows of their schemas. */
import { z } from "zod";
import { CARVIO, DICTIONARY_VERSION, TRIP_SUMMARY, VIN_CODE, mappingOf, parseDecimal, rowCheck } from "../../dictionary/index.ts";
import type { Row, Schema } from "../../dictionary/index.ts";
import { QoodError, ensure } from "../../errors/index.ts";
import { parseCarchainTime } from "../time.ts";
import type { CarchainTrip } from "./carchain.ts";

const violationSchema = z.object({
  key: z.object({ CARVIO_ID: z.number().int() }),
  value: z.object({
    format: z.literal("carvio"),
    VEHICLE_DATA: z.number().int(),
    datetime: z.number().int(),
    loc: z.object({ lat: z.number(), lng: z.number() }),
    viotype: z.string(),
    price: z.number(),
    point: z.number().int(),
  }),
});

const vinSchema = z.object({
  format: z.literal("VIN_CODE"),
  key: z.object({ VEHICLE_DATA: z.number().int() }),
  value: z.object({ VIN: z.string().regex(/^[A-HJ-NPR-Z0-9]{17}$/, "has 17 characters of 0-9 and A-Z without I, O and Q") }),
});

/**
 * A CarChain `carvio` record as a row of {@link CARVIO}. A date of eight digits is its first moment in China's standard time.
 *
 * @throws QoodError `INPUT_SHAPE` for what is no such record, has a kind that the schema does not know, or values out of range
 */
export function violationRow(record: unknown): Row {
  const { key, value } = parsed(violationSchema, record, "carvio");
  const dayOnly = /^\d{8}$/.test(String(value.datetime));
  const time = parseCarchainTime(dayOnly ? value.datetime * 1_000_000 : value.datetime);
  ensure(time !== undefined, "INPUT_SHAPE", "a carvio record's datetime is written yyyymmdd or yyyymmddhhmmss");
  const kinds = mappingOf(CARVIO, DICTIONARY_VERSION).columns.find(({ column }) => column === "violation")!.words!;
  const kind = kinds.indexOf(value.viotype);
  ensure(kind >= 0, "INPUT_SHAPE", `${JSON.stringify(value.viotype)} is no violation that ${CARVIO.name}@${CARVIO.version} knows: ${kinds.join(", ")}`);
  const degrees = (number: number): number => steps(number, 6);
  return judged(CARVIO, [time, key.CARVIO_ID, value.VEHICLE_DATA, dayOnly ? 1 : 0, degrees(value.loc.lat), degrees(value.loc.lng), kind, steps(value.price, 2), value.point]);
}

/**
 * A CarChain `VIN_CODE` record as a row of {@link VIN_CODE}.
 *
 * @param timeMs - when the record was written, Unix ms: the record itself has no time
 * @throws QoodError `INPUT_SHAPE`
 */
export function vinRow(record: unknown, timeMs: number): Row {
  const { key, value } = parsed(vinSchema, record, "VIN_CODE");
  const parts = [value.VIN.slice(0, 3), value.VIN.slice(3, 9), value.VIN.slice(9)].map((part) => Number.parseInt(part, 36));
  return judged(VIN_CODE, [timeMs, key.VEHICLE_DATA, ...parts]);
}

/**
 * A CarChain trip in one row of {@link TRIP_SUMMARY}. What the record does not say (distance, fuel, energy) is absent.
 *
 * @throws QoodError `INPUT_SHAPE` where a value is out of the schema's range
 */
export function tripSummaryRow({ record: { key, value }, startMs, endMs }: CarchainTrip): Row {
  const speeds = value.SPEED.split(",").filter((text) => text.trim() !== "").map(Number);
  const average = speeds.length === 0 ? null : Math.round((10 * speeds.reduce((sum, speed) => sum + speed, 0)) / speeds.length);
  const top = speeds.length === 0 ? null : Math.max(...speeds);
  return judged(TRIP_SUMMARY, [endMs, key.SESSION_ID, value.VEHICLE_DATA, startMs, Math.round((endMs - startMs) / 100), value.len, null, average, top, null, null]);
}

const steps = (number: number, decimals: number): number => parseDecimal(String(number), decimals) ?? NaN;

function parsed<T>(schema: z.ZodType<T>, record: unknown, format: string): T {
  const result = schema.safeParse(record);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new QoodError("INPUT_SHAPE", `not a CarChain ${format} record: ${issue.path.join(".")}: ${issue.message}`);
}

function judged(schema: Schema, row: Row): Row {
  const fault = rowCheck(schema)(row);
  if (fault !== undefined) throw new QoodError("INPUT_SHAPE", `the record does not fit ${schema.name}@${schema.version}: ${fault.detail}`);
  return row;
}
