/** Everything that a buyer checks before paying: the offer, the agreement, the anchor, the device, the files. */
import { schemaByHash } from "../dictionary/index.ts";
import { fromHex } from "../bytes/index.ts";
import type { Offer, OfferLot, Terms } from "../market/index.ts";
import { checkAgreement, checkDeal, checkLotOnChain, checkOrder } from "../offer/index.ts";
import { checkBatch } from "../sealing/index.ts";
import type { CheckedBatch } from "../sealing/index.ts";
import type { BuyerContext } from "./context.ts";
import { fetchFile, fetchOffer } from "./fetch.ts";

/** An offer that has passed every check, with its batches. */
export interface CheckedOffer {
  readonly cid: string;
  readonly offer: Offer;
  /** One a lot, in the offer's order. */
  readonly batches: readonly CheckedBatch[];
}

/** A lot: the header's stream is of this agreement, its device was registered, its files are what it says. @throws QoodError of `checkLotOnChain`, of the storage and of `checkBatch` */
export async function checkLot(context: Omit<BuyerContext, "signer">, offer: Offer, lot: OfferLot, isPaid: boolean): Promise<CheckedBatch> {
  const { time } = await checkLotOnChain(context, offer, lot, isPaid);
  return fetchLot(context, lot, time);
}

/** A lot's files, checked against its header, and the header against the device's signature and its anchor. @param time - of the anchor, from the chain @throws QoodError of the storage and of `checkBatch` */
export async function fetchLot(context: Pick<BuyerContext, "storage" | "say">, lot: OfferLot, time: number): Promise<CheckedBatch> {
  const { say } = context;
  const { header, cids } = lot;
  say(`fetching ${header.rest.storedLength} bytes of ciphertext, ${cids.ciphertext}`);
  const description = await fetchFile(context, cids.description, "description file", 1 << 20);
  const dataHashes = await fetchFile(context, cids.dataHashes, "dataHash list", header.rest.storedLength);
  const ciphertext = await fetchFile(context, cids.ciphertext, "ciphertext", header.rest.storedLength);
  return checkBatch({
    header,
    envelope: lot.envelope,
    anchor: { tsp: header.words.tsp, root: lot.anchor.root, path: lot.anchor.path, time },
    ciphertext,
    dataHashes,
    description,
    columns: schemaByHash(fromHex(header.rest.schema, 32)).columns.length,
  });
}

/**
 * Fetches an offer and its files from other nodes and checks all of it against the chain. Nothing is paid or signed.
 * @param peers - multiaddrs of nodes that have the files; without any, those that the offer names are dialled.
 * @param terms - of the deal, where it is paid already: then the offer must be the deal's, and need not be open any more.
 * @throws QoodError with a code for each thing that can be wrong: those above and those of `checkBatch`.
 */
export async function checkOffer(context: BuyerContext, cid: string, peers: readonly string[], terms?: Terms): Promise<CheckedOffer> {
  const offer = await fetchOffer(context, cid, peers);
  await checkOrder(context, offer);
  // One that answers is enough, and the buyer's node may have the files itself.
  if (peers.length === 0) await Promise.allSettled(offer.multiaddrs.map((address) => context.storage.connect(address)));
  await (terms === undefined ? checkAgreement(context, offer) : checkDeal(context, offer, terms));
  const batches: CheckedBatch[] = [];
  for (const lot of offer.lots) batches.push(await checkLot(context, offer, lot, terms !== undefined));
  return { cid, offer, batches };
}
