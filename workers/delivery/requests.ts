/** What the endpoint answers to a buyer, and under which conditions a key leaves off chain. */
import { isHexString } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { WrappedKeys } from "@qoodblock/sdk/delivery";
import { handoverRequestData, receiptData } from "@qoodblock/sdk/eip712";
import { hasFlag, isReserved, lotsOfPage } from "@qoodblock/sdk/market";
import type { Deal } from "@qoodblock/sdk/market";
import { QoodError } from "@qoodblock/sdk/errors";
import { hasSigned } from "@qoodblock/sdk/client";
import { keys } from "../shared/queue/index.ts";
import { wrapPage } from "../shared/wrapping/index.ts";
import { offerOf } from "./batch.ts";
import type { DeliveryContext, OpenPage } from "./context.ts";
import { pageId } from "./deals.ts";
import { deliveryCall } from "./funded.ts";
import { fallbackAt, lastDelivery, wayOf } from "./policy.ts";
import { loadPage } from "./serve.ts";
import { simulate } from "./transact.ts";

/** The farthest that a request's deadline may be ahead, seconds. */
const MAX_AHEAD = 600;

const refuse = (code: string, message: string): never => {
  throw new QoodError(code, message);
};

async function openPage(context: DeliveryContext, dealId: Hex, page: number): Promise<OpenPage> {
  const found = isHexString(dealId, 32) ? await loadPage(context, pageId(dealId.toLowerCase(), page)) : undefined;
  return found ?? refuse("HANDOVER_UNKNOWN", `no page ${page} of a deal ${dealId} is served here`);
}

/** @throws QoodError HANDOVER_ON_CHAIN, HANDOVER_NOT_READY, HANDOVER_OVER unless the page waits for a receipt */
function checkWaiting(context: DeliveryContext, { terms, record, page }: OpenPage, deal: Deal, now: number, finalTime: number): void {
  if (deal.state === "DeliveredUnproven" || deal.state === "DeliveredProven" || deal.state === "Challenged") refuse("HANDOVER_ON_CHAIN", "the keys have been delivered on chain: take them from there");
  if (deal.state === "None") refuse("HANDOVER_NOT_READY", "the purchase is not in the chain now: ask again later");
  if (deal.state !== "Funded") refuse("HANDOVER_OVER", `the page is over: the chain says ${deal.state}`);
  if (!wayOf(terms, page, context.settings).handover) refuse("HANDOVER_ON_CHAIN", "the keys of this deal come over the chain");
  const soon = "the keys can be fetched in a moment: ask again later";
  if (deal.purchasedAt > finalTime || isReserved(terms, deal, now)) refuse("HANDOVER_NOT_READY", soon);
  if (now > fallbackAt(terms, deal, context.settings) || now > lastDelivery(terms, context.settings) || record.status === "delivering") refuse("HANDOVER_ON_CHAIN", "the time to fetch the keys is over: they come over the chain");
  if (record.status !== "handover") refuse("HANDOVER_NOT_READY", soon);
}

/**
 * The wrapped keys of a page, to its buyer. They leave only while the purchase is final and unpaid, the time for the
 * delivery on chain is still ahead, the page's bond is reserved and covered, and that delivery would be taken: who has
 * the keys and signs no receipt gets the delivery instead. After settlement the buyer may ask again.
 * @throws QoodError HANDOVER_UNKNOWN, HANDOVER_NOT_BUYER, HANDOVER_STALE, HANDOVER_NOT_READY, HANDOVER_ON_CHAIN, HANDOVER_OVER
 */
