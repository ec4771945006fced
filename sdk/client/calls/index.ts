/**
 * Every transaction as data: who keeps intents and signs by itself (workers do) takes the call, who only wants it done gives it
 * to `send`. One function a contract function, arguments as in the contracts' interfaces.
 */
import type { Deployment } from "../deployment.ts";
import { encoder } from "./call.ts";
import { identityCalls } from "./identity.ts";
import { moneyCalls } from "./money.ts";
import { orderCalls } from "./orders.ts";
import { rightsCalls } from "./rights.ts";
import { roleCalls } from "./roles.ts";
import { tradeCalls } from "./trade.ts";

export type { Call } from "./call.ts";
export type { SignedKey } from "./identity.ts";
export { lastMessageOf } from "./rights.ts";
export type { GrantRange, LastMessage, OpenedHeader } from "./rights.ts";
export type { Permit } from "./trade.ts";

/** Builds the calls of one deployment. */
export type Calls = ReturnType<typeof createCalls>;

/** @param deployment where the calls go */
export function createCalls({ addresses }: Pick<Deployment, "addresses">) {
  const call = encoder({ addresses });
  return { ...identityCalls(call), ...rightsCalls(call), ...tradeCalls(call, addresses.escrow), ...orderCalls(call), ...moneyCalls(call), ...roleCalls(call) };
}
