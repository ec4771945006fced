/** CarChain's key-value calls over sealed batches: see docs/kv.md. */
export * from "./address.ts";
export * from "./key.ts";
export * from "./store.ts";
export { checkRecord, dHashOf } from "./record.ts";
export * from "./put.ts";
export * from "./get.ts";
export * from "./send.ts";
export * from "./http.ts";
export * from "./apps.ts";
