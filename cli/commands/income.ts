import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { connectChain, passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { addressOf, openAccount } from "../keystore.ts";
import { printResult } from "../output.ts";

/** `qood income show|withdraw`: what sales have credited to an account. */
export function registerIncome(program: Command): void {
  const income = program.command("income").description("what sales have credited to an account");
  income
    .command("show")
    .description("the credit of an account in QDD's smallest unit")
    .requiredOption("--account <name>", "the account")
    .action(async (given: { account: string }) => {
      const options = program.opts<GlobalOptions>();
      const { client, provider } = await connectChain(options);
      try {
        const account = addressOf(options.keystores, given.account) as Hex;
        const token = client.deployment.addresses.qdd;
        printResult({ account, token, credit: await client.reads.creditOf(account, token) }, options.json);
      } finally {
        provider.destroy();
      }
    });
  income
    .command("withdraw")
    .description("pay the whole credit out")
    .requiredOption("--account <name>", "the account")
    .option("--to <address>", "where to; the account itself by default")
    .action(async (given: { account: string; to?: string }) => {
      const options = program.opts<GlobalOptions>();
      if (given.to !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(given.to)) throw new QoodError("ADDRESS", `--to ${given.to} is no address: 0x and 40 hexadecimal digits`);
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      const { client, provider } = await connectChain(options);
      try {
        const token = client.deployment.addresses.qdd;
        const amount = await client.reads.creditOf(wallet.address as Hex, token);
        if (amount === 0n) throw new QoodError("NO_CREDIT", `account ${wallet.address} has no credit to withdraw`);
        const receipt = await send(wallet.connect(provider), client.calls.withdraw(token, (given.to ?? wallet.address) as Hex, amount));
        printResult({ amount, to: given.to ?? wallet.address, transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      } finally {
        provider.destroy();
      }
    });
}
