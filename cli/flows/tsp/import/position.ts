import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { deadLetter, keys } from "@qoodblock/workers/shared/queue/index.ts";
import type { DeadLetter } from "@qoodblock/workers/shared/queue/index.ts";

/**
 * How far the import of one file into one stream has come, in Redis beside what it has stored.
 *
 * `next` is the last item whose row is in a stored message: it moves in the same script that stores the message, so there is no
 * moment at which one is true without the other. `told` is the last item up to which faults lie in the dead letters: it moves in
 * the same transaction as these.
 */
export interface Position {
  readonly key: string;
  next: number;
  told: number;
  /** The stream's time when the import began: rows before it are late. */
  readonly floor: number;
  /** When the import was done, ISO 8601; undefined while it is not. */
  readonly done: string | undefined;
  /** Faults so far, by code. */
  readonly faults: Map<string, number>;
}

const FAULT = "fault:";

/** Reads a position, or begins one. @throws QoodError IMPORT_OTHER_START */
export async function readPosition(redis: Redis, prefix: string, stream: Hex, file: { readonly hash: string; readonly name: string; readonly start: number | undefined }, floor: number): Promise<Position> {
  const key = keys.imported(prefix, stream, file.hash);
  await redis.multi().hsetnx(key, "floor", floor).hsetnx(key, "began", new Date().toISOString()).hsetnx(key, "name", file.name).hsetnx(key, "start", file.start ?? "").exec();
  const kept = await redis.hgetall(key);
  if (kept.done === undefined && kept.start !== String(file.start ?? "")) {
    throw new QoodError("IMPORT_OTHER_START", `the import of ${file.name} was begun with --start ${new Date(Number(kept.start)).toISOString()}: go on with the same`);
  }
  const faults = new Map(Object.entries(kept).flatMap(([name, count]) => (name.startsWith(FAULT) ? [[name.slice(FAULT.length), Number(count)] as const] : [])));
  return { key, next: Number(kept.next ?? 0), told: Number(kept.told ?? 0), floor: Number(kept.floor), done: kept.done, faults };
}

/** Whether an import of this file was ever begun. */
export async function isBegun(redis: Redis, prefix: string, stream: Hex, hash: string): Promise<boolean> {
  return (await redis.exists(keys.imported(prefix, stream, hash))) === 1;
}

/** Puts faults into the dead letters and moves `told` with them; `next` too where messages are known by their counters. */
export async function tell(redis: Redis, prefix: string, position: Position, letters: readonly DeadLetter[], told: number, next?: number): Promise<void> {
  if (told <= position.told && (next ?? 0) <= position.next) return;
  const write = redis.multi().hset(position.key, "told", told);
  if (next !== undefined) write.hset(position.key, "next", next);
  for (const letter of letters) {
    deadLetter(write, prefix, letter);
    write.hincrby(position.key, `${FAULT}${letter.code}`, 1);
    position.faults.set(letter.code, (position.faults.get(letter.code) ?? 0) + 1);
  }
  const answers = (await write.exec()) ?? [];
  const failed = answers.find(([error]) => error !== null);
  if (failed !== undefined) throw failed[0]!;
  position.told = told;
  if (next !== undefined) position.next = next;
}

/** Writes down that the file is imported. */
export async function finish(redis: Redis, position: Position): Promise<void> {
  await redis.hset(position.key, "done", new Date().toISOString());
}
