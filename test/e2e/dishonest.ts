/** A batch of which one leaf is not what its tree commits to, with header, description and device envelope that fit it in every hash. */
import { toHex } from "@qoodblock/sdk/bytes";
import { sha256 } from "@qoodblock/sdk/crypto";
import { describe, encodeDescription } from "@qoodblock/sdk/description";
import { fileDigest, hashHeader, hashRest } from "@qoodblock/sdk/formats";
import { sealBatch } from "@qoodblock/sdk/sealing";
import type { SealInput, SealedBatch } from "@qoodblock/sdk/sealing";
import { chacha, seal } from "../support/sealer.ts";
import type { Fault } from "../support/sealer.ts";

const SEGMENT = 65_536;

/** Turns over a bit of a leaf's ciphertext, after its data hash was made of the true plaintext. */
export const spoiltLeaf = (leaf: number): Fault => (made) => {
  if (made.j === leaf) made.cipher[0]! ^= 1;
};

/**
 * Seals as `sealBatch` does, and has the independent sealer lay it out again with a fault. Without one the batch is the honest one, byte for byte.
 * @param fault - spoils leaves before they are bound.
 */
export function sealWith(input: SealInput, fault?: Fault): SealedBatch {
  const honest = sealBatch(input);
  const { storedLengths } = (JSON.parse(Buffer.from(honest.description).toString()) as { layout: { storedLengths: number[] } }).layout;
  const { leafSize } = honest.header.rest;
  const keys = { k1: input.keys.k1, ...(input.keys.k2 === undefined ? {} : { k2: input.keys.k2 }) };
  // Its keys are needed to decrypt what the honest one has encrypted.
  const { keyOf } = seal({ plain: storedLengths.map((length) => Buffer.alloc(length)), leafSize, ...keys });
  let from = 0;
  const plain = storedLengths.map((length, interval) => {
    const stored = honest.ciphertext.subarray(from, (from += length));
    const segments = Array.from({ length: Math.ceil(length / SEGMENT) }, (_, i) => chacha(keyOf(interval, i), 0, stored.subarray(i * SEGMENT, (i + 1) * SEGMENT)));
    return Buffer.concat(segments);
  });
  const batch = seal({ plain, leafSize, ...keys, ...(fault === undefined ? {} : { fault }) });
  const { descriptionHash: _of, ...before } = honest.header.rest;
  const rest = { ...before, cipherDigest: toHex(fileDigest(batch.ciphertext)), dataHashDigest: toHex(fileDigest(batch.dataHashes)) };
  const description = encodeDescription(describe({ root: toHex(batch.root), rest }, { columns: input.columns, leafCount: batch.leafCount, storedLengths, time: input.publicFields?.time ?? true, h3: input.publicFields?.h3 }));
  const full = { ...rest, descriptionHash: toHex(sha256(description)) };
  const words = { ...honest.header.words, root: toHex(batch.root), restHash: hashRest(full) };
  return { ...honest, ciphertext: batch.ciphertext, dataHashes: batch.dataHashes, description, header: { words, rest: full }, headerHash: hashHeader(words) };
}
