/** Paying an offer into escrow. */
import { randomBytes } from "node:crypto";
import { bytesToBigint } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { eventIn, purchaseOf, send } from "@qoodblock/sdk/client";
import type { DeliveryKey } from "@qoodblock/sdk/delivery";
import { QoodError } from "@qoodblock/sdk/errors";
import { totalPrice } from "@qoodblock/sdk/market";
import type { Terms } from "@qoodblock/sdk/market";
import type { CheckedOffer } from "./check.ts";
import type { BuyerContext } from "./context.ts";

/** A deal that is paid for. */
export interface Paid {
  readonly checked: CheckedOffer;
  readonly dealId: Hex;
  readonly terms: Terms;
  /** Block of the purchase. */
  readonly blockNumber: number;
  readonly gas: { readonly approve: bigint; readonly buy: bigint };
}

/**
 * Allows the exchange to pull the price and buys.
 * @throws QoodError BALANCE_TOO_LOW, REVERT (in words, before anything is paid) or CHAIN_CALL_FAILED.
 */
export async function pay(context: BuyerContext, checked: CheckedOffer, key: DeliveryKey): Promise<Paid> {
  const { client, signer } = context;
  const { order } = checked.offer;
  const account = (await signer.getAddress()) as Hex;
  const price = totalPrice(order);
  const balance = await client.reads.balanceOf(order.token, account);
  if (balance < price) throw new QoodError("BALANCE_TOO_LOW", `the price is ${price} of token ${order.token} and account ${account} has ${balance}`);
  let approve = 0n;
  if ((await client.reads.allowance(order.token, account)) < price) approve = (await send(signer, client.calls.approve(order.token, price))).gasUsed;
  const nonce = bytesToBigint(randomBytes(31));
  const purchase = purchaseOf(checked.offer, { keyX: key.publicKey[0], keyY: key.publicKey[1], nonce });
  const receipt = await send(signer, client.calls.buy(purchase));
  const bought = eventIn(client.deployment, "Bought", receipt);
  if (bought === null) throw new QoodError("PURCHASE_LOST", `transaction ${receipt.hash} made no deal: the exchange's address is wrong`);
  return { checked, dealId: bought.dealId, terms: bought.terms, blockNumber: receipt.blockNumber, gas: { approve, buy: receipt.gasUsed } };
}
