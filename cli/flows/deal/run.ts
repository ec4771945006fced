/** The work of `qood deal`: how a deal stands, and every move that a person makes by hand. */
import type { JsonRpcProvider, Signer } from "ethers";
import { eventIn, send } from "@qoodblock/sdk/client";
import type { Call, Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import type { Deal, Offer } from "@qoodblock/sdk/market";
import { withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { TryingSigner } from "../../dry-run.ts";
import { signerOf } from "../../signer.ts";
import type { BuyerContext } from "../buyer/context.ts";
import { checkDeal, checkOrder } from "@qoodblock/sdk/offer";
import { endings } from "@qoodblock/sdk/market";
import { checkOffer, deliveryKeyOf, fetchOffer, headersOf, readDelivery, settlePages, unwrapDelivery, unwrapPages } from "@qoodblock/sdk/purchase";
import type { Delivered, KeyedBatch, KnownDeal } from "@qoodblock/sdk/purchase";
import { withBuyer } from "../buyer/with.ts";
import { complain as sendComplaint, faultIn } from "../complaint/complain.ts";
import { checkDealId, findDeal } from "./find.ts";

/** What every move is given. */
export interface MoveOptions {
  readonly account: string;
  readonly page?: string;
  readonly offer?: string;
  readonly peer: readonly string[];
  /** The first transaction is tried and not sent, see `orTried`. */
  readonly dryRun?: boolean;
}

/** One move that was made. */
export type Moved = Readonly<Record<string, unknown>>;

/** Pages that end together, with their state. */
export interface Pages {
  readonly pages: readonly number[];
  readonly deal: Deal;
}

/** The pages that end together, with their states; of one page where it is named. @throws QoodError DEAL_PAGE */
export async function pagesOf({ reads }: Client, { terms }: KnownDeal, page: string | undefined): Promise<Pages[]> {
  const groups = endings(terms.order).filter((pages) => page === undefined || (/^\d+$/.test(page) && pages.includes(Number(page))));
  if (groups.length === 0) throw new QoodError("DEAL_PAGE", `--page ${page ?? ""}: the deal has pages 0 to ${terms.order.pages.length - 1}`);
  return Promise.all(groups.map(async (pages) => ({ pages, deal: (await reads.pageOf(terms, pages[0]!)).deal })));
}

const nowOf = async (provider: JsonRpcProvider): Promise<number> => (await provider.getBlock("latest"))!.timestamp;
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** What a move is made with. */
export interface Hand {
  readonly client: Client;
  readonly provider: JsonRpcProvider;
  readonly signer: Signer;
}

/** Work on a deal by an account; with the offer where it is named, which takes a storage node. */
export async function withDeal<T>(options: GlobalOptions, id: string, given: MoveOptions, work: (hand: Hand, deal: KnownDeal, offer: Offer | undefined) => Promise<T>): Promise<T> {
  const dealId = checkDealId(id);
  if (given.offer !== undefined) {
    const cid = given.offer;
    return withBuyer(options, given.account, async (context) => {
      const offer = await fetchOffer(context, cid, given.peer);
      return work(context, await findDeal(context.client, context.provider, dealId, offer.order), offer);
    }, given.dryRun);
  }
  const account = await signerOf(options, given.account);
  const signer = given.dryRun === true ? new TryingSigner(account) : account;
  return withChain(options, async ({ client, provider }) => work({ client, provider, signer: signer.connect(provider) }, await findDeal(client, provider, dealId), undefined));
}

/** Work on a deal of the account's own, with its offer. @throws QoodError DEAL_OF_ANOTHER, those of `checkOrder` and `checkDeal` */
export async function withOwnDeal<T>(options: GlobalOptions, id: string, given: MoveOptions & { readonly offer: string }, work: (context: BuyerContext, deal: KnownDeal, offer: Offer) => Promise<T>): Promise<T> {
  const dealId = checkDealId(id);
  return withBuyer(options, given.account, async (context) => {
    const offer = await fetchOffer(context, given.offer, given.peer);
    const deal = await findDeal(context.client, context.provider, dealId, offer.order);
    const account = await context.signer.getAddress();
    if (!same(deal.terms.sale.buyer, account)) throw new QoodError("DEAL_OF_ANOTHER", `deal ${dealId} was bought by ${deal.terms.sale.buyer}, not by ${account}`);
    await checkOrder(context, offer);
    await checkDeal(context, offer, deal.terms);
    return work(context, deal, offer);
  }, given.dryRun);
}

async function act({ client, signer }: Hand, { dealId }: KnownDeal, page: number, call: Call): Promise<Moved> {
  const receipt = await send(signer, call);
  const refunded = eventIn(client.deployment, "Refunded", receipt);
  const more = refunded === null ? {} : { reason: refunded.reason, amount: refunded.amount, bond: refunded.bond };
  return { dealId, page, ...more, transaction: receipt.hash, gas: receipt.gasUsed };
}

/** The buyer of a reserved deal takes it, or has everything back. @throws QoodError REVERT in words */
export function decide(options: GlobalOptions, id: string, given: MoveOptions, answer: "accept" | "reject"): Promise<Moved> {
  return withDeal(options, id, given, async ({ client, signer }, { dealId, terms }) => {
    const receipt = await send(signer, client.calls[answer](terms));
    const rejected = eventIn(client.deployment, "Rejected", receipt);
    return { dealId, ...(rejected === null ? {} : { amount: rejected.amount }), transaction: receipt.hash, gas: receipt.gasUsed };
  });
}

/**
 * Refunds every page that can be: nothing delivered in time, a challenge that was not answered, and with the offer a header
 * that a complaint has shown to be bad.
 * @throws QoodError REVERT, in words, where no page can be
 */
export function refund(options: GlobalOptions, id: string, given: MoveOptions): Promise<Moved[]> {
  return withDeal(options, id, given, async (hand, deal, offer) => {
    const groups = await pagesOf(hand.client, deal, given.page);
    const now = await nowOf(hand.provider);
    const moved: Moved[] = [];
    for (const { pages, deal: { state, endsAt } } of groups) {
      const bad = offer === undefined ? undefined : await badHeaderIn(hand, deal, offer, pages);
      if (["Settled", "Refunded", "Cancelled"].includes(state)) continue;
      if ((state === "Funded" && now > deal.terms.sale.deliverBy) || (state === "Challenged" && now > endsAt)) moved.push(await act(hand, deal, pages[0]!, hand.client.calls.refund(deal.terms, pages[0]!)));
      else if (bad !== undefined) moved.push(await act(hand, deal, bad.page, bad.call));
    }
    // Nothing can be: the exchange says why not.
    if (moved.length === 0) moved.push(await act(hand, deal, groups[0]!.pages[0]!, hand.client.calls.refund(deal.terms, groups[0]!.pages[0]!)));
    return moved;
  });
}

async function badHeaderIn({ client }: Hand, { terms }: KnownDeal, offer: Offer, pages: readonly number[]): Promise<{ page: number; call: Call } | undefined> {
  for (const page of pages) {
    const headers = headersOf(offer, [page]);
    for (const [index, header] of headers.entries()) {
      if ((await client.reads.markOf(header)).bad) return { page, call: client.calls.refundBad(terms, page, headers, index) };
    }
  }
  return undefined;
}

/** Settles every page whose window is over, as anyone may. @throws QoodError REVERT, in words, where no page can be */
export function settle(options: GlobalOptions, id: string, given: MoveOptions & { readonly offer: string }): Promise<Moved[]> {
  return withDeal(options, id, given, async (hand, deal, offer) => {
    const groups = await pagesOf(hand.client, deal, given.page);
    const now = await nowOf(hand.provider);
    const ripe = groups.filter(({ deal: { state, endsAt } }) => state.startsWith("Delivered") && now > endsAt);
    const moved: Moved[] = [];
    for (const { pages } of ripe.length > 0 ? ripe : groups.slice(0, 1)) {
      const { split: { dealId: _dealId, page, byReceipt: _byReceipt, ...parts }, transaction, gas } = await settlePages(hand.client, hand.signer, deal, offer!, pages);
      moved.push({ dealId: deal.dealId, page, ...parts, transaction, gas });
    }
    return moved;
  });
}

/**
 * Challenges an unproven delivery whose key is wrong. A right one is not challenged: that would cost the deposit.
 * @throws QoodError CHALLENGE_UNFOUNDED; REVERT, in words, where there is nothing to challenge
 */
export function challenge(options: GlobalOptions, id: string, given: MoveOptions & { readonly offer: string }): Promise<Moved> {
  return withOwnDeal(options, id, given, async (context, deal, offer) => {
    const groups = await pagesOf(context.client, deal, given.page);
    const key = await deliveryKeyOf(context);
    const page = (groups.find(({ deal: { state } }) => state === "DeliveredUnproven") ?? groups[0]!).pages[0]!;
    const delivery = await readDelivery(context, deal, page);
    if (delivery !== null && isRight(() => unwrapPages(context, deal, offer, [delivery], key))) {
      throw new QoodError("CHALLENGE_UNFOUNDED", `the delivered key of page ${page} is the one that the headers commit to: a challenge would cost the deposit of ${offer.order.pages[page]!.challengeDeposit}`);
    }
    const receipt = await send(context.signer, context.client.calls.challenge(deal.terms, page));
    const answerBy = eventIn(context.client.deployment, "Challenged", receipt)!.answerBy;
    return { dealId: deal.dealId, page, answerBy: new Date(answerBy * 1000).toISOString(), transaction: receipt.hash, gas: receipt.gasUsed };
  });
}

function isRight(unwrap: () => unknown): boolean {
  try {
    unwrap();
    return true;
  } catch (error) {
    if (error instanceof QoodError) return false;
    throw error;
  }
}

/**
 * Opens what was delivered, looks for a leaf that is wrong, proves and complains.
 * @throws QoodError COMPLAINT_NO_DELIVERY, COMPLAINT_UNFOUNDED, those of `unwrapKeys` (a wrong key is challenged, not complained of) and of `checkOffer`
 */
export function complain(options: GlobalOptions, id: string, given: MoveOptions & { readonly offer: string }): Promise<Moved> {
  return withOwnDeal(options, id, given, async (context, deal) => {
    const groups = await pagesOf(context.client, deal, given.page);
    const key = await deliveryKeyOf(context);
    const paid = { ...deal, checked: await checkOffer(context, given.offer, given.peer, deal.terms), gas: { approve: 0n, buy: 0n } };
    const keyed: KeyedBatch[] = [];
    for (const { pages } of groups) {
      const deliveries = (await Promise.all(pages.map((page) => readDelivery(context, deal, page)))).filter((found): found is Delivered => found !== null);
      if (deliveries.length === pages.length) keyed.push(...unwrapDelivery(context, paid, deliveries, key));
    }
    if (keyed.length === 0) throw new QoodError("COMPLAINT_NO_DELIVERY", `nothing was delivered on the chain in deal ${deal.dealId}: there is nothing to complain about`);
    const fault = faultIn(keyed);
    if (fault === null) throw new QoodError("COMPLAINT_UNFOUNDED", `every leaf of the ${keyed.length === 1 ? "batch" : `${keyed.length} batches`} is what the header commits to: there is nothing to complain about`);
    const { refunded, header, leaf, transaction, gas } = await sendComplaint(context, paid, fault);
    return { dealId: deal.dealId, page: refunded.page, header, leaf, amount: refunded.amount, bond: refunded.bond, transaction, gas };
  });
}
