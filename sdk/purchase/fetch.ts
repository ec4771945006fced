import { QoodError } from "../errors/index.ts";
import { MAX_OFFER_BYTES, decodeOffer } from "../market/index.ts";
import type { Offer } from "../market/index.ts";
import type { BuyerContext } from "./context.ts";

/** Fetches a file by its CID. @throws QoodError those of storage, which say that nothing is paid */
export async function fetchFile({ storage }: Pick<BuyerContext, "storage">, cid: string, what: string, maxBytes: number): Promise<Uint8Array> {
  try {
    return await storage.get(cid, { maxBytes });
  } catch (error) {
    if (!(error instanceof QoodError)) throw error;
    throw new QoodError(error.code, `the ${what} cannot be had, so nothing is paid: ${error.message}`, { cause: error, details: { cid } });
  }
}

/** Fetches an offer by its CID. It is checked for its form only. @throws QoodError `BAD_OFFER` and those of storage */
export async function fetchOffer(context: Pick<BuyerContext, "storage">, cid: string, peers: readonly string[]): Promise<Offer> {
  for (const peer of peers) await context.storage.connect(peer);
  return decodeOffer(await fetchFile(context, cid, "offer", MAX_OFFER_BYTES));
}
