import type { Hex } from "@qoodblock/sdk/bytes";
import type { BuyOrder } from "@qoodblock/sdk/market";
import { getDocument } from "../../shared/index/index.ts";
import type { Batch } from "../../shared/index/index.ts";
import { lower, plain } from "../decode.ts";
import { upsert } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

/** A buy order with what may still be spent. */
interface RequestBody {
  readonly id: string;
  readonly buyer: string;
  readonly schema: string;
  readonly placedAt: number;
  readonly deadline: number;
  readonly left: string;
  readonly status: "Open" | "Closed";
  readonly wanted: Record<string, unknown>;
  readonly deals: readonly string[];
  readonly answers: readonly { readonly agent: string; readonly orderHash: string; readonly offerDigest: string }[];
}

const terms = ({ id, buyer, schema, status, wanted }: RequestBody): Record<string, string[]> => ({
  ...{ request: [id], buyer: [buyer], schema: [schema], status: [status], token: [wanted["token"] as string], oem: [wanted["oem"] as string] },
  // Cells stand in the order's search file; here is only whether there are any.
  ...{ dataClass: [String(wanted["dataClass"])], privacy: [String(wanted["privacy"])], anywhere: [String(BigInt(wanted["cellsHash"] as string) === 0n)] },
});

/** What time a request is about: an open end ends with its deadline. */
const spanOf = ({ firstTime, lastTime, deadline }: BuyOrder): { from: number; to: number } => ({ from: firstTime, to: Math.max(firstTime, lastTime === 0 ? Math.min(deadline * 1000, Number.MAX_SAFE_INTEGER) : lastTime) });

async function change(batch: Batch, id: Hex, by: (body: RequestBody) => RequestBody): Promise<void> {
  const former = await getDocument(batch, "request", lower(id));
  if (former === undefined) return;
  await upsert<RequestBody>(batch, { kind: "request", id: lower(id), time: former.from }, () => former.body as RequestBody, by, terms);
}
const spend = (body: RequestBody, spent: bigint): RequestBody => ({ ...body, left: (BigInt(body.left) - spent).toString() });
const without = (body: RequestBody, agent: string, orderHash: string): RequestBody => ({ ...body, answers: body.answers.filter((each) => each.agent !== lower(agent) || each.orderHash !== lower(orderHash)) });

/** Requests: buy orders, their answers and what they have bought. */
export const requestHandlers: Handlers = {
  async BuyOrderPlaced(batch, { id, buyer, schema, wanted, amount, ...at }) {
    const body: RequestBody = {
      ...{ id: lower(id), buyer, schema: lower(schema), placedAt: at.time, deadline: wanted.deadline, left: amount.toString(), status: "Open" },
      ...{ wanted: plain(wanted) as Record<string, unknown>, deals: [], answers: [] },
    };
    await upsert<RequestBody>(batch, { kind: "request", id: lower(id), time: 0, span: spanOf(wanted), price: wanted.maxPrice.toString() }, () => body, (each) => each, terms);
  },
  BuyOrderFunded: (batch, { id, amount }) => change(batch, id, (body) => spend(body, -amount)),
  BuyOrderClosed: (batch, { id }) => change(batch, id, (body) => ({ ...body, status: "Closed", left: "0" })),
  BuyOrderFilled: (batch, { id, dealId, spent }) => change(batch, id, (body) => ({ ...spend(body, spent), deals: [...body.deals, lower(dealId)] })),
  AnswerGiven: (batch, { id, agent, orderHash, offerDigest }) =>
    change(batch, id, (body) => ({ ...body, answers: [...body.answers, { agent: lower(agent), orderHash: lower(orderHash), offerDigest: lower(offerDigest) }] })),
  AnswerReturned: (batch, { id, agent, orderHash }) => change(batch, id, (body) => without(body, agent, orderHash)),
  AnswerAccepted: (batch, { id, dealId, spent }) => change(batch, id, (body) => ({ ...spend(body, spent), deals: [...body.deals, lower(dealId)] })),
  // Both sides lose a deposit; what the buyer loses comes out of the order.
  AnswerJunked: (batch, { id, agent, orderHash, burnt }) => change(batch, id, (body) => spend(without(body, agent, orderHash), burnt / 2n)),
};
