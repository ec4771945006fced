/** What commands share: where keys, chain and storage are, and how results are printed. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isAddress } from "ethers";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider, toQoodError } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { readPassphrase } from "@qoodblock/workers/shared/vault/passphrase.ts";
import { deploymentFile, networkOf, parseDeploymentOrRecord } from "./networks.ts";

/** Options that stand before the command. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly keystores: string;
  readonly passphraseFile?: string;
  readonly deployment?: string;
  readonly rpc?: string;
  readonly storage?: string;
  /** A preset's name, or a node's URL: says where chain and contracts are unless `rpc` and `deployment` do. */
  readonly network?: string;
  /** A signer by JSON-RPC, in place of key files. */
  readonly signer?: string;
}

/** Folder of the key files unless `--keystores` names another. */
export const DEFAULT_KEYSTORES = join(homedir(), ".qood", "keystores");

/** The passphrase of the key files: from `--passphrase-file`, else from QOOD_KEYSTORE_PASSPHRASE. */
export function passphraseOf(options: GlobalOptions): string {
  return readPassphrase({ what: `the key files in ${options.keystores}`, file: options.passphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env: process.env });
}

/** The bytes of a file that was named by hand. @throws QoodError FILE_UNREADABLE */
export function readGivenFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new QoodError("FILE_UNREADABLE", `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

/** A JSON file. @throws QoodError FILE_UNREADABLE or FILE_NOT_JSON */
export function readJsonFile(path: string): unknown {
  const text = readGivenFile(path).toString("utf8");
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new QoodError("FILE_NOT_JSON", `${path} is not JSON`);
  }
}

/** How long the node may take for its first answer, milliseconds. */
const PATIENCE_MS = 10_000;

const tooLong = async (): Promise<never> => {
  await wait(PATIENCE_MS, undefined, { ref: false });
  throw new Error("no answer");
};

/** Chain id of a node. @throws QoodError RPC_UNREACHABLE */
export async function chainIdAt(rpc: string): Promise<number> {
  const provider = openProvider(rpc, 1);
  try {
    return Number(await Promise.race([provider.send("eth_chainId", []) as Promise<string>, tooLong()]));
  } catch {
    throw new QoodError("RPC_UNREACHABLE", `no node answers at ${rpc}: check --rpc`);
  } finally {
    provider.destroy();
  }
}

/** Where node and contracts are, by what is given. @throws QoodError OPTION_MISSING, NETWORK_UNKNOWN, DEPLOYMENT_UNKNOWN, RPC_UNREACHABLE */
async function placeOf(options: GlobalOptions): Promise<{ rpc: string; file: string }> {
  const network = options.network === undefined ? undefined : networkOf(options.network);
  const rpc = options.rpc ?? network?.rpc;
  if (options.deployment === undefined && network === undefined) throw new QoodError("OPTION_MISSING", "--deployment FILE is needed: the deployment.json that names the contracts; or --network");
  if (rpc === undefined) throw new QoodError("OPTION_MISSING", "--rpc URL is needed: a JSON-RPC node of the chain; or --network");
  return { rpc, file: options.deployment ?? deploymentFile(network?.chainId ?? (await chainIdAt(rpc))) };
}

async function connectChain(options: GlobalOptions): Promise<{ client: Client; provider: JsonRpcProvider; rpc: string }> {
  const { rpc, file } = await placeOf(options);
  const deployment = parseDeploymentOrRecord(readJsonFile(file));
  const provider = openProvider(rpc, deployment.chainId);
  const { escrow } = deployment.addresses;
  let answers: [string, string];
  try {
    answers = await Promise.race([Promise.all([provider.send("eth_chainId", []) as Promise<string>, provider.getCode(escrow)]), tooLong()]);
  } catch {
    provider.destroy();
    throw new QoodError("RPC_UNREACHABLE", `no node answers at ${rpc}: check --rpc`);
  }
  const [chainId, code] = [Number(answers[0]), answers[1]];
  if (chainId !== deployment.chainId) {
    provider.destroy();
    throw new QoodError("WRONG_CHAIN", `the node at ${rpc} is of chain ${chainId} and the deployment of chain ${deployment.chainId}`);
  }
  if (code === "0x") {
    provider.destroy();
    throw new QoodError("NO_CONTRACTS", `there is no contract at ${escrow}, which ${file} names as the Escrow: it is the deployment of another chain than the one at ${rpc}`);
  }
  return { client: createClient(deployment, provider), provider, rpc };
}

/** What a node's answer, or its silence, throws: ethers' own errors and those of sockets. */
function isOfTheNode(error: unknown): boolean {
  const { shortMessage, code } = error as { shortMessage?: unknown; code?: unknown };
  return typeof shortMessage === "string" || /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|EPIPE|ETIMEDOUT)/.test(String(code));
}

/**
 * Works with the contracts and the chain they are on, and lets go of the node at the end.
 * @throws QoodError OPTION_MISSING, NETWORK_UNKNOWN, DEPLOYMENT_UNKNOWN, BAD_DEPLOYMENT, WRONG_CHAIN, NO_CONTRACTS, RPC_UNREACHABLE, CHAIN_CALL_FAILED and those of the work.
 */
export async function withChain<T>(options: GlobalOptions, work: (chain: { client: Client; provider: JsonRpcProvider }) => Promise<T>): Promise<T> {
  const chain = await connectChain(options);
  try {
    return await work(chain);
  } catch (error) {
    throw isOfTheNode(error) ? toQoodError(error, `the node at ${chain.rpc}`) : error;
  } finally {
    chain.provider.destroy();
  }
}

/**
 * An address as a person gives it. One in mixed case carries a checksum, and a slip in it is caught.
 * @throws QoodError ADDRESS
 */
export function addressArgument(text: string, what: string): Hex {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw new QoodError("ADDRESS", `${what} ${text} is no address: 0x and 40 hexadecimal digits`);
  const right: boolean = isAddress(text);
  if (!right) throw new QoodError("ADDRESS", `${what} ${text} has a wrong checksum: a digit or its case is not right`);
  return text.toLowerCase() as Hex;
}
