import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import type { Hex } from "@qoodblock/sdk/bytes";
import { decodeOffer, lotsOfPage, MAX_OFFER_BYTES, orderHash } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { keyOf } from "../shared/wrapping/index.ts";
import type { Opened, SampleAsked } from "./checkChild.ts";
import type { DeliveryContext, OpenPage } from "./context.ts";

/** So many offer files are kept in memory. */
const KEPT = 32;
const kept = new Map<string, Offer>();

/** The offer that a deal was bought by. @throws QoodError OFFER_OTHER when the file is of another order, those of the storage */
export async function offerOf(context: DeliveryContext, { deal }: Pick<OpenPage, "deal">): Promise<Offer> {
  return orderedOffer(context, deal.orderHash, deal.offer);
}

/** The offer of an order. @throws QoodError OFFER_OTHER when the file is of another order, those of the storage */
export async function orderedOffer(context: Pick<DeliveryContext, "client" | "storage">, order: Hex, cid: string): Promise<Offer> {
  const known = kept.get(cid);
  if (known !== undefined) return known;
  const { chainId, addresses } = context.client.deployment;
  const offer = decodeOffer(await context.storage.get(cid, { maxBytes: MAX_OFFER_BYTES }));
  if (orderHash(chainId, addresses.escrow, offer.order) !== order) throw new QoodError("OFFER_OTHER", `the offer file ${cid} is not of the order ${order}`);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
  kept.set(cid, offer);
  return offer;
}

/** Header hashes that end together with a page: its own, or those of all pages where a deal ends as one. */
export function headersOf(offer: Offer, page: number | undefined): Hex[] {
  return (page === undefined ? offer.lots : lotsOfPage(offer, page)).map(({ header }) => openHeader(header));
}

/**
 * Opens a whole batch as its buyer will: a wrong one is neither offered nor delivered.
 * @param sample - what the chain says of its sample, where its file is wanted too
 * @throws QoodError of the check
 */
export async function openWhole(context: Pick<DeliveryContext, "storage" | "vault" | "client" | "pool">, lot: Omit<OfferLot, "former">, sample?: SampleAsked): Promise<Opened> {
  const { storage, vault, client } = context;
  const [ciphertext, dataHashes, description] = [await storage.get(lot.cids.ciphertext), await storage.get(lot.cids.dataHashes), await storage.get(lot.cids.description)];
  const k1 = await keyOf(vault, lot.header);
  const { tsp, root, path } = lot.anchor;
  const { time } = await client.reads.anchorOf(tsp, root);
  const answer = await context.pool.run({ input: { ciphertext, dataHashes, description, header: lot.header, envelope: lot.envelope, anchor: { tsp, root, path, time } }, k1, ...(sample === undefined ? {} : { sample }) });
  if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
  return answer;
}

/** Faults of a batch itself, which trying again does not mend. */
const HOPELESS = /^(HEADER|DESCRIPTION|CIPHERTEXT|DATA_HASHES|ROOT|STORED|OPEN|LEAF|FRAME|INTERVAL|DEVICE|MESSAGE|CBOR|KEY_COMMITMENT|BAD_OFFER)/;

/** Whether an error says that the data is wrong, rather than that it cannot be had now. */
export const isHopeless = (error: unknown): error is QoodError => error instanceof QoodError && HOPELESS.test(error.code);
