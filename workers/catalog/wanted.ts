/**
 * Where buyers want data from. The cells of a buy order stand in its search file, of which the chain has the digest alone: whoever has the
 * file, mostly the buyer, brings it here.
 */
import { isValidCell } from "h3-js";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { ensure, QoodError } from "@qoodblock/sdk/errors";
import { searchFields, searchSchema } from "@qoodblock/sdk/market";
import type { Search } from "@qoodblock/sdk/market";
import { Batch, findDocuments, getDocument, putDocument, search } from "../shared/index/index.ts";
import type { Reader, Store } from "../shared/index/index.ts";
import { cellTerms } from "./cells.ts";

const KIND = "wanted";
/** Most cells of a search that is taken: each is listed here. */
const MOST_CELLS = 2000;
/** Most requests of an area that one question goes through, newest first. */
export const MOST_WANTED = 1000;

const requestSchema = z.looseObject({ wanted: z.looseObject({ searchDigest: z.string(), cellsHash: z.string() }) });

/**
 * Takes the search file of a buy order.
 * @returns whether it is new
 * @throws QoodError NOT_FOUND where no such buy order is indexed, SEARCH_OTHER where its file is another one, SEARCH_CELLS
 */
export async function takeWanted(chain: Reader, catalog: Store, id: string, file: Search): Promise<boolean> {
  const [request] = await findDocuments(chain, "request", [id]);
  if (request === undefined) throw new QoodError("NOT_FOUND", `there is no ${id.slice(0, 100)} among the buy orders`);
  const { wanted } = requestSchema.parse(request.body);
  const fields = searchFields(file);
  const same = (name: "searchDigest" | "cellsHash"): boolean => fields[name].toLowerCase() === wanted[name].toLowerCase();
  ensure(same("searchDigest") && same("cellsHash"), "SEARCH_OTHER", `this is not the search file of buy order ${id}: the order names the digest ${wanted.searchDigest as Hex}, and this has ${fields.searchDigest}`);
  ensure(file.cells.length <= MOST_CELLS, "SEARCH_CELLS", `a search of ${file.cells.length} cells is not listed here: at most ${MOST_CELLS}`);
  const wrong = file.cells.find((cell) => !isValidCell(cell));
  ensure(wrong === undefined, "SEARCH_CELLS", `${wrong ?? ""} is no H3 cell`);
  const batch = new Batch(catalog);
  const isNew = (await getDocument(batch, KIND, id)) === undefined;
  await putDocument(batch, KIND, { id, terms: { ...cellTerms(file.cells), request: [id] }, from: request.from, to: request.to, body: { search: file } });
  await catalog.commit(batch.changes());
  return isNew;
}

/** The search that was brought for a buy order. */
export async function readWanted(catalog: Reader, id: string): Promise<Search | undefined> {
  const [found] = await findDocuments(catalog, KIND, [id]);
  return found === undefined ? undefined : z.object({ search: searchSchema }).parse(found.body).search;
}

/**
 * The requests that want data of an area, also those that take it from anywhere; the newest {@link MOST_WANTED} of each.
 * @param places - as a batch is found by them
 */
export async function wantedAt(chain: Reader, catalog: Reader, places: readonly string[]): Promise<string[]> {
  const [named, anywhere] = await Promise.all([
    search(catalog, { kind: KIND, filters: [{ field: "place", values: [...places] }] }, MOST_WANTED),
    search(chain, { kind: "request", filters: [{ field: "anywhere", values: ["true"] }] }, MOST_WANTED),
  ]);
  return [...named.items, ...anywhere.items].map(({ id }) => id);
}
