/** Everything that a buyer checks before paying: the offer, the agreement, the anchor, the device, the files. */
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import { fromHex } from "@qoodblock/sdk/bytes";
import { hashTypedData, recoverTypedData, sellOrderData } from "@qoodblock/sdk/eip712";
import { QoodError, ensure } from "@qoodblock/sdk/errors";
import { openHeader, streamHandle } from "@qoodblock/sdk/formats";
import type { DataClass, Privacy } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, agreementParts, decodeOffer, lotsHash, pairIndex, versionDigest, versionTerms, MAX_OFFER_BYTES } from "@qoodblock/sdk/market";
import type { Offer, OfferLot, Terms } from "@qoodblock/sdk/market";
import { checkBatch } from "@qoodblock/sdk/sealing";
import type { CheckedBatch } from "@qoodblock/sdk/sealing";
import type { BuyerContext } from "./context.ts";
import { checkRights } from "./rights.ts";

/** An offer that has passed every check, with its batches. */
export interface CheckedOffer {
  readonly cid: string;
  readonly offer: Offer;
  /** One a lot, in the offer's order. */
  readonly batches: readonly CheckedBatch[];
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function nameOf<T extends string>(names: Readonly<Record<T, number>>, value: number): T {
  const found = (Object.keys(names) as T[]).find((name) => names[name] === value);
  if (found === undefined) throw new QoodError("OFFER_PAIR", `the offer names a class or privacy grade ${value} that does not exist`);
  return found;
}

/** The order's own words: made for this exchange, signed, and about the lots that the file lists. */
async function checkOrder({ client, provider }: BuyerContext, offer: Offer): Promise<void> {
  const { chainId, addresses } = client.deployment;
  ensure(offer.chainId === chainId && same(offer.exchange, addresses.escrow), "OFFER_ELSEWHERE", `the offer is for exchange ${offer.exchange} on chain ${offer.chainId}, not for ${addresses.escrow} on chain ${chainId}`);
  // A contract's signature is asked for on chain, when the purchase is simulated.
  if ((await provider.getCode(offer.order.seller)) === "0x") {
    let signer: string;
    try {
      signer = recoverTypedData(sellOrderData({ chainId, verifyingContract: addresses.escrow }, offer.order), offer.signature);
    } catch {
      signer = "nobody";
    }
    ensure(same(signer, offer.order.seller), "OFFER_SIGNATURE", `the order is not signed by its seller ${offer.order.seller}`);
  }
  const [page, ...further] = offer.order.pages;
  ensure(page !== undefined && further.length === 0, "OFFER_PAGES", "an order has one page in this version of the exchange");
  const hashes = offer.lots.map(({ header }) => openHeader(header));
  ensure(hashes.length === 1, "OFFER_LOT_COUNT", `the order sells ${hashes.length} batches as one lot of keys, and this version of the exchange proves the delivery of one`);
  ensure(same(lotsHash(hashes), page.lotsHash) && page.lotCount === hashes.length, "OFFER_LOTS", "the headers in the offer are not the lots that the order sells");
  const { version } = offer.agreement;
  ensure(version === offer.order.version, "OFFER_AGREEMENT", `the offer brings agreement version ${version} and its order pins ${offer.order.version}`);
}

/** A deal that is paid was made from this very order; later dissent does not touch it. */
async function checkDeal({ client }: BuyerContext, offer: Offer, terms: Terms): Promise<void> {
  const { chainId, addresses } = client.deployment;
  const orderHash = hashTypedData(sellOrderData({ chainId, verifyingContract: addresses.escrow }, offer.order));
  ensure(same(orderHash, terms.orderHash), "OFFER_OF_ANOTHER_DEAL", "the offer is not the one that the deal was made from");
  const { digest } = await client.reads.versionOf(terms.agreementId, terms.version);
  ensure(same(digest, versionDigest(terms.agreementId, terms.version, versionTerms(offer.agreement.text))), "AGREEMENT_TEXT", "the agreement in the offer is not the one that was recorded on the chain");
}

/** The agreement that the order pins is the one that owner and OEM signed and that is in force. */
async function checkAgreement({ client }: BuyerContext, offer: Offer): Promise<void> {
  const { order, agreement } = offer;
  const current = await client.reads.currentVersion(order.agreementId);
  ensure(current.version === order.version, "AGREEMENT_NOT_IN_FORCE", `the order pins agreement version ${order.version}; in force is ${current.version === 0 ? "none" : current.version}`);
  const digest = versionDigest(order.agreementId, order.version, versionTerms(agreement.text));
  ensure(same(digest, current.digest), "AGREEMENT_TEXT", "the agreement in the offer is not the one that was recorded on the chain");
  const pair = pairIndex(order.dataClass, order.privacy);
  const sellable = agreement.text.pairs[pair]?.authorised === true && ((current.denied >> pair) & 1) === 0;
  ensure(sellable, "AGREEMENT_DENIED", `owner or OEM does not allow to sell class ${order.dataClass}, privacy ${order.privacy}`);
}

async function fetchFile({ storage }: BuyerContext, cid: string, what: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await storage.get(cid, { maxBytes });
  } catch (error) {
    if (!(error instanceof QoodError)) throw error;
    throw new QoodError(error.code, `the ${what} cannot be had, so nothing is paid: ${error.message}`, { cause: error, details: { cid } });
  }
}

