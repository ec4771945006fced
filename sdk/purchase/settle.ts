/** The end of a deal that went well: by the buyer's receipt at once, or by anyone after the window. */
import type { Signer } from "ethers";
import type { Hex } from "../bytes/index.ts";
import { eventIn, openingOf, send } from "../client/index.ts";
import type { Client, Events } from "../client/index.ts";
import { QoodError } from "../errors/index.ts";
import { openHeader } from "../formats/index.ts";
import { hasFlag, lotsOfPage, versionTerms } from "../market/index.ts";
import type { Offer } from "../market/index.ts";
import type { BuyerContext, KnownDeal } from "./context.ts";
import type { Paid } from "./pay.ts";
import { wait } from "./wait.ts";

/** Settled pages: who was credited how much, in the token's smallest unit. */
export interface SettledPages {
  readonly split: Events["Settled"];
  readonly gas: bigint;
  readonly transaction: Hex;
}

/** Hashes of the headers of some pages, one page after the other. */
export function headersOf(offer: Offer, pages: readonly number[]): Hex[] {
  return pages.flatMap((page) => lotsOfPage(offer, page).map(({ header }) => openHeader(header)));
}

/** The buyer's word that the keys were right: settles at once the pages that end together. @throws QoodError REVERT, CHAIN_CALL_FAILED */
export async function settleByReceipt({ client, signer }: Pick<BuyerContext, "client" | "signer">, { terms }: Pick<KnownDeal, "terms">, offer: Offer, pages: readonly number[]): Promise<SettledPages> {
  const first = pages[0]!;
  const { state } = (await client.reads.pageOf(terms, first)).deal;
  const headers = headersOf(offer, pages);
  // The seller may deliver before this is mined: then the headers count, and nobody looks at the opening.
  const by = state === "Funded" ? { opening: openingOf(offer, hasFlag(offer.order, "allOrNothing") ? undefined : first), headers } : { headers };
  return settledBy(client, await send(signer, client.calls.settleByReceipt(terms, first, versionTerms(offer.agreement.text), by)));
}

/** The same of a purchase that this program has made or taken up. @throws QoodError REVERT, CHAIN_CALL_FAILED */
export const giveReceipt = (context: Pick<BuyerContext, "client" | "signer">, paid: Paid, pages: readonly number[] = [0]): Promise<SettledPages> => settleByReceipt(context, paid, paid.checked.offer, pages);

/** What anyone may do when the window is over. @throws QoodError REVERT in words, CHAIN_CALL_FAILED */
export async function settlePages(client: Client, signer: Signer, { terms }: KnownDeal, offer: Offer, pages: readonly number[]): Promise<SettledPages> {
  return settledBy(client, await send(signer, client.calls.settle(terms, pages[0]!, versionTerms(offer.agreement.text), headersOf(offer, pages))));
}

/** Without a receipt: waits until the window is over, then settles. */
export async function settleAfterWindow({ client, signer, provider, say }: BuyerContext, paid: Paid, pages: readonly number[] = [0]): Promise<SettledPages> {
  const { endsAt } = (await client.reads.pageOf(paid.terms, pages[0]!)).deal;
  say(`no receipt: the window is open until ${new Date(endsAt * 1000).toISOString()}`);
  while ((await provider.getBlock("latest"))!.timestamp <= endsAt) await wait(250);
  return settlePages(client, signer, paid, paid.checked.offer, pages);
}

function settledBy({ deployment }: Client, receipt: Awaited<ReturnType<typeof send>>): SettledPages {
  const split = eventIn(deployment, "Settled", receipt);
  if (split === null) throw new QoodError("SETTLEMENT_LOST", `transaction ${receipt.hash} settled nothing: the exchange's address is wrong`);
  return { split, gas: receipt.gasUsed, transaction: receipt.hash as Hex };
}
