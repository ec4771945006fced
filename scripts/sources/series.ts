/** A series of observations out of a CSV file, as rows of a schema: the header names the schema's columns, an empty cell is absent. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { parseDecimal, rowCheck } from "../../sdk/dictionary/index.ts";
import type { Row, Schema } from "../../sdk/dictionary/index.ts";
import { QoodError, ensure } from "../../sdk/errors/index.ts";

/** @throws QoodError `SERIES_FORM` with file and line */
export function readSeries(file: string, schema: Schema): Row[] {
  const records: string[][] = parse(readFileSync(file, "utf8"), { skip_empty_lines: true });
  const [header = [], ...lines] = records;
  ensure(header.join() === schema.columns.map(({ name }) => name).join(), "SERIES_FORM", `${file}: the header must name the columns of ${schema.name}@${schema.version}`);
  const fault = rowCheck(schema);
  return lines.map((cells, i) => {
    const row = cells.map((cell, j): number | null => {
      if (j === 0) return Date.parse(cell);
      if (cell === "") return null;
      return parseDecimal(cell, schema.columns[j]!.decimals) ?? NaN;
    });
    const found = row.some(Number.isNaN) ? { detail: "a cell is no number of the column's steps, or no time" } : fault(row);
    if (found !== undefined) throw new QoodError("SERIES_FORM", `${file}:${i + 2}: ${found.detail}`);
    return row;
  });
}
