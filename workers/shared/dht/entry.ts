import { toHex } from "@qoodblock/sdk/bytes";
import { decodeDescription } from "@qoodblock/sdk/description";
import { sha256 } from "@qoodblock/sdk/crypto";
import { ensure } from "@qoodblock/sdk/errors";
import { CborReader, CborWriter } from "@qoodblock/sdk/formats";
import { decodeOffer } from "@qoodblock/sdk/market";
import type { Offer } from "@qoodblock/sdk/market";
import { indexCell } from "./key.ts";
import type { IndexKey } from "./key.ts";

/** Longest entry, bytes. */
export const MAX_ENTRY = 1024 * 1024;
/** Most descriptions of an entry: those of the lots that are to be found by place. */
const MAX_DESCRIPTIONS = 256;
const VERSION = 1;

/** An offer file with the description files of its lots, as sellers tell each other and buyers. */
export interface Entry {
  readonly offer: Uint8Array;
  readonly descriptions: readonly Uint8Array[];
}

/** What an entry says, once its form is right. */
export interface ReadEntry {
  readonly offer: Offer;
  /** Every key under which it may be announced. */
  readonly keys: readonly IndexKey[];
}

/** Entry to bytes: CBOR [1, offer, [description …]]. @throws QoodError INDEX_ENTRY */
export function encodeEntry({ offer, descriptions }: Entry): Uint8Array {
  const length = descriptions.reduce((sum, each) => sum + each.length + 9, offer.length + 64);
  ensure(length <= MAX_ENTRY && descriptions.length <= MAX_DESCRIPTIONS, "INDEX_ENTRY", `an entry of the data index has at most ${MAX_ENTRY} bytes and ${MAX_DESCRIPTIONS} descriptions`);
  const writer = new CborWriter(length);
  writer.array(3);
  writer.value(VERSION);
  writer.bytes(offer);
  writer.array(descriptions.length);
  for (const each of descriptions) writer.bytes(each);
  return writer.finish();
}

/**
 * Bytes to an entry: form of offer and descriptions, and that each description is of one of its lots. Signature, agreement and chain are for
 * the check that a buyer does before it pays.
 * @throws QoodError INDEX_ENTRY, CBOR_*, BAD_OFFER, DESCRIPTION_FORM
 */
export function readEntry(bytes: Uint8Array): ReadEntry {
  ensure(bytes.length <= MAX_ENTRY, "INDEX_ENTRY", `the entry has ${bytes.length} bytes, more than ${MAX_ENTRY}`);
  const reader = new CborReader(bytes);
  reader.expect(reader.array("entry") === 3 && reader.uint() === VERSION, "INDEX_ENTRY", "not an entry of version 1");
  const file = reader.bytes();
  const count = reader.array("descriptions");
  reader.expect(count <= MAX_DESCRIPTIONS, "INDEX_ENTRY", "too many descriptions");
  const descriptions = Array.from({ length: count }, () => reader.bytes());
  reader.end();
  const offer = decodeOffer(file);
  const cellsOf = new Map<string, readonly string[]>(descriptions.map((each) => [toHex(sha256(each)), decodeDescription(each).h3 ?? []]));
  const used = new Set<string>();
  const keys = offer.lots.flatMap(({ header: { rest } }): IndexKey[] => {
    const { schema, day } = rest;
    const hash = rest.descriptionHash.toLowerCase();
    const cells = [...new Set((cellsOf.get(hash) ?? []).map(indexCell))];
    used.add(hash);
    return cells.length === 0 ? [{ schema, day, cell: null }] : cells.map((cell) => ({ schema, day, cell }));
  });
  ensure([...cellsOf.keys()].every((hash) => used.has(hash)), "INDEX_ENTRY", "the entry has a description of no lot of its offer");
  return { offer, keys };
}
