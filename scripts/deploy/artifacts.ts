/** Compiled contracts, as hardhat leaves them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InterfaceAbi } from "ethers";
import { QoodError } from "../../sdk/errors/index.ts";

/** What is needed to deploy a contract. */
export interface Artifact {
  abi: InterfaceAbi;
  /** Creation code without constructor arguments. */
  bytecode: string;
}

/** @param source path of the Solidity file, which has the contract's name @throws QoodError `ARTIFACT_MISSING` where the contracts were not compiled */
export function readArtifact(folder: string, source: string): Artifact {
  const path = join(folder, source, `${source.slice(source.lastIndexOf("/") + 1, -".sol".length)}.json`);
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Artifact;
  } catch (cause) {
    throw new QoodError("ARTIFACT_MISSING", `compiled contract ${path} cannot be read: run \`npx hardhat build\` first`, { cause });
  }
}
