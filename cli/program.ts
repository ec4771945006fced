/** The command line as commander has it: options that stand before the command, and every command. */
import { Command } from "commander";
import type { OutputConfiguration } from "commander";
import { NETWORKS } from "../scripts/deploy/networks.ts";
import { registerAll } from "./commands/index.ts";
import { DEFAULT_KEYSTORES } from "./context.ts";

/**
 * Makes `qood`; nothing ends the process, mistakes are thrown.
 * @param output - Where help goes; stdout unless told otherwise
 */
export function makeProgram(output: OutputConfiguration = {}): Command {
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
    .configureOutput({ writeErr: () => undefined, ...output });
  registerAll(program);
  return program;
}
