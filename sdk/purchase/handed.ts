/** Keys that the seller hands over off the chain: the cheapest way, where an offer names the seller's endpoint. */
import { fetchHandover, sendReceipt, type HandoverPlace } from "../client/index.ts";
import type { DeliveryKey, WrappedKeys } from "../delivery/index.ts";
import { isQoodError } from "../errors/index.ts";
import { DATA_CLASS, hasFlag, lotsOfPage } from "../market/index.ts";
import type { BuyerContext } from "./context.ts";
import type { Paid } from "./pay.ts";

/** How long is waited before the endpoint is asked again, milliseconds. */
const SOON_MS = 1000;
const LATER_MS = 30_000;

/** Where wrapped keys are kept, by page: they stand nowhere else, and open for the buyer's delivery key alone. */
export interface KeptKeys {
  get(page: number): WrappedKeys | undefined;
  set(page: number, wrapped: WrappedKeys): void;
}

/** The seller's endpoint as one purchase uses it. */
export interface Handover {
  /** Keys of a page that were handed over before. */
  kept(page: number): WrappedKeys | undefined;
  /** Keys of a page that waits for its delivery; undefined while there are none, or where they come over the chain. */
  ask(page: number): Promise<WrappedKeys | undefined>;
  /** Ends it for a page: what came is of no use. */
  giveUp(page: number): void;
  /** Gives the seller the receipt of a page; false where it was not taken. */
  receipt(page: number): Promise<boolean>;
}

/** @param keep - in memory alone without it */
export function createHandover({ client, signer, say }: Pick<BuyerContext, "client" | "signer" | "say">, paid: Paid, key: DeliveryKey, keep: KeptKeys = new Map<number, WrappedKeys>()): Handover {
  const { offer } = paid.checked;
  const url = offer.handover;
  /** When a page is asked for again, by the time that has passed here. */
  const next = new Map<number, number>();
  const isPossible = url !== undefined && !hasFlag(offer.order, "allOrNothing") && offer.order.dataClass !== DATA_CLASS.DISPUTED;
  const at = (page: number): HandoverPlace => ({ url: url!, deployment: client.deployment, terms: paid.terms, page, signer });

  return {
    kept: (page) => keep.get(page),
    giveUp: (page) => void next.set(page, Infinity),
    async ask(page) {
      if (!isPossible || (next.get(page) ?? 0) > performance.now()) return undefined;
      const before = keep.get(page);
      if (before !== undefined) return before;
      try {
        const { wrapped } = await fetchHandover(at(page), { secret: key.secret, headers: lotsOfPage(offer, page).map(({ header }) => header.words) });
        keep.set(page, wrapped);
        return wrapped;
      } catch (error) {
        if (!isQoodError(error)) throw error;
        const [isEarly, isWrong] = [error.code === "HANDOVER_NOT_READY", error.code.startsWith("DELIVERY_")];
        if (!isEarly) say(`page ${page}: ${error.message}${isWrong ? ": nothing is signed, the key must come over the chain" : ""}`);
        next.set(page, isWrong || error.code === "HANDOVER_ON_CHAIN" ? Infinity : performance.now() + (isEarly ? SOON_MS : LATER_MS));
        return undefined;
      }
    },
    async receipt(page) {
      if (!isPossible) return false;
      try {
        await sendReceipt(at(page));
        return true;
      } catch (error) {
        if (!isQoodError(error)) throw error;
        say(`page ${page}: the seller did not take the receipt (${error.message}): settling it myself`);
        return false;
      }
    },
  };
}
