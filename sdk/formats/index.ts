/** The bytes: every hash, encoding and layout of the protocol. */
export * from "./domains.ts";
export * from "./header-types.ts";
export * from "./row.ts";
