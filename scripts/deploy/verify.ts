/** Verification of the sources at a block explorer, by Hardhat's plugin. */
import { join } from "node:path";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import { verifyContract } from "@nomicfoundation/hardhat-verify/verify";
import config from "../../hardhat.config.ts";
import type { DeploymentRecord } from "./record.ts";

/** Explorers that the plugin knows. */
export const EXPLORERS = ["etherscan", "blockscout", "sourcify"] as const;
/** One of {@link EXPLORERS}. */
export type Explorer = (typeof EXPLORERS)[number];

/** What to verify, where. */
export interface Verification {
  readonly record: DeploymentRecord;
  readonly rpc: string;
  readonly explorer: Explorer;
  /** Etherscan wants one. */
  readonly apiKey?: string;
  /** An explorer of one's own, with the API of {@link explorer}; by default that of the chain. */
  readonly url?: string;
  readonly onProgress?: (line: string) => void;
}

/** How one contract fared. */
export interface Verified {
  readonly name: string;
  readonly address: string;
  /** Null where it is verified. */
  readonly failure: string | null;
}

/** Sends the sources of every contract of a record; one that fails keeps no other back. */
export async function verifySources({ record, rpc, explorer, apiKey, url, onProgress = () => undefined }: Verification): Promise<Verified[]> {
  const { chainId } = record;
  const own = url === undefined ? {} : { chainDescriptors: { [chainId]: { name: `chain ${chainId}`, blockExplorers: { [explorer]: { url, apiUrl: `${url}/api` } } } } };
  const hre = await createHardhatRuntimeEnvironment(
    {
      ...config,
      ...own,
      networks: { ...config.networks, deployed: { type: "http", url: rpc, chainId } },
      verify: { etherscan: { apiKey: apiKey ?? "" }, ...(apiKey === undefined ? {} : { blockscout: { apiKey } }), ...(explorer === "sourcify" && url !== undefined ? { sourcify: { apiUrl: url } } : {}) },
    },
    { network: "deployed", buildProfile: "default" },
    join(import.meta.dirname, "../.."),
  );
  const found: Verified[] = [];
  // The plugin talks on stdout, which is for this program's result.
  const { log } = console;
  console.log = () => undefined;
  try {
    for (const { name, source, address, constructorArguments, transaction } of Object.values(record.contracts)) {
      let failure: string | null = null;
      try {
        await verifyContract({ address, constructorArgs: [...constructorArguments], contract: `${source}:${name}`, provider: explorer, ...(explorer === "sourcify" ? { creationTxHash: transaction } : {}) }, hre);
      } catch (error) {
        failure = (error as Error).message.split("\n")[0]!;
      }
      onProgress(failure === null ? `verified ${name}` : `not verified ${name}: ${failure}`);
      found.push({ name, address, failure });
    }
  } finally {
    console.log = log;
  }
  return found;
}
