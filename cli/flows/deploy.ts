/** The work of `qood deploy`. It lives in `scripts/deploy`; here are networks, signers and explorers. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatEther } from "ethers";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { openProvider, toQoodError } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { readKeyMetadata } from "@qoodblock/sdk/proof";
import { readDeployChoices } from "../../scripts/deploy/arguments.ts";
import { LOCAL_CHAIN, deploy } from "../../scripts/deploy/deploy.ts";
import type { DeployOptions } from "../../scripts/deploy/deploy.ts";
import type { DeploymentRecord } from "../../scripts/deploy/record.ts";
import { stateOf } from "../../scripts/deploy/restore.ts";
import { STATE_FILE, saveRecord, saveState } from "../../scripts/deploy/state.ts";
import type { Explorer } from "../../scripts/deploy/verify.ts";
import { chainIdAt } from "../context.ts";
import type { GlobalOptions } from "../context.ts";
import { networkOf, stateOfChain } from "../networks.ts";
import { accountAddress, signerOf } from "../signer.ts";

const root = join(import.meta.dirname, "../..");
const EXPLORERS: readonly string[] = ["etherscan", "blockscout", "sourcify"] satisfies Explorer[];

/** What the command is given. */
export interface DeployGiven extends Readonly<Record<string, unknown>> {
  readonly account: string;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly records?: string;
  readonly verify?: string;
  readonly explorerUrl?: string;
}

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @throws QoodError USAGE, WRONG_CHAIN, VERIFY_FAILED, those of `deploy`, of signers and of networks */
export async function deployTo(options: GlobalOptions, name: string, given: DeployGiven): Promise<object> {
  const network = networkOf(name);
  const rpc = options.rpc ?? network.rpc;
  const { verify, explorerUrl, out: chosenOut, records: chosenRecords, account, dryRun, ...rest } = given;
  if (verify !== undefined && !EXPLORERS.includes(verify)) throw new QoodError("USAGE", `--verify ${verify} must be one of ${EXPLORERS.join(", ")}`);
  const choices = readDeployChoices(Object.fromEntries(Object.entries(rest).map(([key, value]) => [kebab(key), value])));
  const chainId = await chainIdAt(rpc);
  if (network.chainId !== undefined && network.chainId !== chainId) throw new QoodError("WRONG_CHAIN", `the node at ${rpc} is of chain ${chainId}, and ${name} is chain ${network.chainId}`);
  const [out, records] = [chosenOut ?? stateOfChain(chainId), chosenRecords ?? join(root, "deployments")];

  const provider = openProvider(rpc, chainId);
  try {
    const { leastWindow = network.leastWindow, beacon, faucet, ...more } = choices;
    const plan = { ...more, leastWindow, ...(beacon === undefined ? {} : { beacon }), ...(faucet === undefined ? {} : { faucet }), developmentKey: readKeyMetadata(join(root, "circuits/keys"), "KeyDelivery1").purpose === "development" };
    await recall(provider, { out, records, chainId, artifacts: choices.artifacts });
    if (dryRun === true) return await tried(provider, accountAddress(options, account), out, plan);
    const foundation = (await signerOf(options, account)).connect(provider);
    const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
    const done = await deploy({ ...plan, foundation, folder: out, onProgress });
    const record = done.record!;
    if (chainId !== LOCAL_CHAIN) saveRecord(records, `${chainId}.json`, record);
    if (verify !== undefined) await verified({ record, rpc, explorer: verify as Explorer, url: explorerUrl, onProgress });
    const gas = done.transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
    return { chainId, deployment: join(out, "deployment.json"), ...(chainId === LOCAL_CHAIN ? {} : { record: join(records, `${chainId}.json`) }), leastWindow, beacon: done.beacon!.source, ...(done.faucet === undefined ? {} : { faucet: done.faucet }), transactions: done.transactions.length, gas, startBlock: done.startBlock };
  } catch (error) {
    throw (error as { shortMessage?: unknown }).shortMessage === undefined ? error : toQoodError(error, `the node at ${rpc}`);
  } finally {
    provider.destroy();
  }
}

/** Where another checkout has deployed, and its record is here, this one goes on from that. */
async function recall(provider: JsonRpcProvider, at: { out: string; records: string; chainId: number; artifacts: string }): Promise<void> {
  const file = join(at.records, `${at.chainId}.json`);
  if (existsSync(join(at.out, STATE_FILE)) || at.chainId === LOCAL_CHAIN || !existsSync(file)) return;
  saveState(at.out, await stateOf(provider, JSON.parse(readFileSync(file, "utf8")) as DeploymentRecord, at.artifacts));
}

/** A dry run is of a whole deployment: of one that is there already it tells that. */
async function tried(provider: JsonRpcProvider, deployer: Hex, out: string, plan: Omit<DeployOptions, "foundation" | "folder">): Promise<object> {
  if (existsSync(join(out, STATE_FILE))) throw new QoodError("DEPLOY_BEGUN", `${out} is of a deployment that was begun: without --dry-run the run sends what is missing, and nothing where nothing is`);
  const { dryRun } = await import("../../scripts/deploy/dry-run.ts");
  const { chainId, transactions, gas, gasPrice, cost } = await dryRun(provider, deployer, plan);
  return { dryRun: "deploy", chainId, deployer, transactions: transactions.map(({ what, gasUsed }) => ({ what, gas: gasUsed })), gas, gasPrice, cost: formatEther(cost), holds: formatEther(await provider.getBalance(deployer)) };
}

/** @throws QoodError VERIFY_FAILED where an explorer has not taken every contract's sources; the deployment stands */
async function verified(what: { record: DeploymentRecord; rpc: string; explorer: Explorer; url: string | undefined; onProgress: (line: string) => void }): Promise<void> {
  const { verifySources } = await import("../../scripts/deploy/verify.ts");
  const { url, ...rest } = what;
  const apiKey = process.env.QOOD_EXPLORER_KEY;
  const failed = (await verifySources({ ...rest, ...(url === undefined ? {} : { url }), ...(apiKey === undefined ? {} : { apiKey }) })).filter(({ failure }) => failure !== null);
  if (failed.length > 0) throw new QoodError("VERIFY_FAILED", `the contracts are deployed, and ${what.explorer} has not verified ${failed.map(({ name }) => name).join(", ")}: run the same command again; ${failed[0]!.name}: ${failed[0]!.failure!}`);
}
