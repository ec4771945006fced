import type { Command } from "commander";
import { QoodError } from "@qoodblock/sdk/errors";
import type { GlobalOptions } from "../context.ts";
import { orTried } from "../dry-run.ts";
import type { Downloading } from "../flows/buyer/download.ts";
import type { Sampling } from "../flows/buyer/sample.ts";
import type { MoveOptions } from "../flows/deal/run.ts";
import { printResult, printTable } from "../output.ts";
import { several } from "./several.ts";
import { DRY_RUN } from "./transaction.ts";

/** How an offer is named, and the option of its second way. */
export const OFFER = "CID of the offer; or the hash of its order, with --catalog";
export const CATALOG = ["--catalog <url>", "a catalog of the market; else QOOD_CATALOG"] as const;

/** A command on an offer that fetches its files. */
export const ofOffer = (group: Command, name: string, description: string): Command =>
  group
    .command(name)
    .description(description)
    .argument("<offer>", OFFER)
    .requiredOption("--account <name>", "your account")
    .option("--peer <multiaddr>", "a node that has the files; may be given several times", several, [])
    .option(...CATALOG);

/** `buyer sample|fetch`: what can be had before paying. */
export function registerLooking(program: Command, buyer: Command): void {
  const options = (): GlobalOptions => program.opts<GlobalOptions>();
  ofOffer(buyer, "sample", "before paying: have the seller open the leaves that the chain's randomness names, and check them")
    .option("--out <folder>", "where the sample files, the plaintexts and the records that they open are written")
    .option("--fix", "send what is missing for the sample to be fixed: show the batch, keep its block's randomness; the account pays the gas")
    .option(...DRY_RUN)
    .action(async (named: string, given: Sampling) => {
      const found = await orTried((await import("../flows/buyer/sample.ts")).sample(options(), named, given));
      if (Array.isArray(found)) printTable(found, options().json);
      else printResult(found, options().json);
    });
  ofOffer(buyer, "fetch", "without paying: fetch ciphertext, dataHash list and description of every batch, check them against header and root, and write them")
    .requiredOption("--out <folder>", "where the files are written")
    .option("--car", "write offer.car too: the offer and all files, each block with its CID")
    .action(async (named: string, given: Downloading) => {
      printTable(await (await import("../flows/buyer/download.ts")).download(options(), named, given), options().json);
    });
}

/** `buyer receipt`: the word that the keys were right. */
export function registerReceipt(program: Command, buyer: Command): void {
  buyer
    .command("receipt")
    .description("sign the receipt of a deal of yours, with which anyone can settle it at once: it ends every claim, so open the data first")
    .argument("<deal>", "the deal's id")
    .requiredOption("--account <name>", "your account")
    .option("--page <number>", "the page; every page that has not ended without it")
    .option("--settle", "settle with it now, which pays the parties; needs --offer")
    .option("--offer <cid>", "CID of the offer that the deal was made from: for --settle, and where a wallet contract has hidden the order")
    .option("--peer <multiaddr>", "a node that has the offer; may be given several times", several, [])
    .option(...DRY_RUN)
    .action(async (id: string, { settle, ...given }: MoveOptions & { settle?: boolean }) => {
      const { json } = program.opts<GlobalOptions>();
      if (settle !== true && given.dryRun === true) throw new QoodError("USAGE", "--dry-run is of --settle: a signature alone sends nothing");
      const { receipt, settleByReceipt } = await import("../flows/deal/receipt.ts");
      if (settle !== true) {
        printResult(await receipt(program.opts<GlobalOptions>(), id, given), json);
        return;
      }
      if (given.offer === undefined) throw new QoodError("OPTION_MISSING", "--offer CID is needed with --settle: the offer that the deal was made from");
      printResult(await orTried(settleByReceipt(program.opts<GlobalOptions>(), id, { ...given, offer: given.offer })), json);
    });
}
