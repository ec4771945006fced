/** Single leaves: with their path for a complaint, with their plaintext for a sample. */
import { equalBytes } from "../bytes/index.ts";
import { chacha20 } from "../crypto/chacha.ts";
import { ensure } from "../errors/index.ts";
import { leafPosition } from "../formats/layout.ts";
import { LeafHasher } from "../formats/leaf.ts";
import { DATA_ROOT, rootFromPath } from "../formats/tree.ts";
import { keyBytes } from "../keys/index.ts";
import { ensureChecked } from "./decrypt.ts";
import type { CheckedBatch, LeafOpening, LeafSample } from "./types.ts";

/** Takes leaf `index` out of a checked batch. @throws QoodError `NOT_CHECKED`, `BAD_LEAF_INDEX` */
export function leafOpening(batch: CheckedBatch, index: number): LeafOpening {
  ensureChecked(batch);
  const position = leafPosition(batch.layout, index);
  return {
    position,
    cipher: batch.ciphertext.subarray(position.offset, position.offset + position.length),
    dataHash: batch.dataHashes.subarray(32 * index, 32 * index + 32),
    path: batch.tree.path(index),
  };
}

/**
 * Verifies a leaf against a root, as the complaint's contract does.
 * @throws QoodError `BAD_LEAF_INDEX`, `PATH_DEPTH`, `LEAF_LENGTH`, `LEAF_MISMATCH`
 */
export function verifyLeaf(root: Uint8Array, leafCount: number, opening: LeafOpening): void {
  const { position, cipher, dataHash, path } = opening;
  ensure(cipher.length === position.length && dataHash.length === 32, "LEAF_LENGTH", `leaf ${position.index} has not the length it states`);
  const leaf = new LeafHasher().single(position, cipher, dataHash);
  ensure(equalBytes(rootFromPath(DATA_ROOT, leafCount, position.index, leaf, path), root), "LEAF_MISMATCH", `leaf ${position.index} is not under the batch's root`, { leaf: position.index });
}

/**
 * Opens one leaf to its plaintext: salt and plaintext go out, the key does not, and the other leaves stay closed.
 * @param key the key of the leaf's segment
 * @throws QoodError `NOT_CHECKED`, `BAD_LEAF_INDEX`
 */
export function sampleLeaf(batch: CheckedBatch, index: number, key: bigint): LeafSample {
  const opening = leafOpening(batch, index);
  const bytes = keyBytes(key);
  const hasher = new LeafHasher();
  const salt = Buffer.alloc(32);
  hasher.useKey(bytes);
  hasher.salt(salt, 0, index);
  return { ...opening, salt, plain: chacha20(bytes, opening.cipher, opening.position.firstBlock) };
}

/**
 * Verifies a sample: the plaintext belongs to the data hash, the leaf to the root. (That the ciphertext decrypts to it is
 * what the complaint covers, after the purchase.)
 * @throws QoodError as {@link verifyLeaf}, and `SAMPLE_MISMATCH`
 */
export function verifySample(root: Uint8Array, leafCount: number, sample: LeafSample): void {
  verifyLeaf(root, leafCount, sample);
  ensure(sample.salt.length === 32 && sample.plain.length === sample.position.length, "LEAF_LENGTH", `sample ${sample.position.index} has not the length it states`);
  const found = new LeafHasher().saltedHash(sample.salt, sample.plain);
  ensure(equalBytes(found, sample.dataHash), "SAMPLE_MISMATCH", `plaintext of leaf ${sample.position.index} is not what the batch's tree commits to`, { leaf: sample.position.index });
}
