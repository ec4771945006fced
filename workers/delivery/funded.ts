import { openingOf } from "@qoodblock/sdk/client";
import type { Call } from "@qoodblock/sdk/client";
import { isReserved, lotsOfPage } from "@qoodblock/sdk/market";
import type { Deal, Offer } from "@qoodblock/sdk/market";
import { keys } from "../shared/queue/index.ts";
import { wrapPage } from "../shared/wrapping/index.ts";
import { isHopeless, offerOf, openWhole } from "./batch.ts";
import { shortage } from "./bonds.ts";
import { sellerOf } from "./context.ts";
import type { Again, DeliveryContext, Moment, OpenPage } from "./context.ts";
import { closePage } from "./deals.ts";
import type { PageRecord } from "./deals.ts";
import { fallbackAt, lastDelivery, wayOf } from "./policy.ts";
import type { Way } from "./policy.ts";
import { askProof, deliveryWords } from "./proof.ts";
import { Recent } from "./recent.ts";
import { settleWithReceipt } from "./settle.ts";
import { isRevert, isUnderWay, note, simulate, transact } from "./transact.ts";

/** Milliseconds between two looks at a proof that is being made. */
const PROOF_LOOK_MS = 100;
/** Milliseconds between two looks at a page that waits for others. */
const IDLE_LOOK_MS = 5000;

/** Pages whose batches this process has opened whole. */
const opened = new Recent();

/** Ends a page that is not delivered. */
export async function giveUp(context: DeliveryContext, page: OpenPage, change: Pick<PageRecord, "status" | "note">): Promise<Again> {
  await closePage(context.redis, context.prefix, page.id, { ...page.record, ...change }, page.terms.order.token);
  context.metrics.ended(change.status);
  return undefined;
}

/** Opens the batches of a page, each whole, before anything is bonded or handed over. @returns false when one is not what was sold */
async function areRight(context: DeliveryContext, page: OpenPage, offer: Offer): Promise<boolean> {
  if (opened.has(page.id)) return true;
  const started = performance.now();
  try {
    for (const lot of lotsOfPage(offer, page.page)) await openWhole(context, lot);
  } catch (error) {
    if (!isHopeless(error)) throw error;
    context.log.error({ dealId: page.deal.dealId, page: page.page, err: error }, "ALARM: a sold batch is not what its header says; it is not delivered");
    await giveUp(context, page, { status: "refused", note: `${error.code}: ${error.message}` });
    return false;
  }
  opened.add(page.id);
  await note(context, page, { ms: { ...page.record.ms, check: Math.round(performance.now() - started) } });
  return true;
}

/** The delivery as a call, made of the same bytes every time; undefined while its proof is being made. */
export async function deliveryCall(context: DeliveryContext, page: OpenPage, offer: Offer, onChain: Way["onChain"]): Promise<Call | undefined> {
  const { client, vault } = context;
  const { terms, deal } = page;
  const opening = openingOf(offer, page.page);
  if (onChain === "unproven") {
    const headers = lotsOfPage(offer, page.page).map(({ header }) => header);
    const { statement } = await wrapPage(vault, client.deployment, { dealId: deal.dealId, terms, page: page.page, headers });
    return client.calls.deliverUnproven(terms, page.page, opening, [statement.R[0], statement.R[1]], statement.c);
  }
  const proof = await askProof(context, page, offer);
  if (proof === undefined) return undefined;
  if (page.record.ms.prove !== proof.ms) await note(context, page, { ms: { ...page.record.ms, prove: proof.ms } });
  return client.calls.deliverProven(terms, page.page, opening, deliveryWords(proof));
}

const shortages = new Recent();

/** Reserves the page's bond; says what is missing once for each new amount. */
async function isBonded(context: DeliveryContext, page: OpenPage): Promise<boolean> {
  const { token, pages } = page.terms.order;
  const { bond } = pages[page.page]!;
  const balance = await context.bonds.reserve(page.id, token, bond);
  if (balance === undefined) return true;
  const text = shortage(sellerOf(context), token, balance, bond, context.settings.bondDeposit);
  if (shortages.add(`${page.id} ${text}`)) context.log.error({ dealId: page.deal.dealId, page: page.page }, `ALARM: not delivered: ${text}`);
  return false;
}

/**
 * A page that is paid and not delivered. In this order: the purchase is final, a receipt settles it, it is not too late
 * (unless the keys are out already), the batches are right, the bond is reserved, off chain if the policy says so and until its time is over, then on chain.
 */
export async function serveFunded(context: DeliveryContext, page: OpenPage, deal: Deal, moment: Moment): Promise<Again> {
  const { settings, chain, log } = context;
  const { terms } = page;
  const retryMs = settings.retrySeconds * 1000;
  if (isReserved(terms, deal, moment.now) || (deal.delivered >> page.page) % 2 === 1) return IDLE_LOOK_MS;
  if (deal.purchasedAt > moment.finalTime) return chain.pollMs;
  const offer = await offerOf(context, page);
  if ((await context.redis.hexists(keys.receipts(context.prefix), page.id)) === 1 && (await settleWithReceipt(context, page, offer))) return chain.pollMs;
  const way = wayOf(terms, page.page, settings);
  const notAfter = lastDelivery(terms, settings);
  // Keys that were handed over tell nothing new by a late delivery, which counts until somebody takes the refund.
  const isOut = (await context.redis.hexists(keys.handed(context.prefix), page.id)) === 1;

  if (!(await isUnderWay(context, page, "deliver"))) {
    if (moment.now > notAfter && !isOut) {
      log.error({ dealId: page.deal.dealId, page: page.page, deliverBy: terms.sale.deliverBy }, "ALARM: too late to deliver safely; the page will be refunded");
      return giveUp(context, page, { status: "late", note: `later than ${settings.marginSeconds} s before deliverBy` });
    }
    if (!(await areRight(context, page, offer))) return undefined;
    if (!(await isBonded(context, page))) return retryMs;
    const until = fallbackAt(terms, deal, settings);
    if (way.handover && moment.now <= until) return openHandover(context, page, offer, way, until - moment.now);
  }
  try {
    const made = await transact(context, page, "deliver", async () => {
      const call = await deliveryCall(context, page, offer, way.onChain);
      return call === undefined ? undefined : { call, ...(isOut ? {} : { notAfter }) };
    });
    if (!made) return PROOF_LOOK_MS;
  } catch (error) {
    if (!isRevert(error, "Escrow_HeaderBad")) throw error;
    log.error({ dealId: page.deal.dealId, page: page.page, err: error }, "ALARM: a right complaint was made about a sold batch; it is not delivered");
    return giveUp(context, page, { status: "refused", note: error instanceof Error ? error.message : "" });
  }
  if (page.record.status !== "delivering") await note(context, page, { status: "delivering" });
  return chain.pollMs;
}

/**
 * Lets the buyer fetch the keys off chain. Only where the delivery on chain, which comes when no receipt does, would be taken
 * as it is: else the key would leave for nothing.
 */
async function openHandover(context: DeliveryContext, page: OpenPage, offer: Offer, way: Way, seconds: number): Promise<Again> {
  if (page.record.status !== "handover") {
    const call = await deliveryCall(context, page, offer, way.onChain);
    if (call === undefined) return PROOF_LOOK_MS;
    await simulate(context, call);
    await note(context, page, { status: "handover" });
    context.log.info({ dealId: page.deal.dealId, page: page.page, seconds }, "keys may be fetched off chain");
  }
  return Math.min((seconds + 1) * 1000, IDLE_LOOK_MS);
}
