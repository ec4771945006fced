import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { SellOrder, Terms } from "@qoodblock/sdk/market";
import { orderHash } from "@qoodblock/sdk/market";
import type { KnownDeal } from "@qoodblock/sdk/purchase";
import { orderIn } from "./order.ts";

/** Checks the form of a deal's id. @throws QoodError DEAL_ID */
export function checkDealId(id: string): Hex {
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) throw new QoodError("DEAL_ID", `${JSON.stringify(id)} is no deal id: 0x and 64 hexadecimal digits`);
  return id.toLowerCase() as Hex;
}

/**
 * A deal's terms: what the purchase added from its event, the order from the transaction, or from the offer where that is at hand.
 * @param order - from the offer that the deal was made from.
 * @throws QoodError DEAL_UNKNOWN, OFFER_OF_ANOTHER_DEAL, ORDER_UNREADABLE
 */
export async function findDeal({ deployment }: Client, provider: JsonRpcProvider, dealId: Hex, order?: SellOrder): Promise<KnownDeal> {
  const { chainId, addresses, startBlock } = deployment;
  const [bought] = await readEvents(deployment, provider, "Bought", { fromBlock: startBlock, toBlock: "latest", indexed: [dealId] });
  if (bought === undefined) throw new QoodError("DEAL_UNKNOWN", `there is no deal ${dealId} on chain ${chainId}`);
  const found = (terms: Terms): KnownDeal => ({ dealId, terms, blockNumber: bought.blockNumber });
  if (order !== undefined) {
    if (orderHash(chainId, addresses.escrow, order) !== bought.orderHash) throw new QoodError("OFFER_OF_ANOTHER_DEAL", "the offer is not the one that the deal was made from");
    return found({ order, sale: bought.sale });
  }
  const transaction = await provider.getTransaction(bought.transactionHash);
  const known = orderIn(transaction?.data ?? "0x", bought.orderHash, { chainId, address: addresses.escrow });
  if (known === null) throw new QoodError("ORDER_UNREADABLE", `the order of deal ${dealId} does not stand in its transaction ${bought.transactionHash}: name the offer with --offer`);
  return found({ order: known, sale: bought.sale });
}