/** A lot: the header's stream is of this agreement, its device was registered, its files are what it says. */
async function checkLot(context: BuyerContext, offer: Offer, lot: OfferLot): Promise<CheckedBatch> {
  const { client, say } = context;
  const { order } = offer;
  const { header, cids } = lot;
  const { vehicle, epoch } = agreementParts(order.agreementId);
  const handle = streamHandle({
    chainId: BigInt(client.deployment.chainId),
    registry: client.deployment.addresses.vehicleRegistry,
    vehicle,
    epoch,
    dataClass: nameOf<DataClass>(DATA_CLASS, order.dataClass),
    privacy: nameOf<Privacy>(PRIVACY, order.privacy),
    schema: header.rest.schema,
  });
  ensure(same(handle, header.words.stream), "STREAM_FOREIGN", "the header's stream is not of the vehicle and class that the order sells");
  const anchor = await client.reads.anchorOf(header.words.tsp, lot.anchor.root);
  ensure(anchor.time > 0, "ANCHOR_MISSING", `the header is not anchored: ${header.words.tsp} has no anchor ${lot.anchor.root} on this chain`);
  await checkRights(context, offer, lot, anchor.time);
  if (lot.envelope !== null) {
    const known = await client.reads.isDeviceValidAt(header.rest.deviceKey, vehicle, anchor.blockNumber);
    ensure(known, "DEVICE_UNKNOWN", `device ${header.rest.deviceKey} was not registered for this vehicle when the header was anchored`);
  }
  say(`fetching ${header.rest.storedLength} bytes of ciphertext, ${cids.ciphertext}`);
  const description = await fetchFile(context, cids.description, "description file", 1 << 20);
  const dataHashes = await fetchFile(context, cids.dataHashes, "dataHash list", header.rest.storedLength);
  const ciphertext = await fetchFile(context, cids.ciphertext, "ciphertext", header.rest.storedLength);
  return checkBatch({
    header,
    envelope: lot.envelope,
    anchor: { tsp: header.words.tsp, root: lot.anchor.root, path: lot.anchor.path, time: anchor.time },
    ciphertext,
    dataHashes,
    description,
    columns: schemaByHash(fromHex(header.rest.schema, 32)).columns.length,
  });
}

/**
 * Fetches an offer and its files from other nodes and checks all of it against the chain. Nothing is paid or signed.
 * @param peers - multiaddrs of nodes that have the files.
 * @param terms - of the deal, where it is paid already: then the offer must be the deal's, and need not be open any more.
 * @throws QoodError with a code for each thing that can be wrong: those above and those of `checkBatch`.
 */
export async function checkOffer(context: BuyerContext, cid: string, peers: readonly string[], terms?: Terms): Promise<CheckedOffer> {
  const { storage } = context;
  for (const peer of peers) await storage.connect(peer);
  const offer = decodeOffer(await fetchFile(context, cid, "offer", MAX_OFFER_BYTES));
  await checkOrder(context, offer);
  await (terms === undefined ? checkAgreement(context, offer) : checkDeal(context, offer, terms));
  const batches: CheckedBatch[] = [];
  for (const lot of offer.lots) batches.push(await checkLot(context, offer, lot));
  return { cid, offer, batches };
}

