import type { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { sharedShape } from "./common.ts";
import type { Program } from "./program.ts";

/** Names of programs, and so of sections, begin with this. */
const SECTION = /^qood-/;
/** Names the schema of the file, for editors. */
const SCHEMA = "$schema";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a configuration file says to one program. A file without sections is all its own. In one with sections, the
 * program's own counts more than the top level, and of that only settings count that mean the same to all programs: a
 * storage node's `rpc`, say, is where it serves, and not the chain's node.
 * @throws QoodError CONFIG_FILE
 */
export function valuesFor(program: Program<z.ZodObject>, file: Readonly<Record<string, unknown>>, path: string): Record<string, unknown> {
  const entries = Object.entries(file).filter(([name]) => name !== SCHEMA);
  if (!entries.some(([name]) => SECTION.test(name))) return Object.fromEntries(entries);
  const shape = program.schema.shape as Readonly<Record<string, z.ZodType>>;
  const values: Record<string, unknown> = {};
  for (const [name, value] of entries) {
    if (SECTION.test(name)) {
      if (!isObject(value)) throw new QoodError("CONFIG_FILE", `section ${name} of the configuration file ${path} must be a JSON object`);
    } else if (!Object.hasOwn(sharedShape, name)) throw new QoodError("CONFIG_FILE", `${name} cannot stand at the top level of the configuration file ${path}: put it into the section of its program`);
    else if (shape[name] === sharedShape[name]) values[name] = value;
  }
  return { ...values, ...(file[program.name] as Record<string, unknown> | undefined) };
}
