import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, passphraseOf, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { addressOf, openAccount } from "../keystore.ts";
import { printResult } from "../output.ts";

const TOKEN = ["--token <address>", "the token; QDD without it"] as const;
const tokenOf = ({ deployment }: Client, given: string | undefined): Hex => (given === undefined ? deployment.addresses.qdd : addressArgument(given, "--token"));

function amountArgument(text: string): bigint {
  if (!/^[1-9]\d{0,76}$/.test(text)) throw new QoodError("USAGE", `--amount ${text} must be a whole number of the token's smallest unit, above 0`);
  return BigInt(text);
}

/** `qood income show|deposit|withdraw`: credits in the exchange, which sales make, bonds are locked from, and withdrawals pay out. */
export function registerIncome(program: Command): void {
  const income = program.command("income").description("credits in the exchange: what sales and refunds have brought, and the standing balance for bonds");
  income
    .command("show")
    .description("an account's credit in the exchange, and what it holds itself, in the token's smallest unit")
    .requiredOption("--account <name>", "the account")
    .option(...TOKEN)
    .action(async (given: { account: string; token?: string }) => {
      const options = program.opts<GlobalOptions>();
      const account = addressOf(options.keystores, given.account) as Hex;
      await withChain(options, async ({ client }) => {
        const token = tokenOf(client, given.token);
        printResult({ account, token, credit: await client.reads.creditOf(account, token), holds: await client.reads.balanceOf(token, account) }, options.json);
      });
    });
  income
    .command("deposit")
    .description("pay in for a credit: the standing balance that a seller's bonds are locked from")
    .requiredOption("--account <name>", "the account that pays")
    .requiredOption("--amount <number>", "in the token's smallest unit")
    .option("--for <address>", "whose credit; the account's own by default")
    .option(...TOKEN)
    .action(async (given: { account: string; amount: string; for?: string; token?: string }) => {
      const options = program.opts<GlobalOptions>();
      const amount = amountArgument(given.amount);
      const wished = given.for === undefined ? undefined : addressArgument(given.for, "--for");
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      await withChain(options, async ({ client, provider }) => {
        const token = tokenOf(client, given.token);
        const account = wallet.address as Hex;
        const holds = await client.reads.balanceOf(token, account);
        if (holds < amount) throw new QoodError("BALANCE_TOO_LOW", `account ${account} has ${holds} of token ${token}, not ${amount}`);
        const signer = wallet.connect(provider);
        if ((await client.reads.allowance(token, account)) < amount) await send(signer, client.calls.approve(token, amount));
        const receipt = await send(signer, client.calls.deposit(token, wished ?? account, amount));
        printResult({ amount, for: given.for ?? account, credit: await client.reads.creditOf(wished ?? account, token), transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      });
    });
  income
    .command("withdraw")
    .description("pay credit out: all of it, or an amount")
    .requiredOption("--account <name>", "the account")
    .option("--to <address>", "where to; the account itself by default")
    .option("--amount <number>", "in the token's smallest unit; the whole credit without it")
    .option(...TOKEN)
    .action(async (given: { account: string; to?: string; amount?: string; token?: string }) => {
      const options = program.opts<GlobalOptions>();
      const wished = given.to === undefined ? undefined : addressArgument(given.to, "--to");
      const asked = given.amount === undefined ? undefined : amountArgument(given.amount);
      const wallet = await openAccount(options.keystores, given.account, passphraseOf(options));
      const to = wished ?? (wallet.address as Hex);
      await withChain(options, async ({ client, provider }) => {
        const token = tokenOf(client, given.token);
        const credit = await client.reads.creditOf(wallet.address as Hex, token);
        if (credit === 0n) throw new QoodError("NO_CREDIT", `account ${wallet.address} has no credit to withdraw`);
        const amount = asked ?? credit;
        const receipt = await send(wallet.connect(provider), client.calls.withdraw(token, to, amount));
        printResult({ amount, to: given.to ?? to, transaction: receipt.hash, gas: receipt.gasUsed }, options.json);
      });
    });
}
