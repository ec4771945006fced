import type { JsonRpcProvider } from "ethers";
import { openProvider } from "@qoodblock/sdk/client";
import type { Deployment } from "@qoodblock/sdk/client";
import { readDeployment } from "@qoodblock/workers/shared/chain/index.ts";
import { within } from "@qoodblock/workers/shared/metrics/index.ts";
import { check } from "./finding.ts";
import type { Finding, Findings } from "./finding.ts";
import { CHAIN_PROGRAMS, distinct } from "./subject.ts";
import type { Subject } from "./subject.ts";

const PATIENCE_MS = 10_000;
/** Ethereum finalises within 13 minutes; a rollup's `safe` and `finalized` lag behind their L1's. */
const OLD_FINAL_SECONDS = 3600;
const OLD_HEAD_SECONDS = 120;
const AHEAD_SECONDS = 15;

/** The settings of one chain. */
export interface ChainAt {
  readonly rpc: string;
  readonly chainId: number;
  readonly finality: string;
  readonly deployment: string;
}

/** A URL without what it may hold of a login or a key. */
const shown = (url: string): string => new URL(url).host;

/** Works with the chain's RPC, each answer within ten seconds, and lets go of it. */
export async function withProvider<T>({ rpc, chainId }: Pick<ChainAt, "rpc" | "chainId">, work: (provider: JsonRpcProvider) => Promise<T>): Promise<T> {
  const provider = openProvider(rpc, chainId);
  try {
    return await within(PATIENCE_MS, work(provider));
  } finally {
    provider.destroy();
  }
}

async function contracts(provider: JsonRpcProvider, { addresses }: Deployment, said: Findings): Promise<void> {
  const named = Object.entries(addresses);
  const codes = await Promise.all(named.map(([, address]) => provider.getCode(address)));
  const missing = named.filter((_, i) => codes[i] === "0x").map(([name]) => name);
  if (missing.length > 0) said.fault(`no code at the addresses of ${missing.join(", ")}: the deployment file is of another chain, or the chain was started anew`);
  else said.ok(`${named.length} contracts of the deployment have code`);
}

async function clocks(provider: JsonRpcProvider, finality: string, said: Findings): Promise<void> {
  const head = await provider.getBlock("latest");
  if (head === null) { said.fault("the node has no block: wait until it has synchronised"); return; }
  const age = Date.now() / 1000 - head.timestamp;
  if (age > OLD_HEAD_SECONDS) said.warning(`the newest block ${head.number} is ${Math.round(age)} s old: the node lags behind, the chain stands still, or this machine's clock runs ahead`);
  else if (age < -AHEAD_SECONDS) said.warning(`the newest block ${head.number} is ${Math.round(-age)} s ahead of this machine's clock: let it follow a time server`);
  else said.ok(`newest block ${head.number}, ${Math.max(0, Math.round(age))} s old`);
  const final = /^\d+$/.test(finality) ? await provider.getBlock(Math.max(0, head.number - Number(finality))) : await provider.getBlock(finality);
  if (final === null) { said.fault(`the node knows no ${finality} block: nothing would ever count as final; set finality to a number of blocks`); return; }
  const finalAge = Math.round(Date.now() / 1000 - final.timestamp);
  if (finalAge > OLD_FINAL_SECONDS) said.warning(`the final block ${final.number} (${finality}) is ${finalAge} s old: announcements and deliveries wait for it`);
  else said.ok(`final block ${final.number} (${finality}), ${Math.max(0, finalAge)} s old`);
}

/** The RPC answers for the right chain, its clock goes right, and the contracts are there. */
export async function checkChain(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const at of distinct(subject, ["rpc", "chainId", "finality", "deployment"], CHAIN_PROGRAMS) as unknown as ChainAt[]) {
    findings.push(
      ...(await check("chain", (said) =>
        withProvider(at, async (provider) => {
          let actual: number;
          try {
            actual = Number(await provider.send("eth_chainId", []));
          } catch (error) {
            said.fault(`no node answers at ${shown(at.rpc)}: start it, or correct the setting rpc (${(error as { shortMessage?: string }).shortMessage ?? (error as Error).message})`); return;
          }
          if (actual !== at.chainId) { said.fault(`the node at ${shown(at.rpc)} is of chain ${actual}, the settings say ${at.chainId}: correct rpc or chainId`); return; }
          said.ok(`chain ${actual} at ${shown(at.rpc)}`);
          await clocks(provider, at.finality, said);
          await contracts(provider, readDeployment(at.deployment, at.chainId), said);
        }).catch((error: unknown) => {
          if ((error as Error).message.startsWith("no answer within")) said.fault(`the node at ${shown(at.rpc)} gives ${(error as Error).message}: start it, or correct the setting rpc`);
          else throw error;
        }),
      )),
    );
  }
  return findings;
}
