import type { Redis } from "ioredis";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { MessageChain, CHAIN_START, decodeMessage, encodeMessage } from "@qoodblock/sdk/device";
import type { ChainState, DeviceMessage } from "@qoodblock/sdk/device";
import { integerRange, rowCheck } from "@qoodblock/sdk/dictionary";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import type { RowFault } from "@qoodblock/sdk/dictionary";
import { decodeRow, rowScanner } from "@qoodblock/sdk/formats";
import type { Row } from "@qoodblock/sdk/formats";
import { deadLetter } from "./deadLetters.ts";
import type { DeadLetter } from "./deadLetters.ts";
import { MESSAGE_LIMITS } from "./limits.ts";
import { keys } from "./names.ts";
import { appendCommands } from "./scripts.ts";
import { deviceName, readStream, schemaOf } from "./streams.ts";
import type { StreamConfig } from "./streams.ts";

/**
 * A message to append: as decoded, with what is already known to be wrong with rows that a gateway has made itself (their bytes then
 * say what was sent), or as bytes on the wire.
 */
export type Incoming = (DeviceMessage & { readonly faults?: ReadonlyMap<number, RowFault> }) | Uint8Array;

/**
 * What became of a message. `stored` and `duplicate` may be acknowledged to the device: the message is in the stream.
 * `early` may not: `expected` is the counter to send first. `refused` will never be stored: it lies in the dead letters.
 */
export type AppendResult =
  | { readonly status: "stored"; readonly dropped: number }
  | { readonly status: "duplicate" }
  | { readonly status: "early"; readonly expected: number }
  | { readonly status: "refused"; readonly code: string; readonly reason: string };

