/** Reads what Hardhat's coverage run leaves behind, and makes the table of it. */
import { QoodError } from "../../sdk/errors/index.ts";

/** Lines of one source file: whether each that holds code was run. */
export type Lines = ReadonlyMap<number, boolean>;

/** A statement of a source file. */
export interface Statement {
  /** What the run writes down when it comes by. */
  readonly tag: string;
}

/** Coverage of one source file. */
export interface FileCoverage {
  /** Path in the checkout. */
  readonly file: string;
  readonly lines: { readonly covered: number; readonly total: number };
  readonly statements: { readonly covered: number; readonly total: number };
  /** Lines that hold code which was not run, ascending. */
  readonly missing: readonly number[];
}

/** Folders below contracts/ that the table shows. */
export const FOLDERS = ["identity", "rights", "shares", "tokens", "market"] as const;
/** Folders of which at least {@link LEAST} of the lines must have been run. */
export const HELD = ["identity", "rights", "shares", "tokens"] as const;
/** Percent of a folder's lines. */
export const LEAST = 98;

/**
 * Reads an lcov tracefile (geninfo(1)): the records `SF:`, `DA:LINE,COUNT` and `end_of_record`; others are left out.
 * @returns lines by path of the source file
 * @throws QoodError `COVERAGE_FORMAT` where a record is not of this form
 */
export function readLcov(text: string): Map<string, Lines> {
  const files = new Map<string, Map<number, boolean>>();
  let lines: Map<number, boolean> | undefined;
  for (const [i, record] of text.split("\n").entries()) {
    if (record.startsWith("SF:")) {
      lines = files.get(record.slice(3)) ?? new Map<number, boolean>();
      files.set(record.slice(3), lines);
    } else if (record === "end_of_record") {
      lines = undefined;
    } else if (record.startsWith("DA:")) {
      const match = /^DA:([1-9]\d*),(\d+)(?:,|$)/.exec(record);
      if (match === null || lines === undefined) throw new QoodError("COVERAGE_FORMAT", `line ${i + 1} of the coverage file is none of lcov's: ${record}`);
      const line = Number(match[1]);
      lines.set(line, lines.get(line) === true || match[2] !== "0");
    }
  }
  return files;
}

/** Coverage of a file from its lines and statements and the tags that were come by. */
export function coverageOf(file: string, lines: Lines, statements: readonly Statement[], hit: ReadonlySet<string>): FileCoverage {
  const missing = [...lines].flatMap(([line, run]) => (run ? [] : [line])).sort((a, b) => a - b);
  return {
    file,
    lines: { covered: lines.size - missing.length, total: lines.size },
    statements: { covered: statements.filter(({ tag }) => hit.has(tag)).length, total: statements.length },
    missing,
  };
}

/** Lines as ranges: `3, 7-9`. */
export function ranges(lines: readonly number[]): string {
  const found: [number, number][] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && line === last[1] + 1) last[1] = line;
    else found.push([line, line]);
  }
  return found.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}

/** The folder below contracts/ of a source file. */
const folderOf = (file: string): string => file.split("/")[1] ?? "";

const percent = ({ covered, total }: { covered: number; total: number }): number => (total === 0 ? 100 : (100 * covered) / total);

function sum(files: readonly FileCoverage[], of: "lines" | "statements"): { covered: number; total: number } {
  return files.reduce((all, file) => ({ covered: all.covered + file[of].covered, total: all.total + file[of].total }), { covered: 0, total: 0 });
}

/** Part of `covered / total` and percent, cut off: 99.99 % is never shown as 100. */
const cell = (part: { covered: number; total: number }): string => `${String(part.covered).padStart(5)} / ${String(part.total).padEnd(5)}${(Math.floor(percent(part) * 10) / 10).toFixed(1).padStart(6)} %`;

/** The table: one row a file, one a folder, then every line that is missing. Files of other folders are left out. */
export function table(files: readonly FileCoverage[]): string[] {
  const row = (name: string, of: readonly FileCoverage[]): string => `${name.padEnd(48)}${cell(sum(of, "lines"))}   ${cell(sum(of, "statements"))}`;
  const rows = [`${"file".padEnd(48)}${"lines".padEnd(21)}   statements`];
  for (const folder of FOLDERS) {
    const own = files.filter(({ file }) => folderOf(file) === folder).sort((a, b) => (a.file < b.file ? -1 : 1));
    if (own.length === 0) continue;
    rows.push(...own.map((file) => row(file.file, [file])), row(`contracts/${folder} in all`, own), "");
    rows.push(...own.flatMap(({ file, missing }) => (missing.length === 0 ? [] : [`MISSING  ${file}:${ranges(missing)}`])));
  }
  return rows;
}

/** What is wrong with the coverage: a line for each folder that is held to {@link LEAST} and below it, or of which nothing was measured. */
export function shortfalls(files: readonly FileCoverage[]): string[] {
  return HELD.flatMap((folder) => {
    const lines = sum(files.filter(({ file }) => folderOf(file) === folder), "lines");
    if (lines.total === 0) return [`contracts/${folder}: nothing was measured`];
    return percent(lines) < LEAST ? [`contracts/${folder}: ${percent(lines).toFixed(2)} % of the lines, at least ${LEAST} % are asked for`] : [];
  });
}
