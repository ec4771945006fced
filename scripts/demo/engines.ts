/** The engines that the demo starts: chain, queue, and a storage node each for TSP and buyer. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { JsonRpcProvider } from "ethers";
import { openProvider } from "@qoodblock/sdk/client";
import { LOCAL_CHAIN_ID, startAnvil } from "@qoodblock/workers/shared/engines/anvil.ts";
import { startRedis } from "@qoodblock/workers/shared/engines/redis.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import { beginAnew, chainHoldsContracts, chainIsTorn, chainKnowsHead, followHead } from "@qoodblock/workers/shared/engines/head.ts";
import type { Stack } from "@qoodblock/workers/shared/process/stack.ts";
import { startWorker } from "./worker.ts";

/** The well-known words of local development chains: these accounts hold ether and nothing of worth. */
export const FAUCET_WORDS = "test test test test test test test test test test test junk";

/** What runs, and how to reach it. */
export interface Engines {
  readonly rpc: string;
  readonly provider: JsonRpcProvider;
  readonly redis: string;
  /** Kubo RPC addresses of the two storage nodes. */
  readonly storage: { readonly tsp: string; readonly buyer: string };
  /** Multiaddrs of the TSP's node, for the buyer to dial. */
  readonly peers: readonly string[];
}

async function startChain(state: StateFolder, stack: Stack, port: number | undefined): Promise<{ url: string; provider: JsonRpcProvider }> {
  const chain = await startAnvil({ dir: join(state.path, "chain"), mnemonic: FAUCET_WORDS, port });
  state.note("anvil", chain.program.pid);
  const provider = openProvider(chain.url, LOCAL_CHAIN_ID, 200);
  stack.push("chain", async () => {
    provider.destroy();
    await chain.stop();
    state.forget("anvil");
  });
  return { url: chain.url, provider };
}

/**
 * Starts all engines on one state folder.
 * @param say - told when an earlier run's chain is lost and a new one is begun.
 */
export async function startEngines(options: {
  readonly state: StateFolder;
  readonly stack: Stack;
  readonly cache: string;
  /** Hash of the contracts' sources. */
  readonly contracts: string;
  readonly logs: string;
  readonly rpcPort: number | undefined;
  readonly say: (line: string) => void;
}): Promise<Engines> {
  const { state, stack, say } = options;
  if (chainIsTorn(state.path)) {
    say("the last run was ended while the chain was being written: a new chain is begun");
    beginAnew(state.path);
  }
  if (!chainHoldsContracts(state.path, options.contracts)) {
    say("the contracts have changed since the last run: a new chain is begun");
    beginAnew(state.path);
  }
  let chain = await startChain(state, stack, options.rpcPort);
  if (!(await chainKnowsHead(state.path, chain.provider))) {
    say("the chain has lost its last blocks with the last run: a new chain is begun");
    await stack.pop("chain");
    beginAnew(state.path);
    chain = await startChain(state, stack, options.rpcPort);
  }
  const followed = followHead(state.path, chain.provider);
  stack.push("head", followed);

  // A demo outlives a kill of Redis; that it outlives a power cut nobody asks.
  const redis = await startRedis({ dir: join(state.path, "redis"), cache: options.cache, fsync: "no", onProgress: say });
  state.note("redis-server", redis.program.pid);
  stack.push("redis-server", async () => {
    await redis.stop();
    state.forget("redis-server");
  });

  const node = async (name: "tsp" | "buyer"): Promise<{ rpc: string; addresses: readonly string[] }> => {
    const repo = join(state.path, name, "ipfs");
    mkdirSync(repo, { recursive: true });
    const worker = `storage-${name}`;
    const { ready } = await startWorker({ name: worker, folder: "storage", settings: { repo }, logs: options.logs, state, stack });
    return ready as { rpc: string; addresses: readonly string[] };
  };
  const [tsp, buyer] = await Promise.all([node("tsp"), node("buyer")]);
  return { rpc: chain.url, provider: chain.provider, redis: redis.socket, storage: { tsp: tsp.rpc, buyer: buyer.rpc }, peers: tsp.addresses };
}
