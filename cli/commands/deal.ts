import type { Command } from "commander";
import type { GlobalOptions } from "../context.ts";
import { orTried } from "../dry-run.ts";
import type * as Run from "../flows/deal/run.ts";
import type * as Show from "../flows/deal/show.ts";
import { printResult } from "../output.ts";
import { moveOfOffer, registerDisputes } from "./disputes.ts";
import { several } from "./several.ts";
import { DRY_RUN } from "./transaction.ts";

const work = (): Promise<typeof Run> => import("../flows/deal/run.ts");

const withPeer = (command: Command): Command => command.option("--peer <multiaddr>", "a node that has the offer; may be given several times", several, []);
const withAccount = (command: Command): Command => withPeer(command.requiredOption("--account <name>", "the account that signs and pays the gas")).option(...DRY_RUN);
const withOffer = (command: Command, why: string): Command => command.option("--offer <cid>", `CID of the offer that the deal was made from: ${why}`);
const WALLET = "needed where a wallet contract has hidden the order";

/** `qood deal …`: how a deal stands, and every move by hand. */
export function registerDeal(program: Command): void {
  const deal = program.command("deal").description("deals on the chain: how they stand, and every move by hand");
  const named = (name: string, description: string): Command => deal.command(name).description(description).argument("<id>", "the deal's id");
  const options = (): GlobalOptions => program.opts<GlobalOptions>();

  withPeer(withOffer(named("show", "state of each page, what is held, deadlines, and who can do what now"), WALLET)).action(async (id: string, given: Show.ShowOptions) => {
    const { show } = await import("../flows/deal/show.ts");
    const shown = await show(options(), id, given);
    // One value for programs; for people the deal, then its pages.
    printResult(options().json ? { ...shown.deal, pages: shown.pages } : [shown.deal, ...shown.pages], options().json);
  });
  for (const [answer, description] of [["accept", "take a reserved deal before its inspection time is over"], ["reject", "reject a reserved deal: everything goes back to the buyer's credit"]] as const) {
    withAccount(withOffer(named(answer, `${description}; by its buyer`), WALLET)).action(async (id: string, given: Run.MoveOptions) => {
      printResult(await orTried((await work()).decide(options(), id, given, answer)), options().json);
    });
  }
  registerDisputes(program, deal);
  withAccount(withOffer(named("refund", "the money back to the buyer's credit: nothing delivered by deliverBy, a challenge not answered in time, or a header shown to be bad; by anyone"), "needed for a bad header"))
    .option("--page <number>", "the page; every page that it is possible for without it")
    .action(async (id: string, given: Run.MoveOptions) => {
      printResult(await orTried((await work()).refund(options(), id, given)), options().json);
    });
  moveOfOffer(deal, "settle", "pay the parties when the window is over without a receipt; by anyone").action(async (id: string, offer: string, given: Run.MoveOptions) => {
    printResult(await orTried((await work()).settle(options(), id, { ...given, offer })), options().json);
  });
}
