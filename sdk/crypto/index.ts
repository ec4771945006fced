/** Primitives, each behind a small file so that another platform's implementation can take its place. */
export * from "./field.ts";
export * from "./poseidon.ts";
export * from "./hash.ts";
export { sha256Each } from "./each.ts";
export * from "./hkdf.ts";
export * from "./chacha.ts";
export * from "./zstd.ts";
export * from "./ecdsa.ts";
export * from "./verifier.ts";
export * from "./random.ts";
export * from "./babyjub.ts";
