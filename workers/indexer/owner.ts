import type { Deployment } from "@qoodblock/sdk/client";

/** Raised when what is kept changes, so that an older index is made anew. */
const FORMAT = 1;

/** Whose an index is: its form, the chain, and the contracts with their first block. */
export function ownerOf({ chainId, startBlock, addresses }: Deployment): string {
  return JSON.stringify([FORMAT, chainId, startBlock, ...Object.entries(addresses).sort(([a], [b]) => (a < b ? -1 : 1)).map(([, address]) => address.toLowerCase())]);
}
