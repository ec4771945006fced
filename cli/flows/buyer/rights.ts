import { QoodError, ensure } from "@qoodblock/sdk/errors";
import { decodeFlags } from "@qoodblock/sdk/formats";
import { NO_KEY_COMMITMENT } from "@qoodblock/sdk/keys";
import { agreementParts, versionDigest, versionTerms } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import type { BuyerContext } from "./context.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether the header's TSP was the agent of the version of the agreement that was in force when it anchored. */
async function wasAgent({ client }: BuyerContext, offer: Offer, lot: OfferLot, anchoredAt: number): Promise<boolean> {
  const { order } = offer;
  const former = lot.former === 0 ? { version: order.version, text: offer.agreement.text } : offer.formers[lot.former - 1];
  if (former === undefined) return false;
  const [found, next] = [await client.reads.versionOf(order.agreementId, former.version), await client.reads.versionOf(order.agreementId, former.version + 1)];
  const inForce = found.start > 0 && found.start <= anchoredAt && (next.start === 0 || anchoredAt < next.start);
  return inForce && same(found.digest, versionDigest(order.agreementId, former.version, versionTerms(former.text))) && same(former.text.agent, lot.header.words.tsp);
}

/**
 * What the exchange asks of a header when its key is delivered. A buyer that paid for one that it will not take would
 * have the price back only when the time to deliver has passed.
 * @param anchoredAt - Unix seconds.
 * @throws QoodError LOT_EXCLUSIVE, LOT_SECOND_KEY, ANCHOR_AFTER_EPOCH or ANCHOR_AGENT.
 */
export async function checkRights(context: BuyerContext, offer: Offer, lot: OfferLot, anchoredAt: number): Promise<void> {
  const { words } = lot.header;
  ensure(!decodeFlags(words.flags).exclusive, "LOT_EXCLUSIVE", "the header is sealed for exclusive deals, which this exchange does not carry out");
  ensure(words.kc2 === NO_KEY_COMMITMENT, "LOT_SECOND_KEY", "the header has a second key, so one delivery would not open it");
  const { vehicle, epoch } = agreementParts(offer.order.agreementId);
  const epochEnd = await context.client.reads.epochEnd(vehicle, epoch);
  ensure(epochEnd === 0 || anchoredAt <= epochEnd, "ANCHOR_AFTER_EPOCH", "the header was anchored after its ownership epoch had ended");
  if (!(await wasAgent(context, offer, lot, anchoredAt))) {
    throw new QoodError("ANCHOR_AGENT", `${words.tsp} was not the agreement's agent when it anchored the header at ${new Date(anchoredAt * 1000).toISOString()}`);
  }
}
