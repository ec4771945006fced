/** The dictionary's files in the repository: its JSON Schemas, and the tables between markers in two pages. All made from the SDK's schemas. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import canonicalize from "canonicalize";
import { DICTIONARY_VERSION, SCHEMAS, dictionaryTables, schemaId, schemaJson, signalTable } from "../../sdk/dictionary/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";

/** Folder of the JSON Schemas. */
export const SCHEMA_FOLDER = `sdk/dictionary/v${DICTIONARY_VERSION}`;

/**
 * Files by path, as they must stand in the repository.
 *
 * @param root - the checkout, from which the pages around the tables are read
 * @throws QoodError `DICTIONARY_PAGE` where a page has lost its markers
 */
export function dictionaryFiles(root: string): Map<string, string> {
  const files = new Map(
    SCHEMAS.map((schema) => {
      // Keys in RFC 8785's order: without white space, these are the bytes that are published.
      const sorted: unknown = JSON.parse(canonicalize(schemaJson(schema, DICTIONARY_VERSION)) ?? "");
      return [`${SCHEMA_FOLDER}/${schemaId(schema)}.schema.json`, `${JSON.stringify(sorted, null, 2)}\n`];
    }),
  );
  for (const [page, name, table] of [
    ["sdk/dictionary/README.md", "tables", dictionaryTables(DICTIONARY_VERSION)],
    ["docs/dictionary.md", "signals", signalTable(DICTIONARY_VERSION)],
  ] as const) {
    files.set(page, withTable(page, readFileSync(join(root, page), "utf8"), name, table));
  }
  return files;
}

function withTable(page: string, text: string, name: string, table: string): string {
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new QoodError("DICTIONARY_PAGE", `${page} has no place for the table: ${start.trim()} … ${end}`);
  return text.slice(0, from + start.length) + table + text.slice(to);
}
