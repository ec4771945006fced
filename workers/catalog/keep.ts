/** Takes offers in and keeps them as the chain says: open, or closed and out of every search. */
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { orderHash as hashOrder } from "@qoodblock/sdk/market";
import type { Search } from "@qoodblock/sdk/market";
import { Batch, createJournal, fromJson, key, orderStatus, rowsOf, under } from "../shared/index/index.ts";
import type { BlockRef, OrderStatus, Row, Store } from "../shared/index/index.ts";
import { putRecordDocuments } from "./documents.ts";
import { allOrders, expiredOrders, names, ordersBy, readRecord, writeRecord } from "./record.ts";
import type { OfferRecord } from "./record.ts";
import { verifyOffer } from "./verify.ts";
import type { submissionSchema, VerifyContext } from "./verify.ts";
import { takeWanted } from "./wanted.ts";

const SEEN = key("seen");
const seenSchema = z.strictObject({ blocks: z.array(z.object({ number: z.int(), hash: z.string() })), now: z.int() });
/** Rows of one read. */
const ROWS = 5000;

/** What may have changed for an order by an event of the index. */
function touchedBy({ name, args }: Row): string[] {
  const text = (field: string): string => String(args[field]);
  switch (name) {
    case "Bought":
      return [names.order(text("orderHash"))];
    case "OrdersCancelled":
      return [names.word(text("seller"), BigInt(text("word")))];
    case "Agreed":
    case "Denied":
    case "Ended":
      return [names.agreement(text("agreementId"))];
    case "HeaderShownBad":
    case "HeaderShownEquivocated":
      return [names.header(text("headerHash"))];
    case "Equivocated":
      return [names.header(text("first")), names.header(text("second"))];
    default:
      return [];
  }
}

/** See the head of this file. */
export interface Keeper {
  /** Checks an offer and takes it in. @returns whether it is new @throws QoodError with what is wrong with it */
  take(submission: z.output<typeof submissionSchema>): Promise<{ orderHash: Hex; status: OrderStatus; isNew: boolean }>;
  /** Takes the search file of a buy order in. @returns whether it is new @throws QoodError as `takeWanted` */
  takeSearch(id: string, file: Search): Promise<boolean>;
  /** One look at the index: closes and opens what its new blocks, blocks taken back, and the time have changed. */
  step(): Promise<void>;
}

/** @param now - Unix seconds */
export function createKeeper(chain: Store, catalog: Store, context: VerifyContext, now: () => number): Keeper {
  const journal = createJournal(chain);
  // One change of the store after the other: each builds on what the one before has written.
  let last: Promise<unknown> = Promise.resolve();
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  }

  const statusOf = ({ offer, orderHash, lots }: Pick<OfferRecord, "offer" | "orderHash" | "lots">): Promise<OrderStatus> =>
    orderStatus(chain, offer.order, orderHash, lots.map(({ headerHash }) => headerHash as Hex), now());

  async function put(record: OfferRecord, more: (batch: Batch) => void = () => undefined): Promise<void> {
    const batch = new Batch(catalog);
    writeRecord(batch, record);
    await putRecordDocuments(batch, record);
    more(batch);
    await catalog.commit(batch.changes());
  }

  /** Looks at an order again. @param at - block to remember a change by, so that it is looked at again when the block goes */
  async function look(orderHash: string, at: number): Promise<void> {
    const record = await readRecord(catalog, orderHash);
    if (record === undefined) return;
    const status = await statusOf(record);
    if (status !== record.status) await put({ ...record, status }, (batch) => batch.put(key("changed", at, Buffer.from(orderHash)), Buffer.alloc(0)));
  }

  /** Orders that blocks which are gone had changed. */
  async function changedSince(block: number): Promise<string[]> {
    const [found] = await catalog.ranges([under(key("changed"), key("changed", block + 1))], Number.MAX_SAFE_INTEGER);
    return found!.map((entry) => entry.key.subarray(-66).toString());
  }

  /** Everything to look at, block by block from the last common one on; undefined: all orders. */
  async function touched(seen: readonly BlockRef[], known: readonly BlockRef[]): Promise<Set<string> | undefined> {
    const [head, oldest] = [known[0], known.at(-1)];
    const newest = seen[0];
    if (head === undefined || oldest === undefined || newest === undefined) return undefined;
    const common = seen.find(({ number, hash }) => number < oldest.number || known.some((each) => each.number === number && each.hash === hash));
    if (common === undefined) return undefined;
    const found = new Set(common.number < newest.number ? await changedSince(common.number) : []);
    let [block, log] = [common.number + 1, 0];
    for (;;) {
      const rows = await rowsOf(chain, block, head.number, ROWS, log);
      for (const hash of await ordersBy(catalog, [...new Set(rows.flatMap(touchedBy))])) found.add(hash);
      const end = rows.at(-1);
      if (rows.length < ROWS || end === undefined) return found;
      [block, log] = [end.blockNumber, end.logIndex + 1];
    }
  }

  return {
    takeSearch: (id, file) => inTurn(() => takeWanted(chain, catalog, id, file)),
    async take(submission) {
      const { chainId, addresses } = context.client.deployment;
      const orderHash = hashOrder(chainId, addresses.escrow, submission.offer.order).toLowerCase() as Hex;
      const lots = await verifyOffer(context, submission);
      return inTurn(async () => {
        const former = await readRecord(catalog, orderHash);
        const fresh = { orderHash, offer: submission.offer, lots, takenAt: former?.takenAt ?? now() };
        const status = await statusOf(fresh);
        await put({ ...fresh, status });
        return { orderHash, status, isNew: former === undefined };
      });
    },
    step: () =>
      inTurn(async () => {
        const [bytes] = await catalog.getMany([SEEN]);
        const seen = bytes === undefined ? { blocks: [], now: 0 } : seenSchema.parse(fromJson(bytes));
        // Read first: what comes while this look goes on is the next look's.
        const known = await journal.known();
        const time = now();
        const head = known[0];
        if (head === undefined) return;
        if (seen.now === time && seen.blocks[0]?.hash === head.hash) return;
        const orders = (await touched(seen.blocks, known)) ?? new Set(await allOrders(catalog));
        for (const each of await expiredOrders(catalog, seen.now, time)) orders.add(each);
        for (const orderHash of orders) await look(orderHash, head.number);
        const batch = new Batch(catalog);
        batch.putJson(SEEN, { blocks: known, now: time });
        for (const entry of await batch.range({ from: key("changed", 0), to: key("changed", known.at(-1)!.number) })) batch.remove(entry.key);
        await catalog.commit(batch.changes());
      }),
  };
}
