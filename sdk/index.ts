/** QoodBlock's SDK. Each room is imported by its own name (`@qoodblock/sdk/sealing`); this entry holds what all of them share. */
export * from "./errors/index.ts";
export * from "./bytes/index.ts";
