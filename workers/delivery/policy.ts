import { hasFlag, pagePrice } from "@qoodblock/sdk/market";
import type { Deal, Terms } from "@qoodblock/sdk/market";
import type { DeliverySettings } from "./settings.ts";

/** How a page is delivered. */
export interface Way {
  /** Whether its keys may be fetched off chain first. */
  readonly handover: boolean;
  /** What happens on chain, where there is no receipt in time. */
  readonly onChain: "unproven" | "proven";
}

/** What the policy reads. */
export type PolicySettings = Pick<DeliverySettings, "provenFrom" | "provenBuyers" | "handoverListen" | "handoverBuyers" | "handoverSeconds" | "marginSeconds">;

const includes = (list: readonly string[], account: string): boolean => list.some((each) => each.toLowerCase() === account.toLowerCase());

/**
 * The way of a page, by its price and its buyer: proven where the order says so, from a price on and for some buyers;
 * else unproven. Off chain first where there is an endpoint and the page ends by itself.
 */
export function wayOf(terms: Terms, page: number, settings: PolicySettings): Way {
  const { buyer } = terms.sale;
  const proven = hasFlag(terms.order, "provenOnly") || pagePrice(terms, page) >= BigInt(settings.provenFrom) || includes(settings.provenBuyers, buyer);
  const known = settings.handoverBuyers.length === 0 || includes(settings.handoverBuyers, buyer);
  return { handover: settings.handoverListen !== undefined && known && !hasFlag(terms.order, "allOrNothing"), onChain: proven ? "proven" : "unproven" };
}

/** Chain time after which no first delivery is sent: what would come later tells the key and may not count. */
export function lastDelivery({ sale }: Terms, { marginSeconds }: Pick<PolicySettings, "marginSeconds">): number {
  return sale.deliverBy - marginSeconds;
}

/**
 * Chain time at which the worker stops handing over and delivers on chain: after the setting, and at the latest when half of
 * the time that there is has passed, so that as much is left for the chain.
 */
export function fallbackAt(terms: Terms, deal: Pick<Deal, "purchasedAt">, settings: Pick<PolicySettings, "handoverSeconds" | "marginSeconds">): number {
  const from = Math.max(deal.purchasedAt, terms.sale.inspectBy);
  return from + Math.min(settings.handoverSeconds, Math.floor((lastDelivery(terms, settings) - from) / 2));
}
