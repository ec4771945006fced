import { QoodError } from "@qoodblock/sdk/errors";

/** Exit code of a user's mistake; everything unforeseen ends with 2. */
const MISTAKE = 1;
const UNFORESEEN = 2;

/** JSON of anything that the commands return: bigint as decimal text, since JSON's numbers are too small for amounts. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? item.toString() : item));
}

/** Prints a command's result: JSON for machines, one `name  value` line per entry for people. */
export function printResult(result: object | readonly object[], json: boolean): void {
  if (json) {
    process.stdout.write(`${toJson(result)}\n`);
    return;
  }
  const rows = Array.isArray(result) ? (result as readonly object[]) : [result];
  for (const row of rows) {
    const width = Math.max(0, ...Object.keys(row).map((key) => key.length));
    for (const [key, value] of Object.entries(row)) {
      process.stdout.write(`${key.padEnd(width)}  ${typeof value === "object" && value !== null ? toJson(value) : String(value)}\n`);
    }
    if (rows.length > 1) process.stdout.write("\n");
  }
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "-";
  return typeof value === "string" || typeof value === "bigint" ? value.toString() : toJson(value);
}

/** Prints a list: JSON for machines, a table with a heading for people, and `none` where the list is empty. */
export function printTable(rows: readonly object[], json: boolean): void {
  if (json) {
    process.stdout.write(`${toJson(rows)}\n`);
    return;
  }
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [names, ...rows.map((row) => names.map((name) => cell((row as Record<string, unknown>)[name])))];
  const widths = names.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const text = lines.map((line) => line.map((each, i) => each.padEnd(widths[i]!)).join("  ").trimEnd());
  process.stdout.write(rows.length === 0 ? "none\n" : `${text.join("\n")}\n`);
}

/** Ends the program with one clear line for a mistake, and with all that is known for what nobody foresaw. */
export function failWith(error: unknown, json: boolean): never {
  const known = error instanceof QoodError;
  const code = known ? error.code : "UNFORESEEN";
  const text = error instanceof Error ? error.message : String(error);
  // One line, whatever a node or a file name has brought in.
  const message = known ? text.replaceAll(/\s*[\r\n]+\s*/g, " ") : text;
  if (json) process.stdout.write(`${toJson({ error: { code, message, ...(known ? { details: error.details } : {}) } })}\n`);
  process.stderr.write(known ? `qood: ${message}\n` : `qood: unforeseen: ${error instanceof Error ? (error.stack ?? message) : message}\n`);
  process.exit(known ? MISTAKE : UNFORESEEN);
}
