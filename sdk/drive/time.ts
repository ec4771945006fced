import { QoodError } from "../errors/index.ts";

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;
const HOUR_MS = 3_600_000;

/** Milliseconds of a calendar time read as if it were UTC, or `undefined` if there is no such day or hour. */
export function calendarMs(year: number, month: number, day: number, hour: number, minute: number, second: number): number | undefined {
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC turns 31 April into 1 May, and years below 100 into 19xx.
  return new Date(ms).getUTCDate() === day && year >= 1000 ? ms : undefined;
}

/** Reads `yyyy-mm-dd hh:mm:ss[.ffffff]` as if it were UTC; fractions are rounded to the millisecond. */
export function parseCalendar(text: string): number | undefined {
  const match = LOCAL.exec(text.trim());
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  const ms = calendarMs(year, month, day, hour, minute, second);
  if (ms === undefined) return undefined;
  return ms + Math.round(Number((match[7] ?? "0").padEnd(9, "0")) / 1e6);
}

/** Reads an instant `yyyy-mm-ddThh:mm:ss[.fff]Z`; the zone must be `Z`. */
export function parseInstant(text: string): number | undefined {
  const trimmed = text.trim();
  return trimmed.endsWith("Z") ? parseCalendar(trimmed.slice(0, -1)) : undefined;
}

/** Reads CarChain's `yyyymmddhhmmss` in China's standard time, UTC+8, which has no summer time. */
export function parseCarchainTime(stamp: number): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(String(stamp));
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number];
  const ms = calendarMs(year, month, day, hour, minute, second);
  return ms === undefined ? undefined : ms - 8 * HOUR_MS;
}

/**
 * Makes a converter from local calendar time (ms as if UTC) to Unix ms in a zone of the IANA database.
 *
 * An hour that occurs twice (clocks set back) is read as the first; one that does not exist (set forward) is
 * `undefined`. The zone's offset is looked up once an hour of input, not once a row.
 */
export function zoneReader(timeZone: string): (calendar: number) => number | undefined {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  const offsets = new Map<number, number>();
  const offsetAt = (instant: number): number => {
    const hour = Math.floor(instant / HOUR_MS);
    const known = offsets.get(hour);
    if (known !== undefined) return known;
    const name = format.formatToParts(hour * HOUR_MS).find((part) => part.type === "timeZoneName")?.value ?? "";
    const match = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name);
    if (match === null) throw new QoodError("TIME_ZONE", `time zone ${timeZone} gave the offset "${name}", which is not understood`);
    const size = (Number(match[2] ?? 0) * 60 + Number(match[3] ?? 0)) * 60_000;
    const offset = match[1] === "-" ? -size : size;
    offsets.set(hour, offset);
    return offset;
  };
  return (calendar) => {
    // The offsets half a day before and after are the only two that can be in force here.
    const candidates = [offsetAt(calendar - 14 * HOUR_MS), offsetAt(calendar + 14 * HOUR_MS)].map((offset) => calendar - offset);
    const valid = candidates.filter((instant) => calendar - instant === offsetAt(instant));
    return valid.length === 0 ? undefined : Math.min(...valid);
  };
}

/**
 * Reads the `--start` setting: an ISO 8601 instant with zone (`2024-01-15T12:00:00Z`, `…+01:00`) or a bare date (UTC).
 *
 * @throws QoodError `START_INVALID`
 */
export function parseStart(text: string): number {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(text);
  // Date.parse lets 30 February pass.
  const day = match === null ? undefined : calendarMs(Number(match[1]), Number(match[2]), Number(match[3]), 0, 0, 0);
  const ms = day === undefined ? NaN : Date.parse(text);
  if (Number.isNaN(ms) || ms < Date.UTC(2000, 0, 1) || ms > Date.UTC(2099, 0, 1)) {
    throw new QoodError("START_INVALID", `start "${text}" is not an ISO 8601 date of this century with its zone; write it like 2024-01-15T12:00:00Z`);
  }
  return ms;
}
