/** What a search finds of an offer: the offer itself, its batches and their streams. */
import { decodeFlags } from "@qoodblock/sdk/formats";
import { totalPrice } from "@qoodblock/sdk/market";
import type { Offer, OfferLot } from "@qoodblock/sdk/market";
import { getDocument, putDocument, removeDocument } from "../shared/index/index.ts";
import type { Batch, Document } from "../shared/index/index.ts";
import { cellTerms } from "./cells.ts";
import type { OfferRecord } from "./record.ts";

/** Names of classes and privacy grades, as questions use them. */
export const CLASSES: Readonly<Record<number, string>> = { 1: "oem", 2: "user", 3: "disputed" };
/** See {@link CLASSES}. */
export const GRADES: Readonly<Record<number, string>> = { 1: "ordinary", 2: "private" };

type RecordLot = OfferRecord["lots"][number];
const low = (text: string): string => text.toLowerCase();
const unique = (values: readonly string[]): string[] => [...new Set(values)].sort();

/** When the lots' records were made; where no description says it, when they were anchored, and then no question by time finds them. */
function spanOf(lots: readonly RecordLot[]): { from: number; to: number; timed: string } {
  const times = lots.flatMap(({ time }) => (time === null ? [] : [time]));
  if (times.length > 0) return { from: Math.min(...times.map(({ first }) => first)), to: Math.max(...times.map(({ last }) => last)), timed: "true" };
  const anchors = lots.map(({ anchoredAt }) => anchoredAt * 1000);
  return { from: Math.min(...anchors), to: Math.max(...anchors), timed: "false" };
}

/** What offer, batch and stream have in common. */
function rightsOf({ order, agreement }: Offer, lots: readonly OfferLot[]): Document["terms"] {
  const { text } = agreement;
  return {
    ...{ schema: unique(lots.map(({ header }) => low(header.rest.schema))), stream: unique(lots.map(({ header }) => low(header.words.stream))) },
    ...{ owner: [low(text.owner)], oem: [low(text.oem)], vehicle: [text.vehicle.toString()], agreement: [order.agreementId.toString()] },
    ...{ tsp: unique(lots.map(({ header }) => low(header.words.tsp))), dataClass: [CLASSES[order.dataClass]!], privacy: [GRADES[order.privacy]!] },
    origin: unique(lots.map(({ header }) => low(decodeFlags(header.words.flags).origin))),
  };
}

/** The document of an offer. Its file stands in the record; here is what a list shows. */
export function offerDocument({ orderHash, offer, lots, takenAt }: OfferRecord): Document {
  const { order } = offer;
  const { from, to, timed } = spanOf(lots);
  return {
    id: orderHash,
    terms: { ...rightsOf(offer, offer.lots), ...cellTerms(lots.flatMap(({ cells }) => cells)), seller: [low(order.seller)], token: [low(order.token)], batch: unique(lots.map(({ headerHash }) => low(headerHash))), timed: [timed] },
    ...{ from, to, price: totalPrice(order).toString() },
    body: {
      ...{ orderHash, seller: order.seller, token: order.token, owner: offer.agreement.text.owner, vehicle: offer.agreement.text.vehicle.toString(), expiry: order.expiry, takenAt },
      ...{ dataClass: CLASSES[order.dataClass], privacy: GRADES[order.privacy], flags: order.flags, schema: offer.lots[0]!.header.rest.schema },
      ...{ records: offer.lots.reduce((sum, { header }) => sum + header.rest.records, 0), bytes: offer.lots.reduce((sum, { header }) => sum + header.rest.storedLength, 0) },
      pages: order.pages.map(({ lotCount, price }) => ({ lotCount, price: price.toString() })),
    },
  };
}

async function putBatch(batch: Batch, { orderHash, offer, status }: OfferRecord, lot: OfferLot, own: RecordLot): Promise<void> {
  const id = low(own.headerHash);
  const former = (await getDocument(batch, "batch", id))?.body as { offers?: string[] } | undefined;
  const others = (former?.offers ?? []).filter((each) => each !== orderHash);
  const offers = unique(status === "open" ? [...others, orderHash] : others);
  const { words, rest } = lot.header;
  const { from, to, timed } = spanOf([own]);
  await putDocument(batch, "batch", {
    id,
    ...{ terms: { ...rightsOf(offer, [lot]), ...cellTerms(own.cells), batch: [id], timed: [timed], offered: [String(offers.length > 0)] }, from, to },
    body: {
      ...{ headerHash: id, stream: words.stream, sequence: words.sequence, tsp: words.tsp, schema: rest.schema, dictionaryVersion: rest.dictionaryVersion, anchoredAt: own.anchoredAt },
      ...{ records: rest.records, bytes: rest.storedLength, origin: decodeFlags(words.flags).origin, exclusive: decodeFlags(words.flags).exclusive, cells: own.cells },
      ...{ cids: lot.cids, anchor: { tsp: lot.anchor.tsp, root: lot.anchor.root }, offers },
    },
  });
  const before = await getDocument(batch, "stream", low(words.stream));
  const known = (before?.body as { batches: number } | undefined)?.batches ?? 0;
  await putDocument(batch, "stream", {
    id: low(words.stream),
    terms: { ...rightsOf(offer, [lot]), timed: [timed] },
    ...{ from: Math.min(from, before?.from ?? from), to: Math.max(to, before?.to ?? to) },
    body: { stream: words.stream, vehicle: offer.agreement.text.vehicle.toString(), schema: rest.schema, batches: known + (former === undefined ? 1 : 0), keyEpoch: rest.keyEpoch },
  });
}

/** Puts all documents of a record as its status wants them: a closed offer is found no more, its batches are, as not offered. */
export async function putRecordDocuments(batch: Batch, record: OfferRecord): Promise<void> {
  if (record.status === "open") await putDocument(batch, "offer", offerDocument(record));
  else await removeDocument(batch, "offer", record.orderHash);
  for (const [i, lot] of record.offer.lots.entries()) await putBatch(batch, record, lot, record.lots[i]!);
}
