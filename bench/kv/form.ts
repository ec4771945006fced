import { parseArgs } from "node:util";

/** How much is measured. */
export interface Form {
  readonly name: "quick" | "default" | "full";
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

const FORMS: Readonly<Record<Form["name"], Form>> = {
  quick: { name: "quick", days: 2, records: 10, rows: 60, rounds: 1, gets: 20, opened: 5 },
  default: { name: "default", days: 20, records: 20, rows: 600, rounds: 5, gets: 400, opened: 20 },
  full: { name: "full", days: 100, records: 24, rows: 600, rounds: 11, gets: 2000, opened: 24 },
};

const HELP = `usage: npm run bench:kv [-- --quick | --full]
  --quick  the same figures over small amounts: shows that all runs, measures nothing
  --full   2,400 records of 600 rows, eleven rounds
`;

/** Reads the command line. */
export function ask(args: readonly string[]): { readonly help: string } | { readonly mistake: string } | { readonly form: Form } {
  try {
    const { values } = parseArgs({ args: [...args], options: { quick: { type: "boolean" }, full: { type: "boolean" }, help: { type: "boolean" } } });
    if (values.help === true) return { help: HELP };
    if (values.quick === true && values.full === true) return { mistake: "--quick and --full exclude each other" };
    return { form: FORMS[values.quick === true ? "quick" : values.full === true ? "full" : "default"] };
  } catch (error) {
    return { mistake: (error as Error).message };
  }
}
