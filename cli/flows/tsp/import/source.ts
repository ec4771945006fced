/** A file as a sequence of items, the same each time it is read: so a position in it means something after a kill. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { mkdtemp, open, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { schemaId } from "@qoodblock/sdk/dictionary";
import type { Row, Schema } from "@qoodblock/sdk/dictionary";
import { DEFAULT_START_MS, openDrive, surveyDrive } from "@qoodblock/sdk/drive";
import type { Drive } from "@qoodblock/sdk/drive";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { parseEventLine, recordReader } from "@qoodblock/workers/shared/cloudevents/index.ts";
import type { StreamConfig } from "@qoodblock/workers/shared/queue/index.ts";

/** What a file holds, one after the other. `at` counts all of them from 1; `line` is where a person finds it. */
export type Item = { readonly at: number; readonly line: number } & (
  | { readonly kind: "row"; readonly row: Row }
  | { readonly kind: "message"; readonly wire: Uint8Array }
  | { readonly kind: "fault"; readonly code: string; readonly reason: string }
);

/** A file that is to be imported. */
export interface Source {
  readonly path: string;
  /** The file's name without its folder: what dead letters call it. */
  readonly name: string;
  /** SHA-256 of the file as it is, hex: what its progress is kept under. */
  readonly hash: string;
  /** What it is, for people. */
  readonly format: string;
  /** The schema of its rows; undefined for CloudEvents, which may name theirs. */
  readonly schema: Schema | undefined;
  readonly notes: readonly string[];
  /** Lines in all, for the progress bar. */
  readonly lines: number;
  /** When a drive without a date is said to have begun; undefined where the file says it. */
  readonly start: number | undefined;
  /** Time of the first good row, where it is known beforehand. */
  readonly firstMs: number | undefined;
  items(stream: StreamConfig, schema: Schema): AsyncGenerator<Item, void, undefined>;
  /** Lets go of what was unpacked. */
  close(): Promise<void>;
}

const HEAD_BYTES = 64 * 1024;
const PACKED: readonly { readonly magic: string; readonly unpack: () => Transform }[] = [
  { magic: "1f8b", unpack: createGunzip },
  { magic: "28b52ffd", unpack: createZstdDecompress },
];

async function headOf(path: string): Promise<Buffer> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !info.isFile()) throw new QoodError("INPUT_MISSING", `${path}: no such file, or it cannot be read`);
  const file = await open(path).catch((error: unknown) => {
    throw new QoodError("INPUT_MISSING", `${path} cannot be read`, { cause: error });
  });
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    return buffer.subarray(0, (await file.read(buffer, 0, HEAD_BYTES, 0)).bytesRead);
  } finally {
    await file.close();
  }
}

/** A packed file is unpacked whole before anything of it is imported: a damaged one is seen then. */
async function unpack(path: string, head: Buffer): Promise<{ path: string; close: () => Promise<void> }> {
  const packed = PACKED.find(({ magic }) => head.toString("hex", 0, magic.length / 2) === magic);
  if (packed === undefined) return { path, close: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), "qood-import-"));
  // What is in it is somebody's drive: it goes however this program ends, unless it is killed outright.
  const clear = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", clear);
  const close = (): Promise<void> => {
    process.off("exit", clear);
    clear();
    return Promise.resolve();
  };
  const target = join(folder, "unpacked");
  try {
    await pipeline(createReadStream(path), packed.unpack(), createWriteStream(target, { mode: 0o600 }));
  } catch (error) {
    await close();
    throw new QoodError("INPUT_SHAPE", `${path} is a packed file that is cut off or damaged (${(error as NodeJS.ErrnoException).code ?? "error"})`, { cause: error });
  }
  return { path: target, close };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function linesOf(path: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(path), crlfDelay: Infinity });
}

async function* driveItems(drive: Drive): AsyncGenerator<Item, void, undefined> {
  let at = 0;
  for await (const event of drive.events()) {
    at += 1;
    if (event.kind === "row") yield { kind: "row", at, line: event.line, row: event.values };
    else yield { kind: "fault", at, line: event.line, code: `ROW_${event.reason.toUpperCase()}`, reason: event.detail };
  }
}

