/** Writes workers/config.schema.json from the settings of all workers. Run after a setting has changed; a test says when it is needed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderConfigSchema } from "./render.ts";

writeFileSync(join(import.meta.dirname, "../../workers/config.schema.json"), renderConfigSchema());
