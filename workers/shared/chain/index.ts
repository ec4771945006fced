export { openChain, isPassingFault } from "./provider.ts";
export type { Chain, ChainSettings } from "./provider.ts";
export { openAccount } from "./account.ts";
export { readDeployment } from "./deployment.ts";
export { createLane } from "./lane.ts";
export type { Lane, LaneOptions, LaneView, Mined } from "./lane.ts";
