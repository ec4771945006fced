/** From the delivery on the chain to the rows. */
import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import { deliveryContext, padLots, unwrapKeys } from "@qoodblock/sdk/delivery";
import type { DeliveryKey, WrappedKeys } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { openBatch } from "@qoodblock/sdk/sealing";
import type { OpenedBatch } from "@qoodblock/sdk/sealing";
import type { BuyerContext } from "./context.ts";
import type { Paid } from "./pay.ts";

/** A delivery as it stands on the chain. */
export interface Delivered {
  readonly wrapped: WrappedKeys;
  readonly transaction: Hex;
}

/**
 * Waits for the deal's delivery.
 * @throws QoodError DELIVERY_LATE when deliverBy has passed without one, DEAL_REFUNDED when the money went back.
 */
export async function awaitDelivery({ client, provider }: BuyerContext, paid: Paid, pollMs = 250): Promise<Delivered> {
  for (;;) {
    const deal = await client.reads.dealOf(paid.dealId);
    if (deal.deliveredAt > 0) {
      const [event] = await readEvents(client.deployment, provider, "DeliveredProven", { fromBlock: paid.blockNumber, toBlock: "latest", indexed: [paid.dealId] });
      if (event !== undefined) return { wrapped: { R: event.r, c: [event.c] }, transaction: event.transactionHash };
    }
    if (deal.state === "Refunded") throw new QoodError("DEAL_REFUNDED", `deal ${paid.dealId} has been refunded`);
    const now = (await provider.getBlock("latest"))!.timestamp;
    if (deal.state === "Funded" && now > paid.terms.deliverBy) {
      throw new QoodError("DELIVERY_LATE", `nothing was delivered by ${new Date(paid.terms.deliverBy * 1000).toISOString()}: the price can be had back with a refund of deal ${paid.dealId}`);
    }
    await wait(pollMs);
  }
}

/**
 * Unwraps the key and opens and verifies the batch: every leaf, every row hash, every message signature.
 * @throws QoodError of `unwrapKeys` and `openBatch`: what is wrong, by name.
 */
export function openDelivery({ client }: BuyerContext, paid: Paid, delivered: Delivered, key: DeliveryKey): OpenedBatch {
  const { deployment } = client;
  const context = deliveryContext({ chainId: BigInt(deployment.chainId), exchange: deployment.addresses.escrow, dealId: paid.dealId, page: 0 });
  const { batches, offer } = paid.checked;
  const commitments = padLots(offer.lots.map(({ header }) => header.words.kc1));
  const [k1] = unwrapKeys(key.secret, { context, commitments, wrapped: delivered.wrapped });
  const [batch] = batches;
  if (k1 === undefined || batch === undefined) throw new QoodError("DELIVERY_INCOMPLETE", "the delivery holds no key");
  return openBatch(batch, { k1 });
}
