export { createVault, importBox, openVault } from "./vault.ts";
export type { HeldStream, Vault } from "./vault.ts";
export { DEFAULT_COST } from "./envelope.ts";
export type { KdfCost } from "./envelope.ts";
export { sealTo, sealedBoxSchema } from "./box.ts";
export type { SealedBox, StreamSecret } from "./box.ts";
export { readPassphrase } from "./passphrase.ts";
