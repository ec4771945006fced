/** A deployment tried out on a chain of its own in this process: every transaction with its gas, at the address that the real one would have, and nothing sent. */
import { formatEther, type Provider } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { deploy, type DeployOptions, type DeployResult } from "./deploy.ts";

/** What a deployment would do and cost. */
export interface DryRun {
  readonly chainId: number;
  readonly deployer: Hex;
  readonly transactions: DeployResult["transactions"];
  readonly addresses: DeployResult["addresses"];
  readonly gas: bigint;
  /** Wei a unit of gas, by what the chain asks now. */
  readonly gasPrice: bigint;
  /** Wei. On a rollup the price of the data on the parent chain comes on top. */
  readonly cost: bigint;
}

/**
 * @param provider the real chain: asked for its id, the deployer's nonce and the price of gas
 * @throws QoodError as {@link deploy}; `CHAIN_CALL_FAILED` where the chain tells no price of gas
 */
export async function dryRun(provider: Provider, deployer: Hex, options: Omit<DeployOptions, "foundation" | "folder">): Promise<DryRun> {
  const chainId = Number((await provider.getNetwork()).chainId);
  const [nonce, fees] = await Promise.all([provider.getTransactionCount(deployer, "pending"), provider.getFeeData()]);
  const gasPrice = fees.maxFeePerGas ?? fees.gasPrice;
  if (gasPrice === null) throw new QoodError("CHAIN_CALL_FAILED", `chain ${chainId} tells no price of gas`);
  // Only here: whoever deploys needs no chain of his own.
  const { network } = await import("hardhat");
  const own = await network.create({ override: { chainId } });
  try {
    await own.networkHelpers.setBalance(deployer, 10n ** 24n);
    await own.networkHelpers.setNonce(deployer, nonce);
    const foundation = await own.ethers.getImpersonatedSigner(deployer);
    const { transactions, addresses } = await deploy({ ...options, foundation });
    const gas = transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
    return { chainId, deployer, transactions, addresses, gas, gasPrice, cost: gas * gasPrice };
  } finally {
    await own.close();
  }
}

/** A dry run in lines for people. */
export function describeDryRun({ chainId, deployer, transactions, gas, gasPrice, cost }: DryRun): string[] {
  return [
    `chain ${chainId}, deployer ${deployer}: ${transactions.length} transactions; nothing was sent`,
    ...transactions.map(({ what, gasUsed }) => `${String(gasUsed).padStart(10)}  ${what}`),
    `${String(gas).padStart(10)}  in all; at ${gasPrice} wei a unit of gas ${formatEther(cost)} of the chain's coin`,
  ];
}
