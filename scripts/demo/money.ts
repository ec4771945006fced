/** Where the demo's QDD comes from: minted by the foundation within the reserve that the auditor attests. */
import { keccak256, toUtf8Bytes } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { send } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import type { Cast } from "./accounts.ts";
import type { Engines } from "./engines.ts";

/** What the TSP keeps in the exchange: the bonds of 500 deliveries of one batch at a time, in QDD's smallest unit. */
const STANDING_BALANCE = 1_000_000_000n;

async function mint(cast: Cast, engines: Engines, { calls, reads }: Client, to: Hex, amount: bigint): Promise<void> {
  const needed = (await reads.qddSupply()) + amount;
  const now = (await engines.provider.getBlock("latest"))!.timestamp;
  await send(cast.wallets.auditor, calls.attest(keccak256(toUtf8Bytes(`demo reserve of ${needed}`)) as Hex, now, needed));
  await send(cast.wallets.foundation, calls.mintQdd(to, amount));
}

/** Gives the buyer QDD, unless it has enough. */
export async function fundBuyer(cast: Cast, engines: Engines, client: Client, amount: bigint): Promise<void> {
  const { reads, deployment } = client;
  if ((await reads.balanceOf(deployment.addresses.qdd, cast.addresses.buyer)) < amount) await mint(cast, engines, client, cast.addresses.buyer, amount);
}

/**
 * Pays in the TSP's standing balance, unless it is there: every delivery on the chain locks a bond out of it. The foundation
 * pays, as the TSP's account is its workers' lane. @returns the TSP's credit
 */
export async function payInBonds(cast: Cast, engines: Engines, client: Client): Promise<bigint> {
  const { calls, reads, deployment } = client;
  const token = deployment.addresses.qdd;
  const { foundation } = cast.wallets;
  const credit = await reads.creditOf(cast.addresses.tsp, token);
  if (credit >= STANDING_BALANCE) return credit;
  const amount = STANDING_BALANCE - credit;
  await mint(cast, engines, client, cast.addresses.foundation, amount);
  await send(foundation, calls.approve(token, amount));
  await send(foundation, calls.deposit(token, cast.addresses.tsp, amount));
  return reads.creditOf(cast.addresses.tsp, token);
}
