import type { Row, Schema } from "../../dictionary/index.ts";
import { csvSink } from "./csv.ts";
import type { RowSink } from "./csv.ts";
import { geoJsonSink } from "./geojson.ts";

/** What to write, and where. */
export interface RecordsTarget {
  readonly schema: Schema;
  /** From the header: which mapping the columns are opened by. */
  readonly dictionaryVersion: number;
  readonly csvPath: string;
  /** Left out: no GeoJSON. Given for a schema without position: none is written either. */
  readonly geoJsonPath?: string;
}

/** What was written. */
export interface RecordsWritten {
  readonly records: number;
  /** False where the schema has no position, or none was asked for. */
  readonly geoJson: boolean;
}

/**
 * Writes opened rows as CSV and, where they have positions, as GeoJSON, in one pass and without holding them. Both files
 * appear when all rows are written; if the rows end in an error neither does, and nothing is left behind.
 *
 * @param rows - raw rows in order, as opened from one or more batches
 */
export async function writeRecords(rows: AsyncIterable<Row> | Iterable<Row>, target: RecordsTarget): Promise<RecordsWritten> {
  const { schema, dictionaryVersion, csvPath, geoJsonPath } = target;
  const csv = await csvSink(csvPath, schema, dictionaryVersion);
  const sinks: RowSink[] = [csv];
  let records = 0;
  try {
    const geoJson = geoJsonPath === undefined ? undefined : await geoJsonSink(geoJsonPath, schema, dictionaryVersion);
    if (geoJson !== undefined) sinks.push(geoJson);
    for await (const row of rows) {
      for (const sink of sinks) await sink.write(row);
      records += 1;
    }
    for (const sink of sinks) await sink.commit();
    return { records, geoJson: geoJson !== undefined };
  } catch (error) {
    for (const sink of sinks) await sink.abort();
    throw error;
  }
}
