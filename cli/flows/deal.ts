import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Terms } from "@qoodblock/sdk/market";

/** A deal as its purchase wrote it to the chain. */
export interface FoundDeal {
  readonly terms: Terms;
  /** Block of the purchase. */
  readonly blockNumber: number;
}

/** Checks the form of a deal's id. @throws QoodError DEAL_ID */
export function checkDealId(id: string): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) throw new QoodError("DEAL_ID", `${JSON.stringify(id)} is no deal id: 0x and 64 hexadecimal digits`);
  return id.toLowerCase() as Hex;
}

/** A deal's terms, from the event of its purchase. @throws QoodError DEAL_UNKNOWN */
export async function findDeal(client: Client, provider: JsonRpcProvider, id: Hex): Promise<FoundDeal> {
  const [bought] = await readEvents(client.deployment, provider, "Bought", { fromBlock: client.deployment.startBlock, toBlock: "latest", indexed: [id] });
  if (bought === undefined) throw new QoodError("DEAL_UNKNOWN", `there is no deal ${id} on chain ${client.deployment.chainId}`);
  return { terms: bought.terms, blockNumber: bought.blockNumber };
}
