import { QoodError } from "../errors/index.ts";
import { mappingOf, positionColumns } from "./mapping.ts";
import { integerRange, schemaId } from "./schema.ts";
import type { RawColumn, Schema, VssColumn } from "./types.ts";

/** The public search fields that the description file of a batch can carry, by their bit in the contract. */
export const SEARCH_FIELDS = { time: 1, cell: 2, owner: 4, vinTag: 8 } as const;

/** One column: what its integers must be, and below `qood` what they mean. */
export interface ColumnJson {
  title: string;
  description: string;
  type: "integer" | readonly ["integer", "null"];
  minimum: number;
  maximum: number;
  qood: {
    /** Of the source. `min` and `max` are in it; `minimum` and `maximum` are the same in steps of 10^-decimals. */
    unit: string;
    decimals: number;
    min: number;
    max: number;
    vss: Omit<VssColumn, "column">;
  };
}

/** A schema as JSON Schema, draft 2020-12, of one row: the array that a device signs. */
export interface SchemaJson {
  $schema: "https://json-schema.org/draft/2020-12/schema";
  $id: string;
  title: string;
  description: string;
  type: "array";
  prefixItems: ColumnJson[];
  items: false;
  minItems: number;
  /** No keyword of JSON Schema: a validator that is strict has to be told it. */
  qood: { name: string; version: string; dictionaryVersion: number; vss: "6.0"; searchFields: (keyof typeof SEARCH_FIELDS)[] };
}

/**
 * Which public search fields batches under a schema may carry: the time always, H3 cells where there is a position. Owner and
 * VIN tag are in no schema of ours: description files have no place for them.
 */
export function searchFieldNames(schema: Schema): (keyof typeof SEARCH_FIELDS)[] {
  return positionColumns(schema) === undefined ? ["time"] : ["time", "cell"];
}

/**
 * A schema of this dictionary with its mapping, as JSON Schema.
 *
 * @param version - dictionary version of the mapping
 * @throws QoodError `DICTIONARY_UNKNOWN` as {@link mappingOf}
 */
export function schemaJson(schema: Schema, version: number): SchemaJson {
  const { columns } = mappingOf(schema, version);
  if (columns.length !== schema.columns.length) throw new QoodError("DICTIONARY_UNKNOWN", `the mapping of ${schemaId(schema)} has ${columns.length} columns, the schema ${schema.columns.length}`);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: `urn:qood:schema:${schemaId(schema)}`,
    title: schemaId(schema),
    description: "One row: integers in the columns' order, each value × 10^decimals in the source's unit, null where absent. Opened, a value is integer × 10^-decimals × factor of the VSS signal.",
    type: "array",
    prefixItems: schema.columns.map((raw, i) => columnJson(raw, columns[i]!, i === 0)),
    items: false,
    minItems: schema.columns.length,
    qood: { name: schema.name, version: schema.version, dictionaryVersion: version, vss: "6.0", searchFields: searchFieldNames(schema) },
  };
}

function columnJson(raw: RawColumn, { column: _, ...vss }: VssColumn, isTime: boolean): ColumnJson {
  const { min, max } = integerRange(raw);
  return {
    title: raw.name,
    description: raw.description,
    type: isTime ? "integer" : ["integer", "null"],
    minimum: min,
    maximum: max,
    qood: { unit: raw.unit, decimals: raw.decimals, min: raw.min, max: raw.max, vss },
  };
}
