export { openChain, isConnectionFault } from "./provider.ts";
export type { Chain, ChainSettings } from "./provider.ts";
export { openAccount } from "./account.ts";
export { createLane } from "./lane.ts";
export type { Lane, LaneOptions, Mined } from "./lane.ts";
