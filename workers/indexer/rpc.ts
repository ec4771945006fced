import { FetchRequest, JsonRpcProvider, Network } from "ethers";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../shared/log/index.ts";
import { blockSchema, logSchema } from "./source.ts";
import type { Source } from "./source.ts";

/** An endpoint that says nothing for so long counts as gone. */
const TIMEOUT_MS = 20_000;

/** What the source needs to know. */
export interface RpcOptions {
  /** Asked in this order: the next one when one fails. */
  readonly urls: readonly string[];
  readonly chainId: number;
  /** `finalized`, `safe`, or a number of blocks below the head. */
  readonly finality: string;
  /** Whose logs. */
  readonly addresses: readonly string[];
  readonly log: Logger;
  /** Called when another endpoint's turn has come. */
  readonly onFailover?: () => void;
}

/** A source over several nodes: one is asked until it fails, then the next. */
export interface RpcSource extends Source {
  /** Which endpoint is asked now, from 0. */
  readonly current: () => number;
  close(): void;
}

interface Endpoint {
  readonly provider: JsonRpcProvider;
  /** Whether it was seen to be of the right chain. */
  known: boolean;
}

const hexOf = (value: number): string => `0x${value.toString(16)}`;
const nullableBlock = blockSchema.nullable();

/** See {@link RpcSource}. A node of another chain is passed over for good. */
export function createRpcSource(options: RpcOptions): RpcSource {
  const { chainId, finality, addresses, log } = options;
  const network = Network.from(chainId);
  const endpoints = options.urls.map((url): Endpoint => {
    const request = new FetchRequest(url);
    request.timeout = TIMEOUT_MS;
    // What is asked in one turn goes out as one request, so that one node answers it.
    return { provider: new JsonRpcProvider(request, network, { staticNetwork: network, cacheTimeout: -1, batchStallTime: 0, batchMaxCount: 20 }), known: false };
  });
  let at = 0;

  async function through<T>(ask: (provider: JsonRpcProvider) => Promise<T>): Promise<T> {
    const asked = at;
    const endpoint = endpoints[asked]!;
    try {
      if (!endpoint.known) {
        const actual = Number(await endpoint.provider.send("eth_chainId", []));
        if (actual !== chainId) throw new QoodError("CHAIN_ID", `RPC endpoint ${asked + 1} is of chain ${actual}, not ${chainId}`);
        endpoint.known = true;
      }
      return await ask(endpoint.provider);
    } catch (error) {
      if (endpoints.length > 1 && at === asked) {
        at = (asked + 1) % endpoints.length;
        log.warn({ endpoint: asked + 1, next: at + 1, reason: (error as Error).message.slice(0, 200) }, "an RPC endpoint failed; going on with the next");
        options.onFailover?.();
      }
      throw error;
    }
  }
  const blockAt = async (provider: JsonRpcProvider, tag: string) => nullableBlock.parse(await provider.send("eth_getBlockByNumber", [tag, false])) ?? undefined;
  const logs = (found: unknown) => z.array(logSchema).parse(found);

  return {
    current: () => at,
    finalBlock: () =>
      through(async (provider) => {
        if (!/^\d+$/.test(finality)) return (await blockAt(provider, finality))?.number ?? -1;
        return Math.max(-1, Number(await provider.send("eth_blockNumber", [])) - Number(finality));
      }),
    latest: () =>
      through(async (provider) => {
        const block = await blockAt(provider, "latest");
        if (block === undefined) throw new QoodError("CHAIN_EMPTY", "the RPC has no block");
        return block;
      }),
    block: (number) =>
      through(async (provider) => {
        const block = await blockAt(provider, hexOf(number));
        if (block !== undefined && block.number !== number) throw new QoodError("CHAIN_ANSWER", `asked for block ${number}, the RPC answers with ${block.number}`);
        return block;
      }),
    stretch: (fromBlock, toBlock) =>
      through(async (provider) => {
        const [first, last, found] = await Promise.all([blockAt(provider, hexOf(fromBlock)), blockAt(provider, hexOf(toBlock)), provider.send("eth_getLogs", [{ address: addresses, fromBlock: hexOf(fromBlock), toBlock: hexOf(toBlock) }]) as Promise<unknown>]);
        return first === undefined || last === undefined ? undefined : { first, last, logs: logs(found) };
      }),
    logsOf: (blockHash) => through(async (provider) => logs(await provider.send("eth_getLogs", [{ address: addresses, blockHash }]))),
    close() {
      for (const { provider } of endpoints) provider.destroy();
    },
  };
}
