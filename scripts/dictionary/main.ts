/** Writes the JSON Schemas of the dictionary and the tables in its pages: `node scripts/dictionary/main.ts`. A test says when it is needed. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCHEMA_FOLDER, dictionaryFiles } from "./files.ts";

const root = join(import.meta.dirname, "../..");
mkdirSync(join(root, SCHEMA_FOLDER), { recursive: true });
for (const [path, text] of dictionaryFiles(root)) writeFileSync(join(root, path), text);
