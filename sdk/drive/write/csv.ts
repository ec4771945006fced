import { mappingOf, rowOpener } from "../../dictionary/index.ts";
import type { OpenedRow, Row, Schema } from "../../dictionary/index.ts";
import { AtomicFile } from "./atomic.ts";

/**
 * The header of a records CSV: one cell a column in schema order, `path [unit]`, or `path` alone for a pure number:
 * `Vehicle.QoodBlock.Time [iso8601],Vehicle.Speed [km/h],…`.
 *
 * @throws QoodError `DICTIONARY_UNKNOWN`
 */
export function csvHeader(schema: Schema, dictionaryVersion: number): string[] {
  return mappingOf(schema, dictionaryVersion).columns.map(({ path, unit }) => (unit === "" ? path : `${path} [${unit}]`));
}

/** Takes rows one after the other into a file that appears only at {@link RowSink.commit}. */
export interface RowSink {
  write(row: Row): Promise<void>;
  commit(): Promise<void>;
  /** Removes what was written so far. */
  abort(): Promise<void>;
}

/**
 * A CSV of opened rows (RFC 4180 without need of quotes, lines end in `\n`): the header of {@link csvHeader}, times as
 * ISO 8601 UTC with milliseconds, numbers as exact decimals without exponent, absent values as empty cells.
 *
 * @param path - where the file will stand
 */
export async function csvSink(path: string, schema: Schema, dictionaryVersion: number): Promise<RowSink> {
  const opener = rowOpener(schema, dictionaryVersion);
  const header = csvHeader(schema, dictionaryVersion);
  const file = await AtomicFile.create(path);
  await file.write(`${header.join(",")}\n`);
  return {
    write: (row) => file.write(csvLine(opener(row))),
    commit: () => file.commit(),
    abort: () => file.abort(),
  };
}

function csvLine(row: OpenedRow): string {
  return `${row.map((value) => value ?? "").join(",")}\n`;
}
