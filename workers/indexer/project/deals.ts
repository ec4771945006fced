import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import type { Sale } from "@qoodblock/sdk/market";
import { cancelledKey, fillsKey, fromJson, getDocument, markKey, putDocument, versionKey } from "../../shared/index/index.ts";
import type { Batch } from "../../shared/index/index.ts";
import { lower, plain } from "../decode.ts";
import { atOf, upsert } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

/** What the chain says of a deal. Its order is not in an event: the catalog knows it from the offer. */
interface DealBody {
  readonly dealId: string;
  readonly seller: string;
  readonly buyer: string;
  readonly orderHash: string;
  readonly sale: unknown;
  readonly boughtAt: number;
  /** `Reserved` until its buyer has accepted, else `Funded`, or how the whole deal ended. */
  readonly state: string;
  /** Pages that have moved, by number: their state, and when it came. */
  readonly pages: Readonly<Record<string, { readonly state: string; readonly at: number; readonly endsAt?: number; readonly reason?: string }>>;
}

const partiesSchema = z.object({ agreementId: z.string(), version: z.int(), owner: z.string(), oem: z.string(), agent: z.string(), storagePayee: z.string() });

const terms = ({ dealId, seller, buyer, orderHash, state, pages }: DealBody): Record<string, string[]> => ({
  ...{ deal: [dealId], seller: [seller], buyer: [buyer], order: [orderHash] },
  state: [state, ...Object.values(pages).map((page) => page.state)],
});

async function change(batch: Batch, dealId: Hex, by: (body: DealBody) => DealBody): Promise<DealBody | undefined> {
  const former = await getDocument(batch, "deal", lower(dealId));
  // A deal without its purchase: another exchange's, or an index that begins too late.
  if (former === undefined) return undefined;
  await upsert<DealBody>(batch, { kind: "deal", id: lower(dealId), time: former.from }, () => former.body as DealBody, by, terms);
  return former.body as DealBody;
}

const move = (batch: Batch, { dealId, page, time }: { dealId: Hex; page: number; time: number }, state: string, more: { endsAt?: number; reason?: string } = {}) =>
  change(batch, dealId, (body) => ({ ...body, pages: { ...body.pages, [page]: { state, at: time, ...more } } }));

const done = async (work: Promise<unknown>): Promise<void> => {
  await work;
};

const marked = (batch: Batch, headerHash: Hex, mark: "bad" | "equivocated"): Promise<void> => {
  batch.putJson(markKey(headerHash), mark);
  return Promise.resolve();
};

/** Deals, payouts, and what makes an order one that cannot be bought any more. */
export const dealHandlers: Handlers = {
  async Bought(batch, { dealId, seller, buyer, orderHash, sale, ...at }) {
    const fills = Number((await batch.json(fillsKey(orderHash))) ?? 0);
    batch.putJson(fillsKey(orderHash), fills + 1);
    const body: DealBody = { dealId: lower(dealId), seller, buyer, orderHash: lower(orderHash), sale: plain(sale), boughtAt: at.time, state: sale.inspectBy > 0 ? "Reserved" : "Funded", pages: {} };
    await upsert<DealBody>(batch, { kind: "deal", id: lower(dealId), time: atOf(at) }, () => body, (each) => each, terms);
  },
  Accepted: (batch, { dealId }) => done(change(batch, dealId, (body) => ({ ...body, state: "Funded" }))),
  Rejected: (batch, { dealId }) => done(change(batch, dealId, (body) => ({ ...body, state: "Cancelled" }))),
  DeliveredUnproven: (batch, event) => done(move(batch, event, "DeliveredUnproven")),
  DeliveredProven: (batch, event) => done(move(batch, event, "DeliveredProven")),
  Challenged: (batch, event) => done(move(batch, event, "Challenged", { endsAt: event.answerBy })),
  Answered: (batch, event) => done(move(batch, event, "DeliveredProven", { endsAt: event.complainBy })),
  Refunded: (batch, event) => done(move(batch, event, "Refunded", { reason: event.reason })),
  async Settled(batch, event) {
    const deal = await move(batch, event, "Settled");
    const { dealId, page, byReceipt, owner, oem, agent, storage, seller, fee } = event;
    const { agreementDigest = "" } = (deal?.sale ?? {}) as Partial<Sale>;
    const bytes = agreementDigest === "" ? undefined : await batch.get(versionKey(agreementDigest));
    const parties = bytes === undefined ? undefined : partiesSchema.parse(fromJson(bytes));
    const paid = [parties?.owner, parties?.oem, parties?.agent, parties?.storagePayee, deal?.seller].filter((each) => each !== undefined);
    await putDocument(batch, "payout", {
      id: `${lower(dealId)}/${page}`,
      terms: { deal: [lower(dealId)], ...(deal === undefined ? {} : { buyer: [lower(deal.buyer)], seller: [lower(deal.seller)] }), party: [...new Set(paid.map(lower))].sort(), ...(parties === undefined ? {} : { owner: [lower(parties.owner)], agreement: [parties.agreementId] }) },
      ...{ from: atOf(event), to: atOf(event), price: (owner + oem + agent + storage + seller + fee).toString() },
      body: { dealId: lower(dealId), page, byReceipt, paidAt: event.time, parties: parties ?? null, amounts: plain({ owner, oem, agent, storage, seller, fee }) },
    });
  },
  async OrdersCancelled(batch, { seller, word, mask }) {
    const at = cancelledKey(seller, word);
    const former = BigInt(z.string().parse((await batch.json(at)) ?? "0x0"));
    batch.putJson(at, `0x${(former | mask).toString(16)}`);
  },
  HeaderShownBad: (batch, { headerHash }) => marked(batch, headerHash, "bad"),
  HeaderShownEquivocated: (batch, { headerHash }) => marked(batch, headerHash, "equivocated"),
  async Equivocated(batch, { first, second }) {
    await marked(batch, first, "equivocated");
    await marked(batch, second, "equivocated");
  },
};
