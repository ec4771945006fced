/**
 * Documents that can be searched: each under its kind and id, with a posting for every value of every term, newest first, and
 * a count of the documents of each value. What is found how is in `query.ts`.
 */
import { z } from "zod";
import type { Batch } from "./batch.ts";
import { fromJson, key, toJson } from "./keys.ts";
import type { Entry, Reader } from "./types.ts";

const DAY = 86_400_000;
/** Longest stretch of time of a document of class 0 and 1, milliseconds; class 2 is what is longer. */
export const SPAN_CLASSES = [DAY, 32 * DAY, undefined] as const;
/** Greatest time: what is subtracted from it sorts the other way round. */
const LAST = Number.MAX_SAFE_INTEGER;

const documentSchema = z.strictObject({
  id: z.string(),
  /** Values to search by, none of them a number that must be compared. */
  terms: z.record(z.string(), z.array(z.string())),
  /** What stretch of time it is about, Unix milliseconds. */
  from: z.int().nonnegative(),
  to: z.int().nonnegative(),
  /** Decimal, in the smallest unit of its token. */
  price: z.string().optional(),
  body: z.unknown(),
});

/** See the head of this file. */
export type Document = z.output<typeof documentSchema>;

/** Where a document lies. */
export const documentKey = (kind: string, id: string): Buffer => key("doc", kind, Buffer.from(id));
/** Where the number of documents with a value lies; of all documents of the kind for field and value "". */
export const countKey = (kind: string, field: string, value: string): Buffer => key("count", kind, field, value);
/** What the postings of a value begin with. */
export const postingPrefix = (kind: string, field: string, value: string, spanClass: number): Buffer => key("post", kind, field, value, Uint8Array.of(spanClass));
/** What the postings of documents that end at `to` go on with. */
export const postingTime = (to: number): Buffer => key(LAST - Math.min(LAST, Math.max(0, to)));

/** A document as it is stored. */
export function readDocument(bytes: Buffer): Document {
  return documentSchema.parse(fromJson(bytes));
}

const classOf = ({ from, to }: Document): number => SPAN_CLASSES.findIndex((most) => most === undefined || to - from <= most);

/** Every (field, value) that a document is found by, the one of all documents first. */
function valuesOf({ terms }: Document): [string, string][] {
  const values: [string, string][] = [["", ""]];
  for (const [field, list] of Object.entries(terms)) for (const value of new Set(list)) values.push([field, value]);
  return values;
}

function postingsOf(kind: string, document: Document): Buffer[] {
  const end = Buffer.concat([Uint8Array.of(classOf(document)), postingTime(document.to), Buffer.from(document.id)]);
  return valuesOf(document).map(([field, value]) => key("post", kind, field, value, end));
}

async function count(batch: Batch, kind: string, document: Document, by: 1 | -1): Promise<void> {
  const keys = valuesOf(document).map(([field, value]) => countKey(kind, field, value));
  await batch.prefetch(keys);
  for (const each of keys) {
    const next = Number((await batch.json(each)) ?? 0) + by;
    if (next === 0) batch.remove(each);
    else batch.putJson(each, next);
  }
}

/** The document of a kind and id, as the batch sees it. */
export async function getDocument(batch: Batch, kind: string, id: string): Promise<Document | undefined> {
  const bytes = await batch.get(documentKey(kind, id));
  return bytes === undefined ? undefined : readDocument(bytes);
}

/** Documents by their ids, in the ids' order. */
export async function findDocuments(reader: Pick<Reader, "getMany">, kind: string, ids: readonly string[]): Promise<(Document | undefined)[]> {
  return (await reader.getMany(ids.map((id) => documentKey(kind, id)))).map((bytes) => (bytes === undefined ? undefined : readDocument(bytes)));
}

/** Removes a document with all that it is found by. */
export async function removeDocument(batch: Batch, kind: string, id: string): Promise<void> {
  const former = await getDocument(batch, kind, id);
  if (former === undefined) return;
  for (const posting of postingsOf(kind, former)) batch.remove(posting);
  await count(batch, kind, former, -1);
  batch.remove(documentKey(kind, id));
}

/** Puts a document in place of the one of its kind and id, if there is one. */
export async function putDocument(batch: Batch, kind: string, document: Document): Promise<void> {
  await removeDocument(batch, kind, document.id);
  for (const posting of postingsOf(kind, document)) batch.put(posting, Buffer.alloc(0));
  await count(batch, kind, document, 1);
  batch.putJson(documentKey(kind, document.id), document);
}

/** Entries of many documents of kinds that the store has none of yet, for its bulk path; no id may come twice. */
export function* bulkDocuments(documents: Iterable<readonly [kind: string, document: Document]>): Generator<Entry> {
  const counts = new Map<string, number>();
  for (const [kind, document] of documents) {
    yield { key: documentKey(kind, document.id), value: toJson(document) };
    for (const posting of postingsOf(kind, document)) yield { key: posting, value: Buffer.alloc(0) };
    for (const [field, value] of valuesOf(document)) {
      const name = `${kind}\0${field}\0${value}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  for (const [name, count] of counts) {
    const [kind, field, value] = name.split("\0") as [string, string, string];
    yield { key: countKey(kind, field, value), value: toJson(count) };
  }
}
