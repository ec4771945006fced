/** The cryptographic part of sealing, apart from encoding and compression: frames in, ciphertext and tree out. */
import { chacha20 } from "../crypto/chacha.ts";
import { layoutOf, type Layout } from "../formats/layout.ts";
import { LeafHasher } from "../formats/leaf.ts";
import { DATA_ROOT, MerkleTree } from "../formats/tree.ts";
import { intervalKeys, segmentKeys } from "../keys/index.ts";

/** Result of {@link sealFrames}. */
export interface SealedFrames {
  ciphertext: Buffer;
  /** 32 bytes a leaf. */
  dataHashes: Buffer;
  layout: Layout;
  tree: MerkleTree;
  /** Root of the batch: H(0x03 || leafCount || top). */
  root: Uint8Array;
}

/**
 * Encrypts framed intervals and builds the tree over them. Each segment is encrypted and hashed while it is in the cache;
 * what is allocated per leaf are views only.
 * @param frames padded frames (formats' `makeFrame`), one an interval
 * @param k the key that the data is sealed with (k1 + k2 mod p)
 */
export function sealFrames(frames: readonly Uint8Array[], k: bigint, leafSize: number): SealedFrames {
  const layout = layoutOf(frames.map((frame) => frame.length), leafSize);
  const ciphertext = Buffer.allocUnsafeSlow(layout.storedLength);
  const dataHashes = Buffer.allocUnsafeSlow(32 * layout.leafCount);
  const leaves = Buffer.allocUnsafeSlow(32 * layout.leafCount);
  const hasher = new LeafHasher();
  const intervalKeyOf = intervalKeys(k);
  let interval = -1;
  let keyOf = segmentKeys(0n);
  let start = 0;
  for (const part of layout.segments) {
    if (part.interval !== interval) {
      interval = part.interval;
      keyOf = segmentKeys(intervalKeyOf(interval));
      start = part.offset;
    }
    const key = keyOf(part.segment);
    const plain = frames[interval]!.subarray(part.offset - start, part.offset - start + part.length);
    const cipher = chacha20(key, plain);
    ciphertext.set(cipher, part.offset);
    hasher.useKey(key);
    hasher.segment(leaves, dataHashes, part, leafSize, plain, cipher);
  }
  const tree = new MerkleTree(leaves);
  return { ciphertext, dataHashes, layout, tree, root: tree.root(DATA_ROOT) };
}
