/** The bytes: every hash, encoding and layout of the protocol. */
export * from "./domains.ts";
export * from "./header-types.ts";
export * from "./header.ts";
export * from "./header-json.ts";
export * from "./flags.ts";
export * from "./handle.ts";
export * from "./cbor.ts";
export * from "./row.ts";
export * from "./message.ts";
export * from "./interval.ts";
export * from "./frame.ts";
export * from "./layout.ts";
export * from "./leaf.ts";
export * from "./tree.ts";
export * from "./anchor.ts";
export * from "./cid.ts";
