/** Sealing, the check before paying, and opening. Everything is synchronous: run it in a worker process, not on an event loop that serves. */
export * from "./types.ts";
export { collect, type Collected } from "./collect.ts";
export { sealFrames, type SealedFrames } from "./frames.ts";
export { sealBatch } from "./seal.ts";
export { DEFAULT_MAX_RAW_LENGTH, checkAnchor, checkBatch, checkDevice, checkHeader } from "./check.ts";
export { checkKeys, openBatch, openInterval } from "./open.ts";
export { leafOpening, sampleLeaf, verifyLeaf, verifySample } from "./leaf.ts";
export * from "./sample.ts";
export { decodeSealed, encodeSealed, type SealedPackage } from "./wire.ts";