/** A position that moves in the same step as a message is stored, or not at all: how an import goes on after a kill. */
export interface Mark {
  /** A hash in Redis, with the position in its field `next`; absent: 0. */
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** The way into the telemetry streams: of the gateway, of the demo's replay, of imports. */
export interface Appender {
  /**
   * Appends messages in order, pipelined. Idempotent on (stream, device, counter).
   * @param origin - who sent them (all, or one each), for dead letters: a client id or a file, no secret.
   * @param marks - a position for each message; one that stands elsewhere than `from` keeps the message out (`early`).
   * @throws only when Redis fails; then nothing may be acknowledged.
   */
  append(messages: readonly Incoming[], origin: string | readonly string[], marks?: readonly Mark[]): Promise<AppendResult[]>;
  /** Says that a trip is over, so that its batch closes now. Any number of times. */
  endTrip(stream: Hex): Promise<void>;
  /** Reads what it keeps of the streams anew: their configuration has changed. */
  forget(): void;
}

/** What an appender holds against a row beside its schema. */
export interface AppendOptions {
  /** A row dated so many milliseconds ahead of this machine's clock stays out: it would make every later row run behind. */
  readonly futureMs?: number;
  /** The clock, Unix milliseconds. */
  readonly now?: () => number;
  /** False: a refused message is told and not put into the dead letters, where it lies already. */
  readonly keepRefused?: boolean;
}

/** Clocks of cars are set by satellites; five minutes are generous. */
const FUTURE_MS = 300_000;

interface Known {
  readonly config: StreamConfig;
  readonly device: string;
  /** The time of a good row. */
  readonly scan: (bytes: Uint8Array) => number | undefined;
  /** What is wrong with a row that is not good. */
  readonly check: (row: Row) => RowFault | undefined;
  readonly chain: MessageChain;
  lastTime: number;
}

interface Prepared {
  readonly message: DeviceMessage;
  readonly before: ChainState;
  readonly after: ChainState;
  readonly dropped: number[];
  readonly wire: Uint8Array;
  readonly firstTime: number | null;
  readonly lastTime: number;
  readonly letters: DeadLetter[];
}

const DAY_MS = 86_400_000;

/** Rows of a message that stay out of the batch, each with its reason; what stays must continue the time, up to `latest`. */
function inspectRows(known: Known, message: Exclude<Incoming, Uint8Array>, wire: Uint8Array, origin: string, latest: number): Pick<Prepared, "dropped" | "firstTime" | "lastTime" | "letters"> {
  const dropped: number[] = [];
  const letters: DeadLetter[] = [];
  let firstTime: number | null = null;
  let lastTime = known.lastTime;
  message.rows.forEach((bytes, index) => {
    let fault: { reason: string; detail: string } | undefined = message.faults?.get(index);
    // Most rows are good: those are looked at without being taken apart.
    const good = fault === undefined ? known.scan(bytes) : undefined;
    if (good !== undefined && good <= latest && good >= lastTime && (firstTime === null || Math.floor(good / DAY_MS) === Math.floor(firstTime / DAY_MS))) {
      firstTime ??= good;
      lastTime = good;
      return;
    }
    try {
      if (fault !== undefined) throw new QoodError(fault.reason, fault.detail);
      const row = decodeRow(bytes);
      fault = known.check(row);
      const time = row[0]!;
      if (fault === undefined && time > latest) fault = { reason: "future", detail: `time ${time} lies ahead of the clock here, which allows ${latest}` };
      if (fault === undefined && time < lastTime) fault = { reason: "time", detail: `time ${time} runs behind ${lastTime}` };
      // A batch lies within one day and ends between messages, so a message cannot span two.
      if (fault === undefined && firstTime !== null && Math.floor(time / DAY_MS) !== Math.floor(firstTime / DAY_MS)) {
        fault = { reason: "day", detail: "the message runs over midnight UTC: end it there and begin another" };
      }
      if (fault === undefined) {
        firstTime ??= time;
        lastTime = time;
      }
    } catch (error) {
      if (!isQoodError(error)) throw error;
      fault = { reason: error.code, detail: error.message };
    }
    if (fault === undefined) return;
    dropped.push(index);
    letters.push({ stream: message.stream, counter: message.counter, row: index, code: `ROW_${fault.reason.toUpperCase().replace(/^ROW_/, "")}`, reason: fault.detail, origin, wire });
  });
  return { dropped, firstTime, lastTime, letters };
}

/** See {@link Appender}. One connection may serve many streams; several appenders may serve the same stream. */
export function createAppender(connection: Redis, prefix: string, options: AppendOptions = {}): Appender {
  const redis = appendCommands(connection);
  const { futureMs = FUTURE_MS, now = Date.now } = options;
  const cache = new Map<string, Known>();

  async function load(stream: string): Promise<Known | undefined> {
    const config = await readStream(connection, prefix, stream);
    if (config === undefined) return undefined;
    const device = deviceName(config.devicePublicKey);
    const [next, chain, time] = await connection.hmget(keys.chain(prefix, stream, device), "next", "chain", "time");
    const state: ChainState = next === null || next === undefined ? CHAIN_START : { nextCounter: Number(next), chain: chain as Hex };
    const publicKey = config.devicePublicKey === null ? null : fromHex(config.devicePublicKey, 64);
    const schema = schemaOf(config);
    const check = rowCheck(schema);
    const scan = rowScanner(schema.columns.map(integerRange));
    const known: Known = { config, device, scan, check: (row) => check([...row]), chain: new MessageChain({ stream: config.handle, publicKey, state }), lastTime: Number(time ?? 0) };
    cache.set(stream, known);
    return known;
  }

  function refuse(letters: DeadLetter[], letter: DeadLetter): AppendResult {
    if (options.keepRefused !== false) letters.push(letter);
    return { status: "refused", code: letter.code, reason: letter.reason };
  }

  /** Checks one message against the chain as far as it is known here; a result means that it goes no further. */
  function prepare(known: Known, message: Exclude<Incoming, Uint8Array>, wire: Uint8Array, origin: string, letters: DeadLetter[]): AppendResult | Prepared {
    const { counter } = message;
    const before = known.chain.state;
    if (counter < before.nextCounter) return { status: "duplicate" };
    if (counter > before.nextCounter) return { status: "early", expected: before.nextCounter };
    try {
      const after = known.chain.accept(message);
      const inspected = inspectRows(known, message, wire, origin, now() + futureMs);
      known.lastTime = inspected.lastTime;
      return { message, before, after, wire, ...inspected };
    } catch (error) {
      if (!isQoodError(error)) throw error;
      return refuse(letters, { stream: message.stream, counter, code: error.code, reason: error.message, origin, wire });
    }
  }

  function decode(input: Incoming): { message: Exclude<Incoming, Uint8Array>; wire: Uint8Array } {
    if (input instanceof Uint8Array && input.length > MESSAGE_LIMITS.bytes) throw new QoodError("MESSAGE_SIZE", `a message has at most ${MESSAGE_LIMITS.bytes} bytes, not ${input.length}`);
    const message = input instanceof Uint8Array ? decodeMessage(input) : input;
    const wire = input instanceof Uint8Array ? input : encodeMessage(input);
    if (wire.length > MESSAGE_LIMITS.bytes) throw new QoodError("MESSAGE_SIZE", `a message has at most ${MESSAGE_LIMITS.bytes} bytes, not ${wire.length}`);
    if (message.rows.length > MESSAGE_LIMITS.rows) throw new QoodError("MESSAGE_SIZE", `a message has at most ${MESSAGE_LIMITS.rows} rows, not ${message.rows.length}`);
    return { message, wire };
  }

  async function attempt(inputs: readonly Incoming[], origins: string | readonly string[], marks: readonly Mark[] = []): Promise<AppendResult[]> {
    const results = new Array<AppendResult>(inputs.length);
    const letters: DeadLetter[] = [];
    const pending: { at: number; prepared: Prepared; known: Known }[] = [];
    for (const [at, input] of inputs.entries()) {
      const origin = typeof origins === "string" ? origins : origins[at]!;
      let decoded: { message: Exclude<Incoming, Uint8Array>; wire: Uint8Array };
      try {
        decoded = decode(input);
      } catch (error) {
        if (!isQoodError(error)) throw error;
        const wire = input instanceof Uint8Array ? input : new Uint8Array();
        results[at] = refuse(letters, { code: error.code, reason: error.message, origin, wire });
        continue;
      }
      const { message, wire } = decoded;
      const stream = message.stream.toLowerCase();
      const known = cache.get(stream) ?? (await load(stream));
      if (known === undefined) {
        results[at] = refuse(letters, { stream: message.stream, counter: message.counter, code: "STREAM_UNKNOWN", reason: `stream ${message.stream} is not registered with this TSP`, origin, wire });
        continue;
      }
      const outcome = prepare(known, message, wire, origin, letters);
      if ("status" in outcome) results[at] = outcome;
      else pending.push({ at, prepared: outcome, known });
    }
    const pipeline = redis.pipeline();
    const handles = [...new Set(pending.map(({ known }) => known.config.handle))];
    // First: a stream named here without news costs one look, news in a stream not named here would lie unseen.
    if (handles.length > 0) pipeline.sadd(keys.active(prefix), ...handles);
    const arrival = now();
    for (const { at, prepared, known } of pending) {
      const { handle } = known.config;
      const mark = marks[at];
      pipeline.qoodAppend(
        ...[keys.telemetry(prefix, handle, known.device), keys.chain(prefix, handle, known.device)],
        ...[prepared.message.counter, prepared.before.chain, prepared.after.chain, prepared.lastTime],
        ...[Buffer.from(prepared.wire.buffer, prepared.wire.byteOffset, prepared.wire.length), prepared.dropped.join(","), prepared.firstTime ?? "", prepared.message.rows.length - prepared.dropped.length, arrival],
        ...(mark === undefined ? [] : [mark.key, mark.from, mark.to]),
      );
    }
    for (const letter of letters) deadLetter(pipeline, prefix, letter);
    const answers = (await pipeline.exec()) ?? [];
    const offset = handles.length > 0 ? 1 : 0;
    const second = redis.pipeline();
    for (const [i, { at, prepared, known }] of pending.entries()) {
      const [error, answer] = answers[offset + i] ?? [new Error("Redis gave no answer"), undefined];
      if (error !== null) {
        cache.clear();
        throw error;
      }
      if (answer === "stored") {
        results[at] = { status: "stored", dropped: prepared.dropped.length };
        for (const letter of prepared.letters) deadLetter(second, prefix, letter);
      } else cache.delete(known.config.handle);
    }
    await second.exec();
    return results;
  }

  return {
    async append(messages, origin, marks = []) {
      let results: AppendResult[];
      try {
        results = await attempt(messages, origin, marks);
      } catch (error) {
        // What the memory holds of the chains may be ahead of Redis now.
        cache.clear();
        throw error;
      }
      // Another gateway was faster with the same stream, or the memory was old: once more from what Redis holds now.
      const again = messages.map((_, at) => at).filter((at) => results[at] === undefined || results[at].status === "early");
      if (again.length === 0) return results;
      for (const at of again) {
        const message = messages[at]!;
        if (!(message instanceof Uint8Array)) cache.delete(message.stream.toLowerCase());
      }
      if (again.some((at) => messages[at] instanceof Uint8Array)) cache.clear();
      const second = await attempt(again.map((at) => messages[at]!), typeof origin === "string" ? origin : again.map((at) => origin[at]!), marks.length === 0 ? [] : again.map((at) => marks[at]!));
      again.forEach((at, i) => (results[at] = second[i] ?? { status: "early", expected: 0 }));
      return results;
    },
    async endTrip(stream) {
      const config = await readStream(connection, prefix, stream.toLowerCase());
      if (config === undefined) throw new QoodError("STREAM_UNKNOWN", `stream ${stream} is not registered with this TSP`);
      const device = deviceName(config.devicePublicKey);
      await connection.sadd(keys.active(prefix), config.handle);
      await redis.qoodEndTrip(keys.telemetry(prefix, config.handle, device), keys.chain(prefix, config.handle, device), now());
    },
    forget: () => cache.clear(),
  };
}
