/** Orders, deals, agreements and offers: types, hashes and checks that need no chain. */
export * from "./agreement.ts";
export * from "./buy-order.ts";
export * from "./buyers.ts";
export * from "./deal.ts";
export * from "./hooks.ts";
export * from "./offer.ts";
export * from "./sale.ts";
export * from "./search.ts";
export * from "./types.ts";
