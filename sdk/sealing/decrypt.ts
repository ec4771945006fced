/** Decryption of one interval with the check of every leaf's data hash. */
import { CHACHA_BLOCK, chacha20 } from "../crypto/chacha.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { LeafHasher } from "../formats/leaf.ts";
import { segmentKeys } from "../keys/index.ts";
import { isChecked } from "./check.ts";
import type { CheckedBatch } from "./types.ts";

/** Refuses a batch that did not come from `checkBatch`. @throws QoodError `NOT_CHECKED` */
export function ensureChecked(batch: CheckedBatch): void {
  ensure(isChecked(batch), "NOT_CHECKED", "run checkBatch first and pass on what it returns");
}

/**
 * Decrypts an interval to its padded frame.
 * @param key the interval's key
 * @throws QoodError `BAD_INTERVAL_INDEX`; `DATA_HASH_MISMATCH` (details: leaf, interval, segment): the ground of a complaint if the key is right
 */
export function decryptInterval(batch: CheckedBatch, interval: number, key: bigint): Uint8Array {
  const parts = batch.layout.segments.filter((segment) => segment.interval === interval);
  const first = parts[0];
  if (first === undefined) throw new QoodError("BAD_INTERVAL_INDEX", `the batch has no interval ${interval}`);
  const out = Buffer.allocUnsafeSlow(batch.details.layout.storedLengths[interval]!);
  const { leafSize } = batch.layout;
  const hasher = new LeafHasher();
  const found = Buffer.alloc(32);
  const keyOf = segmentKeys(key);
  for (const part of parts) {
    const bytes = keyOf(part.segment);
    const plain = chacha20(bytes, batch.ciphertext.subarray(part.offset, part.offset + part.length));
    out.set(plain, part.offset - first.offset);
    hasher.useKey(bytes);
    for (let at = 0, j = part.firstLeaf; at < part.length; at += leafSize, j += 1) {
      hasher.dataHash(found, 0, j, plain.subarray(at, at + leafSize));
      if (found.compare(batch.dataHashes, 32 * j, 32 * j + 32) !== 0) {
        throw new QoodError("DATA_HASH_MISMATCH", `leaf ${j} does not decrypt to what the batch's tree commits to`, {
          details: { leaf: j, interval, segment: part.segment, firstBlock: at / CHACHA_BLOCK },
        });
      }
    }
  }
  return out;
}
