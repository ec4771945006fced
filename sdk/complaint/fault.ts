/** Looking for the ground of a complaint. */
import { addField } from "../crypto/field.ts";
import { isQoodError } from "../errors/index.ts";
import { leafPosition, type LeafPosition } from "../formats/layout.ts";
import { intervalKey } from "../keys/index.ts";
import { decryptInterval, ensureChecked } from "../sealing/decrypt.ts";
import { checkCommitments } from "../sealing/open.ts";
import type { BatchKeys, CheckedBatch } from "../sealing/types.ts";

/**
 * Finds the first leaf whose plaintext does not hash to its dataHash. It decrypts the batch leaf by leaf and unpacks nothing, so it
 * finds it whatever else is wrong.
 * @param batch from `checkBatch`
 * @param keys the delivered key, or both parts of a DISPUTED one
 * @returns its place, or null where every leaf is right: then there is no complaint
 * @throws QoodError `NOT_CHECKED`, `NOT_A_FIELD_ELEMENT`, `KEY_COMMITMENT` (details: which; the key is not the committed one, so nothing can be said of the leaves)
 */
export function findFault(batch: CheckedBatch, keys: BatchKeys): LeafPosition | null {
  const k = keyOf(batch, keys);
  for (const interval of batch.details.layout.storedLengths.keys()) {
    try {
      decryptInterval(batch, interval, intervalKey(k, interval));
    } catch (error) {
      if (isQoodError(error, "DATA_HASH_MISMATCH")) return leafPosition(batch.layout, Number(error.details["leaf"]));
      throw error;
    }
  }
  return null;
}

/** The key of the data. Parts that add up to 0 are no reason to lose a complaint, though `openBatch` refuses them. */
export function keyOf(batch: CheckedBatch, keys: BatchKeys): bigint {
  ensureChecked(batch);
  checkCommitments(batch, keys);
  return addField(keys.k1, keys.k2 ?? 0n);
}
