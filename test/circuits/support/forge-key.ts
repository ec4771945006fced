/** Forged assignments of SegmentKey and Possession: values for every signal that satisfy all constraints but one. */
import type { Signals } from "./circuit.ts";
import { signalsOf, unguarded, type Lies } from "./unguarded.ts";

/** Public signals by name, as they stand in the circuit. */
export interface KeyClaim {
  readonly commitment: readonly [bigint, bigint];
  readonly interval: bigint;
  readonly segment: bigint;
  readonly segmentKey: bigint;
}
/** Public signals by name, as they stand in the circuit. */
export interface PossessionClaim {
  readonly commitment: readonly [bigint, bigint];
  readonly nonce: bigint;
  readonly prover: bigint;
  readonly answer: bigint;
}

/** What a forger does: public numbers that he starts from, where the circuit lies, public inputs that he changes at the end. */
export interface KeyForgery<Claim> extends Lies {
  readonly from?: Partial<Claim>;
  readonly change?: (claim: Claim) => Claim;
}

/** Parts of the batch key in every forgery. */
export const PARTS = [987654321n, 123456789n] as const;

const otherCommitment = <Claim extends { commitment: readonly [bigint, bigint] }>(claim: Claim): Claim => ({ ...claim, commitment: [claim.commitment[0], claim.commitment[1] + 1n] });

/** One forgery for each constraint of SegmentKey: it breaks that one and no other. */
export const SEGMENT_KEY_FORGERIES: ReadonlyMap<number, KeyForgery<KeyClaim>> = new Map<number, KeyForgery<KeyClaim>>([
  [9, { change: otherCommitment }],
  [11, { lie: 11 }],
  [12, { change: (claim) => ({ ...claim, segmentKey: claim.segmentKey + 1n }) }],
]);

/** One forgery for each constraint of Possession: it breaks that one and no other. */
export const POSSESSION_FORGERIES: ReadonlyMap<number, KeyForgery<PossessionClaim>> = new Map<number, KeyForgery<PossessionClaim>>([
  [9, { change: otherCommitment }],
  [11, { lie: 11 }],
  [13, { from: { nonce: 2n ** 248n + 77n } }],
  [14, { from: { prover: 2n ** 160n + 77n } }],
  [15, { change: (claim) => ({ ...claim, answer: claim.answer + 1n }) }],
]);

/** Computes a forgery of SegmentKey: every signal's value, and the claim that it would prove. */
export async function forgeSegmentKey({ from, change, ...lies }: KeyForgery<KeyClaim>): Promise<{ signals: Signals; claim: KeyClaim }> {
  const circuit = await unguarded("SegmentKey", lies);
  const start: KeyClaim = { commitment: [0n, 0n], interval: 3n, segment: 4n, segmentKey: 0n, ...from };
  const first = await signalsOf(circuit, { ...start, k: PARTS });
  const fitting: KeyClaim = { ...start, commitment: commitmentsIn(first), segmentKey: first.get("main.ofSegment.out")! };
  const claim = change?.(fitting) ?? fitting;
  return { signals: await signalsOf(circuit, { ...claim, k: PARTS }), claim };
}

/** Computes a forgery of Possession: every signal's value, and the claim that it would prove. */
export async function forgePossession({ from, change, ...lies }: KeyForgery<PossessionClaim>): Promise<{ signals: Signals; claim: PossessionClaim }> {
  const circuit = await unguarded("Possession", lies);
  const start: PossessionClaim = { commitment: [0n, 0n], nonce: 5n, prover: 6n, answer: 0n, ...from };
  const first = await signalsOf(circuit, { ...start, k: PARTS });
  const fitting: PossessionClaim = { ...start, commitment: commitmentsIn(first), answer: first.get("main.prf.out")! };
  const claim = change?.(fitting) ?? fitting;
  return { signals: await signalsOf(circuit, { ...claim, k: PARTS }), claim };
}

function commitmentsIn(signals: Signals): readonly [bigint, bigint] {
  return [signals.get("main.batch.commit[0].hash.out")!, signals.get("main.batch.commit[1].hash.out")!];
}
