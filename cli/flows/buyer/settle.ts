/** The receipt, also for keys that came off the chain. */
import { giveReceipt } from "@qoodblock/sdk/purchase";
import type { Handover, Paid, SettledPages } from "@qoodblock/sdk/purchase";
import type { BuyerContext } from "./context.ts";

/**
 * Gives the receipt unless the pages have ended without it. For keys that came off the chain the seller takes it, and pays for
 * the settlement; where it does not, the buyer settles.
 */
export async function giveReceiptIfOpen(context: Pick<BuyerContext, "client" | "signer">, paid: Paid, pages: readonly number[] = [0], handover?: Handover): Promise<SettledPages | null> {
  const page = pages[0]!;
  const { state } = (await context.client.reads.pageOf(paid.terms, page)).deal;
  if (state === "Funded" && handover?.kept(page) !== undefined) return (await handover.receipt(page)) ? null : giveReceipt(context, paid, pages);
  return ["DeliveredUnproven", "Challenged", "DeliveredProven"].includes(state) ? giveReceipt(context, paid, pages) : null;
}
