import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hashTypedData, sellOrderData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { send } from "@qoodblock/sdk/kv";
import { offerSchema } from "@qoodblock/sdk/market";

const order = offerSchema.shape.order;
const requestSchema = z.strictObject({
  chainId: z.int().positive(),
  /** Escrow. */
  exchange: z.custom<Hex>((v) => typeof v === "string" && /^0x[0-9a-fA-F]{40}$/.test(v), "expected an address"),
  order: order.omit({ royaltyBps: true }),
  resell: z.boolean(),
  dup: z.boolean(),
  royaltyBps: z.int().min(0).max(10_000).default(0),
});

/** A big integer as JSON has none: decimal text, which is what wallets take. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (_, v: unknown) => (typeof v === "bigint" ? v.toString() : v)));

/**
 * `send(…, resell, dup)`: the order that the seller is to sign, and the text for its wallet. Nothing is kept here and nothing signed.
 * @throws QoodError KV_REQUEST, SEND_ROYALTY, SEND_REPEATABLE
 */
export function answerSend(body: unknown): { order: unknown; typedData: unknown; digest: Hex } {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new QoodError("KV_REQUEST", `${issue.path.map(String).join(".") || "the request"}: ${issue.message}`);
  }
  const { chainId, exchange, order: wanted, ...rights } = parsed.data;
  const made = send(wanted, rights);
  const data = sellOrderData({ chainId, verifyingContract: exchange }, made);
  return { order: z.encode(order, made), typedData: plain(data), digest: hashTypedData(data) };
}
