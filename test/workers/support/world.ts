import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encryptKeystoreJsonSync } from "ethers";
import type { HDNodeWallet, JsonRpcProvider } from "ethers";
import type { Redis } from "ioredis";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createClient } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { deploy } from "../../../scripts/deploy/deploy.ts";
import { closeRedis, connectRedis } from "../../../workers/shared/queue/index.ts";
import { createVault, importBox, openVault, sealTo } from "../../../workers/shared/vault/index.ts";
import type { ChainEngine } from "../../../workers/shared/engines/anvil.ts";
import type { RedisEngine } from "../../../workers/shared/engines/redis.ts";
import { testAccount, testChain, testProvider, testRedis } from "./engines.ts";
import { bytes32 } from "./fleet.ts";
import type { Car } from "./fleet.ts";
import { startWorker } from "./processes.ts";
import type { RunningWorker } from "./processes.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Redis, a chain with all contracts, a storage node and a vault: what the workers live on. */
export interface World {
  readonly dir: string;
  readonly redis: Redis;
  readonly redisEngine: RedisEngine;
  readonly chainEngine: ChainEngine;
  readonly provider: JsonRpcProvider;
  readonly client: Client;
  readonly storage: RunningWorker;
  readonly storageSocket: string;
  readonly accounts: { readonly foundation: HDNodeWallet; readonly oem: HDNodeWallet; readonly owner: HDNodeWallet; readonly tsp: HDNodeWallet; readonly buyer: HDNodeWallet; readonly keeper: HDNodeWallet };
  /** Secrets for the workers' environment. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Flags that every worker on this world needs. */
  readonly flags: readonly string[];
  /** Puts the stream secret of a car into the vault, sealed as its owner would. */
  grant(car: Car): Promise<void>;
  stop(): Promise<void>;
}

/** The stream secret of a test car. */
export const secretOf = (car: Car): Uint8Array => bytes32(`stream secret ${car.config.handle}`);

/** Scrypt for vaults that protect nothing. */
export const COST = { N: 2 ** 12, r: 8, p: 1 };

/** Puts the stream secret of a car into a vault, sealed as its owner would. */
export async function giveSecret(vaultFile: string, passphrase: string, car: Car): Promise<void> {
  const { publicKey } = await openVault(vaultFile, passphrase);
  await importBox(vaultFile, passphrase, await sealTo(publicKey, { handle: fromHex(car.config.handle), keyEpoch: car.config.keyEpoch, secret: secretOf(car) }));
}

/** Writes an account's key file. */
export function writeKeystore(file: string, passphrase: string, { address, privateKey }: HDNodeWallet): void {
  writeFileSync(file, encryptKeystoreJsonSync({ address, privateKey }, passphrase, { scrypt: { N: 1024, r: 8, p: 1 } }));
}

/** Starts a world; it costs about three seconds. */
export async function startWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), "qood-world-"));
  mkdirSync(join(dir, "artefacts"));
  const [redisEngine, chainEngine, storage] = await Promise.all([
    testRedis(join(dir, "redis")),
    testChain(join(dir, "chain")),
    startWorker("storage", ["--repo", join(dir, "ipfs"), "--rpc", join(dir, "ipfs.sock"), "--log-level", "error"]),
  ]);
  const provider = testProvider(chainEngine.url);
  const [foundation, oem, owner, tsp, buyer, keeper] = [0, 1, 2, 3, 4, 5].map(testAccount) as [HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet, HDNodeWallet];
  const deployment = await deploy({
    ...{ foundation: foundation.connect(provider), oems: [{ account: oem.address as Hex, wmis: ["WDB"] }], tsps: [tsp.address as Hex], leastWindow: 2 },
    ...{ artifacts: join(root, "artifacts"), folder: dir, developmentKey: true },
  });
  const vaultFile = join(dir, "vault.json");
  const keystore = join(dir, "tsp.json");
  const secrets = { QOOD_VAULT_PASSPHRASE: "vault passphrase of the test", QOOD_KEYSTORE_PASSPHRASE: "key passphrase of the test" };
  await createVault(vaultFile, secrets.QOOD_VAULT_PASSPHRASE, COST);
  writeKeystore(keystore, secrets.QOOD_KEYSTORE_PASSPHRASE, tsp);
  const redis = connectRedis(redisEngine.socket);
  return {
    ...{ dir, redis, redisEngine, chainEngine, provider, storage, secrets },
    storageSocket: join(dir, "ipfs.sock"),
    client: createClient(deployment, provider),
    accounts: { foundation, oem, owner, tsp, buyer, keeper },
    flags: [
      ...["--redis", redisEngine.socket, "--rpc", chainEngine.url, "--chain-id", "31337", "--finality", "1", "--poll-ms", "50", "--deployment", join(dir, "deployment.json")],
      ...["--vault", vaultFile, "--keystore", keystore, "--storage", join(dir, "ipfs.sock"), "--log-level", "warn"],
    ],
    grant: (car) => giveSecret(vaultFile, secrets.QOOD_VAULT_PASSPHRASE, car),
    async stop() {
      await closeRedis(redis);
      provider.destroy();
      await Promise.all([storage.stop(), chainEngine.stop(), redisEngine.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Waits until something is true; says what it waited for when it takes too long. */
export async function until(what: string, check: () => Promise<boolean>, ms = 300_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
