import { open as openFile, stat } from "node:fs/promises";
import { positionColumns } from "../dictionary/index.ts";
import { QoodError } from "../errors/index.ts";
import { readTrip, tripEvents } from "./readers/carchain.ts";
import { csvEvents } from "./readers/csv.ts";
import { CSV_SHAPES, FORMAT_SCHEMAS, headerName } from "./readers/shape.ts";
import type { CsvShape } from "./readers/shape.ts";
import { DEFAULT_START_MS, REJECTIONS } from "./types.ts";
import type { AcceptedRow, Drive, DriveEvent, DriveFormat, DriveOptions, RejectedRow, RejectionCounts } from "./types.ts";

/** The longest header is below 1 KiB; what shows no line end in this much is no CSV of ours. */
const HEAD_BYTES = 8192;

/**
 * Opens an input file: recognises its format and gives its rows as a stream.
 *
 * @param path - a CSV (OBD, CAN with GPS, generated) or a CarChain JSON file
 * @throws QoodError `INPUT_MISSING`, `INPUT_EMPTY`, `INPUT_SHAPE`: one line each, saying what was expected
 */
export async function openDrive(path: string, options: DriveOptions = {}): Promise<Drive> {
  const head = await readHead(path);
  const found = recognise(head);
  const wanted = options.format ?? "auto";
  if (found === undefined || (wanted !== "auto" && found !== wanted)) {
    const is = found === undefined ? "has an unknown shape" : `is of format ${found}, not ${wanted}`;
    const expected = wanted === "auto" ? "expected a carOBD CSV, a CAN-with-GPS CSV, a generated drive or a CarChain trip-gps JSON" : "give --format auto or the right file";
    throw new QoodError("INPUT_SHAPE", `${path} ${is}; ${expected}`);
  }
  const startMs = options.startMs ?? DEFAULT_START_MS;
  const schema = FORMAT_SCHEMAS[found];
  const shape = CSV_SHAPES.find((entry) => entry.format === found);
  const trip = shape === undefined ? await readTrip(path) : undefined;
  const source = (): AsyncIterable<DriveEvent> | Iterable<DriveEvent> => (shape !== undefined ? csvEvents(path, shape, startMs) : tripEvents(trip!));
  return {
    format: found,
    path,
    schema,
    hasPosition: positionColumns(schema) !== undefined,
    notes: notesOf(found, startMs, options.startMs !== undefined),
    events: () => withGoodRow(path, source()),
  };
}

/** A whole drive in memory, for tests, benchmarks and small inputs. */
export interface ReadDrive {
  readonly drive: Drive;
  readonly rows: AcceptedRow[];
  readonly rejected: RejectedRow[];
  readonly counts: RejectionCounts;
}

/** Reads a whole file with {@link openDrive}. Throws what that and {@link Drive.events} throw. */
export async function readDrive(path: string, options: DriveOptions = {}): Promise<ReadDrive> {
  const drive = await openDrive(path, options);
  const rows: AcceptedRow[] = [];
  const rejected: RejectedRow[] = [];
  const counts = noRejections();
  for await (const event of drive.events()) {
    if (event.kind === "row") rows.push(event);
    else {
      rejected.push(event);
      counts[event.reason] += 1;
    }
  }
  return { drive, rows, rejected, counts };
}

/** A count of 0 for every reason. */
export function noRejections(): RejectionCounts {
  return Object.fromEntries(REJECTIONS.map((reason) => [reason, 0])) as RejectionCounts;
}

async function readHead(path: string): Promise<string> {
  const info = await stat(path).catch((error: unknown) => {
    throw new QoodError("INPUT_MISSING", `${path}: no such file, or it cannot be read`, { cause: error });
  });
  if (!info.isFile()) throw new QoodError("INPUT_MISSING", `${path} is not a file`);
  const file = await openFile(path).catch((error: unknown) => {
    throw new QoodError("INPUT_MISSING", `${path} cannot be read`, { cause: error });
  });
  try {
    const buffer = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(buffer, 0, HEAD_BYTES, 0);
    const head = buffer.toString("utf8", 0, bytesRead).replace(/^\uFEFF/, "");
    if (head.trim() === "") throw new QoodError("INPUT_EMPTY", `${path} is empty`);
    return head;
  } finally {
    await file.close();
  }
}

function recognise(head: string): DriveFormat | undefined {
  if (head.trimStart().startsWith("{")) return "carchain";
  const names = head.split(/\r?\n/, 1)[0]!.split(",").map(headerName);
  return CSV_SHAPES.find((shape) => sameHeader(names, shape))?.format;
}

function sameHeader(names: string[], shape: CsvShape): boolean {
  const cut = shape.trailingComma && names.at(-1) === "" ? names.slice(0, -1) : names;
  return cut.length === shape.header.length && cut.every((name, i) => name === shape.header[i]);
}

function notesOf(format: DriveFormat, startMs: number, startGiven: boolean): string[] {
  switch (format) {
    case "obd": {
      const date = `the file carries no date: engine start is set to ${new Date(startMs).toISOString()}${startGiven ? "" : " (default; change it with --start)"}`;
      return [date, "the source's clock counts whole seconds: the rows of one second are spread evenly over it", "no position: no H3 field, no GeoJSON"];
    }
    case "gps":
      return ["times without zone are read as US Central (America/Chicago)", ...(startGiven ? ["--start has no effect: the file carries its own date"] : [])];
    case "carchain":
      return ["times are read as UTC+8; only start and end are timed: the times between are spread evenly and labelled so", ...(startGiven ? ["--start has no effect: the file carries its own date"] : [])];
    case "generated":
      return startGiven ? ["--start has no effect on reading: the file carries its own times"] : [];
  }
}

async function* withGoodRow(path: string, source: AsyncIterable<DriveEvent> | Iterable<DriveEvent>): AsyncGenerator<DriveEvent, void, undefined> {
  let good = false;
  let first: RejectedRow | undefined;
  for await (const event of source) {
    if (event.kind === "row") good = true;
    else first ??= event;
    yield event;
  }
  if (good) return;
  const why = first === undefined ? "it has no rows" : `the first fault is in row ${first.line}: ${first.reason}, ${first.detail}`;
  throw new QoodError("INPUT_NO_GOOD_ROW", `${path} has no good row; ${why}`);
}
