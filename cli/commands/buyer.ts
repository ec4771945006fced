import type { Command } from "commander";
import type { GlobalOptions } from "../context.ts";
import type { Recovering } from "../flows/buyer/recover.ts";
import type * as Run from "../flows/buyer/run.ts";
import { printResult, printTable } from "../output.ts";
import { several } from "./several.ts";
import { DRY_RUN } from "./transaction.ts";

const work = (): Promise<typeof Run> => import("../flows/buyer/run.ts");

/** Options of the commands that wait for keys and open what they get. */
function receiving(command: Command): Command {
  return command
    .requiredOption("--account <name>", "your account")
    .requiredOption("--out <folder>", "where records.csv and records.geojson are written, and the purchase is noted until then")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option("--no-challenge", "do not challenge an unproven delivery of a wrong key; only tell of it")
    .option("--no-complaint", "do not complain of a batch that is not what its header commits to; only tell of it");
}

/** `qood buyer show|buy|open|recover`: look at an offer, buy it, go on with a purchase, and find all of them again. */
export function registerBuyer(program: Command): void {
  const buyer = program.command("buyer").description("for buyers of data");
  buyer
    .command("show")
    .description("fetch an offer and its files and check everything that can be checked before paying")
    .argument("<cid>", "CID of the offer")
    .requiredOption("--account <name>", "your account")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .action(async (cid: string, given: Run.BuyerOptions) => {
      const options = program.opts<GlobalOptions>();
      printResult(await (await work()).show(options, cid, given), options.json);
    });
  receiving(
    buyer
      .command("buy")
      .description("check an offer, pay it into escrow, wait for the keys, open and verify the data, write it, and sign the receipt")
      .argument("<cid>", "CID of the offer")
      .option(...DRY_RUN),
  ).action(async (cid: string, given: Run.Receiving & { dryRun?: boolean }) => {
    const options = program.opts<GlobalOptions>();
    const { buy, tryToBuy } = await work();
    printResult(await (given.dryRun === true ? tryToBuy(options, cid, given) : buy(options, cid, given)), options.json);
  });
  receiving(
    buyer
      .command("open")
      .description("go on with a deal that is paid: wait for the keys, open and verify the data, write it, and sign the receipt")
      .argument("<deal>", "the deal's id")
      .argument("<cid>", "CID of the offer that it was made from"),
  ).action(async (id: string, cid: string, given: Run.Receiving) => {
    const options = program.opts<GlobalOptions>();
    printResult(await (await work()).open(options, id, cid, given), options.json);
  });
  buyer
    .command("recover")
    .description("find every purchase of the account on the chain, with nothing but the account, and open those whose offers are named")
    .requiredOption("--account <name>", "your account")
    .option("--offer <cid>", "CID of an offer that a deal was made from; may be given several times", several, [])
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option("--out <folder>", "where deals are opened, each into a folder of its own")
    .action(async (given: Recovering) => {
      const options = program.opts<GlobalOptions>();
      printTable(await (await import("../flows/buyer/recover.ts")).recover(options, given), options.json);
    });
}
