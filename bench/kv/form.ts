import { asks } from "../ask.ts";
import type { FormName } from "../ask.ts";

/** How much is measured. */
export interface Form {
  readonly name: FormName;
  /** Days (addresses), each with so many records. */
  readonly days: number;
  readonly records: number;
  /** Rows of a record: a trip of ten minutes, a row a second. */
  readonly rows: number;
  readonly rounds: number;
  /** Point gets of a round. */
  readonly gets: number;
  /** Records that are sealed and opened to measure that apart. */
  readonly opened: number;
}

const FORMS: Readonly<Record<FormName, Form>> = {
  quick: { name: "quick", days: 2, records: 10, rows: 60, rounds: 1, gets: 20, opened: 5 },
  default: { name: "default", days: 20, records: 20, rows: 600, rounds: 5, gets: 400, opened: 20 },
  full: { name: "full", days: 100, records: 24, rows: 600, rounds: 11, gets: 2000, opened: 24 },
};

/** Reads the command line. */
export const ask = asks({ name: "kv", forms: FORMS, rooms: [], full: "2,400 records of 600 rows, eleven rounds" });
