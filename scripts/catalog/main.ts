// `node scripts/catalog/main.ts`: writes the catalog's OpenAPI document and the types of its client anew.
import { writeFileSync } from "node:fs";
import { files } from "./render.ts";

for (const [file, text] of Object.entries(await files())) {
  writeFileSync(file, text);
  process.stdout.write(`${file}\n`);
}
