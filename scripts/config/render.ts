import { fileSchema } from "../../workers/shared/config/index.ts";
import { programs } from "../../workers/programs.ts";

/** The text of workers/config.schema.json. */
export const renderConfigSchema = (): string => `${JSON.stringify(fileSchema(programs), null, 2)}\n`;
