import type { ChainableCommander, Redis } from "ioredis";
import { keys } from "./names.ts";

/** A message that was refused, or a row of an accepted message that stays out of its batch. */
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
  /** The message's bytes. */
  readonly wire: Uint8Array;
}

/** Most letters that are kept; the oldest go first. */
const MAX_LETTERS = 100_000;
/** Of a message only so much is kept: enough for every message that a device makes. */
const MAX_WIRE = 64 * 1024;

/** Adds a letter to a pipeline. A row's letter names the message, which lies in its stream, instead of repeating it. */
export function deadLetter(pipeline: ChainableCommander, prefix: string, letter: DeadLetter): void {
  const { stream, counter, row } = letter;
  const fields: (string | number | Buffer)[] = ["code", letter.code, "reason", letter.reason.slice(0, 500), "origin", letter.origin.slice(0, 200)];
  if (stream !== undefined) fields.push("stream", stream.slice(0, 80));
  if (counter !== undefined) fields.push("counter", counter);
  if (row !== undefined) fields.push("row", row);
  else fields.push("message", Buffer.from(letter.wire.subarray(0, MAX_WIRE)));
  pipeline.xadd(keys.deadLetters(prefix), "MAXLEN", "~", MAX_LETTERS, "*", ...fields);
}

/** Letters as listed. */
export interface ListedLetter {
  readonly id: string;
  readonly stream: string | undefined;
  readonly counter: number | undefined;
  readonly row: number | undefined;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
}

/** Lists dead letters, oldest first. */
export async function listDeadLetters(redis: Redis, prefix: string, count = 1000, from = "-"): Promise<ListedLetter[]> {
  const entries = await redis.xrange(keys.deadLetters(prefix), from, "+", "COUNT", count);
  return entries.map(([id, flat]) => {
    const fields = new Map<string, string>();
    for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!, flat[i + 1]!);
    const number = (name: string): number | undefined => (fields.has(name) ? Number(fields.get(name)) : undefined);
    return { id, stream: fields.get("stream"), counter: number("counter"), row: number("row"), code: fields.get("code") ?? "", reason: fields.get("reason") ?? "", origin: fields.get("origin") ?? "" };
  });
}
