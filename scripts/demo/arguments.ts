import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";

/** What the demo was asked to do. Paths are absolute. */
export interface DemoArguments {
  readonly input: string | undefined;
  readonly format: "auto" | "obd" | "gps" | "carchain" | "generated";
  readonly hours: number | undefined;
  readonly start: string | undefined;
  readonly state: string;
  readonly rpcPort: number | undefined;
  /** False: the buyer signs no receipt, so settlement waits for the complaint window. */
  readonly receipt: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `The main job: a drive is sealed, anchored, sold, delivered with a proof, decrypted, checked and paid for, on this machine.

usage: npm run demo [-- OPTION ...]
  --input FILE     a drive to sell: a CSV of OBD-II values or of a CAN bus with GPS, or CarChain's JSON (default: CarChain's own trip)
  --format NAME    auto, obd, gps, carchain or generated (default: auto, told by the file's first lines)
  --hours N        sell a generated drive of N hours instead
  --start ISO      date and time of the first row, for files that carry none
  --state DIR      the state folder: chain, queue, stores, keystores, results (default: .state/demo)
  --rpc-port N     port of the local chain (default: a free one)
  --no-receipt     the buyer signs no receipt: settlement waits for the complaint window
  --json           one JSON object on stdout, progress on stderr
  --help           this text`;

const schema = z.object({
  input: z.string().min(1).optional(),
  format: z.enum(["auto", "obd", "gps", "carchain", "generated"]).default("auto"),
  hours: z.coerce.number().positive().max(24 * 31).optional(),
  start: z.iso.datetime({ offset: true }).optional(),
  state: z.string().min(1).default(".state/demo"),
  "rpc-port": z.coerce.number().int().min(1).max(65535).optional(),
  "no-receipt": z.boolean().default(false),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

/**
 * Reads the command line.
 * @param argv - the arguments behind the script's name.
 * @param cwd - the folder that relative paths start from: where the person called npm.
 * @throws QoodError USAGE.
 */
export function readArguments(argv: readonly string[], cwd: string): DemoArguments {
  let values: Record<string, unknown>;
  try {
    values = parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        input: { type: "string" },
        format: { type: "string" },
        hours: { type: "string" },
        start: { type: "string" },
        state: { type: "string" },
        "rpc-port": { type: "string" },
        "no-receipt": { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new QoodError("USAGE", `${(error as Error).message.split("\n")[0] ?? ""} (npm run demo -- --help tells the options)`);
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new QoodError("USAGE", `--${issue.path.join(".")}: ${issue.message} (npm run demo -- --help tells the options)`);
  }
  const given = parsed.data;
  if (given.input !== undefined && given.hours !== undefined) {
    throw new QoodError("USAGE", "--input and --hours exclude each other: a drive is read from a file or generated");
  }
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(cwd, path));
  return {
    input: given.input === undefined ? undefined : absolute(given.input),
    format: given.format,
    hours: given.hours,
    start: given.start,
    state: absolute(given.state),
    rpcPort: given["rpc-port"],
    receipt: !given["no-receipt"],
    json: given.json,
    help: given.help,
  };
}
