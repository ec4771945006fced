/** Orders and deals in Redis as the delivery worker writes them, without a chain. */
import type { Redis } from "ioredis";
import { z } from "zod";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { encodeDeal, NEW_PAGE, pageId } from "../../../workers/delivery/deals.ts";
import { orderSchema } from "../../../workers/delivery/follow.ts";
import { keys } from "../../../workers/shared/queue/index.ts";
import { bytes32 } from "./fleet.ts";

const address = (label: string): Hex => toHex(bytes32(label).subarray(0, 20));
const word = (label: string): Hex => toHex(bytes32(label));

/** Offers batches by an order that can be bought until `expiry`; each of `pages` sells so many of them. @returns the order's hash */
export async function offerBatches(redis: Redis, prefix: string, name: string, batches: readonly { stream: Hex; sequence: number }[], expiry: number, pages: readonly number[] = [batches.length], cid = `b${"a".repeat(58)}`): Promise<Hex> {
  await redis.hset(keys.orders(prefix), word(`order ${name}`), JSON.stringify(z.encode(orderSchema, { cid, batches: [...batches], order: orderOf(expiry, pages) })));
  return word(`order ${name}`);
}

function orderOf(expiry: number, pages: readonly number[]): z.output<typeof orderSchema>["order"] {
  return {
    ...{ seller: address("seller"), buyer: address("nobody"), buyersRoot: word("none"), token: address("token"), maxFeeBps: 0, agreementId: 1n, version: 1, dataClass: 1, privacy: 0, flags: 0, royaltyBps: 0 },
    ...{ hook: address("no hook"), hookCodeHash: word("no hook"), deliverTime: 1, answerTime: 1, complaintWindow: 1, repeatable: true, maxFills: 0, expiry, nonce: 1n, legalHash: word("legal") },
    pages: pages.map((lotCount) => ({ lotsHash: word("lots"), lotCount, price: 1n, challengeDeposit: 0n, bond: 1n })),
  };
}

/** Buys an order: its deal with all pages open. @returns the deal's id */
export async function buyOrder(redis: Redis, prefix: string, orderHash: Hex, expiry: number, pages: readonly number[]): Promise<Hex> {
  const dealId = word(`deal ${orderHash}`);
  const sale = { buyer: address("buyer"), feeBps: 0, feeRecipient: address("fee"), priceBps: 10_000, partiesBps: 0, rightKey: word("right"), agreementDigest: word("agreement").slice(0, 56) as Hex, keyX: 1n, keyY: 2n, deliverBy: 1, inspectBy: 1, nonce: 1n };
  const deal = { dealId, orderHash, terms: { order: orderOf(expiry, pages), sale }, offer: `b${"a".repeat(58)}`, boughtBlock: 1 };
  await redis.hset(keys.deals(prefix), dealId, encodeDeal(deal));
  for (const page of pages.keys()) await redis.multi().hset(keys.pages(prefix), pageId(dealId, page), JSON.stringify(NEW_PAGE)).sadd(keys.openPages(prefix), pageId(dealId, page)).exec();
  return dealId;
}
