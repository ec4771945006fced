/** Everything that a buyer checks before paying: the offer, the agreement, the anchor, the device, the files. */
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import { fromHex } from "@qoodblock/sdk/bytes";
import { QoodError, ensure } from "@qoodblock/sdk/errors";
import { streamHandle } from "@qoodblock/sdk/formats";
import type { DataClass, Privacy } from "@qoodblock/sdk/formats";
import { DATA_CLASS, PRIVACY, agreementParts } from "@qoodblock/sdk/market";
import type { Offer, OfferLot, Terms } from "@qoodblock/sdk/market";
import { checkBatch } from "@qoodblock/sdk/sealing";
import type { CheckedBatch } from "@qoodblock/sdk/sealing";
import type { BuyerContext } from "./context.ts";
import { fetchFile, fetchOffer } from "./fetch.ts";
import { checkAgreement, checkDeal, checkOrder } from "./order.ts";
import { checkMark, checkRights } from "./rights.ts";

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

/** A lot: the header's stream is of this agreement, its device was registered, its files are what it says. */
async function checkLot(context: BuyerContext, offer: Offer, lot: OfferLot, isPaid: boolean): Promise<CheckedBatch> {
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
  if (!isPaid) await checkMark(context, header);
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
  const offer = await fetchOffer(context, cid, peers);
  await checkOrder(context, offer);
  await (terms === undefined ? checkAgreement(context, offer) : checkDeal(context, offer, terms));
  const batches: CheckedBatch[] = [];
  for (const lot of offer.lots) batches.push(await checkLot(context, offer, lot, terms !== undefined));
  return { cid, offer, batches };
}
