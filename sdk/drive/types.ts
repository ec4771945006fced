import type { Row, Schema } from "../dictionary/index.ts";

/** The shapes of input that can be read. */
export type DriveFormat = "obd" | "gps" | "carchain" | "generated";

/** Why a row was not accepted. These five and no others. */
export const REJECTIONS = ["unparsable", "columns", "range", "backwards", "jump"] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** An accepted row: integers in schema order, column 0 the time in Unix ms. */
export interface AcceptedRow {
  readonly kind: "row";
  /** 1-based line in the file; for JSON the 1-based number of the point. */
  readonly line: number;
  readonly values: Row;
}

/** A rejected row. */
export interface RejectedRow {
  readonly kind: "rejected";
  readonly line: number;
  readonly reason: Rejection;
  /** One line for people: which cell and why. */
  readonly detail: string;
}

export type DriveEvent = AcceptedRow | RejectedRow;

/** How often each reason struck; every reason is present. */
export type RejectionCounts = Record<Rejection, number>;

/** An opened input: what it is, and its rows as a stream. */
export interface Drive {
  readonly format: DriveFormat;
  readonly path: string;
  readonly schema: Schema;
  /** False: no H3 field and no GeoJSON can be made of this drive. */
  readonly hasPosition: boolean;
  /** What a reader of a summary should know: time zone taken, date assumed, times spread. */
  readonly notes: readonly string[];
  /**
   * The rows in file order. May be called again: each call reads the file anew.
   *
   * @throws QoodError `INPUT_NO_GOOD_ROW` at the end of a file in which every row was rejected, `INPUT_SHAPE` where the
   * file stops being what its beginning promised
   */
  events(): AsyncGenerator<DriveEvent, void, undefined>;
}

/** Settings of {@link Drive} opening. */
export interface DriveOptions {
  /** Default `auto`: told from the file's first bytes. */
  readonly format?: DriveFormat | "auto";
  /** Unix ms that a file without date starts at (OBD); default {@link DEFAULT_START_MS}. Files with dates keep their own. */
  readonly startMs?: number;
}

/** The date of files that carry none, unless one is given: 2024-01-15T12:00:00Z, fixed so that runs are repeatable. */
export const DEFAULT_START_MS = Date.UTC(2024, 0, 15, 12);
