/** Every circuit with an honest assignment and one forgery for each of its numbered constraints. */
import assert from "node:assert/strict";
import { isValidBuyerKey, unwrapKeys } from "@qoodblock/sdk/delivery";
import { fromPossessionSignals, possessionStatement, segmentKeyStatement } from "@qoodblock/sdk/proof";
import { isDeepStrictEqual } from "node:util";
import type { Signals } from "./circuit.ts";
import { forge, FORGERIES, victim, type Forgery } from "./forge.ts";
import { forgePossession, forgeSegmentKey, PARTS, POSSESSION_FORGERIES, SEGMENT_KEY_FORGERIES, type KeyForgery, type KeyClaim, type PossessionClaim } from "./forge-key.ts";

/** An assignment, and whether what it states is true, by the SDK and without the circuit. */
export interface Assignment {
  readonly signals: Signals;
  readonly isTrue: boolean;
}

/** A circuit to be tried. */
export interface CircuitCase {
  /** Name of its source file. */
  readonly circuit: string;
  /** The instance that is tried. */
  readonly instance: string;
  readonly honest: () => Promise<Assignment>;
  /** Number of a constraint → a forgery that breaks it alone. */
  readonly forgeries: ReadonlyMap<number, () => Promise<Assignment>>;
}

/** All circuits. */
export const CASES: readonly CircuitCase[] = [
  { circuit: "KeyDelivery", instance: "KeyDelivery1", honest: () => delivery({}), forgeries: each(FORGERIES, delivery) },
  { circuit: "SegmentKey", instance: "SegmentKey", honest: () => segmentKey({}), forgeries: each(SEGMENT_KEY_FORGERIES, segmentKey) },
  { circuit: "Possession", instance: "Possession", honest: () => possession({}), forgeries: each(POSSESSION_FORGERIES, possession) },
];

function each<F>(forgeries: ReadonlyMap<number, F>, make: (forgery: F) => Promise<Assignment>): ReadonlyMap<number, () => Promise<Assignment>> {
  return new Map([...forgeries].map(([number, forgery]) => [number, () => make(forgery)]));
}

function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    assert.ok(error instanceof Error && (error.name === "QoodError" || error.name === "AssertionError"), String(error));
    return false;
  }
}

async function delivery(forgery: Forgery): Promise<Assignment> {
  const { signals, statement } = await forge(forgery);
  const isTrue = isValidBuyerKey(statement.buyerKey) && holds(() => assert.deepEqual(unwrapKeys(victim.secret, { ...statement, wrapped: statement }), [987654321n]));
  return { signals, isTrue };
}

async function segmentKey(forgery: KeyForgery<KeyClaim>): Promise<Assignment> {
  const { signals, claim } = await forgeSegmentKey(forgery);
  const { k: _, ...truth } = segmentKeyStatement({ k1: PARTS[0], k2: PARTS[1], interval: Number(claim.interval), segment: Number(claim.segment) }).input;
  return { signals, isTrue: isDeepStrictEqual({ ...claim }, truth) };
}

async function possession(forgery: KeyForgery<PossessionClaim>): Promise<Assignment> {
  const { signals, claim } = await forgePossession(forgery);
  const isTrue = holds(() => {
    const { prover } = fromPossessionSignals([...claim.commitment, claim.nonce, claim.prover, claim.answer]);
    const { k: _, ...truth } = possessionStatement({ k1: PARTS[0], k2: PARTS[1], nonce: claim.nonce, prover }).input;
    assert.deepEqual({ ...claim }, truth);
  });
  return { signals, isTrue };
}
