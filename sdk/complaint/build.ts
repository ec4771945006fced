/** From a faulty leaf to what the contract takes. */
import { equalBytes, toHex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";
import { leafPosition } from "../formats/layout.ts";
import { LeafHasher } from "../formats/leaf.ts";
import type { ComplaintWords } from "../market/types.ts";
import { segmentKeyStatement, type ProvenSegmentKey } from "../proof/segment-key.ts";
import { sampleLeaf } from "../sealing/leaf.ts";
import type { BatchKeys, CheckedBatch } from "../sealing/types.ts";
import { keyOf } from "./fault.ts";
import type { ComplaintDraft, UnprovenComplaint } from "./types.ts";

/**
 * Builds the complaint about one leaf. Its proof is still to be made from `proofInput`.
 * @param batch from `checkBatch`
 * @param keys the delivered key, or both parts of a DISPUTED one
 * @param leaf index in the batch, from {@link findFault}
 * @throws QoodError `NOT_CHECKED`, `BAD_LEAF_INDEX`, `NOT_A_FIELD_ELEMENT`, `KEY_COMMITMENT`; `COMPLAINT_UNFOUNDED` where the leaf is right: the chain would
 * refuse it, and the segment's key would be out for nothing
 */
export function buildComplaint(batch: CheckedBatch, keys: BatchKeys, leaf: number): ComplaintDraft {
  keyOf(batch, keys);
  const { interval, segment, firstBlock } = leafPosition(batch.layout, leaf);
  const { statement, input } = segmentKeyStatement({ ...keys, interval, segment });
  const { cipher, dataHash, path, salt, plain } = sampleLeaf(batch, leaf, statement.segmentKey);
  ensure(!equalBytes(new LeafHasher().saltedHash(salt, plain), dataHash), "COMPLAINT_UNFOUNDED", `leaf ${leaf} decrypts to what the batch's tree commits to: there is nothing to complain about`, { leaf });
  return {
    complaint: {
      leafCount: batch.layout.leafCount,
      leaf,
      interval,
      segment,
      firstBlock,
      cipher: toHex(cipher),
      dataHash: toHex(dataHash),
      path: path.map(toHex),
      segmentKey: statement.segmentKey,
    },
    proofInput: input,
  };
}

/**
 * Puts the proof into the complaint that it was made for. Anyone can make a proof anew from another, so two complaints may say the same in other words.
 * @throws QoodError `COMPLAINT_PROOF` where it is the proof of another segment or key
 */
export function withProof(complaint: UnprovenComplaint, { proof, statement }: ProvenSegmentKey): ComplaintWords {
  const { interval, segment, segmentKey } = statement;
  ensure(
    interval === complaint.interval && segment === complaint.segment && segmentKey === complaint.segmentKey,
    "COMPLAINT_PROOF",
    `the proof is of segment ${segment} in interval ${interval}, the complaint is about segment ${complaint.segment} in interval ${complaint.interval}, or of another key`,
  );
  const { a, b, c } = proof;
  return { ...complaint, proofA: [...a], proofB: [[...b[0]], [...b[1]]], proofC: [...c] };
}
