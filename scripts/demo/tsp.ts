/** The TSP's side: its vault, its lane to the chain, and its workers. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import pino from "pino";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { DICTIONARY_VERSION } from "@qoodblock/sdk/dictionary";
import { LOCAL_CHAIN_ID } from "@qoodblock/workers/shared/engines/anvil.ts";
import { createLane, openChain } from "@qoodblock/workers/shared/chain/index.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { closeRedis, connectRedis, registerStream } from "@qoodblock/workers/shared/queue/index.ts";
import { createVault, importBox, openVault } from "@qoodblock/workers/shared/vault/index.ts";
import type { Cast } from "./accounts.ts";
import type { Engines } from "./engines.ts";
import type { Enrolled, SendAsTsp } from "./enrol.ts";
import type { Stack } from "@qoodblock/workers/shared/process/stack.ts";
import { startWorker } from "./worker.ts";

/** First part of the demo's Redis keys. */
export const PREFIX = "qood";
/** Blocks until a transaction counts as final: the local chain never reorganises. */
const FINALITY = "1";
const POLL_MS = 250;
/** Windows of the demo's orders, seconds: a local chain censors nobody, so they can be short. */
const DELIVER_SECONDS = 300;
const COMPLAINT_SECONDS = 6;
const MARGIN_SECONDS = 60;

/** Opens the TSP's vault, or makes it. @returns the public key that stream secrets are sealed to */
export async function prepareVault(state: string, passphrase: string): Promise<{ file: string; publicKey: Hex }> {
  mkdirSync(join(state, "tsp"), { recursive: true });
  const file = join(state, "tsp", "vault.json");
  const publicKey = existsSync(file) ? (await openVault(file, passphrase)).publicKey : await createVault(file, passphrase);
  return { file, publicKey: toHex(publicKey) };
}

/** Lets `work` send transactions of the TSP's account, one after the other, before its workers run. */
export async function withTspLane<T>(cast: Cast, engines: Engines, work: (send: SendAsTsp) => Promise<T>): Promise<T> {
  const log = pino({ level: "silent" });
  const redis = connectRedis(engines.redis);
  const chain = await openChain({ rpc: engines.rpc, chainId: LOCAL_CHAIN_ID, finality: FINALITY, pollMs: POLL_MS }, log, AbortSignal.timeout(30_000));
  const lane = createLane({ redis, redisPrefix: PREFIX, chain, wallet: cast.wallets.tsp, bumpAfterMs: 30_000, maxFeeGwei: 500, log });
  lane.start();
  try {
    return await work(async ({ to, data, what }) => {
      const key = `demo:${what}:${crypto.randomUUID()}`;
      await lane.submit(key, { to, data });
      return lane.result(key, "mined", AbortSignal.timeout(60_000));
    });
  } finally {
    await lane.stop();
    chain.close();
    await closeRedis(redis);
  }
}

/** Takes a granted stream: its secret into the vault, its facts into the queue's registry. */
export async function takeStream(options: { readonly engines: Engines; readonly vault: string; readonly passphrase: string; readonly enrolled: Enrolled; readonly schema: Hex; readonly cells: readonly string[] }): Promise<void> {
  const { engines, enrolled } = options;
  await importBox(options.vault, options.passphrase, enrolled.box);
  const redis = connectRedis(engines.redis);
  try {
    await registerStream(redis, PREFIX, {
      handle: enrolled.handle,
      chainId: LOCAL_CHAIN_ID,
      registry: enrolled.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex,
      vehicle: enrolled.vehicle.toString(),
      epoch: enrolled.epoch,
      dataClass: "USER",
      privacy: "ORDINARY",
      schema: options.schema,
      dictionaryVersion: DICTIONARY_VERSION,
      keyEpoch: enrolled.keyEpoch,
      devicePublicKey: enrolled.devicePublicKey,
      h3: [...options.cells],
    });
  } finally {
    await closeRedis(redis);
  }
}

/** Starts ingest, prover and delivery, each a process of its own. */
export async function startTspWorkers(options: {
  readonly state: StateFolder;
  readonly stack: Stack;
  readonly logs: string;
  readonly passphrase: string;
  readonly cast: Cast;
  readonly engines: Engines;
  readonly vault: string;
  readonly deploymentFile: string;
}): Promise<void> {
  const { state, stack, engines } = options;
  const redis = { redis: engines.redis, redisPrefix: PREFIX };
  const chain = { rpc: engines.rpc, chainId: LOCAL_CHAIN_ID, finality: FINALITY, pollMs: POLL_MS, deployment: options.deploymentFile };
  const common = { ...redis, ...chain, vault: options.vault, storage: engines.storage.tsp, keystore: options.cast.tspKeyFile };
  const secrets = { QOOD_KEYSTORE_PASSPHRASE: options.passphrase, QOOD_VAULT_PASSPHRASE: options.passphrase };
  const start = async (name: string, settings: Record<string, string | number | boolean>): Promise<void> => {
    await startWorker({ name, folder: name, settings, secrets, logs: options.logs, state, stack });
  };
  const artefacts = join(state.path, "tsp", "artefacts");
  mkdirSync(artefacts, { recursive: true });
  await Promise.all([
    start("ingest", { ...common, artefacts, anchorSeconds: 1 }),
    start("prover", { ...redis, ...chain, vault: options.vault }),
    start("delivery", { ...common, deliverSeconds: DELIVER_SECONDS, complaintSeconds: COMPLAINT_SECONDS, marginSeconds: MARGIN_SECONDS, retrySeconds: 1 }),
  ]);
}
