import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents, send } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Terms } from "@qoodblock/sdk/market";
import { connectChain, passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { openAccount } from "../keystore.ts";
import { printResult } from "../output.ts";
import type { JsonRpcProvider } from "ethers";

function checkId(id: string): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) throw new QoodError("DEAL_ID", `${JSON.stringify(id)} is no deal id: 0x and 64 hexadecimal digits`);
  return id.toLowerCase() as Hex;
}

async function termsOf(client: Client, provider: JsonRpcProvider, id: Hex): Promise<Terms> {
  const [bought] = await readEvents(client.deployment, provider, "Bought", { fromBlock: client.deployment.startBlock, toBlock: "latest", indexed: [id] });
  if (bought === undefined) throw new QoodError("DEAL_UNKNOWN", `there is no deal ${id} on chain ${client.deployment.chainId}`);
  return bought.terms;
}

/** `qood deal show|refund`: how a deal stands, and the money back after the deadline. */
export function registerDeal(program: Command): void {
  const deal = program.command("deal").description("deals on the chain");
  deal
    .command("show")
    .description("state, deadlines and price of a deal")
    .argument("<id>", "the deal's id")
    .action(async (id: string) => {
      const options = program.opts<GlobalOptions>();
      const dealId = checkId(id);
      const { client, provider } = await connectChain(options);
      try {
        const terms = await termsOf(client, provider, dealId);
        const { state, purchasedAt, deliveredAt } = await client.reads.dealOf(dealId);
        const time = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());
        const windowEnds = deliveredAt === 0 ? null : time(deliveredAt + terms.complaintWindow);
        printResult({ dealId, state, buyer: terms.buyer, seller: terms.seller, price: terms.pages[0]!.price, purchased: time(purchasedAt), deliverBy: time(terms.deliverBy), delivered: time(deliveredAt), windowEnds }, options.json);
      } finally {
        provider.destroy();
      }
    });
  deal
    .command("refund")
    .description("the price back to the buyer's credit, once deliverBy has passed; anyone may ask for it")
    .argument("<id>", "the deal's id")
    .requiredOption("--account <name>", "the account that pays the gas")
    .action(async (id: string, given: { account: string }) => {
      const options = program.opts<GlobalOptions>();
      const dealId = checkId(id);
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      const { client, provider } = await connectChain(options);
      try {
        const receipt = await send(wallet.connect(provider), client.calls.refund(await termsOf(client, provider, dealId)));
        printResult({ dealId, transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      } finally {
        provider.destroy();
      }
    });
}
