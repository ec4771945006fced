/** What commands share: where keys, chain and storage are, and how results are printed. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { JsonRpcProvider } from "ethers";
import { createClient, openProvider, parseDeployment } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { readPassphrase } from "@qoodblock/workers/shared/vault/passphrase.ts";

/** Options that stand before the command. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly keystores: string;
  readonly passphraseFile?: string;
  readonly deployment?: string;
  readonly rpc?: string;
  readonly storage?: string;
}

/** Folder of the key files unless `--keystores` names another. */
export const DEFAULT_KEYSTORES = join(homedir(), ".qood", "keystores");

/** The passphrase of the key files: from `--passphrase-file`, else from QOOD_KEYSTORE_PASSPHRASE. */
export function passphraseOf(options: GlobalOptions): string {
  return readPassphrase({ what: `the key files in ${options.keystores}`, file: options.passphraseFile, variable: "QOOD_KEYSTORE_PASSPHRASE", env: process.env });
}

/** A JSON file. @throws QoodError FILE_UNREADABLE or FILE_NOT_JSON */
export function readJsonFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new QoodError("FILE_UNREADABLE", `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new QoodError("FILE_NOT_JSON", `${path} is not JSON`);
  }
}

/**
 * The contracts and the chain they are on.
 * @throws QoodError OPTION_MISSING, BAD_DEPLOYMENT, WRONG_CHAIN or RPC_UNREACHABLE.
 */
export async function connectChain(options: GlobalOptions): Promise<{ client: Client; provider: JsonRpcProvider }> {
  if (options.deployment === undefined) throw new QoodError("OPTION_MISSING", "--deployment FILE is needed: the deployment.json that names the contracts");
  if (options.rpc === undefined) throw new QoodError("OPTION_MISSING", "--rpc URL is needed: a JSON-RPC node of the chain");
  const deployment = parseDeployment(readJsonFile(options.deployment));
  const provider = openProvider(options.rpc, deployment.chainId);
  let chainId: number;
  try {
    chainId = Number(await provider.send("eth_chainId", []));
  } catch {
    provider.destroy();
    throw new QoodError("RPC_UNREACHABLE", `no node answers at ${options.rpc}: check --rpc`);
  }
  if (chainId !== deployment.chainId) {
    provider.destroy();
    throw new QoodError("WRONG_CHAIN", `the node at ${options.rpc} is of chain ${chainId} and the deployment of chain ${deployment.chainId}`);
  }
  return { client: createClient(deployment, provider), provider };
}
