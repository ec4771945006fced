import { toQoodError } from "@qoodblock/sdk/client";
import type { Call } from "@qoodblock/sdk/client";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { DeliveryContext, OpenPage } from "./context.ts";
import { savePage } from "./deals.ts";
import type { Kind, PageRecord } from "./deals.ts";

/** A call to bring about, and until when. */
export interface Wanted {
  readonly call: Call;
  /** Chain time after which it is not sent for the first time. */
  readonly notAfter?: number;
  readonly urgent?: boolean;
}

/** So many looks may show a final transaction without its effect, before it is taken for a lie and tried again. */
const PATIENT_LOOKS = 40;
const contradictions = new Map<string, number>();

/** Name of a page's present try in the lane. */
const keyOf = (kind: Kind, { id, record }: OpenPage): string => `${kind}:${id}:${record.tries[kind]}`;

/** Changes what is kept of a page. */
export async function note(context: Pick<DeliveryContext, "redis" | "prefix">, page: OpenPage, change: Partial<PageRecord>): Promise<void> {
  page.record = { ...page.record, ...change };
  await savePage(context.redis, context.prefix, page.id, page.record);
}

/** Asks the chain whether a call would go through. @throws QoodError REVERT with the reason in words, CHAIN_CALL_FAILED */
export async function simulate({ chain, lane }: Pick<DeliveryContext, "chain" | "lane">, call: Call): Promise<void> {
  await chain.provider.call({ from: lane.address, to: call.to, data: call.data }).catch((error: unknown) => {
    throw toQoodError(error, call.what);
  });
}

/** Whether an error is the revert of a name. */
export const isRevert = (error: unknown, name: string): boolean => isQoodError(error, "REVERT") && error.details.error === name;

/** Whether a transaction of a kind is on its way to the chain or there. */
export async function isUnderWay({ lane }: Pick<DeliveryContext, "lane">, page: OpenPage, kind: Kind): Promise<boolean> {
  const view = await lane.look(keyOf(kind, page));
  return view !== undefined && view.state !== "failed";
}

/**
 * Brings a page's next move about through the lane. Called again and again while the chain shows that the move is still to
 * be made; nothing is submitted twice: the lane knows a try by its key, and a next try comes only when the last is known
 * to have come to nothing. Simulated before it is first submitted.
 * @param make - the call, or undefined while it cannot be made yet
 * @returns false when it could not be made yet
 * @throws QoodError REVERT when the chain would not take it, those of `make`
 */
export async function transact(context: DeliveryContext, page: OpenPage, kind: Kind, make: () => Promise<Wanted | undefined>): Promise<boolean> {
  const { lane, log } = context;
  const key = keyOf(kind, page);
  const view = await lane.look(key);
  if (view === undefined) {
    const wanted = await make();
    if (wanted === undefined) return false;
    const { call, notAfter, urgent } = wanted;
    await simulate(context, call);
    await lane.submit(key, { to: call.to, data: call.data, ...(notAfter === undefined ? {} : { notAfter }), urgent: urgent ?? false });
    log.info({ dealId: page.deal.dealId, page: page.page, what: call.what }, "submitted");
    return true;
  }
  if (view.state === "final" && view.mined?.status === 1) {
    // Another node's older view, or a receipt that was never true.
    const looks = (contradictions.get(key) ?? 0) + 1;
    contradictions.set(key, looks);
    if (looks < PATIENT_LOOKS) return true;
    contradictions.delete(key);
  } else if (view.state !== "failed" && !(view.state === "final" && view.mined?.status === 0)) return true;
  log.error({ dealId: page.deal.dealId, page: page.page, kind, reason: view.error ?? "it was mined and had no effect" }, "a transaction came to nothing; trying again");
  await note(context, page, { tries: { ...page.record.tries, [kind]: page.record.tries[kind] + 1 } });
  return true;
}

/** Notes the transactions of a page that have been mined by now. */
export async function noteTransactions(context: DeliveryContext, page: OpenPage): Promise<void> {
  const found: PageRecord["transactions"] = {};
  for (const kind of ["deliver", "answer", "settle", "receipt"] as const) {
    if (page.record.transactions[kind] !== undefined) continue;
    const view = await context.lane.look(keyOf(kind, page));
    if (view?.mined?.status === 1) found[kind] = { hash: view.mined.hash, block: view.mined.blockNumber, gasUsed: Number(view.mined.gasUsed) };
  }
  if (Object.keys(found).length > 0) await note(context, page, { transactions: { ...page.record.transactions, ...found } });
}
