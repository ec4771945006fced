import type { Command } from "commander";
import type { GlobalOptions } from "../context.ts";
import type { OfferQuery } from "../flows/buyer/catalog.ts";
import type { Recovering } from "../flows/buyer/recover.ts";
import type * as Run from "../flows/buyer/run.ts";
import { printResult, printTable } from "../output.ts";
import { registerDisputes } from "./disputes.ts";
import { registerFaucet } from "./faucet.ts";
import { CATALOG, OFFER, ofOffer, registerLooking, registerReceipt } from "./looking.ts";
import { several } from "./several.ts";
import { DRY_RUN } from "./transaction.ts";

/** Fields of a search: the option, what it says, as the catalog names them in camel case. */
const FIELDS = [
  ["--schema <schema>", "schema as name@version"],
  ["--signal <path>", "VSS path that the schema has, e.g. Vehicle.Speed"],
  ["--from <time>", "what is about this time or later, e.g. 2026-03-01T12:00:00Z"],
  ["--to <time>", "what is about this time or earlier"],
  ["--cell <cell>", "H3 cell"],
  ["--ring <steps>", "with --cell: its neighbours up to so many steps away"],
  ["--bbox <box>", "west,south,east,north in degrees"],
  ["--owner <address>", "the vehicle's owner"],
  ["--oem <address>", "its maker"],
  ["--seller <address>", "who has signed the order"],
  ["--vehicle <id>", "the vehicle's token"],
  ["--vin-tag <tag>", "keyed tag of the vehicle's VIN"],
  ["--stream <handle>", "a stream"],
  ["--data-class <class>", "user, oem or disputed"],
  ["--privacy <grade>", "ordinary or private"],
  ["--origin <origin>", "device_sealed, device_signed or tsp_attested"],
  ["--token <address>", "token that is paid in"],
  ["--least-price <amount>", "in the token's smallest unit"],
  ["--most-price <amount>", "in the token's smallest unit"],
  ["--limit <count>", "most offers of the page, 1 to 200; 20 without it"],
  ["--cursor <cursor>", "where the page before ended"],
] as const;

const work = (): Promise<typeof Run> => import("../flows/buyer/run.ts");

/** Options of the commands that wait for keys and open what they get. */
function receiving(command: Command): Command {
  return command
    .requiredOption("--account <name>", "your account")
    .requiredOption("--out <folder>", "where records.csv and records.geojson are written, and the purchase is noted until then")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option(...CATALOG)
    .option("--no-challenge", "do not challenge an unproven delivery of a wrong key; only tell of it")
    .option("--no-complaint", "do not complain of a batch that is not what its header commits to; only tell of it");
}

/** `qood buyer …`: find offers, look at one, buy it, go on with a purchase, find all of them again, and what else a buyer does. */
export function registerBuyer(program: Command): void {
  const buyer = program.command("buyer").description("for buyers of data");
  const searching = buyer.command("search").description("find open offers in a catalog by the dictionary's public fields, newest first; all that is given must hold").option(...CATALOG);
  for (const [flags, text] of FIELDS) searching.option(flags, text);
  searching.action(async ({ catalog, ...query }: OfferQuery & { catalog?: string }) => {
    const { json } = program.opts<GlobalOptions>();
    const found = await (await import("../flows/buyer/catalog.ts")).search(catalog, query);
    if (json) printResult(found, true);
    else {
      printTable(found.offers, false);
      if (found.next !== undefined) process.stderr.write(`more with --cursor ${found.next}\n`);
    }
  });
  ofOffer(buyer, "show", "fetch an offer and its files and check everything that can be checked before paying").action(async (cid: string, given: Run.BuyerOptions) => {
    const options = program.opts<GlobalOptions>();
    printResult(await (await work()).show(options, cid, given), options.json);
  });
  registerLooking(program, buyer);
  receiving(
    buyer
      .command("buy")
      .description("check an offer, pay it into escrow, wait for the keys, open and verify the data, write it, and sign the receipt")
      .argument("<offer>", OFFER)
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
      .argument("<offer>", "CID of the offer that it was made from; or the hash of its order, with --catalog"),
  ).action(async (id: string, cid: string, given: Run.Receiving) => {
    const options = program.opts<GlobalOptions>();
    printResult(await (await work()).open(options, id, cid, given), options.json);
  });
  buyer
    .command("recover")
    .description("find every purchase of the account on the chain, with nothing but the account, and open those whose offers are named or in the catalog")
    .requiredOption("--account <name>", "your account")
    .option("--offer <cid>", "CID of an offer that a deal was made from; may be given several times", several, [])
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option("--catalog <url>", "a catalog that may have the other offers")
    .option("--out <folder>", "where deals are opened, each into a folder of its own")
    .action(async (given: Recovering) => {
      const options = program.opts<GlobalOptions>();
      printTable(await (await import("../flows/buyer/recover.ts")).recover(options, given), options.json);
    });
  registerReceipt(program, buyer);
  registerDisputes(program, buyer);
  registerFaucet(program, buyer);
}
