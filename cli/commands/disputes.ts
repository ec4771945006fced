import type { Command } from "commander";
import type { GlobalOptions } from "../context.ts";
import { orTried } from "../dry-run.ts";
import type * as Run from "../flows/deal/run.ts";
import { printResult } from "../output.ts";
import { several } from "./several.ts";
import { DRY_RUN } from "./transaction.ts";

const work = (): Promise<typeof Run> => import("../flows/deal/run.ts");

/** A move on a deal with the offer that it was made from. */
export const moveOfOffer = (group: Command, name: string, description: string): Command =>
  group
    .command(name)
    .description(description)
    .argument("<id>", "the deal's id")
    .argument("<cid>", "CID of the offer that it was made from")
    .requiredOption("--account <name>", "the account that signs and pays the gas")
    .option("--peer <multiaddr>", "a node that has the offer; may be given several times", several, [])
    .option(...DRY_RUN)
    .option("--page <number>", "the page; every page that it is possible for without it");

/** `challenge|complain`: what a buyer does about a wrong delivery, in `qood deal` as in `qood buyer`. */
export function registerDisputes(program: Command, group: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  moveOfOffer(group, "challenge", "say that an unproven delivery holds a wrong key, after looking whether it does; by the buyer").action(async (id: string, offer: string, given: Run.MoveOptions) => {
    printResult(await orTried((await work()).challenge(options(), id, { ...given, offer })), options().json);
  });
  moveOfOffer(group, "complain", "open what was delivered, look for a leaf that is not what the header commits to, prove it and have the money back with the bond; by the buyer").action(async (id: string, offer: string, given: Run.MoveOptions) => {
    printResult(await orTried((await work()).complain(options(), id, { ...given, offer })), options().json);
  });
}
