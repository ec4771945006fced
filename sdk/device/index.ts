/** Device messages: signing, verifying, and their form on the wire. */
export * from "./types.ts";
export * from "./chain.ts";
export * from "./wire.ts";
export * from "./login.ts";
