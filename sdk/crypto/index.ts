/** Primitives, each behind a small file so that another platform's implementation can take its place. */
export * from "./field.ts";
export * from "./poseidon.ts";
