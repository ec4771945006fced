/** Questions as they stand in a URL, checked field by field, and what they mean for a search. */
import { z } from "zod";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { DICTIONARY_VERSION, mappingOf, SCHEMAS, schemaHash, schemaId } from "@qoodblock/sdk/dictionary";
import { QoodError } from "@qoodblock/sdk/errors";
import { search } from "../shared/index/index.ts";
import type { Query, Reader } from "../shared/index/index.ts";
import { cellsAround, cellsInBox, coarser } from "./cells.ts";
import type { Kind } from "./kinds.ts";
import { wantedAt } from "./wanted.ts";

/** Most documents of a page. */
export const MOST_ITEMS = 200;
/** Most vehicles that one VIN tag is looked for among: makers share none, and a tag has one vehicle a maker. */
const MOST_VEHICLES = 100;

const text = z.string().min(1).max(200);
const list = text.regex(/^[^,]+(,[^,]+){0,49}$/, "expected one value, or up to 50 with commas between");
const time = z.string().max(40).refine((value) => !Number.isNaN(timeOf(value)), "expected a time: 2026-03-01T12:00:00Z, or Unix milliseconds");
const amount = z.string().regex(/^[0-9]{1,78}$/, "expected an amount in the token's smallest unit");

function timeOf(value: string): number {
  const found = /^[0-9]{1,16}$/.test(value) ? Number(value) : Date.parse(value);
  return found >= 0 && Number.isSafeInteger(found) ? found : Number.NaN;
}

/** What every list takes. */
const paging = { limit: z.string().regex(/^[1-9][0-9]{0,2}$/).refine((value) => Number(value) <= MOST_ITEMS, `expected 1 to ${MOST_ITEMS}`).optional().describe(`Most items of the page, 1 to ${MOST_ITEMS}; 20 without it.`), cursor: z.string().max(400).optional().describe("`next` of the page before.") };

/** The fields of a question about a kind. */
export function questionShape(kind: Kind): Record<string, z.ZodOptional<z.ZodString>> {
  const shape: Record<string, z.ZodOptional<z.ZodString>> = {
    from: time.optional().describe("Only what is about this time or later."),
    to: time.optional().describe("Only what is about this time or earlier."),
  };
  for (const name of kind.terms) shape[name] = list.optional().describe(`Exactly this ${name}, or any of several with commas between.`);
  if (kind.isData) {
    shape["schema"] = list.optional().describe("Schema as name@version, or its hash.");
    shape["signal"] = text.optional().describe("COVESA VSS path that the schema must have, e.g. Vehicle.Speed.");
    shape["vinTag"] = list.optional().describe("Keyed VIN tag of the vehicle.");
  }
  if (kind.isPlaced) {
    shape["cell"] = z.string().regex(/^[0-9a-f]{15}$/, "expected an H3 cell of 15 hexadecimal digits").optional().describe("H3 cell.");
    shape["ring"] = z.string().regex(/^[0-5]$/, "expected 0 to 5").optional().describe("With cell: neighbours up to so many steps away.");
    shape["bbox"] = z.string().regex(/^-?[0-9.]{1,20}(,-?[0-9.]{1,20}){3}$/, "expected west,south,east,north in degrees").optional().describe("Box as west,south,east,north in degrees.");
  }
  if (kind.isPriced) {
    shape["leastPrice"] = amount.optional().describe("In the token's smallest unit.");
    shape["mostPrice"] = amount.optional().describe("In the token's smallest unit.");
  }
  return shape;
}

/** Schema of a list's question. */
export const listSchema = (kind: Kind) => z.strictObject({ ...questionShape(kind), ...paging });
/** Schema of a question for facets. */
export const facetSchema = (kind: Kind) => z.strictObject({ ...questionShape(kind), fields: list.describe(`Whose values are counted, with commas between: ${facetFields(kind).join(", ")}.`) });
/** What can be counted. */
export const facetFields = (kind: Kind): string[] => [...kind.terms, ...(kind.isData ? ["schema", "cell"] : [])];

