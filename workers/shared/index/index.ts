export * from "./types.ts";
export { after, fromJson, key, toJson, under } from "./keys.ts";
export { Batch } from "./batch.ts";
export { createJournal } from "./journal.ts";
export type { BlockRef, Journal, LinkedBlock } from "./journal.ts";
export { openStore } from "./open.ts";
export type { StoreSettings } from "./open.ts";
export { storeSettings } from "./settings.ts";
