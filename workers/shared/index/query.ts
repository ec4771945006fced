/** Searches documents: all filters must hold, of each filter any value. Newest first, page by page, each in bounded work. */
import { QoodError } from "@qoodblock/sdk/errors";
import { countKey, documentKey, postingPrefix, postingTime, readDocument, SPAN_CLASSES } from "./documents.ts";
import type { Document } from "./documents.ts";
import { after, fromJson, key, under } from "./keys.ts";
import type { Reader } from "./types.ts";

/** What is asked for. */
export interface Query {
  readonly kind: string;
  /** All of them must hold, each by any of its values; one without values holds for nothing. */
  readonly filters: readonly { readonly field: string; readonly values: readonly string[] }[];
  /** Only documents about some of this time, Unix milliseconds. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly leastPrice?: bigint | undefined;
  readonly mostPrice?: bigint | undefined;
}

/** A page of documents. */
export interface Found {
  readonly items: readonly Document[];
  /** Where the next page begins; undefined when there is nothing more. */
  readonly next?: string | undefined;
}

/** Postings that are looked at for one page at most: a page may be short, or empty, and go on. */
const MOST_LOOKED_AT = 2000;
/** Bytes of a posting's time. */
const TIME = 8;

const holds = (query: Query, { terms, from, to, price }: Document): boolean =>
  (query.from === undefined || to >= query.from) &&
  (query.to === undefined || from <= query.to) &&
  (query.leastPrice === undefined || (price !== undefined && BigInt(price) >= query.leastPrice)) &&
  (query.mostPrice === undefined || (price !== undefined && BigInt(price) <= query.mostPrice)) &&
  query.filters.every(({ field, values }) => terms[field]?.some((value) => values.includes(value)) === true);

/** How many documents each filter leaves by itself; the sum of its values' counts. */
async function sizes(reader: Reader, { kind, filters }: Query): Promise<number[]> {
  const keys = filters.flatMap(({ field, values }) => values.map((value) => countKey(kind, field, value)));
  const counts = (await reader.getMany(keys)).map((bytes) => (bytes === undefined ? 0 : Number(fromJson(bytes))));
  let at = 0;
  return filters.map(({ values }) => values.reduce((sum) => sum + counts[at++]!, 0));
}

interface List {
  readonly prefix: Buffer;
  at: Buffer;
  readonly end: Buffer;
  /** What follows the prefix: time and id, read and not yet given out. */
  ready: Buffer[];
  done: boolean;
}

/** The postings that a query has to go through, from behind `cursor` on: those of the filter that leaves the fewest. */
async function listsOf(reader: Reader, query: Query, cursor: Buffer | undefined): Promise<List[]> {
  const counted = await sizes(reader, query);
  const least = counted.indexOf(Math.min(...counted));
  const { field, values } = least < 0 ? { field: "", values: [""] } : query.filters[least]!;
  const lists: List[] = [];
  for (const value of new Set(values)) {
    for (const [spanClass, most] of SPAN_CLASSES.entries()) {
      const prefix = postingPrefix(query.kind, field, value, spanClass);
      let at = prefix;
      // What ends later than this began after the time that is asked for.
      if (query.to !== undefined && most !== undefined) at = Buffer.concat([prefix, postingTime(query.to + most)]);
      if (cursor !== undefined) {
        const next = Buffer.concat([prefix, cursor, Buffer.of(0)]);
        if (Buffer.compare(next, at) > 0) at = next;
      }
      const end = query.from === undefined ? after(prefix) : after(Buffer.concat([prefix, postingTime(query.from)]));
      lists.push({ prefix, at, end, ready: [], done: Buffer.compare(at, end) >= 0 });
    }
  }
  return lists;
}

/** Reads on where a list has run out. */
async function fill(reader: Reader, lists: readonly List[], chunk: number): Promise<void> {
  const empty = lists.filter(({ ready, done }) => ready.length === 0 && !done);
  const found = await reader.ranges(empty.map(({ at, end }) => ({ from: at, to: end })), chunk);
  for (const [i, list] of empty.entries()) {
    const entries = found[i]!;
    list.ready = entries.map((entry) => entry.key.subarray(list.prefix.length));
    list.done = entries.length < chunk;
    const last = entries.at(-1);
    if (last !== undefined) list.at = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/** All postings of the lists in order, each (time, id) once, in pieces. */
async function* merged(reader: Reader, lists: readonly List[], wanted: number): AsyncGenerator<Buffer[]> {
  let chunk = Math.max(4, Math.ceil((2 * wanted) / Math.max(1, lists.length)));
  for (let last: Buffer | undefined; ; chunk = Math.min(2 * chunk, 1000)) {
    await fill(reader, lists, chunk);
    // Beyond the end of a list that goes on, something may still come in between.
    const open = lists.filter(({ done }) => !done).map(({ ready }) => ready.at(-1)!);
    const horizon = open.length === 0 ? undefined : open.reduce((a, b) => (Buffer.compare(a, b) <= 0 ? a : b));
    const piece: Buffer[] = [];
    for (const list of lists) {
      const split = horizon === undefined ? -1 : list.ready.findIndex((each) => Buffer.compare(each, horizon) > 0);
      const taken = split < 0 ? list.ready : list.ready.slice(0, split);
      list.ready = split < 0 ? [] : list.ready.slice(split);
      piece.push(...taken);
    }
    piece.sort((a, b) => Buffer.compare(a, b));
    const once = piece.filter((each, i) => Buffer.compare(each, piece[i - 1] ?? last ?? Buffer.alloc(0)) !== 0);
    last = piece.at(-1) ?? last;
    if (once.length > 0) yield once;
    if (horizon === undefined) return;
  }
}

function readCursor(text: string): Buffer {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.length <= TIME || bytes.toString("base64url") !== text) throw new QoodError("QUERY_CURSOR", "the cursor is none that a search has given");
  return bytes;
}

/** Documents that match, one by one with their place, and undefined where one was looked at in vain. */
async function* matches(reader: Reader, query: Query, cursor: Buffer | undefined, wanted: number): AsyncGenerator<{ place: Buffer; document: Document | undefined }> {
  const lists = await listsOf(reader, query, cursor);
  for await (const piece of merged(reader, lists, wanted)) {
    for (let at = 0; at < piece.length; at += 2 * wanted) {
      const part = piece.slice(at, at + 2 * wanted);
      const found = await reader.getMany(part.map((each) => documentKey(query.kind, each.subarray(TIME).toString())));
      for (const [i, place] of part.entries()) {
        const bytes = found[i];
        const document = bytes === undefined ? undefined : readDocument(bytes);
        yield { place, document: document !== undefined && holds(query, document) ? document : undefined };
      }
    }
  }
}

/**
 * One page.
 * @param limit - at most so many documents
 * @param cursor - `next` of the page before
 * @throws QoodError QUERY_CURSOR
 */
export async function search(reader: Reader, query: Query, limit: number, cursor?: string): Promise<Found> {
  const items: Document[] = [];
  let looked = 0;
  for await (const { place, document } of matches(reader, query, cursor === undefined ? undefined : readCursor(cursor), limit)) {
    if (document !== undefined) items.push(document);
    looked += 1;
    if (items.length === limit || looked === MOST_LOOKED_AT) return { items, next: place.toString("base64url") };
  }
  return { items };
}

/** How often each value of a field stands among the documents that match. */
export interface Facets {
  readonly fields: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Whether all that match were counted, or only the newest. */
  readonly complete: boolean;
}

/** Counts the values of some fields: all of them without a filter, else those of the newest documents. */
export async function facets(reader: Reader, query: Query, names: readonly string[]): Promise<Facets> {
  const open = query.filters.length === 0 && [query.from, query.to, query.leastPrice, query.mostPrice].every((each) => each === undefined);
  const fields: Record<string, Record<string, number>> = Object.fromEntries(names.map((name) => [name, Object.create(null) as Record<string, number>]));
  if (open) {
    const found = await reader.ranges(names.map((name) => under(key("count", query.kind, name))), MOST_LOOKED_AT);
    for (const [i, name] of names.entries()) {
      const { length } = key("count", query.kind, name);
      for (const entry of found[i]!) fields[name]![entry.key.subarray(length, -1).toString()] = Number(fromJson(entry.value));
    }
    return { fields, complete: found.every((entries) => entries.length < MOST_LOOKED_AT) };
  }
  let looked = 0;
  for await (const { document } of matches(reader, query, undefined, 500)) {
    for (const name of names) for (const value of document?.terms[name] ?? []) fields[name]![value] = (fields[name]![value] ?? 0) + 1;
    looked += 1;
    if (looked === MOST_LOOKED_AT) return { fields, complete: false };
  }
  return { fields, complete: true };
}