/** A question's field that says something wrong. */
export function wrongField(field: string, message: string): QoodError {
  return new QoodError("QUERY_FIELD", `${field}: ${message}`, { details: { field } });
}

/** Checks a question. @throws QoodError QUERY_FIELD, with the field in its details */
export function readQuestion<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  if (issue.code === "unrecognized_keys") throw wrongField(issue.keys[0]!, "there is no such field here");
  throw wrongField(issue.path.map(String).join("."), issue.message);
}

function schemasOf(value: string): string[] {
  return value.split(",").map((each) => {
    if (/^0x[0-9a-fA-F]{64}$/.test(each)) return toHex(fromHex(each, 32));
    const found = SCHEMAS.find((schema) => schemaId(schema) === each);
    if (found === undefined) throw wrongField("schema", `no schema ${each} in this dictionary (known: ${SCHEMAS.map(schemaId).join(", ")})`);
    return toHex(schemaHash(found));
  });
}

function schemasWith(signal: string): string[] {
  const found = SCHEMAS.filter((schema) => mappingOf(schema, DICTIONARY_VERSION).columns.some(({ path }) => path === signal));
  if (found.length === 0) throw wrongField("signal", `no schema of the dictionary has the signal ${signal}; docs/dictionary.md lists them`);
  return found.map((schema) => toHex(schemaHash(schema)));
}

/** Faults of areas named by the field that they came in. */
function area(field: string, read: () => string[]): string[] {
  try {
    return read();
  } catch (error) {
    throw error instanceof QoodError ? wrongField(field, error.message) : error;
  }
}

/**
 * What a question asks of the index.
 * @param chain - where a VIN tag's vehicle is looked up
 * @param catalog - where it is looked up which places requests name
 * @throws QoodError QUERY_FIELD
 */
export async function queryOf(kind: Kind, question: Readonly<Record<string, string | undefined>>, chain: Reader, catalog: Reader): Promise<Query> {
  const filters: { field: string; values: string[] }[] = [];
  const { schema, signal, cell, ring, bbox, vinTag, from, to, leastPrice, mostPrice } = question;
  for (const name of kind.terms) {
    const value = question[name];
    if (value !== undefined && !(name === "schema" && !kind.isData)) filters.push({ field: name, values: value.toLowerCase().split(",") });
  }
  if (schema !== undefined) filters.push({ field: "schema", values: schemasOf(schema) });
  if (signal !== undefined) filters.push({ field: "schema", values: schemasWith(signal) });
  if (ring !== undefined && cell === undefined) throw wrongField("ring", "only together with cell");
  for (const [field, cells] of [["cell", cell === undefined ? undefined : area("cell", () => cellsAround(cell, Number(ring ?? "0")))], ["bbox", bbox === undefined ? undefined : area("bbox", () => cellsInBox(bbox.split(",").map(Number) as [number, number, number, number]))]] as const) {
    // By the ancestors of its cells, or as one that says less exactly where it was.
    if (cells === undefined) continue;
    if (cells.length === 0) throw wrongField(field, "no cell");
    const places = [...cells, ...coarser(cells).map((each) => `~${each}`)];
    filters.push(kind.isData ? { field: "place", values: places } : { field: "request", values: await wantedAt(chain, catalog, places) });
  }
  if (kind.isData && vinTag !== undefined) {
    const vehicles = await search(chain, { kind: "vehicle", filters: [{ field: "vinTag", values: vinTag.toLowerCase().split(",") }] }, MOST_VEHICLES);
    filters.push({ field: "vehicle", values: vehicles.items.map(({ id }) => id) });
  }
  const times = { from: from === undefined ? undefined : timeOf(from), to: to === undefined ? undefined : timeOf(to) };
  if (times.from !== undefined && times.to !== undefined && times.from > times.to) throw wrongField("to", "must not be before from");
  if (kind.isData && (from !== undefined || to !== undefined)) filters.push({ field: "timed", values: ["true"] });
  return { kind: kind.kind, filters, ...times, leastPrice: leastPrice === undefined ? undefined : BigInt(leastPrice), mostPrice: mostPrice === undefined ? undefined : BigInt(mostPrice) };
}
