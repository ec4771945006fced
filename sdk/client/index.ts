/** Typed access to the contracts over ethers v6: calls to send, values to read, events to follow, reverts in words. */
import type { Provider } from "ethers";
import { createCalls } from "./calls/index.ts";
import type { Deployment } from "./deployment.ts";
import { createReads } from "./reads.ts";

export type { Call, Calls, GrantRange, LastMessage, OpenedHeader, Permit, SignedKey } from "./calls/index.ts";
export { createCalls, lastMessageOf } from "./calls/index.ts";
export * from "./access.ts";
export * from "./deployment.ts";
export * from "./errors.ts";
export * from "./events.ts";
export * from "./faucet.ts";
export { fetchHandover, handoverFaultSchema, handoverKeysSchema, type HandoverPlace, handoverPath, handoverReceiptSchema, handoverRequestSchema, handoverTakenSchema, sendReceipt } from "./handover.ts";
export * from "./hooks.ts";
export { type ContractKey, HOOK_INTERFACES, INTERFACES } from "./interfaces.ts";
export { logName, type ReadLog, readLog } from "./logs.ts";
export { openProvider } from "./provider.ts";
export * from "./purchase.ts";
export type { Anchor, Device, Reads, Redemption, SchemaEntry } from "./reads.ts";
export { createReads } from "./reads.ts";
export * from "./sample.ts";
export { send } from "./send.ts";
export { hasSigned } from "./signed.ts";
export { together } from "./together.ts";
export * from "./tokens.ts";

/** One deployment seen through one provider. */
export interface Client {
  deployment: Deployment;
  calls: ReturnType<typeof createCalls>;
  reads: ReturnType<typeof createReads>;
}

/** Calls and reads of a deployment. */
export function createClient(deployment: Deployment, provider: Pick<Provider, "call">): Client {
  return { deployment, calls: createCalls(deployment), reads: createReads(deployment, provider) };
}
