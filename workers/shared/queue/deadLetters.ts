import type { ChainableCommander, Redis } from "ioredis";
import { z } from "zod";
import { LETTER_LIMITS, MESSAGE_LIMITS } from "./limits.ts";
import { keys } from "./names.ts";

/** A message that was refused, or a row of an accepted message that stays out of its batch, or a line of a file that holds no record. */
export interface DeadLetter {
  readonly stream?: string;
  readonly counter?: number;
  /** Index of the row; absent where the whole message was refused. */
  readonly row?: number;
  readonly code: string;
  /** One line. */
  readonly reason: string;
  /** Who sent it. */
  readonly origin: string;
  /** The message's bytes; empty where there is no message. */
  readonly wire: Uint8Array;
}

/**
 * KEYS letters, messages, totals, tries; ARGV most letters, most bytes, message, then the letter's fields. The newest letter
 * always stays; what it pushes out is counted, so that nobody thinks that it never was.
 */
const ADD = `
local id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 4))
local bytes = redis.call('HINCRBY', KEYS[3], 'bytes', #ARGV[3])
if #ARGV[3] > 0 then redis.call('HSET', KEYS[2], id, ARGV[3]) end
while redis.call('XLEN', KEYS[1]) > tonumber(ARGV[1]) or bytes > tonumber(ARGV[2]) do
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1][1]
  if oldest == id then break end
  bytes = redis.call('HINCRBY', KEYS[3], 'bytes', -redis.call('HSTRLEN', KEYS[2], oldest))
  redis.call('HINCRBY', KEYS[3], 'lost', 1)
  redis.call('XDEL', KEYS[1], oldest)
  redis.call('HDEL', KEYS[2], oldest)
  redis.call('HDEL', KEYS[4], oldest)
end
return id`;

/** KEYS as above; ARGV id. Again does no harm. */
const REMOVE = `
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[3], 'bytes', -redis.call('HSTRLEN', KEYS[2], ARGV[1]))
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[4], ARGV[1])
return 1`;

const places = (prefix: string): string[] => [keys.deadLetters(prefix), keys.deadLetterMessages(prefix), keys.deadLetterTotals(prefix), keys.deadLetterTries(prefix)];

/**
 * Adds a letter to a pipeline. A refused message is kept whole, so that it can be replayed; of what is no message a
 * sample is. A row's letter names its message, which lies in its stream, instead of repeating it.
 */
export function deadLetter(pipeline: ChainableCommander, prefix: string, letter: DeadLetter, limits: { readonly letters: number; readonly bytes: number } = LETTER_LIMITS): void {
  const { stream, counter, row, wire } = letter;
  const whole = stream !== undefined && row === undefined && wire.length > 0 && wire.length <= MESSAGE_LIMITS.bytes;
  const kept = row !== undefined ? new Uint8Array() : whole ? wire : wire.subarray(0, LETTER_LIMITS.sample);
  const fields: (string | number)[] = ["code", letter.code, "reason", letter.reason.slice(0, 500), "origin", letter.origin.slice(0, 200), "bytes", wire.length];
  if (stream !== undefined) fields.push("stream", stream.slice(0, 80).toLowerCase());
  if (counter !== undefined) fields.push("counter", counter);
  if (row !== undefined) fields.push("row", row);
  if (whole) fields.push("whole", 1);
  pipeline.eval(ADD, 4, ...places(prefix), limits.letters, limits.bytes, Buffer.from(kept), ...fields);
}

/** Letters as listed: `code` and `reason` are those of the last try. */
export interface ListedLetter {
  readonly id: string;
  /** When it was refused first, Unix milliseconds. */
  readonly time: number;
  readonly stream: string | undefined;
  readonly counter: number | undefined;
  readonly row: number | undefined;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
  /** Length of the message, however much of it is kept. */
  readonly bytes: number;
  /** Whether the whole message is kept. */
  readonly whole: boolean;
  /** How often it was replayed in vain. */
  readonly tries: number;
}

const trySchema = z.object({ code: z.string(), reason: z.string(), tries: z.int() });

