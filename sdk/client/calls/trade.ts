/** Agreements, and sales under them from purchase to end. */
import type { Hex } from "../../bytes/index.ts";
import type { HeaderWords } from "../../formats/index.ts";
import { termsWords } from "../../market/index.ts";
import type { Agreement, ComplaintWords, KeyDeliveryWords, Opening, Purchase, Terms, VersionTerms } from "../../market/index.ts";
import type { Call, Encode } from "./call.ts";
import { purchaseWords } from "./purchase.ts";

/** An ERC-2612 permit, as `buyWithPermit` takes it. */
export interface Permit {
  value: bigint;
  deadline: number;
  v: number;
  r: Hex;
  s: Hex;
}

const noOpening: Opening = { lots: [], formers: [] };

/** See the head of this file. @param escrow its address */
export const tradeCalls = (call: Encode, escrow: Hex) => ({
  // agreements
  /** By anyone with both signatures. */
  agree: (text: Agreement, ownerSignature: Hex, oemSignature: Hex): Call =>
    call("qoodShares", "agree", [text, ownerSignature, oemSignature]),
  /** By either principal. */
  deny: (vehicle: bigint, epoch: number, dataClass: number, privacy: number): Call =>
    call("qoodShares", "deny", [vehicle, epoch, dataClass, privacy]),
  /** By either principal. */
  end: (vehicle: bigint, epoch: number): Call => call("qoodShares", "end", [vehicle, epoch]),

  // trade
  /** Allows the exchange to pull `amount` of a token from the caller. */
  approve: (token: Hex, amount: bigint): Call => call("qdd", "approve", [escrow, amount], token),
  buy: (purchase: Purchase): Call => call("escrow", "buy", [purchaseWords(purchase)]),
  buyWithPermit: (purchase: Purchase, permit: Permit): Call => call("escrow", "buyWithPermit", [purchaseWords(purchase), permit]),
  /** By the buyer's operator or the buyer, out of its credit. @param inspectTime seconds in which the buyer may reject */
  buyFor: (purchase: Purchase, buyer: Hex, inspectTime: number): Call => call("escrow", "buyFor", [purchaseWords(purchase), buyer, inspectTime]),
  /** By the buyer, while the deal is reserved. */
  accept: (terms: Terms): Call => call("escrow", "accept", [termsWords(terms)]),
  /** By the buyer, while the deal is reserved. */
  reject: (terms: Terms): Call => call("escrow", "reject", [termsWords(terms)]),
  /** By the seller. */
  deliverUnproven: (terms: Terms, page: number, opening: Opening, r: readonly [bigint, bigint], c: readonly bigint[]): Call =>
    call("escrow", "deliverUnproven", [termsWords(terms), page, opening, r, c]),
  /** By anyone. */
  deliverProven: (terms: Terms, page: number, opening: Opening, delivery: KeyDeliveryWords): Call =>
    call("escrow", "deliverProven", [termsWords(terms), page, opening, delivery]),
  /** By anyone: page 0 the owner's part, page 1 the OEM's. */
  deliverDisputed: (terms: Terms, page: number, agreement: VersionTerms, opening: Opening, delivery: KeyDeliveryWords): Call =>
    call("escrow", "deliverDisputed", [termsWords(terms), page, agreement, opening, delivery]),
  /** By the buyer. */
  challenge: (terms: Terms, page: number): Call => call("escrow", "challenge", [termsWords(terms), page]),
  /** By anyone who has the proof. @param headers words of the page's lots */
  answer: (terms: Terms, page: number, headers: readonly HeaderWords[], delivery: KeyDeliveryWords): Call =>
    call("escrow", "answer", [termsWords(terms), page, headers, delivery]),
  /** By anyone. @param headers header hashes of the page @param index the lot that the complaint is about */
  complain: (terms: Terms, page: number, headers: readonly Hex[], index: number, header: HeaderWords, complaint: ComplaintWords): Call =>
    call("escrow", "complain", [termsWords(terms), page, headers, index, header, complaint]),
  /** By anyone. @param index the lot whose header was shown bad */
  refundBad: (terms: Terms, page: number, headers: readonly Hex[], index: number): Call => call("escrow", "refundBad", [termsWords(terms), page, headers, index]),
  /** By anyone. From Funded `opening` is needed, later `headers`; `signature` is not needed from the buyer itself. */
  settleByReceipt: (
    terms: Terms,
    page: number,
    agreement: VersionTerms,
    by: { signature?: Hex; opening?: Opening; headers?: readonly Hex[] },
  ): Call => call("escrow", "settleByReceipt", [termsWords(terms), page, agreement, by.opening ?? noOpening, by.headers ?? [], by.signature ?? "0x"]),
  /** By anyone, after the window. @param headers header hashes of the page, of all pages where they end together */
  settle: (terms: Terms, page: number, agreement: VersionTerms, headers: readonly Hex[]): Call => call("escrow", "settle", [termsWords(terms), page, agreement, headers]),
  refund: (terms: Terms, page: number): Call => call("escrow", "refund", [termsWords(terms), page]),
  /** By the seller. */
  concede: (terms: Terms, page: number): Call => call("escrow", "concede", [termsWords(terms), page]),
  cancelOrder: (nonce: bigint): Call => call("escrow", "cancelOrder", [nonce]),
  cancelOrders: (word: bigint, mask: bigint): Call => call("escrow", "cancelOrders", [word, mask]),
});
