/** Proofs of delivery, of a segment's key and of possession: key files with checked hashes, proving, verifying, the form that the contract takes. */
export * from "./artifacts.ts";
export * from "./engine.ts";
export * from "./groth16.ts";
export * from "./possession.ts";
export * from "./prover.ts";
export * from "./segment-key.ts";
