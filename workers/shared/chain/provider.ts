import { setTimeout as wait } from "node:timers/promises";
import { FetchRequest, JsonRpcProvider, Network } from "ethers";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../log/index.ts";

/** What a program knows of its chain. */
export interface ChainSettings {
  readonly rpc: string;
  readonly chainId: number;
  /** `finalized`, `safe`, or a number of blocks below the head. */
  readonly finality: string;
  readonly pollMs: number;
}

/** A chain behind an RPC that may come late, go away and come back. */
export interface Chain {
  readonly provider: JsonRpcProvider;
  readonly chainId: number;
  readonly pollMs: number;
  /** Number of the newest block that counts as final; -1 while there is none. */
  finalBlock(): Promise<number>;
  /** Time of that block, Unix seconds; 0 while there is none. */
  finalTime(): Promise<number>;
  /**
   * The chain's time, Unix seconds: that of its newest block, and never less than what has passed since the newest block
   * that was ever seen, so that a node that lags behind makes nothing look in time.
   */
  now(): Promise<number>;
  close(): void;
}

/** True for faults that may pass (the way to the chain, a node that is overloaded, an account without ether); false for a revert. */
export function isPassingFault(error: unknown): boolean {
  // Only a revert is the chain's own word; a node's limits, its restarts and an empty account are not.
  return (error as { code?: unknown } | undefined)?.code !== "CALL_EXCEPTION";
}

/** An RPC that says nothing for so long counts as gone. */
const RPC_TIMEOUT_MS = 20_000;

async function finalBlock(provider: JsonRpcProvider, finality: string): Promise<number> {
  if (/^\d+$/.test(finality)) return (await provider.getBlockNumber()) - Number(finality);
  return (await provider.getBlock(finality))?.number ?? -1;
}

/**
 * Opens the chain and waits until its RPC answers.
 * @throws QoodError CHAIN_ID when it is another chain; CHAIN_ENDING when `signal` says so first.
 */
export async function openChain(settings: ChainSettings, log: Logger, signal: AbortSignal): Promise<Chain> {
  const network = Network.from(settings.chainId);
  const request = new FetchRequest(settings.rpc);
  request.timeout = RPC_TIMEOUT_MS;
  const provider = new JsonRpcProvider(request, network, { staticNetwork: network, cacheTimeout: -1, batchMaxCount: 1, pollingInterval: settings.pollMs });
  for (let told = false; ; told = true) {
    try {
      const actual = Number(await provider.send("eth_chainId", []));
      if (actual !== settings.chainId) throw new QoodError("CHAIN_ID", `the RPC at ${settings.rpc} is of chain ${actual}, not ${settings.chainId}`);
      break;
    } catch (error) {
      if (error instanceof QoodError) {
        provider.destroy();
        throw error;
      }
      if (!told) log.warn({ err: error }, "the chain's RPC cannot be reached; trying on");
    }
    await wait(Math.min(settings.pollMs, 1000), undefined, { signal }).catch(() => {
      provider.destroy();
      throw new QoodError("CHAIN_ENDING", "ended before the chain's RPC answered");
    });
  }
  let newest = { timestamp: 0, at: 0 };
  return {
    provider,
    chainId: settings.chainId,
    pollMs: settings.pollMs,
    finalBlock: () => finalBlock(provider, settings.finality),
    async finalTime() {
      const final = await finalBlock(provider, settings.finality);
      return final < 0 ? 0 : ((await provider.getBlock(final))?.timestamp ?? 0);
    },
    async now() {
      const block = await provider.getBlock("latest");
      if (block === null) throw new QoodError("CHAIN_EMPTY", `the RPC at ${settings.rpc} has no block`);
      const passed = newest.timestamp + Math.floor((performance.now() - newest.at) / 1000);
      if (block.timestamp < passed) return passed;
      newest = { timestamp: block.timestamp, at: performance.now() };
      return block.timestamp;
    },
    close: () => provider.destroy(),
  };
}
