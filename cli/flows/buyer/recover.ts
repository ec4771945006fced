/** Every purchase of an account, out of the chain alone: for who has lost all but the account. */
import { join } from "node:path";
import type { JsonRpcProvider } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { readEvents } from "@qoodblock/sdk/client";
import type { Client, Events } from "@qoodblock/sdk/client";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { endings, orderHash, pagePrice } from "@qoodblock/sdk/market";
import type { SellOrder } from "@qoodblock/sdk/market";
import { deliveryKeyOf, fetchOffer, readDelivery } from "@qoodblock/sdk/purchase";
import type { KnownDeal } from "@qoodblock/sdk/purchase";
import { withChain } from "../../context.ts";
import type { GlobalOptions } from "../../context.ts";
import { signerOf } from "../../signer.ts";
import { findDeal } from "../deal/find.ts";
import { cidOfOffer } from "./catalog.ts";
import { open } from "./run.ts";
import { openStorage } from "./with.ts";

/** What the command is given. */
export interface Recovering {
  readonly account: string;
  /** CIDs of offers, to open the deals that were made from them. */
  readonly offer: readonly string[];
  readonly peer: readonly string[];
  /** URL of a catalog that is asked for the other offers. */
  readonly catalog?: string;
  readonly out?: string;
}

/** One purchase as it was found. */
export interface Recovered {
  readonly dealId: Hex;
  readonly bought: string;
  readonly seller: Hex;
  readonly price: bigint | null;
  readonly state: string;
  /** Whose delivery key it was bought for: the account's own opens it, another needs that key's backup. */
  readonly key: "own" | "another";
  /** Pages whose wrapped keys stand on the chain, out of all. */
  readonly delivered: string;
  /** Number of records that were written, and where; null where no offer was given for it, or the key is another. */
  readonly records: number | null;
  readonly csv: string | null;
  /** Why not, where it was tried. */
  readonly failure: string | null;
}

type Known = ReadonlyMap<string, { readonly cid: string; readonly order: SellOrder }>;

/**
 * The offers by the hash of their order: those that are named, and those of the purchases that the catalog still has.
 * @param hashes of the orders that were bought
 * @throws QoodError those of storage, BAD_OFFER, CATALOG_UNREACHABLE
 */
async function offersOf(options: GlobalOptions, { deployment }: Client, given: Recovering, hashes: readonly string[]): Promise<Known> {
  const { catalog, peer } = given;
  if (given.offer.length === 0 && catalog === undefined) return new Map();
  const storage = openStorage(options);
  try {
    const cids = [...given.offer];
    for (const hash of catalog === undefined ? [] : new Set(hashes)) {
      const cid = await cidOfOffer({ storage }, hash, catalog).catch((error: unknown) => {
        if (isQoodError(error, "NOT_FOUND")) return undefined;
        throw error;
      });
      if (cid !== undefined) cids.push(cid);
    }
    const found = await Promise.all(cids.map(async (cid) => ({ cid, order: (await fetchOffer({ storage }, cid, peer)).order })));
    return new Map(found.map((each) => [orderHash(deployment.chainId, deployment.addresses.escrow, each.order), each]));
  } finally {
    await storage.close();
  }
}

/** The deal, or null where a wallet contract has hidden its order and no offer tells it. */
async function dealOf(client: Client, provider: JsonRpcProvider, { dealId, orderHash: hash }: Events["Bought"], offers: Known): Promise<KnownDeal | null> {
  try {
    return await findDeal(client, provider, dealId, offers.get(hash)?.order);
  } catch (error) {
    if (error instanceof QoodError && error.code === "ORDER_UNREADABLE") return null;
    throw error;
  }
}

/**
 * Finds every purchase of an account, and opens those whose offers are given, or are in the catalog, into a folder each. One that cannot be opened keeps no
 * other back.
 * @throws QoodError OPTION_MISSING, those of `withChain`, of signers and of the offers
 */
export async function recover(options: GlobalOptions, given: Recovering): Promise<Recovered[]> {
  if ((given.offer.length > 0 || given.catalog !== undefined) && given.out === undefined) throw new QoodError("OPTION_MISSING", "--out FOLDER is needed: where the deals of the offers are opened, each into a folder of its own");
  const wallet = await signerOf(options, given.account);
  return withChain(options, async ({ client, provider }) => {
    const { deployment, reads } = client;
    const signer = wallet.connect(provider);
    const [account, key] = [await signer.getAddress(), await deliveryKeyOf({ signer, provider })];
    const bought = await readEvents(deployment, provider, "Bought", { fromBlock: deployment.startBlock, toBlock: "latest", indexed: [null, null, account] });
    const offers = await offersOf(options, client, given, bought.map((event) => event.orderHash));
    const rows: Recovered[] = [];
    for (const event of bought) {
      const { dealId, seller, sale, blockNumber } = event;
      const deal = await dealOf(client, provider, event, offers);
      const pages = deal?.terms.order.pages.map((_, page) => page) ?? [];
      const states = deal === null ? ["unknown"] : await Promise.all(endings(deal.terms.order).map(async ([first]) => (await reads.pageOf(deal.terms, first!)).deal.state));
      const delivered = deal === null ? [] : (await Promise.all(pages.map((page) => readDelivery({ client, provider }, deal, page)))).filter((each) => each !== null);
      const own = sale.keyX === key.publicKey[0] && sale.keyY === key.publicKey[1];
      const offer = offers.get(event.orderHash);
      rows.push({
        ...{ dealId, bought: new Date((await provider.getBlock(blockNumber))!.timestamp * 1000).toISOString(), seller },
        ...{ price: deal === null ? null : pages.reduce((sum, page) => sum + pagePrice(deal.terms, page), 0n), state: [...new Set(states)].join(", ") },
        ...{ key: own ? ("own" as const) : ("another" as const), delivered: `${delivered.length} of ${deal === null ? "?" : pages.length}` },
        ...(own && offer !== undefined && delivered.length > 0 ? await openedInto(options, dealId, offer.cid, given) : { records: null, csv: null, failure: null }),
      });
    }
    return rows;
  });
}

async function openedInto(options: GlobalOptions, dealId: Hex, cid: string, { account, peer, out }: Recovering): Promise<Pick<Recovered, "records" | "csv" | "failure">> {
  try {
    const { records, csv } = await open(options, dealId, cid, { account, peer, out: join(out!, dealId), challenge: true, complaint: true });
    return { records: records as number, csv: csv as string, failure: null };
  } catch (error) {
    if (error instanceof QoodError) return { records: null, csv: null, failure: `${error.code}: ${error.message}` };
    throw error;
  }
}
