import type { Command } from "commander";
import { send } from "@qoodblock/sdk/client";
import { passphraseOf, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { checkDealId, findDeal } from "../flows/deal.ts";
import { openAccount } from "../keystore.ts";
import { printResult } from "../output.ts";

/** `qood deal show|refund`: how a deal stands, and the money back after the deadline. */
export function registerDeal(program: Command): void {
  const deal = program.command("deal").description("deals on the chain");
  deal
    .command("show")
    .description("state, deadlines and price of a deal")
    .argument("<id>", "the deal's id")
    .action(async (id: string) => {
      const options = program.opts<GlobalOptions>();
      const dealId = checkDealId(id);
      await withChain(options, async ({ client, provider }) => {
        const { terms } = await findDeal(client, provider, dealId);
        const { state, purchasedAt, deliveredAt } = await client.reads.dealOf(dealId);
        const time = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());
        const windowEnds = deliveredAt === 0 ? null : time(deliveredAt + terms.complaintWindow);
        printResult({ dealId, state, buyer: terms.buyer, seller: terms.seller, price: terms.pages[0]!.price, purchased: time(purchasedAt), deliverBy: time(terms.deliverBy), delivered: time(deliveredAt), windowEnds }, options.json);
      });
    });
  deal
    .command("refund")
    .description("the price back to the buyer's credit, once deliverBy has passed; anyone may ask for it")
    .argument("<id>", "the deal's id")
    .requiredOption("--account <name>", "the account that pays the gas")
    .action(async (id: string, given: { account: string }) => {
      const options = program.opts<GlobalOptions>();
      const dealId = checkDealId(id);
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      await withChain(options, async ({ client, provider }) => {
        const receipt = await send(wallet.connect(provider), client.calls.refund((await findDeal(client, provider, dealId)).terms));
        printResult({ dealId, transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      });
    });
}
