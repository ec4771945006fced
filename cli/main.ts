// `qood`: the command line of all parties.
import { Command, CommanderError } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import { registerAll } from "./commands/index.ts";
import { DEFAULT_KEYSTORES } from "./context.ts";
import { NETWORKS } from "./networks.ts";
import { failWith } from "./output.ts";

const program = new Command("qood")
  .description("QoodBlock: a market for vehicle data")
  .option("--json", "print one JSON value on stdout", false)
  .option("--keystores <folder>", "folder of the key files", DEFAULT_KEYSTORES)
  .option("--passphrase-file <file>", "file with the passphrase of the key files; else QOOD_KEYSTORE_PASSPHRASE is read")
  .option("--deployment <file>", "deployment.json: where the contracts are")
  .option("--rpc <url>", "JSON-RPC node of the chain")
  .option("--network <name>", `in place of --rpc and --deployment: ${NETWORKS.map(({ name }) => name).join(", ")} or a node's URL`)
  .option("--signer <url>", "sign by JSON-RPC in place of key files (Clef, Web3Signer): --account is then an address")
  .option("--storage <address>", "RPC of your storage node: a URL or the path of a unix socket")
  .showHelpAfterError("(qood --help tells the commands)")
  .exitOverride()
  .configureOutput({ writeErr: () => undefined });

registerAll(program);

const json = process.argv.includes("--json");
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) process.exit(0);
    if (error.code === "commander.help") failWith(new QoodError("USAGE", "a command is needed; qood --help tells them"), json);
    failWith(new QoodError("USAGE", error.message.replace(/^error: /, "").split("\n")[0]!), json);
  }
  failWith(error, json);
}
