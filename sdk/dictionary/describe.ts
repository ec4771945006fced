import { mappingOf } from "./mapping.ts";
import { schemaId } from "./schema.ts";
import { SCHEMAS } from "./schemas/index.ts";
import type { Schema } from "./types.ts";

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
    const step = `${(10 ** -raw.decimals).toFixed(raw.decimals)} ${raw.unit}`.trim();
    // The bounds of the time are a clock's, not a measurement's.
    const range = i === 0 ? "2000-01-01 to 2100-01-01" : `${raw.min} to ${raw.max}`;
    const to = `${vss.path}${vss.unit === "" ? "" : ` [${vss.unit}]`}`;
    const cells = [raw.name, raw.description, step, range, to, vss.datatype, vss.factor === "1" ? "" : `× ${vss.factor}`, vss.overlay ?? ""];
    return `| ${cells.join(" | ")} |`;
  });
  const head = ["column", "what it is", "step", "range", "opened as", "type", "factor", "why not a VSS 6.0 signal"];
  return [`### ${schemaId(schema)}`, "", `| ${head.join(" | ")} |`, `|${" --- |".repeat(head.length)}`, ...lines].join("\n");
}
