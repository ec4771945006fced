import { z } from "zod";

/** A setting as its JSON Schema describes it. */
export interface Field {
  readonly name: string;
  readonly type: "string" | "number" | "integer" | "boolean" | "array";
  readonly description: string;
  readonly required: boolean;
  readonly fallback: unknown;
  readonly choices: readonly string[] | undefined;
  /** A variable that other programs know the setting by; `QOOD_…` counts more. */
  readonly alias: string | undefined;
}

const fieldSchema = z.object({
  type: z.enum(["string", "number", "integer", "boolean", "array"]).default("string"),
  description: z.string().default(""),
  default: z.unknown().optional(),
  enum: z.array(z.string()).optional(),
  alias: z.string().optional(),
});

/** The settings of a schema, in its own order. */
export function fieldsOf(schema: z.ZodObject): Field[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const required = new Set(json.required ?? []);
  return Object.entries(json.properties ?? {}).map(([name, property]) => {
    const field = fieldSchema.parse(property);
    return { name, type: field.type, description: field.description, required: required.has(name), fallback: field.default, choices: field.enum, alias: field.alias };
  });
}

/** `batchRecords` → `batch-records`. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `batchRecords` → `QOOD_BATCH_RECORDS`. */
export function environmentName(name: string): string {
  return `QOOD_${flagName(name).replaceAll("-", "_").toUpperCase()}`;
}
