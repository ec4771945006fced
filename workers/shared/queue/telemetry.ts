import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { keys } from "./names.ts";

/** An accepted message as it lies in its stream. */
export interface StoredMessage {
  readonly kind: "message";
  readonly counter: number;
  /** `encodeMessage`'s bytes. */
  readonly wire: Uint8Array;
  /** Rows that stay out of the batch. */
  readonly dropped: readonly number[];
  /** Times of the first and last row kept, Unix milliseconds; null and the time so far where none is kept. */
  readonly firstTime: number | null;
  readonly lastTime: number;
  readonly kept: number;
  /** When it was appended, Unix milliseconds of the appender's clock. */
  readonly arrival: number;
  readonly chainAfter: Hex;
}

/** The mark behind a trip's last message. */
export interface TripEnd {
  readonly kind: "trip-end";
  /** Counter of the message before it. */
  readonly counter: number;
}

function parse(id: string, flat: readonly Buffer[]): StoredMessage | TripEnd {
  const [major, minor] = id.split("-");
  const counter = Number(major) - 1;
  if (minor !== "0") return { kind: "trip-end", counter };
  const fields = new Map<string, Buffer>();
  for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!.toString(), flat[i + 1]!);
  const text = (name: string): string => fields.get(name)?.toString() ?? "";
  return {
    kind: "message",
    counter,
    wire: new Uint8Array(fields.get("m")!),
    dropped: text("d") === "" ? [] : text("d").split(",").map(Number),
    firstTime: text("f") === "" ? null : Number(text("f")),
    lastTime: Number(text("l")),
    kept: Number(text("n")),
    arrival: Number(text("a")),
    chainAfter: text("c") as Hex,
  };
}

/** Where reading goes on: behind the message `counter`, and behind its trip end too if `afterTripEnd`. */
export interface TelemetryPosition {
  /** The next counter to read. */
  readonly next: number;
  readonly afterTripEnd: boolean;
}

/** Entries of a telemetry stream from a position on, at most `count`. */
export async function readTelemetry(redis: Redis, prefix: string, handle: string, device: string, from: TelemetryPosition, count: number): Promise<(StoredMessage | TripEnd)[]> {
  // The trip end behind message next - 1 has the id `<next>-1`.
  const start = from.afterTripEnd || from.next === 0 ? `${from.next + 1}-0` : `${from.next}-1`;
  const entries = await redis.xrangeBuffer(keys.telemetry(prefix, handle, device), start, "+", "COUNT", count);
  return entries.map(([id, flat]) => parse(id.toString(), flat));
}

/** All messages of a range of counters, both inclusive, without trip ends. */
export async function readRange(redis: Redis, prefix: string, handle: string, device: string, first: number, last: number): Promise<StoredMessage[]> {
  const found: StoredMessage[] = [];
  const page = 500;
  for (let next = first; next <= last; ) {
    const entries = await redis.xrangeBuffer(keys.telemetry(prefix, handle, device), `${next + 1}-0`, `${last + 1}-0`, "COUNT", page);
    if (entries.length === 0) break;
    for (const [id, flat] of entries) {
      const entry = parse(id.toString(), flat);
      if (entry.kind === "message") found.push(entry);
      next = entry.counter + 1;
    }
  }
  return found;
}
