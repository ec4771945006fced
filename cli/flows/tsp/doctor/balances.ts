import { formatEther } from "ethers";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient } from "@qoodblock/sdk/client";
import { createBonds, leastBond, shortage } from "@qoodblock/workers/delivery/bonds.ts";
import { readDeployment } from "@qoodblock/workers/shared/chain/index.ts";
import { withProvider } from "./chain.ts";
import type { ChainAt } from "./chain.ts";
import { check } from "./finding.ts";
import type { Finding, Findings } from "./finding.ts";
import { withRedis } from "./redis.ts";
import type { OpenedAccount } from "./secrets.ts";
import type { Subject } from "./subject.ts";

/** Gas of an anchor, with room for its first time. */
const ANCHOR_GAS = 70_000n;
const ANCHORS = 100n;
const ADVISED_BONDS = 50n;

async function ether(provider: JsonRpcProvider, address: string, said: Findings): Promise<void> {
  const [balance, { maxFeePerGas, gasPrice }] = await Promise.all([provider.getBalance(address), provider.getFeeData()]);
  const wanted = ANCHORS * ANCHOR_GAS * (gasPrice ?? maxFeePerGas ?? 0n);
  if (balance === 0n) said.fault(`${address} has no ether: nothing can be anchored or delivered; send it some`);
  else if (balance < wanted) said.warning(`${formatEther(balance)} ether do not last for ${ANCHORS} anchors at the present gas price: send ${formatEther(wanted - balance)} more`);
  else said.ok(`${formatEther(balance)} ether`);
}

/** What the delivery worker is set to lock for a page. */
interface Bonding extends ChainAt {
  readonly redis: string;
  readonly redisPrefix: string;
  readonly token?: Hex;
  readonly offerLots: number;
  readonly pageLots: number;
  readonly bondDeposit?: string;
}

async function bonds(provider: JsonRpcProvider, seller: Hex, settings: Bonding, said: Findings): Promise<void> {
  const client = createClient(readDeployment(settings.deployment, settings.chainId), provider);
  const token = settings.token ?? client.deployment.addresses.qdd;
  const { bond } = leastBond(await client.reads.tokenTermsOf(token), Math.min(settings.offerLots, settings.pageLots));
  const balance = await withRedis(settings.redis, (redis) => createBonds(redis, settings.redisPrefix, client, seller).balance(token));
  const target = settings.bondDeposit === undefined ? bond * ADVISED_BONDS : BigInt(settings.bondDeposit);
  const free = balance.credit - balance.reserved;
  if (free < bond) said.fault(shortage(seller, token, balance, bond, settings.bondDeposit));
  else if (free < target) said.warning(`${free} of token ${token} are free, enough for ${free / bond} pages: ${target} are advised, deposit ${target - free}`);
  else said.ok(`standing balance ${balance.credit} of token ${token}, ${balance.reserved} of it reserved; a page locks ${bond}`);
}

/** Each signer has ether for its transactions, and the delivery worker a standing balance for its bonds. */
export async function checkBalances(subject: Subject, opened: readonly OpenedAccount[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const done = new Set<string>();
  for (const settings of subject.settings.values()) {
    const account = opened.find(({ keystore }) => keystore === settings.keystore);
    if (account === undefined) continue;
    const at = settings as unknown as Bonding;
    const { address } = account.wallet;
    if (!done.has(address)) findings.push(...(await check("ether", (said) => withProvider(at, (provider) => ether(provider, address, said)))));
    done.add(address);
    if (settings.offers === true) findings.push(...(await check("bonds", (said) => withProvider(at, (provider) => bonds(provider, address as Hex, at, said)))));
  }
  return findings;
}
