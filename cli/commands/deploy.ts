import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import type { GlobalOptions } from "../context.ts";
import type { DeployGiven } from "../flows/deploy.ts";
import { printResult } from "../output.ts";
import { several } from "./several.ts";
import { sending } from "./transaction.ts";

/** Roles that can be given to others than the deployer. */
const ROLES: Readonly<Record<string, string>> = {
  registrar: "who accredits OEMs and TSPs",
  guardian: "who stops purchases and QDD",
  issuer: "who mints QDD",
  auditor: "who attests the reserve",
  treasurer: "who lists tokens and sets fees; the deployer must be among them",
  curator: "who accepts schemas",
  emission: "who mints QDT",
  lister: "who freezes accounts in QDD by legal order",
  steward: "who changes QDD's reserve feed",
  canceller: "who cancels what others have scheduled",
};

/** `qood deploy`: the contracts, onto the network of `--network`. */
export function registerDeploy(program: Command): void {
  const command = sending(program, "deploy", "deploy the contracts onto the network of --network, or go on where an earlier run stopped; a run with nothing left to do sends nothing")
    .option("--out <folder>", "where deployment.json and the state to go on from are written; .state/deployments/CHAIN by default")
    .option("--records <folder>", "where the record of a public network is written, to be committed; deployments by default")
    .option("--artifacts <folder>", "compiled contracts; artifacts by default")
    .option("--least-window <seconds>", "shortest time to deliver and shortest complaint window; by the network without it")
    .option("--beacon <source>", "where samples come from: none, blockhash or prevrandao; by the chain without it")
    .option("--oem <address=wmi>", "an OEM to accredit with its world manufacturer identifiers: 0x…=WDB,WDD; may be given several times", several)
    .option("--tsp <address>", "a TSP to accredit; may be given several times", several)
    .option("--faucet <amount>", "on a testnet: a faucet that gives each account so much QDD a day, in its smallest unit")
    .option("--faucet-claims <number>", "claims of all accounts together in a day; 1000 without it")
    .option("--allow-faucet", "a faucet on a network that is not known as a testnet; main networks are refused in any case")
    .option("--allow-development-key", "on a public network: anyone can forge proofs for the development key")
    .option("--verify <explorer>", "afterwards have the sources verified: etherscan, blockscout or sourcify; a key for it stands in QOOD_EXPLORER_KEY")
    .option("--explorer-url <url>", "the explorer, where it is not the chain's usual one");
  for (const [role, description] of Object.entries(ROLES)) command.option(`--${role} <address>`, `${description}; may be given several times, the deployer by default`, several);
  command.action(async (given: DeployGiven) => {
    const options = program.opts<GlobalOptions>();
    if (options.network === undefined) throw new QoodError("OPTION_MISSING", "--network is needed: a network's name, or the URL of a node");
    printResult(await (await import("../flows/deploy.ts")).deployTo(options, options.network, given), options.json);
  });
}
