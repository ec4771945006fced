/** What a buyer checks of an order before paying: the seller's word, the agreement behind it, and what it sells. */
import { hasSigned } from "../client/index.ts";
import { sellOrderData } from "../eip712/index.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { openHeader } from "../formats/index.ts";
import { DATA_CLASS, MAX_LOTS, lotsHash, lotsOfPage, orderHash, pairIndex, versionDigest, versionTerms } from "../market/index.ts";
import type { Offer, Terms } from "../market/index.ts";
import type { OfferContext } from "./context.ts";

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** The order's own words: made for this exchange, signed, and about the lots that the file lists. */
export async function checkOrder({ client, provider }: OfferContext, offer: Offer): Promise<void> {
  const { chainId, addresses } = client.deployment;
  ensure(offer.chainId === chainId && same(offer.exchange, addresses.escrow), "OFFER_ELSEWHERE", `the offer is for exchange ${offer.exchange} on chain ${offer.chainId}, not for ${addresses.escrow} on chain ${chainId}`);
  const { seller } = offer.order;
  const signed = await hasSigned(provider, seller, sellOrderData({ chainId, verifyingContract: addresses.escrow }, offer.order), offer.signature);
  ensure(signed, "OFFER_SIGNATURE", `the order is not signed by its seller ${seller}`);
  checkPages(offer);
  const { version } = offer.agreement;
  ensure(version === offer.order.version, "OFFER_AGREEMENT", `the offer brings agreement version ${version} and its order pins ${offer.order.version}`);
}

/** The lots of the file are those of the order's pages, one after the other, and all of one schema: they make one table. */
function checkPages({ order, lots }: Offer): void {
  let listed = 0;
  for (const [index, page] of order.pages.entries()) {
    ensure(page.lotCount >= 1 && page.lotCount <= MAX_LOTS, "OFFER_LOT_COUNT", `page ${index} of the order has ${page.lotCount} lots, and a page has 1 to ${MAX_LOTS}`);
    const hashes = lotsOfPage({ order, lots }, index).map(({ header }) => openHeader(header));
    ensure(same(lotsHash(hashes), page.lotsHash), "OFFER_LOTS", "the headers in the offer are not the lots that the order sells");
    if (order.dataClass !== DATA_CLASS.DISPUTED || index === 0) listed += page.lotCount;
  }
  ensure(lots.length === listed, "OFFER_LOTS", `the offer lists ${lots.length} batches and its order sells ${listed}`);
  const [first] = lots;
  const alike = lots.every(({ header: { rest } }) => rest.schema === first?.header.rest.schema && rest.dictionaryVersion === first.header.rest.dictionaryVersion);
  ensure(alike, "OFFER_SCHEMAS", "the offer's batches have different schemas, and the records are written as one table: ask for one offer a schema");
}

/** A deal that is paid was made from this very order; later dissent does not touch it. */
export async function checkDeal({ client }: OfferContext, offer: Offer, { order }: Terms): Promise<void> {
  const { chainId, addresses } = client.deployment;
  const hash = (of: Terms["order"]): string => orderHash(chainId, addresses.escrow, of);
  ensure(hash(offer.order) === hash(order), "OFFER_OF_ANOTHER_DEAL", "the offer is not the one that the deal was made from");
  const { digest } = await client.reads.versionOf(order.agreementId, order.version);
  ensure(same(digest, versionDigest(order.agreementId, order.version, versionTerms(offer.agreement.text))), "AGREEMENT_TEXT", "the agreement in the offer is not the one that was recorded on the chain");
}

/** The agreement that the order pins is the one that owner and OEM signed and that is in force. */
export async function checkAgreement({ client }: OfferContext, offer: Offer): Promise<void> {
  const { order, agreement } = offer;
  const current = await client.reads.currentVersion(order.agreementId);
  ensure(current.version === order.version, "AGREEMENT_NOT_IN_FORCE", `the order pins agreement version ${order.version}; in force is ${current.version === 0 ? "none" : current.version}`);
  const digest = versionDigest(order.agreementId, order.version, versionTerms(agreement.text));
  ensure(same(digest, current.digest), "AGREEMENT_TEXT", "the agreement in the offer is not the one that was recorded on the chain");
  const pair = knownPair(order.dataClass, order.privacy);
  const sellable = agreement.text.pairs[pair]?.authorised === true && ((current.denied >> pair) & 1) === 0;
  ensure(sellable, "AGREEMENT_DENIED", `owner or OEM does not allow to sell class ${order.dataClass}, privacy ${order.privacy}`);
}

function knownPair(dataClass: number, privacy: number): number {
  try {
    return pairIndex(dataClass, privacy);
  } catch {
    throw new QoodError("OFFER_PAIR", `the offer names a class ${dataClass} and privacy grade ${privacy}, which do not exist`);
  }
}
