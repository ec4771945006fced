/** What roles alone may do, at once or after a wait. */
import type { Hex } from "../../bytes/index.ts";
import type { TokenTerms } from "../../market/index.ts";
import type { Call, Encode } from "./call.ts";

/** See the head of this file. */
export const roleCalls = (call: Encode) => ({
  // roles of the tokens
  /** By the guardian. */
  pauseQdd: (): Call => call("qdd", "pause", []),
  /** By the treasurer. */
  unpauseQdd: (): Call => call("qdd", "unpause", []),
  /** By the lister. @param orderHash of the legal order */
  freeze: (account: Hex, orderHash: Hex): Call => call("qdd", "freeze", [account, orderHash]),
  /** By the lister. @param orderHash of the legal order */
  unfreeze: (account: Hex, orderHash: Hex): Call => call("qdd", "unfreeze", [account, orderHash]),
  /** By the steward. */
  setFeed: (feed: Hex): Call => call("qdd", "setFeed", [feed]),
  /** By the emission. */
  mintQdt: (to: Hex, amount: bigint): Call => call("qdt", "mint", [to, amount]),
  /** Gives the votes of the caller's QDT to an account, itself or another. */
  delegateVotes: (delegatee: Hex): Call => call("qdt", "delegate", [delegatee]),

  // delayed acts
  /** By who may do an act with a delay. @param when Unix seconds, 0 for as soon as can be */
  schedule: ({ to, data }: Call, when = 0): Call => call("accessManager", "schedule", [to, data, when]),
  /** By the same account, when the delay is over; the act can also be sent as it is. */
  execute: ({ to, data }: Call): Call => call("accessManager", "execute", [to, data]),
  /** By the canceller, the admin or who has scheduled it. @param caller who has scheduled it */
  cancelScheduled: (caller: Hex, { to, data }: Call): Call => call("accessManager", "cancel", [caller, to, data]),

  /** By the auditor. */
  attest: (documentHash: Hex, asOf: number, amount: bigint): Call => call("reserveFeed", "attest", [documentHash, asOf, amount]),

  // foundation and guardian
  setToken: (token: Hex, terms: TokenTerms): Call => call("escrow", "setToken", [token, terms]),
  setFeeRecipient: (recipient: Hex): Call => call("escrow", "setFeeRecipient", [recipient]),
  stopToken: (token: Hex, stopped: boolean): Call => call("escrow", "stopToken", [token, stopped]),
});
