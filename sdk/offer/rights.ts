import { together } from "../client/index.ts";
import { ensure } from "../errors/index.ts";
import { decodeFlags, openHeader } from "../formats/index.ts";
import type { Header } from "../formats/index.ts";
import { NO_KEY_COMMITMENT } from "../keys/index.ts";
import { DATA_CLASS, agreementParts, hasFlag, versionDigest, versionTerms } from "../market/index.ts";
import type { Offer, OfferLot } from "../market/index.ts";
import type { OfferContext } from "./context.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** Whether the header's TSP was the agent of the version of the agreement that was in force when it anchored. */
async function wasAgent({ client }: OfferContext, offer: Offer, lot: OfferLot, anchoredAt: number): Promise<boolean> {
  const { order } = offer;
  // Only the TSP that sells itself needs to show no version beside the order's.
  if (lot.former === 0 && !same(lot.header.words.tsp, order.seller)) return false;
  const former = lot.former === 0 ? { version: order.version, text: offer.agreement.text } : offer.formers[lot.former - 1];
  if (former === undefined) return false;
  const [found, next] = await together([client.reads.versionOf(order.agreementId, former.version), client.reads.versionOf(order.agreementId, former.version + 1)]);
  const inForce = found.start > 0 && found.start <= anchoredAt && (next.start === 0 || anchoredAt < next.start);
  return inForce && same(found.digest, versionDigest(order.agreementId, former.version, versionTerms(former.text))) && same(former.text.agent, lot.header.words.tsp);
}

/**
 * What is known against a header: another one that contradicts it, a complaint that was right, or a buyer that has it alone.
 * @throws QoodError LOT_EQUIVOCATED, LOT_BAD, LOT_RESERVED
 */
export async function checkMark({ client }: OfferContext, header: Header): Promise<void> {
  const hash = openHeader(header);
  const [isEquivocated, { bad, reservedBy }] = await together([client.reads.isEquivocated(hash), client.reads.markOf(hash)]);
  ensure(!isEquivocated, "LOT_EQUIVOCATED", `${header.words.tsp} has anchored another header that contradicts ${hash}: neither is delivered`);
  ensure(!bad, "LOT_BAD", `a complaint has shown that the batch with header ${hash} is not what it commits to: it can only be refunded`);
  ensure(BigInt(reservedBy) === 0n, "LOT_RESERVED", `the batch with header ${hash} was sold to another buyer alone`);
}

/**
 * What the exchange asks of a header when its key is delivered. A buyer that paid for one that it will not take would
 * have the price back only when the time to deliver has passed.
 * @param anchoredAt - Unix seconds.
 * @throws QoodError LOT_EXCLUSIVE, LOT_SECOND_KEY, LOT_SEALER, ANCHOR_AFTER_EPOCH or ANCHOR_AGENT.
 */
export async function checkRights(context: OfferContext, offer: Offer, lot: OfferLot, anchoredAt: number): Promise<void> {
  const { words } = lot.header;
  const { order } = offer;
  ensure(!decodeFlags(words.flags).exclusive || hasFlag(order, "exclusive"), "LOT_EXCLUSIVE", "the header is sealed for exclusive deals, and the order is none");
  if (order.dataClass === DATA_CLASS.DISPUTED) ensure(same(words.tsp, order.seller), "LOT_SEALER", `DISPUTED data is sold by who has sealed it, ${words.tsp}, not by ${order.seller}`);
  else ensure(words.kc2 === NO_KEY_COMMITMENT, "LOT_SECOND_KEY", "the header has a second key, so one delivery would not open it");
  const { vehicle, epoch } = agreementParts(order.agreementId);
  const [epochEnd, isAgents] = await together([context.client.reads.epochEnd(vehicle, epoch), wasAgent(context, offer, lot, anchoredAt)]);
  if (epochEnd !== 0 && anchoredAt > epochEnd) {
    const admitted = await context.client.reads.isAdmitted(openHeader(lot.header));
    ensure(admitted, "ANCHOR_AFTER_EPOCH", "the header was anchored after its ownership epoch had ended, and nobody has shown that its device signed it in that time");
  }
  ensure(isAgents, "ANCHOR_AGENT", `${words.tsp} was not the agreement's agent when it anchored the header at ${new Date(anchoredAt * 1000).toISOString()}`);
}
