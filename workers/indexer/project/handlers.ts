import type { EventName, Events } from "@qoodblock/sdk/client";
import { getDocument, putDocument } from "../../shared/index/index.ts";
import type { Batch, Row } from "../../shared/index/index.ts";

/** An event with its place and time. */
export type Placed<E> = E & Pick<Row, "blockNumber" | "blockHash" | "time" | "transactionHash" | "logIndex">;

/** What follows from each event; those that nothing follows from are only kept. */
export type Handlers = { [E in EventName]?: (batch: Batch, event: Placed<Events[E]>) => Promise<void> };

/** Milliseconds of an event's block. */
export const atOf = ({ time }: Pick<Row, "time">): number => time * 1000;

/**
 * Puts what a document says now: the body as `change` makes it of the former, the terms as they follow from it.
 * @param first - the body that the first event begins with
 */
export async function upsert<B extends object>(
  batch: Batch,
  at: { readonly kind: string; readonly id: string; readonly time: number; readonly span?: { from: number; to: number }; readonly price?: string },
  first: () => B,
  change: (body: B) => B,
  terms: (body: B) => Record<string, readonly string[]>,
): Promise<void> {
  const former = await getDocument(batch, at.kind, at.id);
  const body = change((former?.body as B | undefined) ?? first());
  const span = former === undefined ? (at.span ?? { from: at.time, to: at.time }) : { from: former.from, to: former.to };
  const price = at.price ?? former?.price;
  const lists = Object.fromEntries(Object.entries(terms(body)).map(([field, values]) => [field, [...new Set(values.map((value) => value.toLowerCase()))].sort()]));
  await putDocument(batch, at.kind, { id: at.id, terms: lists, ...span, ...(price === undefined ? {} : { price }), body });
}
