import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { QoodError } from "../errors/index.ts";
import type { SchemaJson } from "./json-schema.ts";

/**
 * Makes the check of rows by a schema's file, for schemas that this SDK does not ship. Strict: a keyword that is neither JSON
 * Schema's nor `qood` is an error. Gateways use {@link rowCheck}, which says the same and is faster.
 *
 * @param json - the parsed file
 * @returns a function from a parsed row to the first fault in one line, or `undefined` for a good row
 * @throws QoodError `SCHEMA_FORM` where the file is no JSON Schema of draft 2020-12
 */
export function rowValidator(json: SchemaJson): (row: unknown) => string | undefined {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addVocabulary(["qood"]);
  let validate;
  try {
    validate = ajv.compile(json);
  } catch (cause) {
    throw new QoodError("SCHEMA_FORM", `not a schema of rows: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  return (row) => (validate(row) ? undefined : describe(validate.errors?.[0]));
}

function describe(fault: ErrorObject | undefined): string {
  return `${fault?.instancePath === "" || fault === undefined ? "the row" : `column ${fault.instancePath.slice(1)}`} ${fault?.message ?? "is wrong"}`;
}
