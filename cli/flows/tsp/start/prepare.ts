/** What must be there before the workers are started: accounts, vault, contracts. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { toBeHex } from "ethers";
import type { JsonRpcProvider } from "ethers";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { createVault, openVault } from "@qoodblock/workers/shared/vault/index.ts";
import type { Unlock } from "@qoodblock/workers/shared/vault/index.ts";
import { createAccount, listAccounts, openAccount } from "../../../keystore.ts";
import { ROOT } from "./parts.ts";

/** Shortest window of a local deployment, seconds: there is no censorship to outlast, and nobody wants to wait for days. */
const LEAST_WINDOW = 60;
/** The maker that the local foundation stands for, so that vehicles can be minted: no manufacturer has these characters. */
const LOCAL_WMI = "SA0";
const PURSE = 100n * 10n ** 18n;

/** An account of the state folder, made at the first start. */
async function account(folder: string, name: string, passphrase: string): ReturnType<typeof openAccount> {
  return listAccounts(folder).includes(name) ? openAccount(folder, name, passphrase) : createAccount(folder, name, passphrase);
}

/** The TSP's own: its account and its vault. */
export interface Tsp {
  readonly address: Hex;
  readonly keystore: string;
  readonly vault: string;
  /** The key that principals seal stream secrets to. */
  readonly vaultKey: Hex;
}

/** Opens the TSP's account and vault, or makes them. @throws QoodError of the key file and of the vault, PASSPHRASE_WRONG among them */
export async function prepareTsp(state: string, passphrases: { readonly keystore: string; readonly vault: Unlock }): Promise<Tsp> {
  const keystores = join(state, "keystores");
  const { address } = await account(keystores, "tsp", passphrases.keystore);
  mkdirSync(join(state, "tsp"), { recursive: true, mode: 0o700 });
  const vault = join(state, "tsp", "vault.json");
  const vaultKey = existsSync(vault) ? (await openVault(vault, passphrases.vault)).publicKey : await createVault(vault, passphrases.vault);
  return { address: address as Hex, keystore: join(keystores, "tsp.json"), vault, vaultKey: toHex(vaultKey) };
}

/** Gives accounts of a local chain ether where they have too little of it. */
export async function fund(provider: JsonRpcProvider, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    if ((await provider.getBalance(address)) < PURSE / 10n) await provider.send("anvil_setBalance", [address, toBeHex(PURSE)]);
  }
}

/**
 * Deploys to the local chain what is not there yet. The foundation's account is made in the state folder; it holds every role and
 * stands for a maker and for a TSP's desk too.
 * @returns the deployment file.
 */
export async function deployLocally(state: string, provider: JsonRpcProvider, tsp: Hex, passphrase: string, say: (line: string) => void): Promise<string> {
  // What deploys is no part of the installed program; a local chain is run from a checkout.
  const [{ ensureCompiled }, { deploy }] = await Promise.all([import("../../../../scripts/bootstrap/compile.ts"), import("../../../../scripts/deploy/deploy.ts")]);
  await ensureCompiled(say);
  const foundation = await account(join(state, "keystores"), "foundation", passphrase);
  await fund(provider, [foundation.address, tsp]);
  const folder = join(state, "deployment");
  try {
    await deploy({
      foundation: foundation.connect(provider),
      oems: [{ account: foundation.address as Hex, wmis: [LOCAL_WMI] }],
      // The TSP's own account is its workers' alone: what a person does for the TSP, as minting, the foundation's does.
      tsps: [tsp, foundation.address as Hex],
      leastWindow: LEAST_WINDOW,
      artifacts: join(ROOT, "artifacts"),
      folder,
      developmentKey: true,
    });
  } catch (error) {
    if (error instanceof QoodError && error.code === "DEPLOY_STATE_MISMATCH") {
      throw new QoodError("CHAIN_OF_ANOTHER", `the chain in ${state} holds the contracts of another version of this program: go on with that version, or begin anew in another folder with --state`);
    }
    throw error;
  }
  return join(folder, "deployment.json");
}
