/** The buyer's receipt by hand: a signature that settles a page at once, whoever brings it. */
import type { Hex } from "@qoodblock/sdk/bytes";
import { receiptData, signTypedData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { settleByReceipt as settlePages } from "@qoodblock/sdk/purchase";
import type { KnownDeal } from "@qoodblock/sdk/purchase";
import type { GlobalOptions } from "../../context.ts";
import { pagesOf, withDeal, withOwnDeal } from "./run.ts";
import type { Hand, MoveOptions, Moved, Pages } from "./run.ts";

const OVER: readonly string[] = ["Settled", "Refunded", "Cancelled"];

/** Pages that a receipt could still settle. @throws QoodError DEAL_OVER, DEAL_PAGE */
async function openPages(hand: Hand, deal: KnownDeal, page: string | undefined): Promise<Pages[]> {
  const groups = await pagesOf(hand.client, deal, page);
  const open = groups.filter(({ deal: { state } }) => !OVER.includes(state));
  if (open.length === 0) throw new QoodError("DEAL_OVER", `the deal ${deal.dealId} is over: ${groups.map(({ pages, deal: { state } }) => `page ${pages[0]!} is ${state}`).join(", ")}`);
  return open;
}

/**
 * Signs the receipt of every page that has not ended; pages that end together have one.
 * @throws QoodError DEAL_OF_ANOTHER, DEAL_OVER, DEAL_PAGE, DEAL_UNKNOWN, ORDER_UNREADABLE
 */
export function receipt(options: GlobalOptions, id: string, given: MoveOptions): Promise<Moved[]> {
  return withDeal(options, id, given, async (hand, deal) => {
    const { chainId, addresses } = hand.client.deployment;
    const account = await hand.signer.getAddress();
    const { buyer } = deal.terms.sale;
    if (buyer.toLowerCase() !== account.toLowerCase()) throw new QoodError("DEAL_OF_ANOTHER", `deal ${deal.dealId} was bought by ${buyer}, not by ${account}: nobody takes a receipt of anyone else`);
    const signed: Moved[] = [];
    for (const { pages } of await openPages(hand, deal, given.page)) {
      const page = pages[0]!;
      const signature: Hex = await signTypedData(hand.signer, receiptData({ chainId, verifyingContract: addresses.escrow }, { dealId: deal.dealId, page: BigInt(page) }));
      signed.push({ dealId: deal.dealId, page, signature });
    }
    return signed;
  });
}

/** Signs them and settles with them, which pays the parties. @throws QoodError as {@link receipt}; those of `withOwnDeal`; REVERT in words */
export function settleByReceipt(options: GlobalOptions, id: string, given: MoveOptions & { readonly offer: string }): Promise<Moved[]> {
  return withOwnDeal(options, id, given, async (context, deal, offer) => {
    const moved: Moved[] = [];
    for (const { pages } of await openPages(context, deal, given.page)) {
      const { split: { dealId: _dealId, page, byReceipt: _byReceipt, ...parts }, transaction, gas } = await settlePages(context, deal, offer, pages);
      moved.push({ dealId: deal.dealId, page, ...parts, transaction, gas });
    }
    return moved;
  });
}
