import { parseArgs } from "node:util";

/** The amounts of a bench: `quick` shows that all runs and measures nothing, `full` is the long form. */
export type FormName = "quick" | "default" | "full";

/** What a command line asks for. */
export type Asked<F, R extends string> = { readonly help: string } | { readonly form: F; readonly rooms: readonly R[] } | { readonly mistake: string };

/** A bench that is asked for by `npm run bench:<name>`. */
interface Bench<F, R extends string> {
  readonly name: string;
  readonly forms: Readonly<Record<FormName, F>>;
  /** Names of what can be measured by itself, in the order in which it is measured; empty where all is one. */
  readonly rooms: readonly R[];
  /** What the long form is, for the help. */
  readonly full: string;
}

const options = { quick: { type: "boolean" }, full: { type: "boolean" }, help: { type: "boolean" } } as const;

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // Only what is wrong: after it the parser explains how to write what nobody wanted.
    return (error as Error).message.split(/[.\n]/)[0]!;
  }
}

/** Makes the function that reads a bench's command line. */
export function asks<F, R extends string>({ name, forms, rooms, full }: Bench<F, R>): (args: readonly string[]) => Asked<F, R> {
  const help = [
    `usage: npm run bench:${name} [-- [--quick | --full]${rooms.length > 0 ? " [ROOM ...]" : ""}]`,
    ...(rooms.length > 0 ? [`rooms: ${rooms.join(", ")}; all of them without a name`] : []),
    "  --quick  the same rows over small amounts: shows that all runs, measures nothing",
    `  --full   ${full}\n`,
  ].join("\n");
  return (args) => {
    const parsed = read(args);
    if (typeof parsed === "string") return { mistake: `${parsed} (--help tells the options)` };
    const { values, positionals } = parsed;
    if (values.help === true) return { help };
    const unknown = positionals.filter((word) => !(rooms as readonly string[]).includes(word));
    if (unknown.length > 0) return { mistake: rooms.length > 0 ? `no room named ${unknown.join(", ")}: choose from ${rooms.join(", ")}` : `${unknown.join(", ")}: this bench has no rooms` };
    if (values.quick === true && values.full === true) return { mistake: "--quick and --full exclude each other" };
    const form = forms[values.quick === true ? "quick" : values.full === true ? "full" : "default"];
    return { form, rooms: positionals.length > 0 ? rooms.filter((room) => positionals.includes(room)) : rooms };
  };
}

/** What to measure; help goes to stdout and ends the process with 0, a mistake to stderr and with 1. */
export function askedFor<F, R extends string>(asked: Asked<F, R>): { readonly form: F; readonly rooms: readonly R[] } {
  if ("form" in asked) return asked;
  if ("help" in asked) process.stdout.write(asked.help);
  else process.stderr.write(`${asked.mistake}\n`);
  process.exit("help" in asked ? 0 : 1);
}
