/** send(…, resell, dup): CarChain's ownership trade, as a sell order of the exchange. See docs/ownership-trade.md. */
import { ensure } from "../errors/index.ts";
import { DEAL_FLAGS, type SellOrder } from "../market/index.ts";

/** What becomes of the seller's and the buyer's rights. */
export interface SendRights {
  /** TRUE: the buyer may sell on. */
  readonly resell: boolean;
  /** TRUE: the seller keeps a copy and its right. */
  readonly dup: boolean;
  /** What the agreement's parties get of each later resale, basis points; only with `resell`. */
  readonly royaltyBps?: number;
}

/** Flags that `send` decides. */
const DECIDED = DEAL_FLAGS.resale | DEAL_FLAGS.noCopyKept;

/**
 * Makes the sell order of a `send`. Signed by its seller (`sellOrderData`) it is an offer; a named `buyer` makes it one for that party alone.
 * @param order all else of the order; its flags of other kinds stay
 * @throws QoodError `SEND_ROYALTY`, `SEND_REPEATABLE`
 */
export function send(order: Omit<SellOrder, "royaltyBps">, { resell, dup, royaltyBps = 0 }: SendRights): SellOrder {
  ensure(resell || royaltyBps === 0, "SEND_ROYALTY", "a royalty is of resales: it goes with resell only");
  ensure(dup || !order.repeatable, "SEND_REPEATABLE", "what is sent without keeping a copy (dup = false) is sent once: make the order not repeatable");
  const flags = (order.flags & ~DECIDED) | (resell ? DEAL_FLAGS.resale : 0) | (dup ? 0 : DEAL_FLAGS.noCopyKept);
  return { ...order, flags, royaltyBps };
}
