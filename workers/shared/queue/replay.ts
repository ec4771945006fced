import type { Redis } from "ioredis";
import { equalBytes } from "@qoodblock/sdk/bytes";
import { createAppender } from "./append.ts";
import type { AppendResult } from "./append.ts";
import { findLetters, letterMessage, noteTry, removeLetter } from "./deadLetters.ts";
import type { LetterFilter, ListedLetter } from "./deadLetters.ts";
import { deviceName, readStream } from "./streams.ts";
import { readRange } from "./telemetry.ts";

/** What became of a letter that was replayed. */
export interface Replayed {
  readonly letter: ListedLetter;
  /** `stored` and `duplicate`: it is in its stream and no letter any more. `refused`: it stays, with the new reason. `kept`: it cannot be replayed. */
  readonly outcome: "stored" | "duplicate" | "refused" | "kept";
  readonly code?: string;
  readonly reason?: string;
}

/**
 * Why a letter can never be replayed, or undefined where it can.
 *
 * A row that was left out of a stored message cannot come back: the device's chain says which rows the message has, its batch
 * seals the row's position and hash in place of the row, and both are final. Making a new message of it, which a TSP could do
 * in a stream that it attests itself, would put the row behind rows that are younger, where time must not run backwards. So rows
 * stay what they are: counted, with their reason.
 */
export function notReplayable(letter: ListedLetter): string | undefined {
  if (letter.row !== undefined) return "a row of a stored message: its place in the chain is taken, by its hash";
  if (letter.bytes === 0) return "no message: a line of an imported file";
  if (!letter.whole) return "no message of a device: the bytes cannot be read as one, and only their beginning is kept";
  return undefined;
}

/** Bytes of messages that are held at a time. */
const CHUNK_BYTES = 8 * 1024 * 1024;
const CHUNK_LETTERS = 100;

/** True where the stream still holds another message of this counter. When it was sealed and cleared away, the chain alone knows. */
async function isTaken(redis: Redis, prefix: string, letter: ListedLetter, wire: Uint8Array): Promise<boolean> {
  const config = await readStream(redis, prefix, letter.stream!);
  if (config === undefined || letter.counter === undefined) return false;
  const [stored] = await readRange(redis, prefix, config.handle, deviceName(config.devicePublicKey), letter.counter, letter.counter);
  return stored !== undefined && !equalBytes(stored.wire, wire);
}

/**
 * Feeds letters to the appender once more: after their stream was registered, their device's new key or what they waited for has
 * come. A letter is taken away only when its message is in its stream, so a replay that is killed at any moment is simply
 * begun again: what was stored is then a duplicate. Messages that come before their turn are tried again as long as others
 * make way for them.
 *
 * @param onReplayed - told of every letter, once.
 */
export async function replayLetters(redis: Redis, prefix: string, filter: LetterFilter, onReplayed: (replayed: Replayed) => void = () => undefined): Promise<Record<Replayed["outcome"], number>> {
  const appender = createAppender(redis, prefix, { keepRefused: false });
  const counts = { stored: 0, duplicate: 0, refused: 0, kept: 0 };
  const tell = (replayed: Replayed): void => {
    counts[replayed.outcome] += 1;
    onReplayed(replayed);
  };

  async function settle(letter: ListedLetter, wire: Uint8Array, result: AppendResult): Promise<boolean> {
    if (result.status === "early") return false;
    if (result.status === "refused") {
      await noteTry(redis, prefix, letter, result.code, result.reason);
      tell({ letter, outcome: "refused", code: result.code, reason: result.reason });
    } else if (result.status === "duplicate" && (await isTaken(redis, prefix, letter, wire))) {
      const reason = `message ${letter.counter!} of the stream is another one than this`;
      await noteTry(redis, prefix, letter, "MESSAGE_COUNTER_TAKEN", reason);
      tell({ letter, outcome: "refused", code: "MESSAGE_COUNTER_TAKEN", reason });
    } else {
      await removeLetter(redis, prefix, letter.id);
      tell({ letter, outcome: result.status });
    }
    return true;
  }

  /** Replays what fits into one chunk. @returns the letters that come too early */
  async function chunk(letters: readonly ListedLetter[], expected: Map<string, number>): Promise<ListedLetter[]> {
    const early: ListedLetter[] = [];
    const messages: { letter: ListedLetter; wire: Uint8Array }[] = [];
    for (const letter of letters) {
      const wire = await letterMessage(redis, prefix, letter.id);
      // Another replay has taken it, or a newer letter has pushed it out.
      if (wire !== undefined) messages.push({ letter, wire });
    }
    for (const origin of new Set(letters.map((letter) => letter.origin))) {
      const group = messages.filter(({ letter }) => letter.origin === origin);
      const results = await appender.append(group.map(({ wire }) => wire), origin);
      for (const [at, { letter, wire }] of group.entries()) {
        const result = results[at]!;
        if (await settle(letter, wire, result)) continue;
        early.push(letter);
        expected.set(letter.id, result.status === "early" ? result.expected : 0);
      }
    }
    return early;
  }

  let pending: ListedLetter[] = [];
  for await (const letter of findLetters(redis, prefix, filter)) {
    const why = notReplayable(letter);
    if (why === undefined) pending.push(letter);
    else tell({ letter, outcome: "kept", reason: why });
  }
  const expected = new Map<string, number>();
  for (let before = -1; pending.length > 0 && counts.stored > before; ) {
    before = counts.stored;
    const early: ListedLetter[] = [];
    for (let at = 0; at < pending.length; ) {
      const part: ListedLetter[] = [];
      for (let bytes = 0; at < pending.length && part.length < CHUNK_LETTERS && bytes < CHUNK_BYTES; at += 1) {
        part.push(pending[at]!);
        bytes += pending[at]!.bytes;
      }
      early.push(...(await chunk(part, expected)));
    }
    pending = early;
  }
  for (const letter of pending) {
    const reason = `message ${letter.counter ?? 0} waits for message ${expected.get(letter.id) ?? 0}`;
    await noteTry(redis, prefix, letter, "MESSAGE_EARLY", reason);
    tell({ letter, outcome: "refused", code: "MESSAGE_EARLY", reason });
  }
  return counts;
}
