import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { checkOffer, dealIn, fetchOffer, sendPurchase } from "@qoodblock/sdk/purchase";
import type { KnownDeal, Paid } from "@qoodblock/sdk/purchase";
import { findDeal } from "../deal/find.ts";
import type { BuyerContext } from "./context.ts";
import { dropNote, writeNote } from "./note.ts";
import type { PurchaseNote } from "./note.ts";

/** A deal that is paid, with its offer checked anew. @throws QoodError those of `checkOffer` */
async function takeUp(context: BuyerContext, known: KnownDeal, cid: string, peers: readonly string[]): Promise<Paid> {
  return { ...known, checked: await checkOffer(context, cid, peers, known.terms), gas: { approve: 0n, buy: 0n } };
}

/**
 * Takes up a deal that was paid earlier, by whatever program: from the chain's record of it and the offer that it was
 * made from. Nothing of the first run is needed but the account.
 * @throws QoodError DEAL_UNKNOWN, DEAL_OF_ANOTHER, OFFER_OF_ANOTHER_DEAL and those of `checkOffer`.
 */
export async function resumePurchase(context: BuyerContext, dealId: Hex, cid: string, peers: readonly string[]): Promise<Paid> {
  const known = await findDeal(context.client, context.provider, dealId, (await fetchOffer(context, cid, peers)).order);
  const { buyer } = known.terms.sale;
  const account = await context.signer.getAddress();
  if (buyer.toLowerCase() !== account.toLowerCase()) throw new QoodError("DEAL_OF_ANOTHER", `deal ${dealId} was bought by ${buyer}, not by ${account}`);
  return takeUp(context, known, cid, peers);
}

/**
 * Takes up the purchase that a note in the results' folder speaks of. What was signed is sent again, until it is known what
 * became of it; nothing is signed anew.
 * @returns null where it has taken no money and never will: then the note is gone, and the offer can be bought as if for the first time
 * @throws QoodError PURCHASE_OF_ANOTHER and those of `checkOffer`
 */
export async function resumeNote(context: BuyerContext, folder: string, note: PurchaseNote, cid: string, peers: readonly string[]): Promise<Paid | null> {
  const { chainId, addresses } = context.client.deployment;
  const account = await context.signer.getAddress();
  const isThis = note.chainId === chainId && note.exchange === addresses.escrow && note.account === account && note.offer === cid;
  if (!isThis) throw new QoodError("PURCHASE_OF_ANOTHER", `${folder} holds the unfinished purchase of offer ${note.offer} by ${note.account}: name another folder with --out`);
  if (note.deal !== null) return takeUp(context, note.deal, cid, peers);
  context.say("a purchase was signed by an earlier run: looking what became of it");
  const receipt = await sendPurchase(context, note.transaction);
  if (receipt?.status !== 1) {
    dropNote(folder);
    return null;
  }
  const deal = dealIn(context, (await fetchOffer(context, cid, peers)).order, receipt);
  writeNote(folder, { ...note, deal });
  return takeUp(context, deal, cid, peers);
}
