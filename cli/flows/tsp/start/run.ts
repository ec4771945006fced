/** `qood tsp start`: one process tree that is a whole TSP. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonRpcProvider } from "ethers";
import { toHex } from "@qoodblock/sdk/bytes";
import { openProvider, parseDeployment } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Fsync } from "@qoodblock/workers/shared/engines/redis.ts";
import { LOCAL_CHAIN_ID } from "@qoodblock/workers/shared/engines/anvil.ts";
import { chainIsTorn, chainKnowsHead, followHead } from "@qoodblock/workers/shared/engines/head.ts";
import { createPortClaims } from "@qoodblock/workers/shared/engines/ports.ts";
import { createStack } from "@qoodblock/workers/shared/process/stack.ts";
import { openStateFolder } from "@qoodblock/workers/shared/process/state.ts";
import type { Unlock } from "@qoodblock/workers/shared/vault/index.ts";
import { readJsonFile } from "../../../context.ts";
import { ROOT, startChain, startQueue, startWorker } from "./parts.ts";
import type { Ground } from "./parts.ts";
import { deployLocally, fund, prepareTsp } from "./prepare.ts";
import { supervise } from "./supervise.ts";
import type { Part, Running } from "./supervise.ts";
import { choosePorts, saveSettings } from "./settings.ts";
import { saveOverview } from "./table.ts";
import type { Overview } from "./table.ts";

/** What is given on the command line; an engine whose address is given is not started. */
export interface StartOptions {
  readonly state: string;
  readonly rpc: string | undefined;
  readonly deployment: string | undefined;
  readonly redis: string | undefined;
  readonly redisPrefix: string | undefined;
  readonly storage: string | undefined;
  readonly rpcPort: number | undefined;
  /** Port at which a catalog is served; none and no indexer without it. */
  readonly catalogPort: number | undefined;
  /** Of the embedded Redis. */
  readonly fsync: Fsync;
  /** Settings of the workers beside those that are made here. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly passphrases: { readonly keystore: string; readonly vault: Unlock };
}

/** A TSP that runs. */
export interface RunningTsp {
  readonly overview: Overview;
  /** Ends everything, the workers first. */
  stop(): Promise<void>;
}

/** Blocks until a transaction on the local chain counts as final: it never reorganises. */
const LOCAL_FINALITY = "1";
const WORKERS = ["ingest", "prover", "delivery", "gateway"] as const;
const CATALOG_WORKERS = ["indexer", "catalog"] as const;
/** Workers that are told no passphrase. */
const WITHOUT_SECRETS: readonly string[] = ["gateway", ...CATALOG_WORKERS];

async function openLocalChain(ground: Ground, rpc: string): Promise<JsonRpcProvider> {
  const provider = openProvider(rpc, LOCAL_CHAIN_ID, 200);
  if (await chainKnowsHead(ground.state.path, provider)) return provider;
  provider.destroy();
  throw lost(ground.state.path);
}

const lost = (state: string): QoodError =>
  new QoodError("CHAIN_LOST", `the chain in ${join(state, "chain")} has lost blocks that Redis and vault have seen, and the two must not be mixed: restore the whole folder from a backup, or begin anew in another with --state`);

/**
 * Starts everything. What has been started is ended again when the rest cannot be.
 * @param say - told one line at a time what is going on.
 * @param signal - aborted to give up while starting; to end what runs, `stop`.
 * @param fail - called when the chain under all the rest is lost while it runs.
 * @throws QoodError of what cannot be started
 */
export async function startTsp(options: StartOptions, say: (line: string) => void, signal: AbortSignal, fail: (error: QoodError) => void): Promise<RunningTsp> {
  const state = await openStateFolder(options.state);
  const ending = new AbortController();
  const stack = createStack(say);
  stack.push("state folder", () => {
    state.release();
    return Promise.resolve();
  });
  const stop = async (): Promise<void> => {
    ending.abort();
    await stack.unwind();
  };
  for (const name of state.tookOver) say(`${name}, left by a run that was killed, has been ended`);
  const logs = join(state.path, "logs");
  mkdirSync(logs, { recursive: true });
  const ground: Ground = { state, logs, signal: AbortSignal.any([signal, ending.signal]), say };
  let facts: Record<string, string> = {};
  const parts = new Map<string, Part>();
  const overview = (): Overview => ({ pid: process.pid, facts, parts: Object.fromEntries([...parts].map(([name, part]) => [name, part.state()])) });

  async function keep(name: string, start: () => Promise<Running>): Promise<Readonly<Record<string, unknown>>> {
    const part = await supervise(
      name,
      start,
      ({ state: now, restarts }, why) => {
        if (parts.has(name)) saveOverview(state.path, overview());
        if (why !== undefined) say(`${name} ${why}: it is started again; its log is in ${logs}`);
        else if (now === "ready" && restarts > 0) say(`${name} is back`);
      },
      ground.signal,
    );
    parts.set(name, part);
    stack.push(name, () => part.stop());
    ground.signal.throwIfAborted();
    return part.state().ready;
  }

  try {
    const tsp = await prepareTsp(state.path, options.passphrases);
    const claims = createPortClaims();
    stack.push("ports", () => {
      claims.release();
      return Promise.resolve();
    });
    const ports = await choosePorts(state.path, claims, options.rpcPort);
    let rpc = options.rpc;
    let deployment = options.deployment;
    if (rpc === undefined) {
      if (chainIsTorn(state.path)) throw lost(state.path);
      say("starting the chain …");
      let followed = false;
      rpc = String((await keep("chain", async () => {
        const chain = await startChain(ground, ports.rpc);
        if (!followed) return chain;
        // It was started anew under everything else: what it forgot by its fall must be nothing.
        const again = openProvider(String(chain.ready.rpc), LOCAL_CHAIN_ID, 200);
        const knows = await chainKnowsHead(state.path, again).finally(() => again.destroy());
        if (!knows) fail(lost(state.path));
        return chain;
      })).rpc);
      const provider = await openLocalChain(ground, rpc);
      const unfollow = followHead(state.path, provider);
      followed = true;
      stack.push("head", async () => {
        await unfollow().catch(() => undefined);
        provider.destroy();
      });
      say("looking for the contracts, and deploying those that are missing …");
      deployment = await deployLocally(state.path, provider, tsp.address, options.passphrases.keystore, say);
      await fund(provider, [tsp.address]);
    }
    if (deployment === undefined) throw new QoodError("OPTION_MISSING", "--deployment FILE is needed with --rpc: the deployment.json that names the contracts");
    const { chainId } = parseDeployment(readJsonFile(deployment));
    const redis = options.redis ?? String((await keep("redis", () => startQueue(ground, options.fsync))).redis);
    const storage = options.storage ?? `http://127.0.0.1:${ports.storage}`;
    const local = options.rpc === undefined ? { finality: LOCAL_FINALITY, pollMs: 250 } : {};
    const config = saveSettings(state.path, options.config, { ...ports, catalog: options.catalogPort }, options.rpc === undefined, {
      ...local,
      ...{ redis, redisPrefix: options.redisPrefix ?? "qood", rpc, chainId, deployment, vault: tsp.vault, keystore: tsp.keystore, storage },
    });
    facts = { TSP: tsp.address, "vault key": tsp.vaultKey, chain: `${chainId} at ${rpc}`, deployment, Redis: redis, storage, settings: config, logs };
    if (options.catalogPort !== undefined) facts.catalog = `http://127.0.0.1:${options.catalogPort}`;

    const { keystore, vault } = options.passphrases;
    const secrets = { QOOD_KEYSTORE_PASSPHRASE: keystore, ...(typeof vault === "string" ? { QOOD_VAULT_PASSPHRASE: vault } : { QOOD_VAULT_KEY: toHex(vault.key) }) };
    if (options.storage === undefined) {
      say("starting the storage node …");
      await keep("storage", () => startWorker(ground, "storage", config, {}));
    }
    const wanted = [...WORKERS, ...(options.catalogPort === undefined ? [] : CATALOG_WORKERS)];
    const folders = wanted.filter((name) => existsSync(join(ROOT, "workers", name, "main.ts")));
    say(`starting ${folders.join(", ")} …`);
    await Promise.all(folders.map((name) => keep(name, () => startWorker(ground, name, config, WITHOUT_SECRETS.includes(name) ? {} : secrets))));
    saveOverview(state.path, overview());
    return { overview: overview(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
