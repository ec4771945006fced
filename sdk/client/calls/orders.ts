/** Buy orders, and the hooks of smart orders. */
import type { Hex } from "../../bytes/index.ts";
import type { HeaderWords } from "../../formats/index.ts";
import type { AgeVolumeTable, BuyOrder, OfferedLot, OracleCondition, Purchase } from "../../market/index.ts";
import { HOOK_INTERFACES } from "../interfaces.ts";
import type { Call, Encode } from "./call.ts";
import { purchaseWords } from "./purchase.ts";

/** See the head of this file. */
export const orderCalls = (call: Encode) => ({
  // buy orders
  /** By the buyer, who has made BuyOrders its operator. @param amount of its credit */
  placeBuyOrder: (wanted: BuyOrder, amount: bigint): Call => call("buyOrders", "place", [wanted, amount]),
  /** By the buyer. */
  fundBuyOrder: (wanted: BuyOrder, amount: bigint): Call => call("buyOrders", "fund", [wanted, amount]),
  /** By the buyer, after the deadline by anyone. */
  closeBuyOrder: (wanted: BuyOrder): Call => call("buyOrders", "close", [wanted]),
  /** By an agent. @param orderHash EIP-712 digest of its sell order @param offerDigest digest of the offer file's CID @param agentPath in the order's list */
  answerBuyOrder: (wanted: BuyOrder, orderHash: Hex, offerDigest: Hex, agentPath: readonly Hex[] = []): Call =>
    call("buyOrders", "answer", [wanted, orderHash, offerDigest, agentPath]),
  /** By the buyer. @param purchase of the agent's sell order, with the buy order's delivery key */
  acceptAnswer: (wanted: BuyOrder, agent: Hex, purchase: Purchase): Call => call("buyOrders", "accept", [wanted, agent, purchaseWords(purchase)]),
  /** By the buyer: costs it as much as the agent. */
  markJunk: (wanted: BuyOrder, agent: Hex, orderHash: Hex): Call => call("buyOrders", "markJunk", [wanted, agent, orderHash]),
  /** By anyone, a week after the answer or when the order is over. */
  returnAnswerDeposit: (wanted: BuyOrder, agent: Hex, orderHash: Hex): Call => call("buyOrders", "returnDeposit", [wanted, agent, orderHash]),
  /** By anyone: reserves what fits the rule. @param lots of all pages, see `offeredLots` @param sellerPath in the order's list */
  fillBuyOrder: (wanted: BuyOrder, purchase: Purchase, lots: readonly OfferedLot[], sellerPath: readonly Hex[] = []): Call =>
    call("buyOrders", "fill", [wanted, purchaseWords(purchase), lots, sellerPath]),

  // smart orders
  /** By anyone, soon after a header was anchored. */
  showHeader: (header: HeaderWords, path: readonly Hex[]): Call => call("sampleBeacon", "show", [header, path]),
  /** By anyone. @param header RLP of the block's header where the source is prevrandao, see `blockHeader` */
  captureBeacon: (blockNumber: number, header: Hex = "0x"): Call => call("sampleBeacon", "capture", [blockNumber, header]),
  makeAgeVolumeHook: ({ ages, lots, bps }: AgeVolumeTable): Call => call("hookFactory", "ageVolume", [ages, lots, bps.flat()]),
  makeOracleHook: ({ feed, threshold, atLeast, maxAge, steps }: OracleCondition): Call =>
    call("hookFactory", "oracleCondition", [feed, threshold, atLeast, maxAge, steps]),
  /** @param steps see `CONDITION_STEPS` */
  makeAttestationHook: (attester: Hex, steps: number): Call => call("hookFactory", "attestationCondition", [attester, steps]),
  /** By anyone, to a hook that `makeAttestationHook` has made. */
  attestDelivery: (hook: Hex, dealId: Hex, page: number, signature: Hex): Call => ({
    to: hook,
    data: HOOK_INTERFACES.attestationCondition.encodeFunctionData("attestDelivery", [dealId, page, signature]) as Hex,
    what: "attestationConditionHook.attestDelivery",
  }),
});
