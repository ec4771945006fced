import type { Deal } from "@qoodblock/sdk/market";
import { serveChallenged } from "./answer.ts";
import type { Again, DeliveryContext, Moment, OpenPage } from "./context.ts";
import { pageParts, readDeal, readPage, closePage } from "./deals.ts";
import type { PageRecord } from "./deals.ts";
import { giveUp, serveFunded } from "./funded.ts";
import { serveDelivered } from "./settle.ts";
import { keys } from "../shared/queue/index.ts";
import { note, noteTransactions } from "./transact.ts";

/** A page with its deal, or undefined when nothing is known of it. */
export async function loadPage(context: Pick<DeliveryContext, "redis" | "prefix">, id: string): Promise<OpenPage | undefined> {
  const { dealId, page } = pageParts(id);
  const [deal, record] = [await readDeal(context.redis, context.prefix, dealId), await readPage(context.redis, context.prefix, id)];
  return deal === undefined || record === undefined ? undefined : { id, deal, terms: deal.terms, page, record };
}

/** Notes what the chain says; true when it has said the same since a block that is final by now. */
async function isStable(context: DeliveryContext, page: OpenPage, { state }: Deal, moment: Moment): Promise<boolean> {
  const { seen } = page.record;
  if (seen?.state === state) return moment.final >= seen.block;
  await note(context, page, { seen: { state, block: moment.head } });
  return false;
}

const ENDS = { Settled: "settled", Refunded: "refunded", Cancelled: "cancelled" } as const satisfies Partial<Record<Deal["state"], PageRecord["status"]>>;

/**
 * Looks at one page and does what its state on the chain asks for. A page is over only when the chain has said so since a
 * block that is final: one wrong answer closes nothing.
 * @returns when to look again; undefined when the page is over
 * @throws what may pass: the page stays open and is tried again
 */
export async function servePage(context: DeliveryContext, id: string, moment: Moment): Promise<Again> {
  const page = await loadPage(context, id);
  if (page === undefined) {
    await context.redis.srem(keys.openPages(context.prefix), id);
    return undefined;
  }
  const { client, chain, bonds, log } = context;
  const { token } = page.terms.order;
  const { deal } = await client.reads.pageOf(page.terms, page.page);
  const stable = await isStable(context, page, deal, moment);
  // Locked by now, or not needed any more.
  if (stable && deal.state !== "Funded" && (await bonds.has(id, token))) await bonds.release(id, token);
  switch (deal.state) {
    case "Funded":
      return serveFunded(context, page, deal, moment);
    case "Challenged":
      await noteTransactions(context, page);
      return serveChallenged(context, page, deal, moment);
    case "DeliveredUnproven":
    case "DeliveredProven":
      await noteTransactions(context, page);
      return serveDelivered(context, page, deal, moment);
    case "None":
      return serveGone(context, page, stable, moment);
    case "Settled":
    case "Refunded":
    case "Cancelled": {
      await noteTransactions(context, page);
      if (!stable) return chain.pollMs;
      const lost = deal.state === "Refunded" && (page.record.transactions.deliver !== undefined || page.record.status === "challenged");
      if (lost) log.error({ dealId: page.deal.dealId, page: page.page }, "ALARM: a delivered page was refunded and its bond is lost: a complaint was right, or a challenge was not answered");
      await closePage(context.redis, context.prefix, id, { ...page.record, status: ENDS[deal.state] }, token);
      context.metrics.ended(ENDS[deal.state]);
      log.info({ dealId: page.deal.dealId, page: page.page }, `page ${ENDS[deal.state]}`);
      return undefined;
    }
  }
}

/** The purchase is not in the chain (any more): nothing is delivered into it; it may come back until it could no longer be delivered. */
async function serveGone(context: DeliveryContext, page: OpenPage, stable: boolean, moment: Moment): Promise<Again> {
  if (stable && moment.now > page.terms.sale.deliverBy) return giveUp(context, page, { status: "gone", note: "the purchase is not in the chain" });
  return Math.max(context.chain.pollMs, Math.min(context.settings.retrySeconds * 1000, 5000));
}
