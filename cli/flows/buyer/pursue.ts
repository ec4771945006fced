/**
 * From a paid deal to its rows, page by page as they are delivered; against a wrong key or a wrong batch the buyer's own moves
 * are made. Every step is told from the chain's state, so that a run that was stopped is taken up by the next one.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { Hex } from "@qoodblock/sdk/bytes";
import { eventIn, readEvents, send } from "@qoodblock/sdk/client";
import type { Events } from "@qoodblock/sdk/client";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { QoodError, isQoodError } from "@qoodblock/sdk/errors";
import type { Deal } from "@qoodblock/sdk/market";
import { openBatch } from "@qoodblock/sdk/sealing";
import type { OpenedBatch } from "@qoodblock/sdk/sealing";
import { endings } from "@qoodblock/sdk/market";
import { checkNotLate, readDelivery, unwrapDelivery } from "@qoodblock/sdk/purchase";
import type { Delivered, Handover, KeyedBatch, Paid } from "@qoodblock/sdk/purchase";
import { complain, faultIn } from "../complaint/complain.ts";
import { isReserved } from "../deal/status.ts";
import type { BuyerContext } from "./context.ts";

/** Moves that a buyer may want to make by itself. */
export interface Choices {
  /** Challenge an unproven delivery of a wrong key. */
  readonly challenge: boolean;
  /** Complain of a batch that is not what its header commits to. */
  readonly complain: boolean;
}

/** Pages that end together, opened. */
export interface OpenedPages {
  readonly pages: readonly number[];
  /** In the order of the offer's lots. */
  readonly batches: readonly OpenedBatch[];
  /** Transactions of the deliveries; none where the keys came off the chain. */
  readonly transactions: readonly Hex[];
  /** What it took from the first look at the keys to the last row, milliseconds. */
  readonly ms: number;
}

/** How a deal went, group of pages by group. */
export interface Pursued {
  readonly opened: readonly OpenedPages[];
  /** One for each group that could not be opened, or was refunded. */
  readonly faults: readonly QoodError[];
}

const WORDS: Readonly<Record<Events["Refunded"]["reason"], string>> = {
  Late: "nothing was delivered in time",
  Conceded: "the seller gave up",
  Unanswered: "the seller could not prove the challenged key",
  Complaint: "a leaf of the batch is not what its header commits to",
  BadHeader: "a complaint in another deal has shown that the batch is bad",
};

