/** The description file: made at sealing, checked before paying. */
export * from "./types.ts";
export * from "./description.ts";
