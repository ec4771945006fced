import type { Command } from "commander";
import { passphraseOf } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { addressOf, createAccount, listAccounts } from "../keystore.ts";
import { printResult } from "../output.ts";

/** `qood account new|list`: encrypted key files that wallets read too. */
export function registerAccount(program: Command): void {
  const account = program.command("account").description("accounts: encrypted key files with a seed of their own");
  account
    .command("new")
    .description("make an account; nothing is overwritten")
    .argument("<name>", "lower-case letters, digits and hyphens")
    .action(async (name: string) => {
      const options = program.opts<GlobalOptions>();
      printResult({ name, address: (await createAccount(options.keystores, name, passphraseOf(options))).address }, options.json);
    });
  account
    .command("list")
    .description("names and addresses, without a passphrase")
    .action(() => {
      const options = program.opts<GlobalOptions>();
      printResult(
        listAccounts(options.keystores).map((name) => ({ name, address: addressOf(options.keystores, name) })),
        options.json,
      );
    });
}
