import type { Command } from "commander";
import type { GlobalOptions } from "../context.ts";
import type * as Run from "../flows/buyer/run.ts";
import { printResult } from "../output.ts";

type Writing = Run.BuyerOptions & { readonly out: string };
const collect = (value: string, before: string[]): string[] => [...before, value];
const work = (): Promise<typeof Run> => import("../flows/buyer/run.ts");

/** `qood buyer show|buy|open`: look at an offer, buy it, and go on with a purchase. */
export function registerBuyer(program: Command): void {
  const buyer = program.command("buyer").description("for buyers of data");
  const peers = ["--peer <multiaddr>", "a node that has the files; may be given several times"] as const;
  const out = ["--out <folder>", "where records.csv and records.geojson are written"] as const;
  buyer
    .command("show")
    .description("fetch an offer and its files and check everything that can be checked before paying")
    .argument("<cid>", "CID of the offer")
    .requiredOption("--account <name>", "your account")
    .option(...peers, collect, [])
    .action(async (cid: string, given: Run.BuyerOptions) => {
      const options = program.opts<GlobalOptions>();
      printResult(await (await work()).show(options, cid, given), options.json);
    });
  buyer
    .command("buy")
    .description("check an offer, pay it into escrow, wait for the key, open and verify the data, write it, and sign the receipt")
    .argument("<cid>", "CID of the offer")
    .requiredOption("--account <name>", "your account")
    .requiredOption(...out)
    .option(...peers, collect, [])
    .action(async (cid: string, given: Writing) => {
      const options = program.opts<GlobalOptions>();
      printResult(await (await work()).buy(options, cid, given), options.json);
    });
  buyer
    .command("open")
    .description("go on with a deal that is paid: wait for the key, open and verify the data, write it, and sign the receipt")
    .argument("<deal>", "the deal's id")
    .argument("<cid>", "CID of the offer that it was made from")
    .requiredOption("--account <name>", "your account")
    .requiredOption(...out)
    .option(...peers, collect, [])
    .action(async (id: string, cid: string, given: Writing) => {
      const options = program.opts<GlobalOptions>();
      printResult(await (await work()).open(options, id, cid, given), options.json);
    });
}