/** What one line of CloudEvents holds for a stream. */
function* lineItems(text: string, where: string, stream: StreamConfig, schema: Schema, read: ReturnType<typeof recordReader>): Generator<{ row: Row } | { wire: Uint8Array } | { code: string; reason: string }> {
  try {
    const event = parseEventLine(text, where);
    if (event.stream !== undefined && event.stream !== stream.handle) throw new QoodError("EVENT_STREAM", `the event is of stream ${event.stream}`);
    if (event.message !== undefined) {
      if (stream.devicePublicKey === null) throw new QoodError("EVENT_SIGNED", "the stream is attested by the TSP and takes records, no device's messages");
      yield { wire: event.message };
      return;
    }
    if (stream.devicePublicKey !== null) throw new QoodError("EVENT_UNSIGNED", "the stream takes messages that its device has signed, no bare records");
    if (event.schema !== undefined && event.schema !== schemaId(schema)) throw new QoodError("EVENT_SCHEMA", `records of ${event.schema}; the stream takes ${schemaId(schema)}`);
    for (const record of event.records ?? []) {
      const row = read(record);
      if ("reason" in row) yield { code: `ROW_${row.reason.toUpperCase()}`, reason: row.detail };
      else yield { row };
    }
  } catch (error) {
    if (!isQoodError(error)) throw error;
    yield { code: error.code, reason: error.message };
  }
}

async function* eventItems(path: string, name: string, stream: StreamConfig, schema: Schema): AsyncGenerator<Item, void, undefined> {
  const read = recordReader(schema);
  let [at, line] = [0, 0];
  for await (const text of linesOf(path)) {
    line += 1;
    if (text.trim() === "") continue;
    for (const item of lineItems(text, `${name}:${line}`, stream, schema, read)) {
      at += 1;
      if ("row" in item) yield { kind: "row", at, line, row: item.row };
      else if ("wire" in item) yield { kind: "message", at, line, wire: item.wire };
      else yield { kind: "fault", at, line, ...item };
    }
  }
}

const FORMATS = "a carOBD CSV, a CAN-with-GPS CSV, a generated drive, a CarChain trip-gps JSON, or CloudEvents as JSON-lines; each may be packed by gzip or zstd";

/**
 * Opens a file and looks at what it is; nothing is imported yet.
 * @throws QoodError INPUT_MISSING, INPUT_EMPTY, INPUT_SHAPE, INPUT_NO_GOOD_ROW, each in one line
 */
export async function openSource(path: string, options: { readonly startMs?: number | undefined }): Promise<Source> {
  const packed = await headOf(path);
  const name = basename(path);
  const hash = await hashOf(path);
  const unpacked = await unpack(path, packed);
  const common = { path, name, hash, close: unpacked.close };
  try {
    const head = (unpacked.path === path ? packed : await headOf(unpacked.path)).toString("utf8").replace(/^\uFEFF/, "");
    // A file of events shows one near its beginning; each line is judged by itself later.
    if (/^\s*\{.*"specversion"\s*:/m.test(head)) {
      let lines = 0;
      for await (const _ of linesOf(unpacked.path)) lines += 1;
      return { ...common, format: "events", schema: undefined, notes: [], lines, start: undefined, firstMs: undefined, items: (stream, schema) => eventItems(unpacked.path, name, stream, schema) };
    }
    const drive = await openDrive(unpacked.path, options.startMs === undefined ? {} : { startMs: options.startMs });
    const survey = await surveyDrive(drive);
    return { ...common, format: drive.format, schema: drive.schema, notes: drive.notes, lines: survey.total, start: drive.format === "obd" ? (options.startMs ?? DEFAULT_START_MS) : undefined, firstMs: survey.firstMs, items: () => driveItems(drive) };
  } catch (error) {
    await unpacked.close();
    if (!isQoodError(error)) throw error;
    const said = error.message.replaceAll(unpacked.path, path);
    throw new QoodError(error.code, error.code === "INPUT_SHAPE" && /unknown shape/.test(said) ? `${path} has an unknown shape; expected ${FORMATS}` : said, { cause: error });
  }
}
