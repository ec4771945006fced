import type { Redis } from "ioredis";
import { encodeRow } from "@qoodblock/sdk/formats";
import { randomBytes } from "@qoodblock/sdk/crypto";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { QoodError } from "@qoodblock/sdk/errors";
import { MESSAGE_LIMITS, createAppender, deviceName, keys } from "@qoodblock/workers/shared/queue/index.ts";
import type { DeadLetter, StreamConfig } from "@qoodblock/workers/shared/queue/index.ts";
import { tell } from "./position.ts";
import type { Position } from "./position.ts";
import type { Item, Source } from "./source.ts";

const DAY_MS = 86_400_000;
const SALT_BYTES = 16;
/** Messages that go to Redis together. */
const GROUP = 32;
/** Bytes of a message's rows, with room for what stands around them. */
const MESSAGE_BYTES = MESSAGE_LIMITS.bytes / 2;

/** What an import has done in this run. */
export interface Fed {
  /** Records that are in the stream. */
  records: number;
  messages: number;
}

/** What both ways of feeding a stream are given. */
export interface Feeding {
  readonly redis: Redis;
  readonly prefix: string;
  readonly stream: StreamConfig;
  readonly source: Source;
  readonly position: Position;
  readonly items: AsyncIterable<Item>;
  /** Told how many lines are behind. */
  readonly onLine: (line: number) => void;
  /** Waits while too much lies before ingest. */
  readonly makeRoom: () => Promise<void>;
}

/** A row that waits to be stored. */
interface Waiting {
  readonly at: number;
  readonly line: number;
  readonly day: number;
  readonly bytes: Uint8Array;
}

/** Rows in messages: never of two days, never too many, never too long. */
function split(rows: readonly Waiting[], most: number): Waiting[][] {
  const messages: Waiting[][] = [];
  let length = 0;
  for (const item of rows) {
    const last = messages.at(-1);
    if (last === undefined || last.length >= most || item.day !== last[0]!.day || length + item.bytes.length > MESSAGE_BYTES) {
      messages.push([item]);
      length = 0;
    } else last.push(item);
    length += item.bytes.length;
  }
  return messages;
}

/**
 * Feeds rows into a stream that the TSP attests: it makes the messages itself, without signature, each with the next counter of the
 * stream's chain and the position in the file that it brings the import to. The two move together or not at all, so a kill at any
 * moment leaves no gap and no duplicate, nor do others that append to the same stream meanwhile, another import of the same
 * file among them.
 * @throws QoodError IMPORT_REFUSED when the stream takes nothing
 */
export async function feedAttested(feeding: Feeding, messageRows: number): Promise<Fed> {
  const { redis, prefix, stream, source, position } = feeding;
  const { handle } = stream;
  const appender = createAppender(redis, prefix, { keepRefused: false });
  const chain = keys.chain(prefix, handle, deviceName(null));
  const fed: Fed = { records: 0, messages: 0 };
  let rows: Waiting[] = [];
  let letters: DeadLetter[] = [];
  let [seen, lastTime] = [0, position.floor];

  async function store(): Promise<void> {
    const counter = Number((await redis.hget(chain, "next")) ?? 0);
    const groups = split(rows, messageRows);
    const messages = groups.map((items, i): DeviceMessage => ({ stream: handle, counter: counter + i, salt16: randomBytes(SALT_BYTES), rows: items.map(({ bytes }) => bytes), signature: null }));
    let from = position.next;
    const marks = groups.map((items) => {
      const mark = { key: position.key, from, to: items.at(-1)!.at };
      from = mark.to;
      return mark;
    });
    const results = await appender.append(messages, `${source.name}:${rows[0]!.line}-${rows.at(-1)!.line}`, marks);
    const refused = results.find((result) => result.status === "refused");
    if (refused?.status === "refused") throw new QoodError("IMPORT_REFUSED", `stream ${handle} does not take ${source.name}: ${refused.reason} [${refused.code}]; run the same again when that is mended, it goes on where it stopped`);
    for (const result of results) {
      if (result.status !== "stored") continue;
      fed.messages += 1;
      // Somebody else has brought the stream's time forward meanwhile.
      fed.records -= result.dropped;
    }
    // Others may have been faster, or an answer lost on its way: what Redis says is stored is stored.
    position.next = Number((await redis.hget(position.key, "next")) ?? 0);
    rows = rows.filter(({ at }) => at > position.next);
  }

  async function flush(): Promise<void> {
    await feeding.makeRoom();
    while (rows.length > 0) await store();
    await tell(redis, prefix, position, letters, seen);
    letters = [];
  }

  for await (const item of feeding.items) {
    seen = item.at;
    let fault: { code: string; reason: string } | undefined;
    if (item.kind === "row") {
      const time = item.row[0]!;
      if (time < lastTime) fault = { code: "ROW_TIME", reason: `time ${new Date(time).toISOString()} runs behind ${new Date(lastTime).toISOString()}` };
      else {
        lastTime = time;
        fed.records += 1;
        if (item.at > position.next) rows.push({ at: item.at, line: item.line, day: Math.floor(time / DAY_MS), bytes: encodeRow(item.row) });
      }
    } else if (item.kind === "fault") fault = item;
    if (fault !== undefined && item.at > position.told) letters.push({ stream: handle, code: fault.code, reason: fault.reason, origin: `${source.name}:${item.line}`, wire: new Uint8Array() });
    if (rows.length >= GROUP * messageRows || letters.length >= 1000) {
      await flush();
      feeding.onLine(item.line);
    }
  }
  await flush();
  return fed;
}
