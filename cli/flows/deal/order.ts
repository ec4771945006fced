import type { Result } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { INTERFACES } from "@qoodblock/sdk/client";
import { orderHash } from "@qoodblock/sdk/market";
import type { Page, SellOrder } from "@qoodblock/sdk/market";

/** Functions that bring a purchase along. */
const PURCHASES = ["buy", "buyWithPermit", "buyFor"];

/* eslint-disable @typescript-eslint/no-unsafe-assignment -- an ethers Result is untyped; the hash of what comes out is compared. */
const pageOf = (p: Result): Page => ({ lotsHash: p.lotsHash, lotCount: Number(p.lotCount), price: p.price, challengeDeposit: p.challengeDeposit, bond: p.bond });

const orderOf = (o: Result): SellOrder => ({
  ...{ seller: o.seller, buyer: o.buyer, buyersRoot: o.buyersRoot, token: o.token, maxFeeBps: Number(o.maxFeeBps), agreementId: o.agreementId },
  ...{ version: Number(o.version), dataClass: Number(o.dataClass), privacy: Number(o.privacy), flags: Number(o.flags), royaltyBps: Number(o.royaltyBps) },
  ...{ hook: o.hook, hookCodeHash: o.hookCodeHash, pages: (o.pages as Result[]).map(pageOf) },
  ...{ deliverTime: Number(o.deliverTime), answerTime: Number(o.answerTime), complaintWindow: Number(o.complaintWindow) },
  ...{ repeatable: o.repeatable, maxFills: Number(o.maxFills), expiry: Number(o.expiry), nonce: o.nonce, legalHash: o.legalHash },
});
/* eslint-enable @typescript-eslint/no-unsafe-assignment */

/**
 * The order that a purchase was made from. It stands in the transaction's calldata, also where a wallet contract has passed
 * the call on; only one with the hash wanted counts, so nothing else in there can be mistaken for it.
 * @returns null where the calldata does not hold it
 */
export function orderIn(calldata: string, wanted: Hex, exchange: { readonly chainId: number; readonly address: Hex }): SellOrder | null {
  for (const name of PURCHASES) {
    const selector = INTERFACES.escrow.getFunction(name)!.selector.slice(2);
    for (let at = calldata.indexOf(selector, 2); at >= 0; at = calldata.indexOf(selector, at + 2)) {
      try {
        const [purchase] = INTERFACES.escrow.decodeFunctionData(name, `0x${calldata.slice(at)}`) as unknown as [Result];
        const order = orderOf(purchase.order as Result);
        if (orderHash(exchange.chainId, exchange.address, order) === wanted) return order;
      } catch {
        // Bytes that only look like the call: the next place is tried.
      }
    }
  }
  return null;
}
