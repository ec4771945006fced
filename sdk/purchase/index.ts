/** Buying: what is checked before paying, the payment, the delivery, the receipt; step by step, or as one call. */
export { buy } from "./buy.ts";
export type { Bought } from "./buy.ts";
export { checkLot, checkOffer, fetchLot } from "./check.ts";
export type { CheckedOffer } from "./check.ts";
export type { BuyerContext, FileSource, KnownDeal } from "./context.ts";
export { fetchFile, fetchOffer } from "./fetch.ts";
export { createHandover } from "./handed.ts";
export type { Handover, KeptKeys } from "./handed.ts";
export { deliveryKeyOf } from "./key.ts";
export { awaitDelivery, checkNotLate, openDelivery, readDelivery, unwrapDelivery, unwrapPages } from "./open.ts";
export type { Delivered, KeyedBatch } from "./open.ts";
export { costOf, dealIn, pay, purchaseCalls, sendPurchase, signPurchase } from "./pay.ts";
export type { Paid, SignedPurchase } from "./pay.ts";
export { giveReceipt, headersOf, settleAfterWindow, settleByReceipt, settlePages } from "./settle.ts";
export type { SettledPages } from "./settle.ts";
