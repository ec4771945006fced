/** How a deal stands, for people and programs. */
import type { SellOrder } from "@qoodblock/sdk/market";
import { endings } from "@qoodblock/sdk/market";
import { withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { checkDealId, findDeal } from "./find.ts";
import { statusOf } from "./status.ts";
import type { PageStatus } from "./status.ts";

/** What the command is given. */
export interface ShowOptions {
  readonly offer?: string;
  readonly peer: readonly string[];
}

/** A deal, and how each of its pages stands. */
export interface ShownDeal {
  readonly deal: Readonly<Record<string, unknown>>;
  readonly pages: readonly Readonly<Record<string, unknown>>[];
}

const time = (seconds: number): string | null => (seconds === 0 ? null : new Date(seconds * 1000).toISOString());

/** @throws QoodError DEAL_ID, DEAL_UNKNOWN, ORDER_UNREADABLE, OFFER_OF_ANOTHER_DEAL */
export async function show(options: GlobalOptions, id: string, given: ShowOptions): Promise<ShownDeal> {
  const dealId = checkDealId(id);
  const order = given.offer === undefined ? undefined : await orderOf(options, given.offer, given.peer);
  return withChain(options, async ({ client, provider }) => {
    const { terms, blockNumber } = await findDeal(client, provider, dealId, order);
    const purchased = (await provider.getBlock(blockNumber))!.timestamp;
    const now = (await provider.getBlock("latest"))!.timestamp;
    const states = await Promise.all(endings(terms.order).map(async (pages) => ({ pages, deal: (await client.reads.pageOf(terms, pages[0]!)).deal })));
    const shown = states.map(({ pages, deal }) => statusOf(terms, pages, deal, now));
    const sum = (of: (status: PageStatus) => bigint): bigint => shown.reduce((total, status) => total + of(status), 0n);
    const { seller, token } = terms.order;
    const { buyer, deliverBy, inspectBy } = terms.sale;
    return {
      deal: {
        ...{ dealId, state: [...new Set(shown.map(({ state }) => state))].join(", "), buyer, seller, token },
        ...{ price: sum(({ held }) => held.price), deposit: sum(({ held }) => held.deposit), bond: sum(({ held }) => held.bond) },
        ...{ purchased: time(purchased), ...(inspectBy === 0 ? {} : { inspectBy: time(inspectBy) }), deliverBy: time(deliverBy) },
      },
      pages: states.map(({ pages, deal }, i) => rowOf(terms.order.pages.map(({ lotCount }) => lotCount), pages, deal.endsAt, shown[i]!)),
    };
  });
}

function rowOf(lots: readonly number[], pages: readonly number[], endsAt: number, { state, held, can }: PageStatus): Readonly<Record<string, unknown>> {
  const ends = state === "Challenged" ? { answerBy: time(endsAt) } : { windowEnds: time(endsAt) };
  return { page: pages.join(", "), lots: pages.reduce((sum, page) => sum + lots[page]!, 0), state, ...held, ...ends, now: can.join("; ") };
}

/** Most deals are shown without their offer, so without what fetches it. */
async function orderOf(options: GlobalOptions, cid: string, peers: readonly string[]): Promise<SellOrder> {
  const [{ fetchOffer }, { openStorage }] = await Promise.all([import("@qoodblock/sdk/purchase"), import("../buyer/with.ts")]);
  const storage = openStorage(options);
  try {
    return (await fetchOffer({ storage }, cid, peers)).order;
  } finally {
    await storage.close();
  }
}
