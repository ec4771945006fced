import { setTimeout as wait } from "node:timers/promises";
import type { Redis } from "ioredis";
import { schemaId } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { createAppender, deviceName, keys, schemaOf } from "@qoodblock/workers/shared/queue/index.ts";
import type { StreamConfig } from "@qoodblock/workers/shared/queue/index.ts";
import { feedAttested } from "./attested.ts";
import type { Meter } from "./meter.ts";
import { finish, isBegun, readPosition } from "./position.ts";
import { feedSigned } from "./signed.ts";
import type { Source } from "./source.ts";

/** How files are imported. */
export interface ImportOptions {
  /** `name@version` that the records are said to be of. */
  readonly schema?: string | undefined;
  /** Rows of a message that the TSP attests. */
  readonly messageRows: number;
  /** Reading waits while so many messages are in no batch yet. */
  readonly backlog: number;
  /** Import a file that begins before the stream's newest record; what is late goes to the dead letters. */
  readonly late: boolean;
}

/** What came of a file. */
export interface Imported {
  readonly file: string;
  readonly format: string;
  readonly result: "imported" | "already imported";
  /** When, for a file that was imported before. */
  readonly when?: string;
  /** An earlier run had begun it. */
  readonly resumed?: boolean;
  /** Records of the file that are in the stream; of a device's messages, those that this run has stored. */
  readonly records?: number;
  /** Messages that this run has stored. */
  readonly messages?: number;
  readonly deadLetters?: Readonly<Record<string, number>>;
  readonly seconds?: number;
  readonly recordsPerSecond?: number;
}

const LOOK_MS = 500;

/** What can be said against a file before it is begun. @throws QoodError IMPORT_SCHEMA, IMPORT_SIGNED */
function checkFit(source: Source, stream: StreamConfig, said: string | undefined): void {
  const takes = schemaId(schemaOf(stream));
  const holds = source.schema === undefined ? said : schemaId(source.schema);
  if (holds !== undefined && holds !== takes) throw new QoodError("IMPORT_SCHEMA", `${source.path} holds records of ${holds} and stream ${stream.handle} takes ${takes}: name the stream of the right schema with --stream`);
  if (said !== undefined && said !== takes) throw new QoodError("IMPORT_SCHEMA", `--schema ${said}: stream ${stream.handle} takes ${takes}`);
  if (source.schema !== undefined && stream.devicePublicKey !== null) {
    throw new QoodError("IMPORT_SIGNED", `${source.path} holds bare rows and stream ${stream.handle} takes messages that its device has signed: register a stream with --attested for them`);
  }
}

/**
 * Imports one file into one stream, or goes on with it.
 * @throws QoodError IMPORT_SCHEMA, IMPORT_SIGNED, IMPORT_LATE, IMPORT_OTHER_START, IMPORT_REFUSED
 */
export async function importFile(redis: Redis, prefix: string, stream: StreamConfig, source: Source, options: ImportOptions, meter: Meter): Promise<Imported> {
  checkFit(source, stream, options.schema);
  const { handle, devicePublicKey } = stream;
  const [next, time] = await redis.hmget(keys.chain(prefix, handle, deviceName(devicePublicKey)), "next", "time");
  const floor = Number(time ?? 0);
  const head = { file: source.path, format: source.format };
  if (source.firstMs !== undefined && source.firstMs < floor && !options.late && !(await isBegun(redis, prefix, handle, source.hash))) {
    const [first, newest] = [source.firstMs, floor].map((ms) => new Date(ms).toISOString());
    const remedy = source.format === "obd" ? "give the drive's own time with --start" : "import older files first, each stream's time runs forward";
    throw new QoodError("IMPORT_LATE", `${source.path} begins at ${first!} and the stream already holds ${next ?? "0"} messages up to ${newest!}: ${remedy}; --late puts what is late into the dead letters and takes the rest`);
  }
  const position = await readPosition(redis, prefix, handle, source, floor);
  if (position.done !== undefined) return { ...head, result: "already imported", when: position.done };
  const resumed = position.next > 0 || position.told > 0;
  let waited = false;
  const makeRoom = async (): Promise<void> => {
    for (;;) {
      const [stored, planned] = await Promise.all([redis.hget(keys.chain(prefix, handle, deviceName(devicePublicKey)), "next"), redis.hget(keys.sequence(prefix, handle), `planned:${deviceName(devicePublicKey)}`)]);
      const waiting = Number(stored ?? 0) - Number(planned ?? 0);
      if (waiting < options.backlog) return;
      if (!waited) meter.say(`${source.name}: ${waiting} messages wait for ingest; the import goes on when they are fewer than ${options.backlog}`);
      waited = true;
      await wait(LOOK_MS);
    }
  };
  for (const note of source.notes) meter.say(`${source.name}: ${note}`);
  meter.begin(source.name, source.lines);
  const began = performance.now();
  try {
    const items = source.items(stream, schemaOf(stream));
    const feeding = { redis, prefix, stream, source, position, items, onLine: (line: number) => meter.at(line), makeRoom };
    const fed = devicePublicKey === null ? await feedAttested(feeding, options.messageRows) : await feedSigned(feeding);
    await finish(redis, position);
    const seconds = (performance.now() - began) / 1000;
    const deadLetters = Object.fromEntries([...position.faults].filter(([, count]) => count > 0));
    return { ...head, result: "imported", resumed, ...fed, deadLetters, seconds: Number(seconds.toFixed(3)), recordsPerSecond: Math.round(fed.records / seconds) };
  } finally {
    meter.end();
  }
}

/** Says that the trip is over, so that its batch is closed. */
export async function endTrip(redis: Redis, prefix: string, stream: StreamConfig): Promise<void> {
  await createAppender(redis, prefix).endTrip(stream.handle);
}
