import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, passphraseOf, withChain } from "../context.ts";
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
      const account = addressOf(options.keystores, given.account) as Hex;
      await withChain(options, async ({ client }) => {
        const token = client.deployment.addresses.qdd;
        printResult({ account, token, credit: await client.reads.creditOf(account, token) }, options.json);
      });
    });
  income
    .command("withdraw")
    .description("pay the whole credit out")
    .requiredOption("--account <name>", "the account")
    .option("--to <address>", "where to; the account itself by default")
    .action(async (given: { account: string; to?: string }) => {
      const options = program.opts<GlobalOptions>();
      const wished = given.to === undefined ? undefined : addressArgument(given.to, "--to");
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      const to = wished ?? (wallet.address as Hex);
      await withChain(options, async ({ client, provider }) => {
        const token = client.deployment.addresses.qdd;
        const amount = await client.reads.creditOf(wallet.address as Hex, token);
        if (amount === 0n) throw new QoodError("NO_CREDIT", `account ${wallet.address} has no credit to withdraw`);
        const receipt = await send(wallet.connect(provider), client.calls.withdraw(token, to, amount));
        printResult({ amount, to: given.to ?? to, transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      });
    });
}
