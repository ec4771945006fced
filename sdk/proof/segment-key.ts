/** Proofs that one segment of a batch is sealed with a given key: what a complaint shows beside its leaf. */
import type { VerificationKey } from "snarkjs";
import { addField } from "../crypto/field.ts";
import { ensure } from "../errors/index.ts";
import { intervalKey, keyCommitment, segmentKey } from "../keys/index.ts";
import type { ProofArtifacts } from "./artifacts.ts";
import { canonicalSignals, CircuitProver, verifyStatement, type CircuitForm, type Proven, type ProverOptions } from "./engine.ts";
import type { Proof } from "./groth16.ts";

/** The public side of SegmentKey: a fact about a header, the same in every deal and whoever shows it. */
export interface SegmentKeyStatement {
  /** Poseidon(DOM_KEY, k_i) from the header: both of them, the second that of 0 where there is one key. */
  readonly commitments: readonly [bigint, bigint];
  /** Interval in the batch, from 0, u32. */
  readonly interval: number;
  /** Segment in the interval, from 0, u32. */
  readonly segment: number;
  /** The segment's key; the cipher takes its 32 bytes big-endian. */
  readonly segmentKey: bigint;
}

/** All inputs of the circuit, public and private, by their names in it. */
export interface SegmentKeyInput extends Readonly<Record<string, bigint | readonly bigint[]>> {
  readonly commitment: readonly [bigint, bigint];
  readonly interval: bigint;
  readonly segment: bigint;
  readonly segmentKey: bigint;
  readonly k: readonly [bigint, bigint];
}

/** A proof with what it states. */
export type ProvenSegmentKey = Proven<SegmentKeyStatement>;

const U32 = 2 ** 32;
/** The signals' names in the circuit, in order. */
export const SEGMENT_KEY_SIGNALS = ["commitment[0]", "commitment[1]", "interval", "segment", "segmentKey"] as const;

/**
 * The statement about one segment of a batch whose key one knows, and the circuit's inputs, which hold that key.
 * @param of the parts of the batch key (`k2` 0 where there is one key), interval and segment
 * @throws QoodError `OUT_OF_RANGE` for an interval or segment that is no u32, `NOT_A_FIELD_ELEMENT`
 */
export function segmentKeyStatement(of: { k1: bigint; k2?: bigint; interval: number; segment: number }): { statement: SegmentKeyStatement; input: SegmentKeyInput } {
  const { k1, k2 = 0n, interval, segment } = of;
  checkPlace(interval, "interval");
  checkPlace(segment, "segment");
  // Not combineKeys: a header whose parts sum to 0 is a bad header, and what is true of it can be shown all the same.
  const key = segmentKey(intervalKey(addField(k1, k2), interval), segment);
  const commitments = [keyCommitment(k1), keyCommitment(k2)] as const;
  return {
    statement: { commitments, interval, segment, segmentKey: key },
    input: { commitment: commitments, interval: BigInt(interval), segment: BigInt(segment), segmentKey: key, k: [k1, k2] },
  };
}

function checkPlace(value: number, what: string): number {
  ensure(Number.isInteger(value) && value >= 0 && value < U32, "OUT_OF_RANGE", `${what} must be an unsigned integer of 32 bits`);
  return value;
}

/** The statement as public signals. @throws QoodError `OUT_OF_RANGE`, `NOT_A_FIELD_ELEMENT` for a value ≥ p */
export function toSegmentKeySignals({ commitments, interval, segment, segmentKey: key }: SegmentKeyStatement): bigint[] {
  return canonicalSignals([...commitments, BigInt(checkPlace(interval, "interval")), BigInt(checkPlace(segment, "segment")), key], SEGMENT_KEY_SIGNALS);
}

/** Public signals as a statement. @throws QoodError `STATEMENT_INVALID` when they are not five, `OUT_OF_RANGE` */
export function fromSegmentKeySignals(signals: readonly bigint[]): SegmentKeyStatement {
  ensure(signals.length === SEGMENT_KEY_SIGNALS.length, "STATEMENT_INVALID", `SegmentKey has 5 public signals, not ${signals.length}`);
  const [first, second, interval, segment, key] = signals as [bigint, bigint, bigint, bigint, bigint];
  return { commitments: [first, second], interval: checkPlace(Number(interval), "interval"), segment: checkPlace(Number(segment), "segment"), segmentKey: key };
}

const form: CircuitForm<SegmentKeyStatement> = { what: "a segment's key", signals: SEGMENT_KEY_SIGNALS, toSignals: toSegmentKeySignals, fromSignals: fromSegmentKeySignals };

/** Proves segment keys; see {@link CircuitProver}. Inputs come from {@link segmentKeyStatement}. */
export class SegmentKeyProver extends CircuitProver<SegmentKeyInput, SegmentKeyStatement> {
  /**
   * @param artifacts of `SegmentKey`, from `loadProofArtifacts`
   * @throws QoodError `KEY_OF_ANOTHER_CIRCUIT`
   */
  constructor(artifacts: ProofArtifacts, options: ProverOptions = {}) {
    super(artifacts, form, options);
  }
}

/** Whether the proof shows the statement; false, never an error, for what is not canonical. Starts snarkjs's threads: `closeProofEngine` ends them. */
export function verifySegmentKey(verificationKey: VerificationKey, statement: SegmentKeyStatement, proof: Proof): Promise<boolean> {
  return verifyStatement(verificationKey, form, statement, proof);
}