async function page(redis: Redis, prefix: string, from: string, count: number): Promise<ListedLetter[]> {
  const entries = await redis.xrange(keys.deadLetters(prefix), from, "+", "COUNT", count);
  if (entries.length === 0) return [];
  const tries = await redis.hmget(keys.deadLetterTries(prefix), ...entries.map(([id]) => id));
  return entries.map(([id, flat], at) => {
    const fields = new Map<string, string>();
    for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!);
    const number = (name: string): number | undefined => (fields.has(name) ? Number(fields.get(name)) : undefined);
    const text = tries[at] ?? null;
    const last = text === null ? { code: fields.get("code") ?? "", reason: fields.get("reason") ?? "", tries: 0 } : trySchema.parse(JSON.parse(text));
    return {
      ...{ id, time: Number(id.split("-")[0]), stream: fields.get("stream"), counter: number("counter"), row: number("row") },
      ...{ ...last, origin: fields.get("origin") ?? "", bytes: number("bytes") ?? 0, whole: fields.has("whole") },
    };
  });
}

/** Lists dead letters, oldest first. */
export function listDeadLetters(redis: Redis, prefix: string, count = 1000, from = "-"): Promise<ListedLetter[]> {
  return page(redis, prefix, from, count);
}

/** Which letters are meant; all that is given must fit. */
export interface LetterFilter {
  readonly stream?: string | undefined;
  /** The code, or its beginning with a `*` behind it. */
  readonly code?: string | undefined;
  /** The origin's beginning. */
  readonly origin?: string | undefined;
  /** Unix milliseconds of the oldest. */
  readonly since?: number | undefined;
  readonly limit?: number | undefined;
}

const PAGE = 500;

/** The letters that a filter means, oldest first, page by page. */
export async function* findLetters(redis: Redis, prefix: string, filter: LetterFilter = {}): AsyncGenerator<ListedLetter, void, undefined> {
  const { stream, code, origin, limit = Infinity } = filter;
  const fits = (letter: ListedLetter): boolean =>
    (stream === undefined || letter.stream === stream.toLowerCase()) &&
    (code === undefined || (code.endsWith("*") ? letter.code.startsWith(code.slice(0, -1)) : letter.code === code)) &&
    (origin === undefined || letter.origin.startsWith(origin));
  let found = 0;
  for (let from = filter.since === undefined ? "-" : `${filter.since}-0`; ; ) {
    const letters = await page(redis, prefix, from, PAGE);
    for (const letter of letters.filter(fits)) {
      if (found >= limit) return;
      found += 1;
      yield letter;
    }
    if (letters.length < PAGE || found >= limit) return;
    from = `(${letters.at(-1)!.id}`;
  }
}

/** The bytes that are kept of a letter's message. */
export async function letterMessage(redis: Redis, prefix: string, id: string): Promise<Uint8Array | undefined> {
  const bytes = await redis.hgetBuffer(keys.deadLetterMessages(prefix), id);
  return bytes === null ? undefined : new Uint8Array(bytes);
}

/** Takes a letter away. */
export async function removeLetter(redis: Redis, prefix: string, id: string): Promise<void> {
  await redis.eval(REMOVE, 4, ...places(prefix), id);
}

/** Writes down why a letter was refused again. */
export async function noteTry(redis: Redis, prefix: string, letter: ListedLetter, code: string, reason: string): Promise<void> {
  await redis.hset(keys.deadLetterTries(prefix), letter.id, JSON.stringify({ code, reason: reason.slice(0, 500), tries: letter.tries + 1 }));
}

/** How many bytes of messages the letters hold, and how many letters were pushed out by newer ones. */
export async function letterTotals(redis: Redis, prefix: string): Promise<{ readonly letters: number; readonly bytes: number; readonly lost: number }> {
  const [letters, [bytes, lost]] = await Promise.all([redis.xlen(keys.deadLetters(prefix)), redis.hmget(keys.deadLetterTotals(prefix), "bytes", "lost")]);
  return { letters, bytes: Number(bytes ?? 0), lost: Number(lost ?? 0) };
}
