/** A complaint on its way to the contract. */
import type { ComplaintWords } from "../market/types.ts";
import type { SegmentKeyInput } from "../proof/segment-key.ts";

/** What a complaint says before its proof: one leaf and the key of its segment, which everybody can then read. */
export type UnprovenComplaint = Omit<ComplaintWords, "proofA" | "proofB" | "proofC">;

/** What {@link buildComplaint} makes. */
export interface ComplaintDraft {
  /** Still without its proof. */
  readonly complaint: UnprovenComplaint;
  /** For `SegmentKeyProver`. It holds the batch key: keep it as secret as that. */
  readonly proofInput: SegmentKeyInput;
}
