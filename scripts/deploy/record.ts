/** What a deployment was, for whoever checks it: read back from the chain, with all that is needed to compile the same. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Provider } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import type { Addresses, Deployment } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { compilerInput, isCodeOf, readArtifact } from "./artifacts.ts";
import { contractName, type Parameters, type StepKey, stepsOf } from "./plan.ts";
import type { DeployState } from "./state.ts";

/** One contract of a deployment. */
export interface ContractRecord {
  readonly name: string;
  /** Solidity file, below the project or of a package. */
  readonly source: string;
  readonly address: Hex;
  readonly transaction: Hex;
  readonly block: number;
  readonly constructorArguments: readonly unknown[];
  readonly compiler: string;
  /** SHA-256 of the compiler's input: sources and settings. */
  readonly compilerInput: Hex;
}

/** A deployment as it stands in `deployments/`. */
export interface DeploymentRecord {
  readonly format: "qood/deployment-record/v1";
  readonly chainId: number;
  readonly deployer: Hex;
  readonly startBlock: number;
  /** The commit of the sources, with `+` behind it where they had changes; null outside a git checkout. */
  readonly commit: string | null;
  readonly contracts: Readonly<Record<keyof Addresses, ContractRecord>> & { readonly faucet?: ContractRecord };
}

const root = join(import.meta.dirname, "../..");

function commitOf(): string | null {
  const git = (...args: string[]): string => execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    return `${git("rev-parse", "HEAD")}${git("status", "--porcelain", "--", "contracts") === "" ? "" : "+"}`;
  } catch {
    return null;
  }
}

/** The transaction that an account sent with a nonce, at or after a block: for one that was sent by a run that was stopped before it wrote down the hash. */
async function findTransaction(provider: Provider, from: Hex, nonce: number, startBlock: number): Promise<Hex | null> {
  const last = await provider.getBlockNumber();
  for (let number = startBlock; number <= last; number += 1) {
    const block = await provider.getBlock(number, true);
    const found = block?.prefetchedTransactions.find((each) => each.from.toLowerCase() === from.toLowerCase() && each.nonce === nonce);
    if (found !== undefined) return found.hash as Hex;
  }
  return null;
}

/** Reads a deployment back: every contract has the code that was compiled here. @throws QoodError `DEPLOY_READBACK` where one has other code */
export async function readBack(provider: Provider, { addresses, faucet }: Pick<Deployment, "addresses" | "faucet">, artifacts: string): Promise<void> {
  const at = { ...addresses, faucet };
  for (const step of stepsOf(faucet !== undefined)) {
    const [address, name] = [at[step.key]!, contractName(step)];
    if (!isCodeOf(readArtifact(artifacts, step.source), await provider.getCode(address))) {
      throw new QoodError("DEPLOY_READBACK", `at ${address} there is other code than that of ${name}`);
    }
  }
}

/**
 * The record of a deployment that was read back.
 * @throws QoodError `DEPLOY_READBACK` where a contract's transaction is not on the chain, `ARTIFACT_MISSING` where the compiler's input is not there
 */
export async function recordOf(provider: Provider, deployment: Deployment, state: DeployState, artifacts: string, parameters: Parameters): Promise<DeploymentRecord> {
  const { chainId, startBlock, addresses, faucet } = deployment;
  const contracts: Partial<Record<StepKey, ContractRecord>> = {};
  const at = { ...addresses, faucet };
  for (const step of stepsOf(faucet !== undefined)) {
    const [address, name] = [at[step.key]!, contractName(step)];
    const known = state.contracts[step.key];
    const transaction = known?.transaction ?? (known === undefined ? null : await findTransaction(provider, parameters.foundation, known.nonce, startBlock));
    const receipt = transaction === null ? null : await provider.getTransactionReceipt(transaction);
    if (transaction === null || receipt === null) throw new QoodError("DEPLOY_READBACK", `the transaction that deployed ${name} at ${address} is not found from block ${startBlock} on`);
    const { compiler, hash } = compilerInput(artifacts, readArtifact(artifacts, step.source));
    contracts[step.key] = {
      ...{ name, source: step.source, address, transaction, block: receipt.blockNumber },
      ...{ constructorArguments: JSON.parse(JSON.stringify(step.args(addresses, parameters), (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value))) as unknown[] },
      ...{ compiler, compilerInput: hash },
    };
  }
  return { format: "qood/deployment-record/v1", chainId, deployer: parameters.foundation, startBlock, commit: commitOf(), contracts: contracts as DeploymentRecord["contracts"] };
}
