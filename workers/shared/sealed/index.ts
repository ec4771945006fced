/** Batches that devices seal themselves: the gateway takes them in, ingest stores and anchors them, neither can open them. */
export { createSealedChecker } from "./check.ts";
export type { CheckedPackage, SealedChecker } from "./check.ts";
export { sealingPosition } from "./position.ts";
export type { SealingPosition } from "./position.ts";
export { checkPlace } from "./rules.ts";
export { createSealedStore } from "./store.ts";
export type { SealedStore, WaitingPackage } from "./store.ts";
