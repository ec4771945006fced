/** What a page's state means now: what is held, until when, and who can do what. The same rules as in the exchange. */
import { DATA_CLASS, hasFlag, pagePrice } from "@qoodblock/sdk/market";
import type { Deal, DealState, SellOrder, Terms } from "@qoodblock/sdk/market";

/** Bits of a page's marks. */
const MARK = { accepted: 1, depositGone: 2 } as const;

/** As on the chain, and `Reserved` for a Funded page that its buyer may still reject. */
export type ShownState = DealState | "Reserved";

/** How the pages that end together stand. */
export interface PageStatus {
  /** One, or all of an all-or-nothing deal. */
  readonly pages: readonly number[];
  readonly state: ShownState;
  /** What the exchange holds for them, in the token's smallest unit. */
  readonly held: { readonly price: bigint; readonly deposit: bigint; readonly bond: bigint };
  /** What the state waits for, Unix seconds; null where nothing is waited for. */
  readonly until: { readonly what: "inspectBy" | "deliverBy" | "windowEnds" | "answerBy"; readonly time: number } | null;
  /** Who can do what now. */
  readonly can: readonly string[];
}

/** Whether the buyer may still reject. */
export function isReserved({ sale }: Terms, { state, marks }: Deal, now: number): boolean {
  return state === "Funded" && now <= sale.inspectBy && (marks & MARK.accepted) === 0;
}

/** @param pages - from {@link endings} @param deal - state of the first of them @param now - the chain's time, Unix seconds */
export function statusOf(terms: Terms, pages: readonly number[], deal: Deal, now: number): PageStatus {
  const state = isReserved(terms, deal, now) ? "Reserved" : deal.state;
  return { pages, state, held: heldFor(terms, pages, deal), until: waitedFor(terms, deal, state), can: movesIn(terms, deal, state, now) };
}

function heldFor(terms: Terms, pages: readonly number[], deal: Deal): PageStatus["held"] {
  if (["None", "Settled", "Refunded", "Cancelled"].includes(deal.state)) return { price: 0n, deposit: 0n, bond: 0n };
  const sum = (of: (page: number) => bigint): bigint => pages.reduce((total, page) => total + of(page), 0n);
  const deposit = (deal.marks & MARK.depositGone) === 0 ? sum((page) => terms.order.pages[page]!.challengeDeposit) : 0n;
  return { price: sum((page) => pagePrice(terms, page)), deposit, bond: bondFor(terms.order, pages, deal) };
}

/** Bonds that deliveries have locked; of DISPUTED data owner, OEM and sealer have one each from the first delivery on. */
function bondFor(order: SellOrder, pages: readonly number[], { state, delivered }: Deal): bigint {
  const bond = (page: number): bigint => order.pages[page]!.bond;
  if (!hasFlag(order, "allOrNothing")) return state === "Funded" ? 0n : bond(pages[0]!);
  if (order.dataClass === DATA_CLASS.DISPUTED) return delivered === 0 ? 0n : 2n * bond(0) + bond(1);
  return pages.reduce((total, page) => total + (((delivered >>> page) & 1) === 1 ? bond(page) : 0n), 0n);
}

function waitedFor({ sale }: Terms, { endsAt }: Deal, state: ShownState): PageStatus["until"] {
  switch (state) {
    case "Reserved":
      return { what: "inspectBy", time: sale.inspectBy };
    case "Funded":
      return { what: "deliverBy", time: sale.deliverBy };
    case "Challenged":
      return { what: "answerBy", time: endsAt };
    case "DeliveredUnproven":
    case "DeliveredProven":
      return { what: "windowEnds", time: endsAt };
    default:
      return null;
  }
}

function movesIn({ order, sale }: Terms, { endsAt }: Deal, state: ShownState, now: number): string[] {
  const ends = ["buyer: receipt", "seller: concede"];
  const complain = "anyone: complain, with a wrong leaf";
  const deliver = order.dataClass === DATA_CLASS.DISPUTED ? "anyone: deliver a part of the keys with its proof" : "anyone: deliver with a proof";
  switch (state) {
    case "Reserved":
      return ["buyer: accept", "buyer: reject"];
    case "Funded":
      return [...(hasFlag(order, "provenOnly") ? [] : ["seller: deliver without a proof"]), deliver, ...ends, ...(now > sale.deliverBy ? ["anyone: refund"] : [])];
    case "DeliveredUnproven":
      return now > endsAt ? ["anyone: settle", ...ends] : ["buyer: challenge", complain, ...ends];
    case "Challenged":
      return ["anyone: answer with a proof", complain, ...ends, ...(now > endsAt ? ["anyone: refund with the bond"] : [])];
    case "DeliveredProven":
      return now > endsAt ? ["anyone: settle", ...ends] : [complain, ...ends];
    default:
      return [];
  }
}
