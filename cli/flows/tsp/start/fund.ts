/** Coins of no worth, on the chain that `qood tsp start` keeps itself. */
import { join } from "node:path";
import { keccak256, toUtf8Bytes } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider, parseDeployment, send } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { addressArgument, readJsonFile } from "../../../context.ts";
import { addressOf, listAccounts, openAccount } from "../../../keystore.ts";
import { fund } from "./prepare.ts";
import { readOverview } from "./table.ts";

/** What an account holds after it was given coins. */
export interface Funded {
  readonly account: Hex;
  readonly ether: string;
  /** In its smallest unit. */
  readonly qdd: bigint;
}

/**
 * Gives each account ether where it has little, and QDD, minted by the foundation of the local chain within a reserve that it attests.
 * @param named - addresses, or names of key files in one of the folders.
 * @param folder - of the caller's key files; those of the state folder count where it has none of a name.
 * @throws QoodError NOT_RUNNING, NOT_LOCAL where the chain is not one of its own, ADDRESS, ACCOUNT_UNKNOWN
 */
export async function fundLocally(state: string, passphrase: string, named: readonly string[], folder: string, amount: bigint): Promise<Funded[]> {
  const { facts, parts } = readOverview(state);
  const rpc = parts.chain?.ready.rpc;
  if (typeof rpc !== "string") throw new QoodError("NOT_LOCAL", `what runs on ${state} works on a chain of somebody else: its coins come from there`);
  const keystores = join(state, "keystores");
  const accounts = named.map((each) => (each.startsWith("0x") ? addressArgument(each, "account") : (addressOf(listAccounts(folder).includes(each) ? folder : keystores, each) as Hex)));
  const deployment = parseDeployment(readJsonFile(facts.deployment!));
  const provider = openProvider(rpc, deployment.chainId, 200);
  try {
    await fund(provider, accounts);
    const { calls, reads } = createClient(deployment, provider);
    const foundation = (await openAccount(keystores, "foundation", passphrase)).connect(provider);
    const reserve = (await reads.qddSupply()) + amount * BigInt(accounts.length);
    const now = (await provider.getBlock("latest"))!.timestamp;
    await send(foundation, calls.attest(keccak256(toUtf8Bytes(`reserve of a local chain: ${reserve}`)) as Hex, now, reserve));
    for (const account of accounts) await send(foundation, calls.mintQdd(account, amount));
    return await Promise.all(accounts.map(async (account) => ({ account, ether: String((await provider.getBalance(account)) / 10n ** 18n), qdd: await reads.balanceOf(deployment.addresses.qdd, account) })));
  } finally {
    provider.destroy();
  }
}
