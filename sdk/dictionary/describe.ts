import { mappingOf } from "./mapping.ts";
import { TIME_COLUMN, schemaId } from "./schema.ts";
import { SCHEMAS } from "./schemas/index.ts";
import type { RawColumn, Schema, VssColumn } from "./types.ts";

/**
 * The dictionary as Markdown tables, one a schema: what each column is on the wire and what it becomes on opening.
 *
 * @throws QoodError `DICTIONARY_UNKNOWN`
 */
export function dictionaryTables(version: number): string {
  return SCHEMAS.map((schema) => `${table(schema, version)}\n`).join("\n");
}

function table(schema: Schema, version: number): string {
  const { columns } = mappingOf(schema, version);
  const lines = schema.columns.map((raw, i) => {
    const vss = columns[i]!;
    const cells = [raw.name, raw.description, stepOf(raw), rangeOf(raw), withUnit(vss), vss.datatype, howOpened(vss), vss.overlay ?? ""];
    return `| ${cells.join(" | ")} |`;
  });
  const head = ["column", "what it is", "step", "range", "opened as", "type", "factor", "why not a VSS 6.0 signal"];
  return [`### ${schemaId(schema)}`, "", `| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...lines].join("\n");
}

/**
 * The VSS signals of the dictionary as one Markdown table, each once, with every column that becomes it: step and range are the
 * column's, in its source's unit. QoodBlock's own paths are left out.
 *
 * @throws QoodError `DICTIONARY_UNKNOWN`
 */
export function signalTable(version: number): string {
  const found = new Map<string, { vss: VssColumn; from: string[] }>();
  for (const schema of SCHEMAS) {
    mappingOf(schema, version).columns.forEach((vss, i) => {
      if (vss.overlay !== undefined) return;
      const raw = schema.columns[i]!;
      const signal = found.get(vss.path) ?? { vss, from: [] };
      signal.from.push(`${schemaId(schema)} ${raw.name}: ${stepOf(raw)}, ${rangeOf(raw)}`);
      found.set(vss.path, signal);
    });
  }
  const lines = [...found.values()].sort((a, b) => (a.vss.path < b.vss.path ? -1 : 1)).map(({ vss, from }) => `| ${withUnit(vss)} | ${vss.datatype} | ${from.join("; ")} |`);
  return ["| VSS 6.0 signal | type | column: step, range |", "| --- | --- | --- |", ...lines, ""].join("\n");
}

function stepOf(raw: RawColumn): string {
  return `${(10 ** -raw.decimals).toFixed(raw.decimals)} ${raw.unit}`.trim();
}

/** The bounds of a time are a clock's, not a measurement's. */
function rangeOf(raw: RawColumn): string {
  return raw.max === TIME_COLUMN.max ? "2000-01-01 to 2100-01-01" : `${raw.min} to ${raw.max}`;
}

function withUnit(vss: VssColumn): string {
  return `${vss.path}${vss.unit === "" ? "" : ` [${vss.unit}]`}`;
}

function howOpened({ factor, words, base36 }: VssColumn): string {
  if (words !== undefined) return words.map((word, i) => `${i} ${word}`).join(", ");
  if (base36 !== undefined) return `base 36, ${base36} characters`;
  return factor === "1" ? "" : `× ${factor}`;
}
