/** Typed client of a catalog's HTTP API. What it answers is a pointer: `checkOffer` decides before anything is paid. */
import createFetch from "openapi-fetch";
import { z } from "zod";
import type { Description } from "../description/index.ts";
import { QoodError } from "../errors/index.ts";
import { offerSchema, type Offer, type Search } from "../market/index.ts";
import type { paths } from "./schema.ts";

export type { components, operations, paths } from "./schema.ts";

/** A client whose calls and answers are typed by the catalog's OpenAPI document: `GET`, `POST` with path and query. */
export type CatalogClient = ReturnType<typeof createFetch<paths>>;

/** @param url - where the catalog is served, without `/v1` */
export function createCatalogClient(url: string, options: { readonly fetch?: (request: Request) => Promise<Response> } = {}): CatalogClient {
  return createFetch<paths>({ baseUrl: url.replace(/\/+$/, ""), ...options });
}

/** What the catalog says of an answer that is none. */
function refusal(error: unknown, status: number): QoodError {
  const { code = "CATALOG_FAULT", message = `the catalog answers with status ${status}` } = (error ?? {}) as { code?: string; message?: string };
  return new QoodError(code, message);
}

/**
 * Sends an offer in, with the description files by which its batches are to be found.
 * @throws QoodError with the catalog's code where it refuses
 */
export async function submitOffer(client: CatalogClient, offer: Offer, descriptions: readonly Description[] = []): Promise<{ orderHash: string; status: string }> {
  const body = { offer: z.encode(offerSchema, offer) as Record<string, unknown>, descriptions: descriptions.map((each) => ({ ...each })) };
  const { data, error, response } = await client.POST("/v1/offers", { body });
  if (data === undefined) throw refusal(error, response.status);
  return data;
}

/**
 * Sends the search file of a buy order in, so that the order is found by the cells that it wants data from.
 * @param id - of the buy order
 * @throws QoodError with the catalog's code where it refuses
 */
export async function submitSearch(client: CatalogClient, id: string, search: Search): Promise<void> {
  const { data, error, response } = await client.POST("/v1/requests/{id}/search", { params: { path: { id } }, body: search });
  if (data === undefined) throw refusal(error, response.status);
}

/**
 * Fetches an offer's file from the catalog. Form only: nothing in it is checked yet.
 * @throws QoodError NOT_FOUND, BAD_OFFER
 */
export async function fetchOffer(client: CatalogClient, orderHash: string): Promise<{ offer: Offer; status: string }> {
  const { data, error, response } = await client.GET("/v1/offers/{id}", { params: { path: { id: orderHash } } });
  if (data === undefined) throw refusal(error, response.status);
  const parsed = offerSchema.safeParse(data.offer);
  if (!parsed.success) throw new QoodError("BAD_OFFER", "the catalog's answer is no offer file", { cause: parsed.error });
  return { offer: parsed.data, status: data.status };
}
