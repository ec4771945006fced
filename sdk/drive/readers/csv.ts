import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { parseDecimal } from "../../dictionary/index.ts";
import type { Row } from "../../dictionary/index.ts";
import { QoodError } from "../../errors/index.ts";
import { rowJudge } from "../accept.ts";
import type { Fault } from "../accept.ts";
import type { DriveEvent } from "../types.ts";
import { OneSecond } from "./second.ts";
import type { CsvShape } from "./shape.ts";

/** No line of any format comes near this; a binary file does. */
const MAX_LINE_BYTES = 64 * 1024;

/**
 * Streams a CSV file as judged rows.
 *
 * @param path - the file, whose header is known to fit
 * @param startMs - Unix ms of engine start, for the shape that has no date
 * @throws QoodError `INPUT_SHAPE` where a line is too long to be one
 */
export async function* csvEvents(path: string, shape: CsvShape, startMs: number): AsyncGenerator<DriveEvent, void, undefined> {
  // None of the formats quotes. Read as data, a stray quote spoils one cell; read as syntax, the rest of the file.
  const parser = parse({ quote: null, relax_column_count: true, record_delimiter: ["\r\n", "\n"], max_record_size: MAX_LINE_BYTES });
  const file = createReadStream(path);
  file.on("error", (error) => parser.destroy(error));
  file.pipe(parser);
  const time = shape.time?.();
  const judge = rowJudge(shape.schema);
  const second = time === undefined ? new OneSecond(startMs) : undefined;
  let line = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      line += 1;
      if (line === 1 || (cells.length === 1 && cells[0]!.trim() === "")) continue;
      const row = cellsToRow(cells, shape, time, startMs);
      const fault = "reason" in row ? row : judge(row, time === undefined ? row[1]! * 1000 : row[0]!);
      if (fault !== undefined) yield { kind: "rejected", line, ...fault };
      else if (second === undefined) yield { kind: "row", line, values: row as Row };
      else yield* second.add(line, row as Row);
    }
    if (second !== undefined) yield* second.end();
  } catch (error) {
    if (error instanceof CsvError) throw new QoodError("INPUT_SHAPE", `${path}: line ${line + 1} is not a line of CSV (${error.code})`, { cause: error });
    throw error;
  } finally {
    file.destroy();
  }
}

/** Cells to integers. The time of a row without clock of its own is put in later; until then the start stands for it. */
function cellsToRow(cells: string[], shape: CsvShape, time: ((cell: string) => number | undefined) | undefined, startMs: number): Row | Fault {
  const expected = shape.header.length;
  // Where rows end in a comma, one that ends so a value too early is cut off; one without the comma is whole.
  const trailing = shape.trailingComma && cells.at(-1)!.trim() === "";
  if (cells.length !== (trailing ? expected + 1 : expected)) return { reason: "columns", detail: `${trailing ? cells.length - 1 : cells.length} cells where the header has ${expected}` };
  const row: Row = [];
  const columns = shape.schema.columns;
  if (time !== undefined) {
    const ms = time(cells[0]!);
    if (ms === undefined) return unparsable(columns[0]!.name, cells[0]!);
    row.push(ms);
  } else {
    row.push(startMs);
  }
  for (let i = row.length - (time === undefined ? 1 : 0); i < expected; i++) {
    const column = columns[row.length]!;
    const cell = cells[i]!;
    // An empty cell is a value that was not read; only a clock cannot be absent.
    const value = cell.trim() === "" ? null : parseDecimal(cell, column.decimals);
    if (value === undefined || (value === null && i === 0)) return unparsable(column.name, cell);
    row.push(value);
  }
  return row;
}

function unparsable(column: string, cell: string): Fault {
  return { reason: "unparsable", detail: `${column} ${JSON.stringify(cell.trim().slice(0, 40))} cannot be read` };
}
