/** Proofs of delivery: key files with checked hashes, proving, verifying, the form that the contract takes. */
export * from "./artifacts.ts";
export * from "./groth16.ts";
export * from "./prover.ts";
