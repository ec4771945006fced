/**
 * Samples: the few leaves of a batch that a seller opens before payment, fixed once for everyone by the chain's randomness
 * (contracts/market/hooks/ISampleBeacon.sol). A sample shows that plaintexts are what the batch commits to; that the ciphertext
 * decrypts to them is what the complaint covers, after the purchase.
 */
import { z } from "zod";
import { bytesToBigint, concat, fromHex, type Hex, toHex, u32 } from "../bytes/index.ts";
import { sha256 } from "../crypto/hash.ts";
import { ensure, QoodError } from "../errors/index.ts";
import { readFrame } from "../formats/frame.ts";
import { decodeInterval } from "../formats/interval.ts";
import { leafPosition } from "../formats/layout.ts";
import type { Row } from "../formats/row.ts";
import { intervalKey, segmentKey } from "../keys/index.ts";
import { ensureChecked } from "./decrypt.ts";
import { leafOpening, sampleLeaf, verifySample } from "./leaf.ts";
import { checkKeys } from "./open.ts";
import type { BatchKeys, CheckedBatch, LeafSample } from "./types.ts";

/** The largest sample. */
export const MAX_SAMPLE = 32;

/** Format tag of a sample file. */
export const SAMPLE_FORMAT = "qood/sample/v1";

/** Longest sample file that is read, in bytes: 32 leaves of 4 KiB in hexadecimal stay below. */
export const MAX_SAMPLE_BYTES = 512 * 1024;

/** What a seller tells of its leaves; everything else of them the buyer has from the stored files. */
export interface OpenedLeaf {
  leaf: number;
  salt: Uint8Array;
  plain: Uint8Array;
}

const hex = z.custom<Hex>((v) => typeof v === "string" && /^0x(?:[0-9a-f]{2})*$/.test(v), "expected 0x-hex");
const schema = z.strictObject({
  format: z.literal(SAMPLE_FORMAT),
  headerHash: hex,
  leaves: z.array(z.strictObject({ leaf: z.int().min(0).max(2 ** 32 - 1), salt: hex, plain: hex })).min(1).max(MAX_SAMPLE),
});

/**
 * The leaves that are opened of a batch: for i = 0, 1, … SHA-256(headerHash ‖ value ‖ i as u32) mod leafCount, without those
 * that came before; all leaves of a batch that has no more than `n`.
 * @param value the beacon's value for the header, from the chain
 * @param n 1 to 32
 * @throws QoodError `SAMPLE_SIZE`, `BAD_HEX`
 */
export function sampleIndices(headerHash: Hex, value: Hex, leafCount: number, n: number): number[] {
  ensure(Number.isInteger(n) && n >= 1 && n <= MAX_SAMPLE, "SAMPLE_SIZE", `a sample has 1 to ${MAX_SAMPLE} leaves, not ${n}`);
  ensure(Number.isInteger(leafCount) && leafCount >= 1 && leafCount < 2 ** 32, "SAMPLE_SIZE", `a batch has 1 to 2^32 - 1 leaves, not ${leafCount}`);
  const seed = concat(fromHex(headerHash, 32), fromHex(value, 32));
  const found = new Set<number>();
  for (let i = 0; found.size < Math.min(n, leafCount); i += 1) found.add(Number(bytesToBigint(sha256(seed, u32(i))) % BigInt(leafCount)));
  return [...found];
}

/**
 * Opens leaves of a batch: by the seller, or whoever holds the key.
 * @throws QoodError `NOT_CHECKED`, `BAD_LEAF_INDEX`, `KEY_COMMITMENT` where the key is not the batch's
 */
export function openSample(batch: CheckedBatch, keys: BatchKeys, leaves: readonly number[]): OpenedLeaf[] {
  ensureChecked(batch);
  const key = checkKeys(batch, keys);
  return leaves.map((leaf) => {
    const { interval, segment } = leafPosition(batch.layout, leaf);
    const { salt, plain } = sampleLeaf(batch, leaf, segmentKey(intervalKey(key, interval), segment));
    return { leaf, salt, plain };
  });
}

