/** A complaint, field by field as in the contract. */
import type { Hex } from "../bytes/index.ts";
import type { SegmentKeyInput } from "../proof/segment-key.ts";

/** What a complaint says before its proof: one leaf and the key of its segment, which everybody can then read. */
export interface UnprovenComplaint {
  /** Leaves of the batch, as its root binds them, u32. */
  leafCount: number;
  /** Index of the leaf in the batch, u32. */
  leaf: number;
  /** Interval that it lies in, u32. */
  interval: number;
  /** Segment in the interval, u32. */
  segment: number;
  /** Offset in the segment in blocks of 64 bytes, u32. */
  firstBlock: number;
  /** Ciphertext of the leaf, 1 to 4096 bytes. */
  cipher: Hex;
  /** 32 bytes. */
  dataHash: Hex;
  /** Siblings from the leaf up, 32 bytes each. */
  path: Hex[];
  /** A field element. */
  segmentKey: bigint;
}

/** A complaint ready for the chain. A proof can be made anew by anyone, so two complaints may say the same in other words. */
export interface Complaint extends UnprovenComplaint {
  proofA: [bigint, bigint];
  proofB: [[bigint, bigint], [bigint, bigint]];
  proofC: [bigint, bigint];
}

/** What {@link buildComplaint} makes. */
export interface ComplaintDraft {
  /** Still without its proof. */
  readonly complaint: UnprovenComplaint;
  /** For `SegmentKeyProver`. It holds the batch key: keep it as secret as that. */
  readonly proofInput: SegmentKeyInput;
}