/** A refund in words. */
export function refundWords({ page, reason, amount, bond }: Events["Refunded"]): string {
  return `page ${page} has been refunded: ${WORDS[reason]}; ${amount} of price and deposit${bond === 0n ? "" : ` and the bond of ${bond}`} are credited to the buyer`;
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();
const named = (pages: readonly number[]): string => (pages.length === 1 ? `page ${pages[0]!}` : `pages ${pages.join(", ")}`);

/** What a paid deal is followed with. */
interface Following extends Choices {
  /** The seller's endpoint, where keys may come off the chain. */
  readonly handover?: Handover;
  readonly pollMs?: number;
}

/** Follows a paid deal until every page is opened or has come to another end. Faults of a page are given, not thrown: the others go on. */
export async function pursue(context: BuyerContext, paid: Paid, key: DeliveryKey, following: Following): Promise<Pursued> {
  const opened: OpenedPages[] = [];
  const faults: QoodError[] = [];
  const said = new Set<string>();
  // What is waited for is told once, however often it is looked at.
  const once = (line: string): void => {
    if (!said.has(line)) context.say(line);
    said.add(line);
  };
  let waiting = endings(paid.terms.order);
  while (waiting.length > 0) {
    const left: number[][] = [];
    for (const pages of waiting) {
      try {
        const done = await look({ ...context, say: once }, paid, pages, key, following);
        if (done === null) left.push(pages);
        else opened.push(done);
      } catch (error) {
        if (!isQoodError(error) || /^(CHAIN_CALL_FAILED|STORAGE_)/.test(error.code)) throw error;
        faults.push(error);
      }
    }
    waiting = left;
    if (waiting.length > 0) await wait(following.pollMs ?? 250);
  }
  return { opened: opened.sort((a, b) => a.pages[0]! - b.pages[0]!), faults };
}

/** One look at pages that end together. @returns null while there is something to wait for @throws QoodError where they have come to another end */
async function look(context: BuyerContext, paid: Paid, pages: readonly number[], key: DeliveryKey, following: Following): Promise<OpenedPages | null> {
  const { client, provider } = context;
  const { handover } = following;
  const { deal } = await client.reads.pageOf(paid.terms, pages[0]!);
  if (deal.state === "Refunded") throw await refundOf(context, paid, pages[0]!);
  if (deal.state === "Cancelled") throw new QoodError("DEAL_CANCELLED", `deal ${paid.dealId} was rejected by its buyer`);
  if (deal.state === "Funded") {
    const now = (await provider.getBlock("latest"))!.timestamp;
    if (isReserved(paid.terms, deal, now)) throw new QoodError("DEAL_RESERVED", `deal ${paid.dealId} is reserved until ${time(paid.terms.sale.inspectBy)}: \`qood deal accept\` or \`qood deal reject\` it first`);
    const handed = await openHanded(context, paid, pages, key, handover);
    if (handed !== null) return handed;
    await checkNotLate(context, paid);
    return null;
  }
  const deliveries: Delivered[] = [];
  for (const page of pages) {
    const delivery = (await readDelivery(context, paid, page)) ?? keptDelivery(handover, page);
    if (delivery === null) throw new QoodError("DELIVERY_OFF_CHAIN", `${named(pages)} of deal ${paid.dealId} ended without a delivery on the chain: the keys were handed over off the chain, and are in the folder of the run that took them`);
    deliveries.push(delivery);
  }
  const started = performance.now();
  let batches: KeyedBatch[];
  try {
    batches = unwrapDelivery(context, paid, deliveries, key);
  } catch (error) {
    return againstKey(context, paid, pages, deal, following, error);
  }
  const open = await openPages(context, paid, batches, deal, following);
  return { pages, batches: open, transactions: deliveries.flatMap(({ transaction }) => transaction ?? []), ms: performance.now() - started };
}

function keptDelivery(handover: Handover | undefined, page: number): Delivered | null {
  const wrapped = handover?.kept(page);
  return wrapped === undefined ? null : { page, wrapped, transaction: null };
}

/** Keys that the seller hands over. Data that is wrong with them is not signed for: on the chain it can be complained of. */
async function openHanded(context: BuyerContext, paid: Paid, pages: readonly number[], key: DeliveryKey, handover: Handover | undefined): Promise<OpenedPages | null> {
  const page = pages[0]!;
  const wrapped = await handover?.ask(page);
  if (handover === undefined || wrapped === undefined) return null;
  const started = performance.now();
  try {
    const batches = unwrapDelivery(context, paid, [{ page, wrapped, transaction: null }], key).map((keyed) => openBatch(keyed.batch, keyed.keys));
    return { pages, batches, transactions: [], ms: performance.now() - started };
  } catch (error) {
    if (!isQoodError(error)) throw error;
    handover.giveUp(page);
    context.say(`page ${page}: ${error.message}: nothing is signed, the key must come over the chain`);
    return null;
  }
}

async function refundOf({ client, provider }: BuyerContext, { dealId, blockNumber }: Paid, page: number): Promise<QoodError> {
  const [event] = await readEvents(client.deployment, provider, "Refunded", { fromBlock: blockNumber, toBlock: "latest", indexed: [dealId, BigInt(page)] });
  const words = event === undefined ? `page ${page} has been refunded` : refundWords(event);
  return new QoodError("DEAL_REFUNDED", `deal ${dealId}: ${words}`, { details: event === undefined ? {} : { reason: event.reason, amount: String(event.amount), bond: String(event.bond) } });
}

/** A wrong key: challenged while it can be, then either proven (which a wrong key cannot be) or refunded with the bond. */
async function againstKey({ client, provider, signer, say }: BuyerContext, { dealId, terms }: Paid, pages: readonly number[], { state, endsAt }: Deal, choices: Choices, error: unknown): Promise<null> {
  const page = pages[0]!;
  const now = (await provider.getBlock("latest"))!.timestamp;
  if (!isQoodError(error) || (state !== "DeliveredUnproven" && state !== "Challenged")) throw error;
  if (state === "DeliveredUnproven") {
    if (!choices.challenge) throw new QoodError(error.code, `${error.message}; it can be challenged until ${time(endsAt)}: \`qood deal challenge ${dealId}\``, { details: error.details });
    if (now > endsAt) throw new QoodError(error.code, `${error.message}; it could be challenged until ${time(endsAt)}`, { details: error.details });
    const receipt = await send(signer, client.calls.challenge(terms, page));
    const answerBy = eventIn(client.deployment, "Challenged", receipt)?.answerBy ?? endsAt;
    say(`${named(pages)}: ${error.message}: challenged, the seller has until ${time(answerBy)} to prove it`);
    return null;
  }
  if (now > endsAt) {
    const refunded = eventIn(client.deployment, "Refunded", await send(signer, client.calls.refund(terms, page)));
    if (refunded !== null) say(`deal ${dealId}: no proof by ${time(endsAt)}, taking price, deposit and bond`);
    return null; // The next look tells of the refund.
  }
  say(`${named(pages)}: challenged, waiting for the seller's proof until ${time(endsAt)}`);
  return null;
}

/** Opens the batches. Whatever is wrong with them: where a leaf is, the exchange takes a complaint. */
async function openPages(context: BuyerContext, paid: Paid, batches: readonly KeyedBatch[], { state, endsAt }: Deal, choices: Choices): Promise<OpenedBatch[]> {
  try {
    return batches.map(({ batch, keys }) => openBatch(batch, keys));
  } catch (error) {
    if (!isQoodError(error)) throw error;
    const fault = faultIn(batches);
    const now = (await context.provider.getBlock("latest"))!.timestamp;
    const isOpen = state === "Challenged" || (state !== "Settled" && now <= endsAt);
    if (fault === null || !isOpen || !choices.complain) {
      const words = fault === null ? "no leaf is wrong, so the exchange takes no complaint" : isOpen ? `it can be complained of until ${time(endsAt)}: \`qood deal complain ${paid.dealId}\`` : "the time to complain is over";
      throw new QoodError(error.code, `${error.message}; ${words}`, { details: error.details });
    }
    const { refunded } = await complain(context, paid, fault);
    throw new QoodError("BATCH_REFUNDED", `deal ${paid.dealId}: ${refundWords(refunded)}`, { details: { leaf: fault.leaf, amount: String(refunded.amount), bond: String(refunded.bond) } });
  }
}