/**
 * Checks a sample against a batch that the buyer has fetched and checked: exactly the leaves that the beacon's value asks for, in
 * its order, each under the batch's root.
 * @returns the leaves with all that a later complaint needs
 * @throws QoodError `SAMPLE_LEAVES` where they are others, `NOT_CHECKED`, `LEAF_LENGTH`, `SAMPLE_MISMATCH`, `SAMPLE_SIZE`
 */
export function checkSample(batch: CheckedBatch, value: Hex, n: number, opened: readonly OpenedLeaf[]): LeafSample[] {
  ensureChecked(batch);
  const asked = sampleIndices(batch.headerHash, value, batch.layout.leafCount, n);
  const given = opened.map(({ leaf }) => leaf);
  ensure(asked.length === given.length && asked.every((leaf, i) => leaf === given[i]), "SAMPLE_LEAVES", `the sample is of leaves ${given.join(", ")}, the chain asks for ${asked.join(", ")}`);
  const root = fromHex(batch.header.words.root, 32);
  return opened.map(({ leaf, salt, plain }) => {
    const sample = { ...leafOpening(batch, leaf), salt, plain };
    verifySample(root, batch.layout.leafCount, sample);
    return sample;
  });
}

/**
 * The records of those intervals that a sample opens whole: leaves are pieces of compressed intervals, which open from their
 * beginning to their end or not at all. Of a batch with few leaves that is everything, of a large one mostly nothing.
 * @param leaves of {@link checkSample}
 * @throws QoodError `NOT_CHECKED`; `FRAME_*`, `CBOR_*`, `INTERVAL_SHAPE` where the batch is not in form
 */
export function sampleRows(batch: CheckedBatch, leaves: readonly LeafSample[]): Row[] {
  ensureChecked(batch);
  return batch.details.layout.storedLengths.flatMap((stored, interval) => {
    const own = leaves.filter(({ position }) => position.interval === interval).sort((a, b) => a.position.index - b.position.index);
    const bytes = concat(...own.map(({ plain }) => plain));
    if (bytes.length < stored) return [];
    return decodeInterval(readFrame(bytes, batch.header.rest.rawLength), batch.details.columns).flatMap(({ rows }) => [...rows]);
  });
}

/** A sample to the bytes of its file (UTF-8 JSON). */
export function encodeSample(headerHash: Hex, opened: readonly OpenedLeaf[]): Uint8Array {
  const leaves = opened.map(({ leaf, salt, plain }) => ({ leaf, salt: toHex(salt), plain: toHex(plain) }));
  return new TextEncoder().encode(JSON.stringify({ format: SAMPLE_FORMAT, headerHash: headerHash.toLowerCase(), leaves }));
}

/** Bytes of a sample file to its leaves. Checks form and header only: {@link checkSample} does the rest. @throws QoodError `BAD_SAMPLE` */
export function decodeSample(bytes: Uint8Array, headerHash: Hex): OpenedLeaf[] {
  ensure(bytes.length <= MAX_SAMPLE_BYTES, "BAD_SAMPLE", `sample file has ${bytes.length} bytes, more than ${MAX_SAMPLE_BYTES}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new QoodError("BAD_SAMPLE", "sample file is not JSON", { cause });
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0]!;
    throw new QoodError("BAD_SAMPLE", `sample file: ${issue.path.map(String).join(".") || "file"}: ${issue.message}`, { cause: result.error });
  }
  ensure(result.data.headerHash === headerHash.toLowerCase(), "BAD_SAMPLE", `the sample is of the batch ${result.data.headerHash}`);
  return result.data.leaves.map(({ leaf, salt, plain }) => ({ leaf, salt: fromHex(salt), plain: fromHex(plain) }));
}
