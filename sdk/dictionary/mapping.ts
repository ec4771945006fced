import { QoodError } from "../errors/index.ts";
import { decimalOf, formatScaled } from "./decimal.ts";
import { MAPPINGS_V1 } from "./mappings/v1.ts";
import { schemaId } from "./schema.ts";
import type { Mapping, Row, Schema, VssColumn } from "./types.ts";

/** The version that new batches name. */
export const DICTIONARY_VERSION = 1;

/** Every version that was ever in force: an old batch opens by the version in its header, for ever. */
const versions = new Map<number, readonly Mapping[]>([[1, MAPPINGS_V1]]);

/**
 * The meaning of a schema's columns under one dictionary version.
 *
 * @param schema - raw schema of the rows
 * @param version - u32 from the header
 * @throws QoodError `DICTIONARY_UNKNOWN` for a version, or a schema in it, that this SDK does not know
 */
export function mappingOf(schema: Schema, version: number): Mapping {
  const mappings = versions.get(version);
  if (mappings === undefined) throw new QoodError("DICTIONARY_UNKNOWN", `dictionary version ${version} is not known here (known: ${[...versions.keys()].join(", ")}); update the SDK`);
  const mapping = mappings.find((entry) => entry.schema === schemaId(schema));
  if (mapping === undefined) throw new QoodError("DICTIONARY_UNKNOWN", `dictionary version ${version} has no mapping for schema ${schemaId(schema)}`);
  return mapping;
}

/** An opened row: exact decimal text in the VSS unit, ISO 8601 for the time, `null` where absent; in schema order. */
export type OpenedRow = (string | null)[];

/**
 * Makes the function that turns raw rows into VSS values: pure, and exact (`integer × 10^-decimals × factor` has a
 * finite decimal expansion, which is printed in full).
 *
 * @throws QoodError as {@link mappingOf}
 */
export function rowOpener(schema: Schema, version: number): (row: Row) => OpenedRow {
  const columns = mappingOf(schema, version).columns.map((vss, i) => valueOpener(schema.columns[i]!.decimals, vss));
  return (row) => columns.map((open, i) => open(row[i] ?? null));
}

function valueOpener(decimals: number, vss: VssColumn): (value: number | null) => string | null {
  if (vss.unit === "iso8601") return (value) => (value === null ? null : new Date(value).toISOString());
  const { words, base36 } = vss;
  if (words !== undefined) return (value) => (value === null ? null : (words[value] ?? String(value)));
  if (base36 !== undefined) return (value) => (value === null ? null : value.toString(36).toUpperCase().padStart(base36, "0"));
  if (vss.datatype === "boolean") return (value) => (value === null ? null : String(value !== 0));
  const factor = decimalOf(vss.factor);
  if (factor.digits === 1n && factor.scale === 0) return (value) => (value === null ? null : formatScaled(value, decimals));
  const scale = decimals + factor.scale;
  return (value) => (value === null ? null : formatScaled(BigInt(value) * factor.digits, scale));
}

/** Where the position stands in a schema's rows, in raw columns. */
export interface PositionColumns {
  readonly latitude: number;
  readonly longitude: number;
  readonly latitudeDecimals: number;
  readonly longitudeDecimals: number;
}

/** The columns that hold latitude and longitude, or `undefined` for a schema without position. */
export function positionColumns(schema: Schema): PositionColumns | undefined {
  const latitude = schema.columns.findIndex((column) => column.name === "latitude");
  const longitude = schema.columns.findIndex((column) => column.name === "longitude");
  if (latitude < 0 || longitude < 0) return undefined;
  return { latitude, longitude, latitudeDecimals: schema.columns[latitude]!.decimals, longitudeDecimals: schema.columns[longitude]!.decimals };
}
