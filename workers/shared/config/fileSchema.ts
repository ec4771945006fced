import { isAbsolute } from "node:path";
import { z } from "zod";
import { sharedShape } from "./common.ts";
import type { Program } from "./program.ts";

type Property = Record<string, unknown>;

function properties(shape: Readonly<Record<string, z.ZodType>>): Record<string, Property> {
  const { properties: found } = z.toJSONSchema(z.object(shape), { io: "input", unrepresentable: "any" });
  return Object.fromEntries(
    Object.entries(found as Record<string, Property>).map(([name, property]) => {
      const { default: fallback, alias: _variable, ...rest } = property;
      // A folder of this very machine is nobody else's default.
      return [name, fallback === undefined || (typeof fallback === "string" && isAbsolute(fallback)) ? rest : { ...rest, default: fallback }];
    }),
  );
}

/**
 * JSON Schema of a configuration file with a section for each program. Nothing is required in it: what it leaves out may
 * come from a flag or the environment.
 */
export function fileSchema(programs: readonly Pick<Program<z.ZodObject>, "name" | "schema">[]): Record<string, unknown> {
  const sections = programs.map(({ name, schema }) => [name, { type: "object", description: `Settings of ${name} alone.`, properties: properties(schema.shape), additionalProperties: false }] as const);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Configuration of the QoodBlock workers",
    description: "One file for all workers (--config FILE or QOOD_CONFIG): what several share at the top level, the rest in the section of its program. Flags and QOOD_… variables count more.",
    type: "object",
    properties: { $schema: { type: "string" }, ...properties(sharedShape), ...Object.fromEntries(sections) },
    additionalProperties: false,
  };
}
