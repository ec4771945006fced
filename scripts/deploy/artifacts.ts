/** Compiled contracts, as hardhat leaves them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { InterfaceAbi } from "ethers";
import { toHex, type Hex } from "../../sdk/bytes/index.ts";
import { sha256 } from "../../sdk/crypto/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";

/** What is needed to deploy a contract, and to know it again. */
export interface Artifact {
  abi: InterfaceAbi;
  /** Creation code without constructor arguments. */
  bytecode: string;
  /** Code as it stands on the chain, zeros in place of immutables. */
  deployedBytecode: string;
  /** Where immutables stand in it, bytes from its beginning. */
  immutableReferences: Record<string, { start: number; length: number }[]>;
  buildInfoId: string;
}

/** With what a contract was compiled. */
export interface CompilerInput {
  /** Version of the compiler, with its commit. */
  compiler: string;
  /** SHA-256 of the compiler's standard input: sources and settings, as JSON. */
  hash: Hex;
}

const inputs = new Map<string, CompilerInput>();

/** The compiler's input of a contract. @throws QoodError `ARTIFACT_MISSING` */
export function compilerInput(folder: string, { buildInfoId }: Pick<Artifact, "buildInfoId">): CompilerInput {
  const path = join(folder, "build-info", `${buildInfoId}.json`);
  const known = inputs.get(path);
  if (known !== undefined) return known;
  try {
    const { solcLongVersion, input } = JSON.parse(readFileSync(path, "utf8")) as { solcLongVersion: string; input: unknown };
    const found = { compiler: solcLongVersion, hash: toHex(sha256(new TextEncoder().encode(JSON.stringify(input)))) };
    inputs.set(path, found);
    return found;
  } catch (cause) {
    throw new QoodError("ARTIFACT_MISSING", `the compiler's input ${path} cannot be read: run \`npx hardhat build\` first`, { cause });
  }
}

/** Whether code on a chain is an artifact's, whatever its immutables are. */
export function isCodeOf({ deployedBytecode, immutableReferences }: Artifact, code: string): boolean {
  if (code.length !== deployedBytecode.length) return false;
  const masked = (text: string): string => {
    const bytes = Buffer.from(text.slice(2), "hex");
    for (const { start, length } of Object.values(immutableReferences).flat()) bytes.fill(0, start, start + length);
    return bytes.toString("hex");
  };
  return masked(code) === masked(deployedBytecode);
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
