/** A node's JSON-RPC as programs that send transactions need it. */
import { JsonRpcProvider, Network } from "ethers";

/**
 * Opens a provider of a known chain. Answers are not kept: ethers' cache of a quarter of a second would give an account's
 * old nonce to the second of two transactions in a row.
 * @param pollingInterval milliseconds between two looks for a new block
 */
export function openProvider(url: string, chainId: number, pollingInterval = 500): JsonRpcProvider {
  const network = Network.from(chainId);
  return new JsonRpcProvider(url, network, { staticNetwork: network, cacheTimeout: -1, pollingInterval });
}
