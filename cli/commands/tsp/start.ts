import { resolve } from "node:path";
import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import { unlockOf } from "@qoodblock/workers/shared/vault/unlock.ts";
import { bigArgument } from "../../arguments.ts";
import { passphraseOf } from "../../context.ts";
import type { Fsync } from "@qoodblock/workers/shared/engines/redis.ts";
import type { GlobalOptions } from "../../context.ts";
import type { TspOptions } from "../../flows/tsp/redis.ts";
import { failWith, printResult } from "../../output.ts";

const STATE = ".state/tsp";

interface Given {
  readonly state: string;
  readonly rpcPort?: string;
  readonly catalog?: string;
  readonly appendfsync: string;
  readonly vaultPassphraseFile?: string;
  readonly vaultKeyfile?: string;
}

function fsyncOf(text: string): Fsync {
  if (text !== "always" && text !== "everysec" && text !== "no") throw new QoodError("USAGE", "--appendfsync must be always, everysec or no");
  return text;
}

function portOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,5}$/.test(text) || Number(text) < 1 || Number(text) > 65_535) throw new QoodError("USAGE", `${flag} must be a port from 1 to 65535`);
  return Number(text);
}

async function start(options: GlobalOptions, shared: TspOptions, given: Given): Promise<void> {
  const [{ startTsp }, { overviewText }, { readConfig }] = await Promise.all([import("../../flows/tsp/start/run.ts"), import("../../flows/tsp/start/table.ts"), import("../../flows/tsp/redis.ts")]);
  const state = resolve(given.state);
  const [rpcPort, catalogPort] = [portOf(given.rpcPort, "--rpc-port"), portOf(given.catalog, "--catalog")];
  const keystore = passphraseOf({ ...options, keystores: `${state}/keystores` });
  const { vaultPassphraseFile, vaultKeyfile } = given;
  const named = [vaultPassphraseFile, vaultKeyfile, process.env.QOOD_VAULT_PASSPHRASE, process.env.QOOD_VAULT_KEY].some((each) => each !== undefined);
  const vault = named ? unlockOf({ vaultPassphraseFile, vaultKeyfile }, process.env) : keystore;
  const config = readConfig(shared);
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

  const ending = new AbortController();
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const over = { yes: false };
  const end = async (why: string, error?: QoodError): Promise<void> => {
    if (over.yes) return;
    over.yes = true;
    say(`${why}: ending everything …`);
    ending.abort();
    // What is still being started ends itself.
    await running.then((tsp) => tsp.stop(), () => undefined);
    if (error !== undefined) failWith(error, options.json);
    say("everything has ended");
    process.exit(0);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => void end(name));
  const running = startTsp(
    {
      ...{ state, config, passphrases: { keystore, vault }, rpcPort, catalogPort, fsync: fsyncOf(given.appendfsync) },
      rpc: options.rpc ?? process.env.QOOD_RPC ?? text(config.rpc),
      deployment: options.deployment ?? process.env.QOOD_DEPLOYMENT ?? text(config.deployment),
      redis: shared.redis ?? process.env.QOOD_REDIS ?? text(config.redis),
      redisPrefix: shared.redisPrefix ?? process.env.QOOD_REDIS_PREFIX ?? text(config.redisPrefix),
      storage: options.storage ?? process.env.QOOD_STORAGE ?? process.env.KUBO_RPC_URL ?? text(config.storage),
    },
    say,
    ending.signal,
    (error) => void end("the chain is lost", error),
  );
  try {
    const { overview } = await running;
    if (over.yes) return;
    if (options.json) printResult(overview, true);
    else process.stdout.write(overviewText(overview));
    say("all parts are ready; Ctrl-C ends them");
  } catch (error) {
    // What fails while everything is being ended fails because of that.
    if (!over.yes) throw error;
  }
}

/** `qood tsp start|status|fund`: everything that a TSP runs, as one process tree. */
export function registerStart(tsp: Command, program: Command): void {
  tsp
    .command("start")
    .description("run chain, Redis, storage node and all workers, each started again when it fails; what has an address (--rpc, --redis, --storage) is not started")
    .option("--state <folder>", "where everything is kept: the next start on it goes on", STATE)
    .option("--rpc-port <number>", "port of the local chain's RPC; else that of the last start, or a free one")
    .option("--catalog <port>", "serve a catalog at this port, with an indexer, and send the offers there")
    .option("--appendfsync <policy>", "when the embedded Redis brings its file to the disk: always loses nothing, everysec up to two seconds by a kill or a power cut, no half a minute by a power cut", "always")
    .option("--vault-passphrase-file <file>", "file with the vault's passphrase; else QOOD_VAULT_PASSPHRASE, else that of the key files")
    .option("--vault-keyfile <file>", "file with at least 32 random bytes that open the vault in place of a passphrase; else QOOD_VAULT_KEY")
    .addHelpText("after", "\nSettings of the workers come from the file of --config, by the names that each worker's --help tells; what is made of it stands in config.json of\nthe state folder, which `qood tsp --config` reads too. A log for each worker is in logs/ there.")
    .action((given: Given) => start(program.opts<GlobalOptions>(), tsp.opts<TspOptions>(), given));
  tsp
    .command("status")
    .description("what runs on a state folder")
    .option("--state <folder>", "the folder of `qood tsp start`", STATE)
    .action(async (given: { state: string }) => {
      const { overviewText, readOverview } = await import("../../flows/tsp/start/table.ts");
      const overview = readOverview(resolve(given.state));
      if (program.opts<GlobalOptions>().json) printResult(overview, true);
      else process.stdout.write(overviewText(overview));
    });
  tsp
    .command("fund")
    .description("give accounts ether and QDD of no worth, on the chain that `qood tsp start` keeps itself")
    .argument("<account...>", "addresses, or names of key files, in --keystores or in the state folder")
    .option("--state <folder>", "the folder of `qood tsp start`", STATE)
    .option("--amount <number>", "QDD for each, in its smallest unit", "1000000000")
    .action(async (accounts: string[], given: { state: string; amount: string }) => {
      const options = program.opts<GlobalOptions>();
      const { fundLocally } = await import("../../flows/tsp/start/fund.ts");
      const state = resolve(given.state);
      printResult(await fundLocally(state, passphraseOf({ ...options, keystores: `${state}/keystores` }), accounts, options.keystores, bigArgument(given.amount, "--amount")), options.json);
    });
}
