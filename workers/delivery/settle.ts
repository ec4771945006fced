import { openingOf } from "@qoodblock/sdk/client";
import { hasFlag, versionTerms } from "@qoodblock/sdk/market";
import type { Deal, Offer } from "@qoodblock/sdk/market";
import type { Hex } from "@qoodblock/sdk/bytes";
import { keys } from "../shared/queue/index.ts";
import { headersOf, offerOf } from "./batch.ts";
import type { Again, DeliveryContext, Moment, OpenPage } from "./context.ts";
import { Recent } from "./recent.ts";
import { isRevert, note, transact } from "./transact.ts";

/** Milliseconds between two looks at a page whose window runs, at the most: what is seen by its events is looked at at once. */
const WATCH_MS = 60_000;
/** And at the least so many looks in the time to answer a challenge, should an event be missed. */
const LOOKS = 20;

/** Milliseconds between two looks at a page that ends with page 0, when it should. */
const TOGETHER_MS = 1000;

/** Pages whose receipt the chain does not take, each said once. */
const refused = new Recent();

/** The page that ends, and the page whose headers are brought: a deal that ends as one ends by its page 0 with all headers. */
const ending = ({ terms, page }: OpenPage): number | undefined => (hasFlag(terms.order, "allOrNothing") ? undefined : page);

/**
 * Settles a page with the buyer's receipt, whatever was delivered of it.
 * @returns false when the chain does not take it
 */
export async function settleWithReceipt(context: DeliveryContext, page: OpenPage, offer: Offer): Promise<boolean> {
  const { client, redis, prefix, log } = context;
  const only = ending(page);
  try {
    await transact(context, page, "receipt", async () => {
      const signature = (await redis.hget(keys.receipts(prefix), page.id)) as Hex;
      // Opening and headers both: what is needed depends on whether a delivery is mined before it.
      const by = { signature, opening: openingOf(offer, only), headers: headersOf(offer, only) };
      return { call: client.calls.settleByReceipt(page.terms, page.page, versionTerms(offer.agreement.text), by) };
    });
  } catch (error) {
    if (refused.add(page.id)) log.error({ dealId: page.deal.dealId, page: page.page, err: error }, "a receipt is not taken by the chain; going on without it");
    return false;
  }
  return true;
}

/** A delivered page: settled by a receipt, or when its window is over. */
export async function serveDelivered(context: DeliveryContext, page: OpenPage, deal: Deal, moment: Moment): Promise<Again> {
  const { client, chain, redis, prefix, settings, log } = context;
  const only = ending(page);
  const status = deal.state === "DeliveredProven" ? "proven" : "challengeable";
  if (page.record.status !== status && page.record.status !== "settling") {
    await note(context, page, { status });
    log.info({ dealId: page.deal.dealId, page: page.page, endsAt: deal.endsAt }, deal.state === "DeliveredProven" ? "delivered, proven" : "delivered, unproven");
  }
  if ((await redis.hexists(keys.receipts(prefix), page.id)) === 1 && (await settleWithReceipt(context, page, await offerOf(context, page)))) return chain.pollMs;
  const left = deal.endsAt + settings.settleDelaySeconds - moment.now;
  if (left >= 0 || !settings.settle) return Math.min(Math.max(left + 1, 1) * 1000, watchMs(page, chain.pollMs));
  if (only === undefined && page.page !== 0) return TOGETHER_MS;
  const offer = await offerOf(context, page);
  try {
    await transact(context, page, "settle", () => Promise.resolve({ call: client.calls.settle(page.terms, page.page, versionTerms(offer.agreement.text), headersOf(offer, only)) }));
  } catch (error) {
    if (isRevert(error, "Escrow_NotYet")) return chain.pollMs;
    throw error;
  }
  if (page.record.status !== "settling") await note(context, page, { status: "settling" });
  return chain.pollMs;
}

function watchMs({ terms }: OpenPage, pollMs: number): number {
  const byAnswer = terms.order.answerTime === 0 ? WATCH_MS : (terms.order.answerTime * 1000) / LOOKS;
  return Math.max(pollMs, Math.min(WATCH_MS, byAnswer));
}
