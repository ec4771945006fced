/** What the indexer keeps of the market beside the documents: where it lies, and what it means for an order. */
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { pairIndex } from "@qoodblock/sdk/market";
import type { SellOrder } from "@qoodblock/sdk/market";
import { findDocuments } from "./documents.ts";
import { fromJson, key } from "./keys.ts";
import type { Reader } from "./types.ts";

/** How often an order was bought: a number. */
export const fillsKey = (orderHash: string): Buffer => key("fills", orderHash.toLowerCase());
/** Which of 256 nonces of a seller are cancelled: the word as hexadecimal. */
export const cancelledKey = (seller: string, word: bigint): Buffer => key("cancelled", seller.toLowerCase(), word.toString());
/** What is known against a header: `bad` or `equivocated`. */
export const markKey = (headerHash: string): Buffer => key("mark", headerHash.toLowerCase());
/** Whose a version of an agreement is, by its digest. */
export const versionKey = (digest: string): Buffer => key("version", digest.toLowerCase());
/** How often a stream's key epoch was raised: a number. */
export const keyEpochKey = (stream: string): Buffer => key("key-epoch", stream.toLowerCase());
/** Under which codes a maker may vouch for tokens: a list of six bytes each. */
export const codesKey = (oem: string): Buffer => key("codes", oem.toLowerCase());

/** Kinds of documents that follow from the chain alone. */
export const CHAIN_KINDS = ["vehicle", "agreement", "request", "deal", "payout", "anchor"] as const;

/** What an agreement's document says of what is in force. */
export const agreementState = z.object({ version: z.int(), denied: z.int(), endsAt: z.int() });

/** Why an order cannot be bought, or `open`. */
export type OrderStatus = "open" | "expired" | "cancelled" | "filled" | "unagreed" | "bad";

/**
 * Whether an order can be bought as the index stands: it follows from the store and the time alone.
 * @param now - Unix seconds
 * @param headerHashes - of all its lots
 */
export async function orderStatus(reader: Pick<Reader, "getMany">, order: SellOrder, orderHash: Hex, headerHashes: readonly Hex[], now: number): Promise<OrderStatus> {
  if (now > order.expiry) return "expired";
  const [fills, word, ...marks] = await reader.getMany([fillsKey(orderHash), cancelledKey(order.seller, order.nonce >> 8n), ...headerHashes.map(markKey)]);
  if (word !== undefined && ((BigInt(z.string().parse(fromJson(word))) >> (order.nonce & 255n)) & 1n) === 1n) return "cancelled";
  const filled = fills === undefined ? 0 : Number(fromJson(fills));
  if (order.repeatable ? order.maxFills > 0 && filled >= order.maxFills : filled > 0) return "filled";
  if (marks.some((mark) => mark !== undefined)) return "bad";
  const [agreement] = await findDocuments(reader, "agreement", [order.agreementId.toString()]);
  if (agreement === undefined) return "unagreed";
  const { version, denied, endsAt } = agreementState.parse(agreement.body);
  const inForce = version === order.version && (endsAt === 0 || now < endsAt) && ((denied >> pairIndex(order.dataClass, order.privacy)) & 1) === 0;
  return inForce ? "open" : "unagreed";
}
