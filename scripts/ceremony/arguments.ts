import { parseArgs } from "node:util";
import { z } from "zod";
import { QoodError } from "../../sdk/errors/index.ts";

/** The text of `--help`. */
export const usage = `The production ceremony of a circuit: phase 2 of its Groth16 key. docs/ceremony.md tells who does what.

usage: npm run ceremony -- COMMAND OPTION …
  init        --folder DIR --circuit NAME --ptau FILE --ptau-hash HEX
              start: NAME is one of circuits/circuits.json; HEX is the published BLAKE2b-512 or SHA-256 of the powers-of-tau file
  contribute  --folder DIR --name NAME [--stdin]            add a contribution made on this machine
  contribute  --from FILE --to FILE --name NAME [--stdin]   the same for a key that the coordinator has sent; --to is sent back
  add         --folder DIR --ptau FILE --file FILE          check a key that was sent back, and take it
  beacon      --folder DIR --value TEXT --source TEXT [--iterations-exponent N]
              close: TEXT is the public value, SOURCE where anyone can look it up; 2^N hashes (default 16)
  verify      --folder DIR --ptau FILE                      check every step from the circuit on
  export      --folder DIR --ptau FILE [--out DIR | --install]
              verify, then write key files and verifier contract to a folder (default: export in the ceremony's), or into this checkout
  --stdin     mix text from the standard input into the randomness of this machine; it is never written anywhere
  --help      this text
A command that was killed is given again. ceremony.json in the folder records every step.`;

const path = z.string().min(1, "must not be empty");
/** A line that is safe to print: what snarkjs stores of a name, 64 characters. */
const line = (most: number) => z.string().regex(/^[^\p{C}\p{Zl}\p{Zp}]+$/u, "must be one line of ordinary characters").max(most, `has at most ${most} characters`);

const schemas = {
  init: z.strictObject({
    folder: path,
    circuit: path,
    ptau: path,
    "ptau-hash": z.string().regex(/^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/, "must be 64 (SHA-256) or 128 (BLAKE2b) hexadecimal digits"),
  }),
  contribute: z
    .strictObject({ folder: path.optional(), from: path.optional(), to: path.optional(), name: line(64), stdin: z.boolean().default(false) })
    .refine(({ folder, from, to }) => (folder === undefined ? from !== undefined && to !== undefined : from === undefined && to === undefined), {
      path: ["folder"],
      error: "stands alone; without it --from and --to are needed",
    }),
  add: z.strictObject({ folder: path, ptau: path, file: path }),
  beacon: z.strictObject({
    folder: path,
    value: line(1000),
    source: line(200),
    "iterations-exponent": z.coerce.number({ error: "must be a whole number" }).int("must be a whole number").min(10, "must be 10 or more").max(40, "must be 40 or less").default(16),
  }),
  verify: z.strictObject({ folder: path, ptau: path }),
  export: z.strictObject({ folder: path, ptau: path, out: path.optional(), install: z.boolean().default(false) }).refine(({ out, install }) => out === undefined || !install, {
    path: ["out"],
    error: "and --install exclude each other",
  }),
};
type Command = keyof typeof schemas;

/** A command with its options. */
export type CeremonyArguments = { [C in Command]: { readonly command: C } & Readonly<z.infer<(typeof schemas)[C]>> }[Command];

const text = { type: "string" } as const;
const flag = { type: "boolean" } as const;
const options = {
  ...{ folder: text, circuit: text, ptau: text, "ptau-hash": text, name: text, from: text, to: text, file: text, value: text, source: text },
  ...{ "iterations-exponent": text, out: text, stdin: flag, install: flag, help: flag },
};

/**
 * Reads the command line.
 * @returns undefined when only the help was asked for
 * @throws QoodError `USAGE` in one line
 */
export function readCeremonyArguments(argv: readonly string[]): CeremonyArguments | undefined {
  const hint = "(--help tells the options)";
  let given;
  try {
    given = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new QoodError("USAGE", `${(error as Error).message.split("\n")[0]!} ${hint}`);
  }
  const { help, ...values } = given.values;
  if (help === true) return undefined;
  const [command, ...more] = given.positionals;
  if (command === undefined || !(command in schemas)) throw new QoodError("USAGE", `${command === undefined ? "a command is needed" : `no command ${command}`}: choose from ${Object.keys(schemas).join(", ")} ${hint}`);
  if (more.length > 0) throw new QoodError("USAGE", `${more[0]!} is one word too many ${hint}`);
  const parsed = schemas[command as Command].safeParse(values);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    if (issue.code === "unrecognized_keys") throw new QoodError("USAGE", `${command} has no option --${issue.keys[0]!} ${hint}`);
    const option = String(issue.path[0]);
    const missing = issue.code === "invalid_type" && values[option as keyof typeof values] === undefined;
    throw new QoodError("USAGE", `--${option} ${missing ? "is needed" : issue.message} ${hint}`);
  }
  return { command, ...parsed.data } as CeremonyArguments;
}
