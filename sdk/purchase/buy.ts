/** A whole purchase in one call, for programs. `qood buyer buy` goes further: it survives being stopped, and challenges and complains by itself. */
import type { Hex } from "../bytes/index.ts";
import { fromHex } from "../bytes/index.ts";
import { mappingOf, rowOpener, schemaByHash } from "../dictionary/index.ts";
import type { OpenedRow } from "../dictionary/index.ts";
import { endings } from "../market/index.ts";
import { checkOffer } from "./check.ts";
import type { BuyerContext } from "./context.ts";
import { createHandover } from "./handed.ts";
import { deliveryKeyOf } from "./key.ts";
import { awaitDelivery, openDelivery } from "./open.ts";
import type { Delivered } from "./open.ts";
import { pay } from "./pay.ts";
import { giveReceipt } from "./settle.ts";
import type { SettledPages } from "./settle.ts";

/** What was bought. */
export interface Bought {
  readonly dealId: Hex;
  /** The columns' paths, as the dictionary names them. */
  readonly columns: readonly string[];
  /** The records as exact text, in the order in which they were made. */
  readonly rows: readonly OpenedRow[];
  /** Who was paid, group of pages by group. */
  readonly settled: readonly SettledPages[];
}

/**
 * Checks an offer, pays it into escrow, waits for the keys, from the seller's endpoint or on the chain, opens and verifies the data, and only then gives the
 * receipt on the chain. The delivery key comes from the account's signature, so that the account alone is its backup: a program that was stopped after `say` has
 * told the deal's id goes on with `qood buyer open`.
 * @param offer - the offer's CID
 * @param peers - libp2p multiaddrs of nodes that have the files; those that the offer names without any
 * @throws QoodError of each step, before the payment and after it: see docs/buyer.md
 */
export async function buy(given: Omit<BuyerContext, "say"> & { readonly say?: BuyerContext["say"] }, offer: string, peers: readonly string[] = []): Promise<Bought> {
  const context: BuyerContext = { say: () => undefined, ...given };
  const key = await deliveryKeyOf(context);
  const paid = await pay(context, await checkOffer(context, offer, peers), key);
  context.say(`deal ${paid.dealId}: paid, waiting for the key`);
  const { order, lots } = paid.checked.offer;
  const deliveries: Delivered[] = [];
  const handover = createHandover(context, paid, key);
  for (const page of order.pages.keys()) deliveries.push(await awaitDelivery(context, paid, 250, page, handover));
  const { rest } = lots[0]!.header;
  const schema = schemaByHash(fromHex(rest.schema, 32));
  const open = rowOpener(schema, rest.dictionaryVersion);
  const rows = openDelivery(context, paid, deliveries, key).flatMap((batch) => batch.rows.map((row) => open([...row])));
  const settled: SettledPages[] = [];
  for (const pages of endings(order)) settled.push(await giveReceipt(context, paid, pages));
  return { dealId: paid.dealId, columns: mappingOf(schema, rest.dictionaryVersion).columns.map(({ path }) => path), rows, settled };
}
