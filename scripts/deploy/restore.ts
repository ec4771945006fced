/** The memory of a deployment out of its committed record: a fresh checkout goes on where another has deployed. */
import { ContractFactory, keccak256, type Provider } from "ethers";
import type { Hex } from "../../sdk/bytes/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { readArtifact } from "./artifacts.ts";
import type { StepKey } from "./plan.ts";
import type { DeploymentRecord } from "./record.ts";
import type { DeployState } from "./state.ts";

/**
 * What a run would have remembered that made this record. The code is that of the artifacts at hand: a deployment of other sources
 * is told from it when it is read back.
 * @throws QoodError `DEPLOY_READBACK` where a transaction of the record is not on the chain, `ARTIFACT_MISSING`
 */
export async function stateOf(provider: Provider, { chainId, startBlock, contracts }: DeploymentRecord, artifacts: string): Promise<DeployState> {
  const state: DeployState = { format: "qood/deploy-state/v1", chainId, startBlock, contracts: {} };
  for (const [key, { name, source, address, transaction, constructorArguments }] of Object.entries(contracts)) {
    const found = await provider.getTransaction(transaction);
    if (found === null) throw new QoodError("DEPLOY_READBACK", `transaction ${transaction}, which the record names for ${name}, is not on chain ${chainId}`);
    const { abi, bytecode } = readArtifact(artifacts, source);
    const data = bytecode + new ContractFactory(abi, bytecode).interface.encodeDeploy(constructorArguments).slice(2);
    state.contracts[key as StepKey] = { address, codeHash: keccak256(data) as Hex, nonce: found.nonce, transaction };
  }
  return state;
}
