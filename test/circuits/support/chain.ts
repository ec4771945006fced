/** One contract on a chain in this process: compiled by the pinned compiler, run by Hardhat's EDR. */
import { createRequire } from "node:module";
import { Contract, ContractFactory, type InterfaceAbi } from "ethers";
import { network } from "hardhat";
import type { Proof } from "@qoodblock/sdk/proof";

/** A deployed verifier. */
export interface DeployedVerifier {
  verifyProof(proof: Proof, signals: readonly bigint[]): Promise<boolean>;
  /** Gas of a transaction that only verifies, its calldata included. */
  gas(proof: Proof, signals: readonly bigint[]): Promise<bigint>;
  close(): Promise<void>;
}

interface Output {
  errors?: { severity: string; formattedMessage: string }[];
  contracts: Record<string, Record<string, { abi: InterfaceAbi; evm: { bytecode: { object: string } } }>>;
}

/** Compiles the source of one contract and deploys it on a chain of its own. */
export async function deployContract(source: string, name: string): Promise<DeployedVerifier> {
  const solc = createRequire(import.meta.url)("solc") as { compile(input: string): string };
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: "Solidity",
        sources: { [name]: { content: source } },
        settings: { evmVersion: "osaka", optimizer: { enabled: true, runs: 2_000 }, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
      }),
    ),
  ) as Output;
  const errors = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (errors.length > 0) throw new Error(errors.join("\n"));
  const { abi, evm } = output.contracts[name]![name]!;
  const connection = await network.create();
  const [signer] = await connection.ethers.getSigners();
  const deployed = await new ContractFactory(abi, evm.bytecode.object, signer).deploy();
  const contract = new Contract(await deployed.getAddress(), abi, signer);
  const method = contract.getFunction("verifyProof");
  return {
    verifyProof: async ({ a, b, c }, signals) => (await method.staticCall(a, b, c, signals)) as boolean,
    gas: ({ a, b, c }, signals) => method.estimateGas(a, b, c, signals),
    close: () => connection.close(),
  };
}
