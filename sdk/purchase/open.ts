/** From the delivery on the chain to the rows. */
import type { Hex } from "../bytes/index.ts";
import { readEvents } from "../client/index.ts";
import { deliveryContext, padLots, unwrapKeys } from "../delivery/index.ts";
import type { DeliveryKey, WrappedKeys } from "../delivery/index.ts";
import { QoodError } from "../errors/index.ts";
import { DATA_CLASS, lotsOfPage } from "../market/index.ts";
import type { Offer, OfferLot } from "../market/index.ts";
import { openBatch } from "../sealing/index.ts";
import type { BatchKeys, CheckedBatch, OpenedBatch } from "../sealing/index.ts";
import type { BuyerContext, KnownDeal } from "./context.ts";
import type { Handover } from "./handed.ts";
import type { Paid } from "./pay.ts";
import { wait } from "./wait.ts";

/** A page's delivery as it stands on the chain. */
export interface Delivered {
  readonly page: number;
  readonly wrapped: WrappedKeys;
  /** Null where it came off the chain. */
  readonly transaction: Hex | null;
}

/** A batch with the key that was delivered for it. */
export interface KeyedBatch {
  readonly lot: OfferLot;
  readonly batch: CheckedBatch;
  readonly keys: BatchKeys;
}

/** The delivery of a page, proven or not; null where there is none. */
export async function readDelivery({ client, provider }: Pick<BuyerContext, "client" | "provider">, { dealId, blockNumber }: KnownDeal, page: number): Promise<Delivered | null> {
  for (const name of ["DeliveredProven", "DeliveredUnproven"] as const) {
    const found = await readEvents(client.deployment, provider, name, { fromBlock: blockNumber, toBlock: "latest", indexed: [dealId, BigInt(page)] });
    const event = found.at(-1);
    if (event !== undefined) return { page, wrapped: { R: event.r, c: event.c }, transaction: event.transactionHash };
  }
  return null;
}

/**
 * Waits for a page's delivery.
 * @param handover - the seller's endpoint, where the keys may come from off the chain
 * @throws QoodError DELIVERY_LATE when deliverBy has passed without one, DEAL_REFUNDED when the money went back.
 */
export async function awaitDelivery(context: BuyerContext, paid: KnownDeal, pollMs = 250, page = 0, handover?: Pick<Handover, "ask">): Promise<Delivered> {
  for (;;) {
    const { deal } = await context.client.reads.pageOf(paid.terms, page);
    const delivered = await readDelivery(context, paid, page);
    if (delivered !== null) return delivered;
    if (deal.state === "Refunded") throw new QoodError("DEAL_REFUNDED", `deal ${paid.dealId} has been refunded`);
    if (deal.state === "Funded") {
      await checkNotLate(context, paid);
      const wrapped = await handover?.ask(page);
      if (wrapped !== undefined) return { page, wrapped, transaction: null };
    }
    await wait(pollMs);
  }
}

/** @throws QoodError DELIVERY_LATE when deliverBy has passed */
export async function checkNotLate({ provider }: Pick<BuyerContext, "provider">, { dealId, terms }: KnownDeal): Promise<void> {
  const now = (await provider.getBlock("latest"))!.timestamp;
  if (now <= terms.sale.deliverBy) return;
  throw new QoodError("DELIVERY_LATE", `nothing was delivered by ${new Date(terms.sale.deliverBy * 1000).toISOString()}: the price can be had back with a refund of deal ${dealId}`);
}

/**
 * The keys of some pages' lots. Of DISPUTED data a key has two parts, one a page; so both deliveries are needed.
 * @throws QoodError of `unwrapKeys`: what is wrong, by name.
 */
export function unwrapPages({ client }: Pick<BuyerContext, "client">, { dealId }: KnownDeal, offer: Offer, deliveries: readonly Delivered[], key: DeliveryKey): { lot: OfferLot; keys: BatchKeys }[] {
  const { chainId, addresses } = client.deployment;
  const isDisputed = offer.order.dataClass === DATA_CLASS.DISPUTED;
  const opened = deliveries.map(({ page, wrapped }) => {
    const context = deliveryContext({ chainId: BigInt(chainId), exchange: addresses.escrow, dealId, page });
    const lots = lotsOfPage(offer, page);
    const commitments = padLots(lots.map(({ header: { words } }) => (isDisputed && page === 1 ? words.kc2 : words.kc1)));
    const keys = unwrapKeys(key.secret, { context, commitments, wrapped });
    return lots.map((lot, i) => ({ page, lot, k: keys[i]! }));
  });
  if (!isDisputed) return opened.flat().map(({ lot, k }) => ({ lot, keys: { k1: k } }));
  const part = (wanted: number): typeof opened[number] => opened.flat().filter(({ page }) => page === wanted);
  const [first, second] = [part(0), part(1)];
  if (first.length === 0 || second.length !== first.length) throw new QoodError("DELIVERY_INCOMPLETE", "a key of DISPUTED data has two parts, and both are not delivered yet");
  return first.map(({ lot, k }, i) => ({ lot, keys: { k1: k, k2: second[i]!.k } }));
}

/** As {@link unwrapPages}, with the batches. @throws QoodError of `unwrapKeys` */
export function unwrapDelivery(context: Pick<BuyerContext, "client">, paid: Paid, deliveries: readonly Delivered[], key: DeliveryKey): KeyedBatch[] {
  const { offer, batches } = paid.checked;
  return unwrapPages(context, paid, offer, deliveries, key).map(({ lot, keys }) => ({ lot, keys, batch: batches[offer.lots.indexOf(lot)]! }));
}

/**
 * Unwraps the keys and opens and verifies the batches: every leaf, every row hash, every message signature.
 * @throws QoodError of `unwrapKeys` and `openBatch`: what is wrong, by name.
 */
export function openDelivery(context: Pick<BuyerContext, "client">, paid: Paid, deliveries: readonly Delivered[], key: DeliveryKey): OpenedBatch[] {
  return unwrapDelivery(context, paid, deliveries, key).map(({ batch, keys }) => openBatch(batch, keys));
}
