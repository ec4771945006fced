/** A chain with the contracts and a vehicle, and the key files of all parties: what principals' commands work on. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { HDNodeWallet, JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient, openProvider } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import type { Agreement } from "@qoodblock/sdk/market";
import { deploy } from "../../scripts/deploy/deploy.ts";
import type { temporaryFolder } from "../support/folder.ts";
import { testAccount, testChain } from "../workers/support/engines.ts";
import { mintWithAgreement } from "../workers/support/market.ts";
import { writeKeyFile } from "./support.ts";

const root = join(import.meta.dirname, "../..");

/** See {@link startGround}. */
export interface Ground {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  readonly url: string;
  readonly accounts: Readonly<Record<"foundation" | "oem" | "owner" | "tsp" | "buyer" | "keeper", HDNodeWallet>>;
  /** The vehicle's token, and its agreement. */
  readonly vehicle: bigint;
  readonly text: Agreement;
  /** The options before a command. */
  readonly at: readonly string[];
  readonly keystores: string;
  /** Moves the chain's clock. */
  later(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a chain and sets all up on it; it costs some three seconds. */
export async function startGround(temporary: ReturnType<typeof temporaryFolder>): Promise<Ground> {
  const keystores = temporary.path("keystores");
  mkdirSync(keystores);
  const chain = await testChain(temporary.path("chain"));
  const provider = openProvider(chain.url, 31337, 100);
  const names = ["foundation", "oem", "owner", "tsp", "buyer", "keeper"] as const;
  const accounts = Object.fromEntries(names.map((name, i) => [name, testAccount(i)])) as Record<(typeof names)[number], HDNodeWallet>;
  for (const name of names) writeKeyFile(keystores, name, accounts[name], true);
  const deployment = await deploy({
    ...{ foundation: accounts.foundation.connect(provider), oems: [{ account: accounts.oem.address as Hex, wmis: ["WDB"] }], tsps: [accounts.tsp.address as Hex], leastWindow: 2 },
    ...{ artifacts: join(root, "artifacts"), developmentKey: true },
  });
  const { format, chainId, startBlock, addresses } = deployment;
  const file = temporary.file("deployment.json", JSON.stringify({ format, chainId, startBlock, addresses }));
  const client = createClient(deployment, provider);
  const { vehicle, text } = await mintWithAgreement({ accounts, client, provider }, 1);
  return {
    ...{ client, provider, url: chain.url, accounts, vehicle: BigInt(vehicle), text, keystores },
    at: ["--keystores", keystores, "--deployment", file, "--rpc", chain.url],
    async later(seconds) {
      await provider.send("evm_increaseTime", [seconds]);
      await provider.send("evm_mine", []);
    },
    async stop() {
      provider.destroy();
      await chain.stop();
    },
  };
}
