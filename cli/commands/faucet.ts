import type { Command } from "commander";
import { claimFaucet, faucetOf, faucetState } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { GlobalOptions } from "../context.ts";
import { carryOut, sending } from "./transaction.ts";
import type { Sending } from "./transaction.ts";

/** `buyer faucet`: a testnet's dollars, once a day. */
export function registerFaucet(program: Command, group: Command): void {
  sending(group, "faucet", "on a testnet: ask the market's faucet for QDD, once a day, and tell when the next is to be had").action(async (given: Sending) => {
    await carryOut(program.opts<GlobalOptions>(), given, async ({ client: { deployment, reads }, provider, account }) => {
      const faucet = faucetOf(deployment);
      const at = async () => faucetState(provider, faucet, account);
      const { token, amount, claimsPerDay, claimsLeft, nextClaimAt } = await at();
      const { timestamp } = (await provider.getBlock("latest"))!;
      if (nextClaimAt > timestamp) {
        const why = claimsLeft === 0n ? `all ${claimsPerDay} claims of today are made` : `account ${account} has had its tokens of today`;
        throw new QoodError("FAUCET_LATER", `${why}: the next are to be had from ${new Date(nextClaimAt * 1000).toISOString()} on`);
      }
      return {
        calls: [claimFaucet(faucet)],
        about: { token, amount },
        after: async () => ({ holds: await reads.balanceOf(token, account), next: new Date((await at()).nextClaimAt * 1000).toISOString() }),
      };
    });
  });
}
