import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { Hex } from "../../sdk/bytes/index.ts";
import { BEACON_SOURCES, type BeaconSource, type FaucetTerms } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { wmiBytes } from "../../sdk/identity/index.ts";
import type { OemToAccredit } from "./deploy.ts";
import { CLAIMS_PER_DAY } from "./faucet.ts";
import type { RoleName } from "./plan.ts";

/** The text of `--help`. */
export const usage = `Deploys the contracts, or goes on where an earlier run stopped.

usage: node scripts/deploy/main.ts --rpc URL --out FOLDER [OPTION ...]
  --rpc URL                   JSON-RPC node of the chain
  --out FOLDER                where deployment.json and the state to go on from are written
  --artifacts FOLDER          compiled contracts (default: artifacts)
  --registrar ADDRESS         who accredits OEMs and TSPs; this and the next nine may be given several times,
  --guardian ADDRESS          and the deployer holds each role for which nobody is named
  --issuer ADDRESS
  --auditor ADDRESS
  --treasurer ADDRESS
  --curator ADDRESS           who accepts schemas into the dictionary
  --emission ADDRESS          who mints QDT
  --lister ADDRESS            who freezes accounts in QDD by legal order
  --steward ADDRESS           who changes QDD's reserve feed, with the longest delay
  --canceller ADDRESS         who cancels what others have scheduled
  --oem ADDRESS=WMI[,WMI]     an OEM to accredit for its world manufacturer identifiers, the first three characters of
                              its VINs; needs the deployer among the registrars
  --tsp ADDRESS               a TSP to accredit, likewise
  --least-window SECONDS      shortest time to deliver and shortest complaint window (default: 48 hours)
  --beacon SOURCE             where samples come from: none, blockhash or prevrandao (default: by the chain)
  --faucet AMOUNT             on a testnet: a faucet that gives each account so much QDD a day, in its smallest unit
  --faucet-claims NUMBER      claims of all accounts together in a day (default: ${CLAIMS_PER_DAY})
  --allow-faucet              a faucet on a network that is not known as a testnet; main networks are refused in any case
  --dry-run                   print every transaction with its gas and the cost in all, and send nothing; DRY_RUN=1 does the same
  --allow-development-key     on a public network: anyone can forge proofs for the development key
  --help                      this text
The deployer's private key stands in the environment as QOOD_DEPLOYER_KEY.`;

const ROLES = ["registrar", "guardian", "issuer", "auditor", "treasurer", "curator", "emission", "lister", "steward", "canceller"] as const satisfies readonly RoleName[];

const address = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value), "must be an address: 0x and 40 hexadecimal digits");
const addresses = z.array(address).optional();
const quantity = z.string().regex(/^[1-9]\d{0,37}$/, "must be a whole number above 0").transform(BigInt).optional();
const oems = z
  .array(
    z.string().transform((text, context): OemToAccredit => {
      const [account, list = ""] = text.split("=");
      if (!/^0x[0-9a-fA-F]{40}$/.test(account!) || list === "") {
        context.addIssue("must be an address, = and its WMIs with commas between: 0x…=WDB,WDD");
        return z.NEVER;
      }
      const wmis = list.split(",");
      for (const wmi of wmis) {
        try {
          wmiBytes(wmi);
        } catch (error) {
          context.addIssue((error as Error).message);
        }
      }
      return { account: account as Hex, wmis };
    }),
  )
  .optional();

const choices = z.object({
  artifacts: z.string().default(join(import.meta.dirname, "../../artifacts")),
  ...{ registrar: addresses, guardian: addresses, issuer: addresses, auditor: addresses, treasurer: addresses, curator: addresses },
  ...{ emission: addresses, lister: addresses, steward: addresses, canceller: addresses, oem: oems, tsp: addresses },
  "least-window": z.coerce.number({ error: "must be a whole number of seconds" }).int().positive().optional(),
  beacon: z.enum(BEACON_SOURCES, { error: `must be one of ${BEACON_SOURCES.join(", ")}` }).optional(),
  ...{ faucet: quantity, "faucet-claims": quantity, "allow-faucet": z.boolean().default(false) },
  "allow-development-key": z.boolean().default(false),
});
const schema = choices.extend({
  rpc: z.url({ protocol: /^https?$/, error: "must be the http URL of a JSON-RPC node" }),
  out: z.string().min(1),
  "dry-run": z.boolean().default(false),
});

/** What to deploy, and for whom. */
export interface DeployChoices {
  readonly artifacts: string;
  readonly roles: Partial<Record<RoleName, readonly Hex[]>>;
  readonly oems: readonly OemToAccredit[];
  readonly tsps: readonly Hex[];
  readonly leastWindow: number | undefined;
  readonly beacon: BeaconSource | undefined;
  readonly faucet: FaucetTerms | undefined;
  readonly allowFaucet: boolean;
  readonly allowDevelopmentKey: boolean;
}

/** The same, and where. */
export interface DeployArguments extends DeployChoices {
  readonly rpc: string;
  readonly out: string;
  readonly dryRun: boolean;
}

/** A value of a form, or one line that says which option is wrong. @throws QoodError USAGE */
function checked<T extends z.ZodType>(form: T, values: Readonly<Record<string, unknown>>): z.output<T> {
  const parsed = form.safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const missing = values[String(issue.path[0])] === undefined;
  throw new QoodError("USAGE", `--${String(issue.path[0])} ${missing ? "is needed" : issue.message} (--help tells the options)`);
}

const choicesOf = (given: z.output<typeof choices>): DeployChoices => ({
  artifacts: given.artifacts,
  roles: Object.fromEntries(ROLES.flatMap((role) => (given[role] === undefined ? [] : [[role, given[role]]]))),
  oems: given.oem ?? [],
  tsps: given.tsp ?? [],
  leastWindow: given["least-window"],
  beacon: given.beacon,
  faucet: given.faucet === undefined ? undefined : { amount: given.faucet, claimsPerDay: given["faucet-claims"] ?? CLAIMS_PER_DAY },
  allowFaucet: given["allow-faucet"],
  allowDevelopmentKey: given["allow-development-key"],
});

/** What to deploy, out of options that a command line of another program has read; named as in {@link usage}. @throws QoodError USAGE in one line */
export const readDeployChoices = (values: Readonly<Record<string, unknown>>): DeployChoices => choicesOf(checked(choices, values));

/**
 * Reads the command line.
 * @returns undefined when only the help was asked for.
 * @throws QoodError USAGE in one line.
 */
export function readDeployArguments(argv: readonly string[]): DeployArguments | undefined {
  const list = { type: "string", multiple: true } as const;
  const flag = { type: "boolean" } as const;
  const text = { type: "string" } as const;
  let values: Record<string, unknown>;
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        ...{ rpc: text, out: text, artifacts: text, registrar: list, guardian: list, issuer: list, auditor: list, treasurer: list, curator: list },
        ...{ emission: list, lister: list, steward: list, canceller: list, oem: list, tsp: list },
        ...{ "least-window": text, beacon: text, faucet: text, "faucet-claims": text, "allow-faucet": flag, "allow-development-key": flag, "dry-run": flag, help: flag },
      },
    }).values;
  } catch (error) {
    throw new QoodError("USAGE", `${(error as Error).message.split("\n")[0]!} (--help tells the options)`);
  }
  if (values.help === true) return undefined;
  const given = checked(schema, values);
  return { ...choicesOf(given), rpc: given.rpc, out: given.out, dryRun: given["dry-run"] || ["1", "true"].includes(process.env.DRY_RUN ?? "") };
}
