/** The end of a deal: by the buyer's receipt at once, or by anyone after the window. */
import { setTimeout as wait } from "node:timers/promises";
import { eventIn, send } from "@qoodblock/sdk/client";
import type { Events } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { versionTerms } from "@qoodblock/sdk/market";
import type { BuyerContext } from "./context.ts";
import type { Paid } from "./pay.ts";

/** A settled deal: who was credited how much, in the token's smallest unit. */
export interface SettledDeal {
  readonly split: Events["Settled"];
  readonly gas: bigint;
}

/** The buyer's word that the key was right: settles at once. @throws QoodError REVERT, CHAIN_CALL_FAILED */
export async function giveReceipt({ client, signer }: BuyerContext, paid: Paid): Promise<SettledDeal> {
  const receipt = await send(signer, client.calls.settleByReceipt(paid.terms, versionTerms(paid.checked.offer.agreement.text), "0x"));
  return settledBy(client.deployment, receipt);
}

/** Gives the receipt unless the deal has been settled without it. */
export async function giveReceiptIfOpen(context: BuyerContext, paid: Paid): Promise<void> {
  const { state } = await context.client.reads.dealOf(paid.dealId);
  if (state === "DeliveredProven") await giveReceipt(context, paid);
}

/** Without a receipt: waits until the complaint window is over, then settles, as anyone may. */
export async function settleAfterWindow({ client, signer, provider, say }: BuyerContext, paid: Paid): Promise<SettledDeal> {
  const deal = await client.reads.dealOf(paid.dealId);
  const end = deal.deliveredAt + paid.terms.complaintWindow;
  say(`no receipt: the window is open until ${new Date(end * 1000).toISOString()}`);
  while ((await provider.getBlock("latest"))!.timestamp <= end) await wait(250);
  const receipt = await send(signer, client.calls.settle(paid.terms, versionTerms(paid.checked.offer.agreement.text)));
  return settledBy(client.deployment, receipt);
}

function settledBy(deployment: BuyerContext["client"]["deployment"], receipt: Awaited<ReturnType<typeof send>>): SettledDeal {
  const split = eventIn(deployment, "Settled", receipt);
  if (split === null) throw new QoodError("SETTLEMENT_LOST", `transaction ${receipt.hash} settled nothing: the exchange's address is wrong`);
  return { split, gas: receipt.gasUsed };
}
