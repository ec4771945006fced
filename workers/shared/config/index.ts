import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { helpText } from "./help.ts";
import { environmentName, fieldsOf, flagName } from "./fields.ts";
import type { Field } from "./fields.ts";
import type { Program } from "./program.ts";
import { valuesFor } from "./sections.ts";

/** The settings, or the text that was asked for instead of a start. */
export type Loaded<S extends z.ZodObject> = { readonly settings: z.output<S> } | { readonly help: string };

const CONFIG = "config";

/** A text from a flag or the environment as the type that the schema wants; what does not fit is left to the schema. */
function fromText(field: Field, text: string): unknown {
  if (field.type === "array") return text === "" ? [] : text.split(",").map((part) => part.trim());
  if (field.type === "boolean") return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
  if (field.type === "number" || field.type === "integer") return text.trim() === "" ? text : Number(text);
  return text;
}

function readConfigFile(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new QoodError("CONFIG_FILE", `the configuration file ${file} cannot be read: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new QoodError("CONFIG_FILE", `the configuration file ${file} is not JSON`);
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (!parsed.success) throw new QoodError("CONFIG_FILE", `the configuration file ${file} must hold one JSON object`);
  return parsed.data;
}

function flagsOf(program: Program<z.ZodObject>, fields: readonly Field[], argv: readonly string[]): Record<string, unknown> {
  const options = Object.fromEntries([
    ...fields.map((field) => [flagName(field.name), { type: field.type === "boolean" ? ("boolean" as const) : ("string" as const) }]),
    [CONFIG, { type: "string" as const }],
    ["help", { type: "boolean" as const }],
  ]) as Record<string, { type: "string" | "boolean" }>;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: false, strict: true, allowNegative: true }).values;
  } catch (error) {
    const [first] = (error as Error).message.split(". To specify");
    throw new QoodError("CONFIG_FLAG", `${first!}; ${program.name} --help lists the flags`);
  }
}

/** zod's issues as one line that names the setting and the three ways to give it. */
function complain(program: Program<z.ZodObject>, error: z.ZodError): never {
  const lines = error.issues.map((issue) => {
    const name = String(issue.path[0] ?? "");
    if (issue.code === "unrecognized_keys") return `unknown setting ${issue.keys.join(", ")}`;
    return `${name}: ${issue.message} (--${flagName(name)} or ${environmentName(name)})`;
  });
  throw new QoodError("CONFIG_VALUE", `${program.name} cannot start with these settings: ${lines.join("; ")}`);
}

/**
 * Reads a program's settings. A flag counts more than the environment (`QOOD_…`), that more than the JSON file named
 * by `--config` or `QOOD_CONFIG`, that more than the schema's default. A configuration file may hold a section for
 * each program under its name, see {@link valuesFor}.
 * @throws QoodError CONFIG_FLAG, CONFIG_FILE or CONFIG_VALUE, each in one line.
 */
export function loadSettings<S extends z.ZodObject>(
  program: Program<S>,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Loaded<S> {
  const fields = fieldsOf(program.schema);
  const flags = flagsOf(program, fields, argv);
  if (flags.help === true) return { help: helpText(program, fields) };
  const file = (flags[CONFIG] as string | undefined) ?? env[environmentName(CONFIG)];
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const values = valuesFor(program, fromFile, file ?? "");
  for (const field of fields) {
    const text = env[environmentName(field.name)] ?? (field.alias === undefined ? undefined : env[field.alias]);
    if (text !== undefined) values[field.name] = fromText(field, text);
    const flag = flags[flagName(field.name)];
    if (flag !== undefined) values[field.name] = typeof flag === "string" ? fromText(field, flag) : flag;
  }
  const parsed = z.safeParse(program.schema.strict(), values);
  if (!parsed.success) complain(program, parsed.error);
  return { settings: parsed.data as z.output<S> };
}

export { environmentName, flagName } from "./fields.ts";
export { fileSchema } from "./fileSchema.ts";
export type { Program } from "./program.ts";
export * from "./common.ts";