export async function keysFor(context: DeliveryContext, dealId: Hex, number: number, request: { nonce: Hex; deadline: number; signature: Hex }): Promise<WrappedKeys> {
  const { redis, prefix, client, chain, bonds, vault, log } = context;
  const { chainId, addresses } = client.deployment;
  const page = await openPage(context, dealId, number);
  const { terms } = page;
  const ahead = request.deadline - Math.floor(Date.now() / 1000);
  if (ahead < 0 || ahead > MAX_AHEAD) refuse("HANDOVER_STALE", `the request's deadline must be at most ${MAX_AHEAD} seconds ahead by this endpoint's clock`);
  const data = handoverRequestData({ chainId, verifyingContract: addresses.escrow }, { dealId: page.deal.dealId, page: BigInt(number), nonce: request.nonce, deadline: request.deadline });
  if (!(await hasSigned(context.chain.provider, terms.sale.buyer, data, request.signature))) refuse("HANDOVER_NOT_BUYER", "the request is not signed by the deal's buyer");
  const fresh = await redis.set(keys.handoverNonce(prefix, terms.sale.buyer, request.nonce), "1", "EX", MAX_AHEAD + 60, "NX");
  if (fresh !== "OK") refuse("HANDOVER_STALE", "this request was answered before: sign a new one");

  const offer = await offerOf(context, page);
  const { deal } = await client.reads.pageOf(terms, number);
  const paid = deal.state === "Settled" && (await redis.hexists(keys.handed(prefix), page.id)) === 1;
  if (!paid) {
    const now = await chain.now();
    checkWaiting(context, page, deal, now, await chain.finalTime());
    const { token } = terms.order;
    const { credit, reserved } = await bonds.balance(token);
    if (!(await bonds.has(page.id, token)) || credit < reserved) {
      log.error({ dealId: page.deal.dealId, page: number, credit, reserved }, "ALARM: no keys are handed over: the reserved bonds are not covered; deposit at the exchange");
      refuse("HANDOVER_NOT_READY", "the seller's bond is not in place now: ask again later");
    }
    const call = await deliveryCall(context, page, offer, wayOf(terms, number, context.settings).onChain);
    if (call === undefined) return refuse("HANDOVER_NOT_READY", "the keys can be fetched in a moment: ask again later");
    await simulate(context, call).catch((error: unknown) => {
      log.error({ dealId: page.deal.dealId, page: number, err: error }, "no keys are handed over: the chain would not take the delivery");
      refuse("HANDOVER_NOT_READY", "the delivery on chain would not be taken now: ask again later");
    });
    // Kept before anything leaves.
    await redis.hsetnx(keys.handed(prefix), page.id, now);
  }
  const headers = lotsOfPage(offer, number).map(({ header }) => header);
  const { statement } = await wrapPage(vault, client.deployment, { dealId: page.deal.dealId, terms, page: number, headers });
  context.metrics.handed();
  log.info({ dealId: page.deal.dealId, page: number }, "keys handed over");
  return { R: statement.R, c: statement.c };
}

/**
 * Takes a buyer's receipt; the page is settled with it from whatever state it is in.
 * @throws QoodError HANDOVER_UNKNOWN, HANDOVER_NOT_BUYER, HANDOVER_OVER
 */
export async function takeReceipt(context: DeliveryContext, dealId: Hex, number: number, signature: Hex): Promise<void> {
  const { redis, prefix, client, log } = context;
  const { chainId, addresses } = client.deployment;
  const page = await openPage(context, dealId, number);
  if (number !== 0 && hasFlag(page.terms.order, "allOrNothing")) refuse("HANDOVER_UNKNOWN", "the pages of this deal end together, by the receipt of page 0");
  const data = receiptData({ chainId, verifyingContract: addresses.escrow }, { dealId: page.deal.dealId, page: BigInt(number) });
  if (!(await hasSigned(context.chain.provider, page.terms.sale.buyer, data, signature))) refuse("HANDOVER_NOT_BUYER", "the receipt is not signed by the deal's buyer");
  const { deal } = await client.reads.pageOf(page.terms, number);
  if (deal.state === "Refunded" || deal.state === "Cancelled") refuse("HANDOVER_OVER", `the page is over: the chain says ${deal.state}`);
  // A page that was given up is taken up again: a receipt settles it as long as nobody was refunded.
  if (deal.state !== "Settled") await redis.multi().hset(keys.receipts(prefix), page.id, signature).sadd(keys.openPages(prefix), page.id).exec();
  context.metrics.receipt();
  log.info({ dealId: page.deal.dealId, page: number }, "receipt taken");
}
