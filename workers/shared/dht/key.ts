import { cellToParent, getResolution, isValidCell } from "h3-js";
import { CID } from "multiformats/cid";
import { create } from "multiformats/hashes/digest";
import { ascii, concat, fromHex, u32 } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { sha256 } from "@qoodblock/sdk/crypto";
import { QoodError } from "@qoodblock/sdk/errors";

/** Cells of the index: H3 resolution 4, about 1,800 km². Finer ones would tell whom a search is about, and cost a look-up each. */
export const INDEX_RESOLUTION = 4;

/** What is looked up: data of a schema, at a place, of a day. */
export interface IndexKey {
  /** Hash of the schema's name and version. */
  readonly schema: Hex;
  /** H3 cell of {@link INDEX_RESOLUTION} or coarser; null for data without a public place. */
  readonly cell: string | null;
  /** Days since 1970-01-01 UTC. */
  readonly day: number;
}

const TAG = ascii("qood/index/v1");
const RAW = 0x55;
const SHA256 = 0x12;

/** The index's cell that a cell lies in. @throws QoodError INDEX_CELL */
export function indexCell(cell: string): string {
  if (!isValidCell(cell)) throw new QoodError("INDEX_CELL", `${JSON.stringify(cell.slice(0, 32))} is no H3 cell`);
  return getResolution(cell) <= INDEX_RESOLUTION ? cell : cellToParent(cell, INDEX_RESOLUTION);
}

/** Where the DHT keeps who has something for a key: a CID of SHA-256("qood/index/v1" ‖ schema 32 ‖ cell 8, zero for none ‖ day u32). @throws QoodError INDEX_CELL, BAD_HEX, OUT_OF_RANGE */
export function indexCid({ schema, cell, day }: IndexKey): CID {
  const place = cell === null ? new Uint8Array(8) : fromHex(`0x${indexCell(cell).padStart(16, "0")}`, 8);
  return CID.createV1(RAW, create(SHA256, sha256(TAG, concat(fromHex(schema, 32), place, u32(day)))));
}
