/** Commands that send transactions: one way to name the account, try, send and tell. */
import type { Command } from "commander";
import type { JsonRpcProvider, Signer, TransactionReceipt } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import type { Call, Client } from "@qoodblock/sdk/client";
import { withChain } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { tryCalls } from "../dry-run.ts";
import { printResult } from "../output.ts";
import { accountAddress, signerOf } from "../signer.ts";

/** The option of commands that send transactions. */
export const DRY_RUN = ["--dry-run", "send nothing; tell the gas and what it would cost now"] as const;

/** What every such command is given. */
export interface Sending {
  readonly account: string;
  readonly dryRun?: boolean;
}

/** What a command's plan is made with. */
export interface Hand {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  readonly account: Hex;
  /** Asks for the passphrase, or the remote signer: only where something has to be signed, or sent. */
  readonly signer: () => Promise<Signer>;
}

/** What is to be sent. */
export interface Plan {
  readonly calls: readonly Call[];
  /** Told with the result. */
  readonly about?: object;
  /** Told too, once the last transaction is mined. */
  readonly after?: (receipt: TransactionReceipt) => Promise<object> | object;
}

/** A command that sends transactions; its action is for the caller to name. */
export function sending(group: Command, name: string, description: string): Command {
  return group.command(name).description(description).requiredOption("--account <name>", "the account that signs and pays the gas").option(...DRY_RUN);
}

/** Makes a plan, and sends it or tells what it would cost. A plan without calls is only told. @throws QoodError REVERT in words, those of `withChain`, `signerOf` and of the plan */
export async function carryOut(options: GlobalOptions, given: Sending, plan: (hand: Hand) => Promise<Plan> | Plan): Promise<void> {
  const account = accountAddress(options, given.account);
  await withChain(options, async ({ client, provider }) => {
    let opened: Promise<Signer> | undefined;
    const signer = (): Promise<Signer> => (opened ??= signerOf(options, given.account).then((found) => found.connect(provider)));
    const { calls, about = {}, after } = await plan({ client, provider, account, signer });
    if (given.dryRun === true && calls.length > 0) {
      const tried = await tryCalls(provider, account, calls);
      printResult(tried.length === 1 ? { ...about, ...tried[0]! } : tried, options.json);
      return;
    }
    let [receipt, gas]: [TransactionReceipt | undefined, bigint] = [undefined, 0n];
    for (const call of calls) {
      receipt = await send(await signer(), call);
      gas = receipt.gasUsed;
    }
    printResult({ ...about, ...(receipt === undefined ? {} : { ...(await after?.(receipt)), transaction: receipt.hash, gas }) }, options.json);
  });
}
