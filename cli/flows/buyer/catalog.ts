/** Offers out of a catalog: found by the dictionary's public fields, and named by their order's hash in place of a CID. */
import { createCatalogClient, fetchOffer } from "@qoodblock/sdk/catalog";
import type { CatalogClient, operations } from "@qoodblock/sdk/catalog";
import { fromHex } from "@qoodblock/sdk/bytes";
import { schemaByHash, schemaId } from "@qoodblock/sdk/dictionary";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { encodeOffer } from "@qoodblock/sdk/market";
import type { BuyerContext } from "./context.ts";

/** Fields of a search as the catalog names them. */
export type OfferQuery = NonNullable<operations["list_offers"]["parameters"]["query"]>;

/** An offer as a search shows it: the catalog's word, which `show` and `buy` check. */
export interface FoundOffer {
  /** Hash of the order: `show`, `buy` and `open` take it with `--catalog` in place of a CID. */
  readonly offer: string;
  readonly schema: string;
  readonly class: string;
  /** Of all pages, in the token's smallest unit. */
  readonly price: string;
  readonly records: number;
  readonly bytes: number;
  readonly from: string;
  readonly to: string;
  readonly vehicle: string;
  readonly seller: string;
}

/** Where the catalog is: `--catalog`, else QOOD_CATALOG. @throws QoodError OPTION_MISSING, USAGE */
export function catalogOf(given: string | undefined): CatalogClient {
  const url = given ?? process.env.QOOD_CATALOG;
  if (url === undefined) throw new QoodError("OPTION_MISSING", "--catalog URL is needed: a catalog of the market; or QOOD_CATALOG");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new QoodError("USAGE", `--catalog ${url} is no http:// or https:// URL`);
  return createCatalogClient(url);
}

/** Asks a catalog. @throws QoodError CATALOG_UNREACHABLE where it does not answer */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isQoodError(error)) throw error;
    throw new QoodError("CATALOG_UNREACHABLE", `the catalog does not answer (${(error as Error).message}): check --catalog`, { cause: error });
  }
}

/** A schema's name where this program's dictionary has it. */
function nameOf(hash: string): string {
  try {
    return schemaId(schemaByHash(fromHex(hash, 32)));
  } catch (error) {
    if (isQoodError(error)) return hash;
    throw error;
  }
}

/**
 * Searches open offers, newest first.
 * @returns one page, and the cursor of the next
 * @throws QoodError OPTION_MISSING, CATALOG_UNREACHABLE, and the catalog's own, which names a wrong field
 */
export async function search(catalog: string | undefined, query: OfferQuery): Promise<{ readonly offers: FoundOffer[]; readonly next: string | undefined }> {
  const client = catalogOf(catalog);
  const { data, error, response } = await asked(() => client.GET("/v1/offers", { params: { query } }));
  if (data === undefined) {
    const { code = "CATALOG_FAULT", message = `the catalog answers with status ${response.status}` } = error as { code?: string; message?: string };
    throw new QoodError(code, message);
  }
  const offers = data.items.map(({ id, from, to, price, body }): FoundOffer => {
    const { schema, dataClass, records, bytes, vehicle, seller } = body as Record<string, string> & { records: number; bytes: number };
    return { offer: id, schema: nameOf(schema!), class: dataClass!, price: price ?? "", records, bytes, from: new Date(from).toISOString(), to: new Date(to).toISOString(), vehicle: vehicle!, seller: seller! };
  });
  return { offers, next: data.next };
}

/**
 * The CID of the offer that a person names: a CID is taken as it is; for an order's hash the file comes from the catalog into the buyer's own
 * storage node, where it has the CID that its seller published it under.
 * @throws QoodError OPTION_MISSING, CATALOG_UNREACHABLE, NOT_FOUND, BAD_OFFER
 */
export async function cidOfOffer({ storage }: Pick<BuyerContext, "storage">, named: string, catalog: string | undefined): Promise<string> {
  if (!/^0x[0-9a-fA-F]{64}$/.test(named)) return named;
  const client = catalogOf(catalog);
  const { offer } = await asked(() => fetchOffer(client, named.toLowerCase()));
  return storage.add(encodeOffer(offer));
}
