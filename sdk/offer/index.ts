/** What can be checked of an offer before paying: the seller's word, the agreement behind it, and each lot against the chain. */
export type { OfferContext } from "./context.ts";
export { checkLotOnChain, checkLotWords } from "./lot.ts";
export { checkAgreement, checkDeal, checkOrder } from "./order.ts";
export { checkMark, checkRights } from "./rights.ts";
