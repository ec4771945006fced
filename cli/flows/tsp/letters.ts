import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import { findLetters, letterTotals, notReplayable, replayLetters } from "@qoodblock/workers/shared/queue/index.ts";
import type { LetterFilter } from "@qoodblock/workers/shared/queue/index.ts";

/** Which letters are meant, as given on the command line. */
export interface LetterOptions {
  readonly stream?: string;
  readonly code?: string;
  readonly origin?: string;
  readonly since?: string;
  readonly limit?: string;
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `2h`, `3d` ago, or a time. @throws QoodError USAGE */
function sinceOf(text: string): number {
  const ago = /^(\d{1,6})([smhd])$/.exec(text);
  const time = ago === null ? Date.parse(text) : Date.now() - Number(ago[1]) * UNITS[ago[2]!]!;
  if (Number.isNaN(time) || time < 0) throw new QoodError("USAGE", `--since ${text} is neither a time (2026-03-01T08:00:00Z) nor a length of time (90s, 15m, 2h, 3d)`);
  return time;
}

/** @throws QoodError USAGE */
export function filterOf({ stream, code, origin, since, limit }: LetterOptions): LetterFilter {
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit)) throw new QoodError("USAGE", "--limit must be a whole number above 0");
  if (stream !== undefined && !/^0x[0-9a-fA-F]{64}$/.test(stream)) throw new QoodError("USAGE", "--stream must be a stream's handle, 0x and 64 hexadecimal digits");
  return { stream, code, origin, since: since === undefined ? undefined : sinceOf(since), limit: limit === undefined ? undefined : Number(limit) };
}

/** A letter for people. */
export interface LetterView {
  readonly id: string;
  readonly time: string;
  readonly stream: string | null;
  readonly counter: number | null;
  readonly row: number | null;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
  readonly bytes: number;
  readonly tries: number;
  /** `yes`, or why not. */
  readonly replay: string;
}

/** The letters that a filter means. */
export async function listLetters(redis: Redis, prefix: string, filter: LetterFilter): Promise<LetterView[]> {
  const found: LetterView[] = [];
  for await (const letter of findLetters(redis, prefix, filter)) {
    const { id, time, stream = null, counter = null, row = null, code, reason, origin, bytes, tries } = letter;
    const why = notReplayable(letter);
    found.push({ id, time: new Date(time).toISOString(), stream, counter, row, code, reason, origin, bytes, tries, replay: why === undefined ? "yes" : `no, ${why}` });
  }
  return found;
}

/** What letters are counted by. */
export const COUNTED_BY = ["code", "stream", "origin"] as const;

/** How many letters there are, and how many of each kind, the most frequent first. `lost` were pushed out by newer ones. */
export async function countLetters(redis: Redis, prefix: string, filter: LetterFilter, by: (typeof COUNTED_BY)[number]): Promise<{ letters: number; replayable: number; bytes: number; lost: number; counts: Record<string, number> }> {
  const counts = new Map<string, number>();
  let [letters, replayable] = [0, 0];
  for await (const letter of findLetters(redis, prefix, filter)) {
    const key = letter[by] ?? "(none)";
    counts.set(key, (counts.get(key) ?? 0) + 1);
    letters += 1;
    if (notReplayable(letter) === undefined) replayable += 1;
  }
  const { bytes, lost } = await letterTotals(redis, prefix);
  return { letters, replayable, bytes, lost, counts: Object.fromEntries([...counts].sort((a, b) => b[1] - a[1])) };
}

/** What became of the letters, with each that stays. */
export interface ReplaySummary {
  readonly stored: number;
  readonly duplicate: number;
  readonly refused: number;
  readonly kept: number;
  readonly stays: readonly { readonly id: string; readonly stream: string | null; readonly counter: number | null; readonly row: number | null; readonly code: string; readonly reason: string }[];
}

/** Replays letters. @param limit - of letters that stay, so many are named. */
export async function replay(redis: Redis, prefix: string, filter: LetterFilter, limit = 100): Promise<ReplaySummary> {
  const stays: ReplaySummary["stays"][number][] = [];
  const counts = await replayLetters(redis, prefix, filter, ({ letter, outcome, code, reason }) => {
    if (outcome === "stored" || outcome === "duplicate" || stays.length >= limit) return;
    const { id, stream = null, counter = null, row = null } = letter;
    stays.push({ id, stream, counter, row, code: code ?? letter.code, reason: outcome === "kept" ? `cannot be replayed: ${reason ?? ""}` : (reason ?? "") });
  });
  return { ...counts, stays };
}
