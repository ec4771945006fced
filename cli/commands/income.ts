import type { Command } from "commander";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { printResult } from "../output.ts";
import { accountAddress } from "../signer.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

const TOKEN = ["--token <address>", "the token; QDD without it"] as const;
const tokenOf = ({ deployment }: Pick<Client, "deployment">, given: string | undefined): Hex => (given === undefined ? deployment.addresses.qdd : addressArgument(given, "--token"));

function amountArgument(text: string): bigint {
  if (!/^[1-9]\d{0,76}$/.test(text)) throw new QoodError("USAGE", `--amount ${text} must be a whole number of the token's smallest unit, above 0`);
  return BigInt(text);
}

/** `income show|deposit|withdraw`, of the program and of each group of those who earn: credits in the exchange, which sales make, bonds are locked from, and withdrawals pay out. */
export function registerIncome(program: Command, group: Command): void {
  const income = group.command("income").description("credits in the exchange: what sales and refunds have brought, and the standing balance for bonds");
  income
    .command("show")
    .description("an account's credit in the exchange, and what it holds itself, in the token's smallest unit")
    .requiredOption("--account <name>", "the account")
    .option(...TOKEN)
    .action(async (given: { account: string; token?: string }) => {
      const options = program.opts<GlobalOptions>();
      const account = accountAddress(options, given.account);
      await withChain(options, async ({ client }) => {
        const token = tokenOf(client, given.token);
        printResult({ account, token, credit: await client.reads.creditOf(account, token), holds: await client.reads.balanceOf(token, account) }, options.json);
      });
    });
  sending(income, "deposit", "pay in for a credit: the standing balance that a seller's bonds are locked from")
    .requiredOption("--amount <number>", "in the token's smallest unit")
    .option("--for <address>", "whose credit; the account's own by default")
    .option(...TOKEN)
    .action(async (given: Sending & { amount: string; for?: string; token?: string }) => {
      const amount = amountArgument(given.amount);
      const wished = given.for === undefined ? undefined : addressArgument(given.for, "--for");
      await carryOut(program.opts<GlobalOptions>(), given, async ({ client: { calls, reads, deployment }, account }) => {
        const token = tokenOf({ deployment }, given.token);
        const holds = await reads.balanceOf(token, account);
        if (holds < amount) throw new QoodError("BALANCE_TOO_LOW", `account ${account} has ${holds} of token ${token}, not ${amount}`);
        const approve = (await reads.allowance(token, account)) < amount ? [calls.approve(token, amount)] : [];
        return { calls: [...approve, calls.deposit(token, wished ?? account, amount)], about: { amount, for: given.for ?? account }, after: async () => ({ credit: await reads.creditOf(wished ?? account, token) }) };
      });
    });
  sending(income, "withdraw", "pay credit out: all of it, or an amount")
    .option("--to <address>", "where to; the account itself by default")
    .option("--amount <number>", "in the token's smallest unit; the whole credit without it")
    .option(...TOKEN)
    .action(async (given: Sending & { to?: string; amount?: string; token?: string }) => {
      const wished = given.to === undefined ? undefined : addressArgument(given.to, "--to");
      const asked = given.amount === undefined ? undefined : amountArgument(given.amount);
      await carryOut(program.opts<GlobalOptions>(), given, async ({ client: { calls, reads, deployment }, account }) => {
        const token = tokenOf({ deployment }, given.token);
        const credit = await reads.creditOf(account, token);
        if (credit === 0n) throw new QoodError("NO_CREDIT", `account ${account} has no credit to withdraw`);
        const amount = asked ?? credit;
        return { calls: [calls.withdraw(token, wished ?? account, amount)], about: { amount, to: given.to ?? account } };
      });
    });
}
