/** Handing a batch key to one buyer: delivery keys, wrapping, and what a proof of it says. */
export * from "./buyer-key.ts";
export * from "./context.ts";
export * from "./statement.ts";
export * from "./wrap.ts";
