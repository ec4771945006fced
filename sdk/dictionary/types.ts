/**
 * The data dictionary's types.
 *
 * A **schema** says what a device signs: columns of integers, in the source's own unit and resolution, so that nothing
 * is lost. A **mapping** says what these integers mean in COVESA VSS. It is chosen by the dictionary's version and
 * applied when data is opened, never before: a better mapping needs no new sealing.
 */

/** One row on the wire: one entry per schema column, in schema order; `null` = absent. Entry 0 is never null. */
export type Row = (number | null)[];

/** A column as the device signs it: `integer = value × 10^decimals`, value in `unit`. */
export interface RawColumn {
  /** Short stable name, lower case with underscores; unique within the schema. */
  readonly name: string;
  /** Decimal digits kept: the declared step is 10^-decimals of `unit`. */
  readonly decimals: number;
  /** Smallest accepted value, in `unit` (inclusive). */
  readonly min: number;
  /** Largest accepted value, in `unit` (inclusive). */
  readonly max: number;
  /** Unit of the source, e.g. `km/h`, `mi`, `percent`; empty for a pure number. */
  readonly unit: string;
  /** What the column is, in one line. */
  readonly description: string;
}

/** A schema. Column 0 is always the record's time in Unix milliseconds UTC ({@link RawColumn.decimals} 0, unit `ms`). */
export interface Schema {
  /** ASCII name without `@`, e.g. `carobd`. */
  readonly name: string;
  /** Version as it stands behind the `@` in the schema's hash. */
  readonly version: string;
  readonly columns: readonly RawColumn[];
}

/** VSS datatypes that a column can map to; a `string` is a time (unit `iso8601`), one of `words`, or `base36`. */
export type VssDatatype =
  | "boolean"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "uint32"
  | "int32"
  | "float"
  | "double"
  | "string";

/**
 * What one raw column becomes when data is opened: `vss value = raw integer × 10^-decimals × factor`, exactly; a boolean's 0
 * and 1 become `false` and `true`. `words` and `base36` turn integers into texts.
 */
export interface VssColumn {
  /** The raw column's name. */
  readonly column: string;
  /** VSS 6.0 path; where `overlay` is set, one below `Vehicle.QoodBlock`, or of another standard (`CF`, `DATEX2`) for what no car measures. */
  readonly path: string;
  readonly datatype: VssDatatype;
  /** VSS unit name, e.g. `km/h`, `degrees`, `m/s^2`; empty for a pure number, `iso8601` for times. */
  readonly unit: string;
  /** Exact decimal multiplier from the raw unit to the VSS unit, as text: `"1"`, `"1.609344"`. */
  readonly factor: string;
  /** Set where the integer stands for a word: the words of 0, 1, 2 …; the column's range is exactly theirs. */
  readonly words?: readonly string[];
  /** Set where the integer is a text of this many of the characters 0-9 and A-Z, read as a number of base 36. */
  readonly base36?: number;
  /** Set where VSS 6.0 has no signal for the column: why the path is another. */
  readonly overlay?: string;
}

/** One dictionary version's mapping of one schema: exactly one entry per raw column, in schema order. */
export interface Mapping {
  /** `name@version` of the schema. */
  readonly schema: string;
  readonly columns: readonly VssColumn[];
}
