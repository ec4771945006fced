import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { findDeal } from "../deal.ts";
import { checkOffer } from "./check.ts";
import type { BuyerContext } from "./context.ts";
import type { Paid } from "./pay.ts";

/**
 * Takes up a deal that was paid earlier, by whatever program: from the chain's record of it and the offer that it was
 * made from. Nothing of the first run is needed but the account.
 * @throws QoodError DEAL_UNKNOWN, DEAL_OF_ANOTHER, OFFER_OF_ANOTHER_DEAL and those of `checkOffer`.
 */
export async function resumePurchase(context: BuyerContext, dealId: Hex, cid: string, peers: readonly string[]): Promise<Paid> {
  const { terms, blockNumber } = await findDeal(context.client, context.provider, dealId);
  const account = await context.signer.getAddress();
  if (terms.buyer.toLowerCase() !== account.toLowerCase()) throw new QoodError("DEAL_OF_ANOTHER", `deal ${dealId} was bought by ${terms.buyer}, not by ${account}`);
  const checked = await checkOffer(context, cid, peers, terms);
  return { checked, dealId, terms, blockNumber, gas: { approve: 0n, buy: 0n } };
}
