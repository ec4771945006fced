/** The checker's own clocks: text of the sources to Unix milliseconds, fractions kept. */

const HOUR = 3_600_000;

/** `yyyy-mm-dd hh:mm:ss[.f]` as milliseconds on a calendar without zone. */
export function calendar(text: string): number | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?$/.exec(text.trim());
  if (parts === null) return undefined;
  const date = parts[1]!;
  const whole = Date.parse(`${date}T${parts[2]!}Z`);
  // What Date.parse lets pass (24:00, 31 April) must not come back as another day.
  if (Number.isNaN(whole) || new Date(whole).toISOString().slice(0, 10) !== date) return undefined;
  return whole + Number(parts[3] ?? "0") * 1000;
}

/** The n-th Sunday of a month (1-based; 0 = the last) at 02:00, on the calendar. */
function sunday(year: number, month: number, n: number): number {
  const last = new Date(Date.UTC(year, month + 1, 0));
  const first = new Date(Date.UTC(year, month, 1));
  const day = n === 0 ? last.getUTCDate() - last.getUTCDay() : 1 + ((7 - first.getUTCDay()) % 7) + 7 * (n - 1);
  return Date.UTC(year, month, day, 2);
}

/**
 * US Central time by the law: summer time (UTC-5) from the second Sunday in March to the first in November since 2007,
 * before that from the first Sunday in April to the last in October, changing at 02:00. The hour that occurs twice is
 * the first one; the hour that does not exist is `undefined`.
 */
export function central(text: string): number | undefined {
  const local = calendar(text);
  if (local === undefined) return undefined;
  const year = new Date(local).getUTCFullYear();
  const begin = year >= 2007 ? sunday(year, 2, 2) : sunday(year, 3, 1);
  const end = year >= 2007 ? sunday(year, 10, 1) : sunday(year, 9, 0);
  if (local >= begin && local < begin + HOUR) return undefined;
  return local + (local >= begin && local < end ? 5 : 6) * HOUR;
}

/** `…Z` as Unix ms. */
export function utc(text: string): number | undefined {
  const trimmed = text.trim();
  return trimmed.endsWith("Z") ? calendar(trimmed.slice(0, -1)) : undefined;
}

/** CarChain's `yyyymmddhhmmss`, local time of China, UTC+8. */
export function china(stamp: unknown): number | undefined {
  const s = typeof stamp === "number" ? String(stamp) : "";
  if (s.length !== 14) return undefined;
  const local = calendar(`${s.slice(0, 4)}-${s.slice(4, 6)}-${s.slice(6, 8)} ${s.slice(8, 10)}:${s.slice(10, 12)}:${s.slice(12)}`);
  return local === undefined ? undefined : local - 8 * HOUR;
}
