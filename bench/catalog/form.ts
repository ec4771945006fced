import { parseArgs } from "node:util";

/** How much is measured. The rows are the same in each form; only amounts differ. */
export interface Form {
  readonly name: "quick" | "default" | "full";
  /** Offers and batches in the store that is searched, half of each. */
  readonly documents: number;
  /** Questions of each measurement. */
  readonly questions: number;
  /** Events that are indexed. */
  readonly events: number;
  /** Offers through full verification. */
  readonly verified: number;
  /** Rounds from a mined anchor, and from an accepted offer, to the search hit. */
  readonly rounds: number;
}

const FORMS: Readonly<Record<Form["name"], Form>> = {
  quick: { name: "quick", documents: 2000, questions: 20, events: 200, verified: 5, rounds: 2 },
  default: { name: "default", documents: 100_000, questions: 1000, events: 20_000, verified: 200, rounds: 20 },
  full: { name: "full", documents: 1_000_000, questions: 2000, events: 100_000, verified: 20_000, rounds: 50 },
};

/** Names of the rooms, in the order in which they are measured. */
export const ROOMS = ["search", "index", "intake", "delay"] as const;
/** See {@link ROOMS}. */
export type Room = (typeof ROOMS)[number];

/** What the command line asks for. */
export type Asked = { readonly help: string } | { readonly form: Form; readonly rooms: readonly Room[] } | { readonly mistake: string };

const HELP = `usage: npm run bench:catalog [-- [--quick | --full] [ROOM ...]]
rooms: ${ROOMS.join(", ")}; all of them without a name
  --quick  the same rows over small amounts: shows that all runs, measures nothing
  --full   a million offers and batches, 100,000 events, 20,000 offers verified
`;

/** Reads the command line. */
export function ask(args: readonly string[]): Asked {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { quick: { type: "boolean" }, full: { type: "boolean" }, help: { type: "boolean" } } });
  } catch (error) {
    return { mistake: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help === true) return { help: HELP };
  const unknown = positionals.filter((name) => !(ROOMS as readonly string[]).includes(name));
  if (unknown.length > 0) return { mistake: `no room named ${unknown.join(", ")}: choose from ${ROOMS.join(", ")}` };
  if (values.quick === true && values.full === true) return { mistake: "--quick and --full exclude each other" };
  const form = FORMS[values.quick === true ? "quick" : values.full === true ? "full" : "default"];
  return { form, rooms: positionals.length > 0 ? ROOMS.filter((room) => positionals.includes(room)) : ROOMS };
}
