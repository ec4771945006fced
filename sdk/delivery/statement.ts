/** What a KeyDelivery proof says in public, by name; the one place that knows the order of its signals. */
import { solidityPackedKeccak256 } from "ethers";
import { FIELD_PRIME } from "../crypto/field.ts";
import type { Point } from "../crypto/babyjub.ts";
import type { Hex } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";

/** Numbers of lots for which a circuit instance is defined; a page with fewer is padded. */
export const INSTANCE_SIZES = [1, 8, 32] as const;

/** A delivery as its receiver sees it: R and the wrapped keys. */
export interface WrappedKeys {
  /** r·Base8. */
  readonly R: Point;
  /** c_i = k_i + pad_i mod p, one for each lot. */
  readonly c: readonly bigint[];
}

/** The public side of KeyDelivery(m), m = commitments.length = c.length. */
export interface KeyDeliveryStatement extends WrappedKeys {
  readonly context: bigint;
  /** The buyer's delivery key P from the deal's terms. */
  readonly buyerKey: Point;
  /** Poseidon(DOM_KEY, k_i) from the headers. */
  readonly commitments: readonly bigint[];
}

/** The signals' names in the circuit, in order: context, P, commitment[m], R, c[m]. */
export function publicSignalNames(m: number): string[] {
  const list = (name: string, length: number): string[] => Array.from({ length }, (_, i) => `${name}[${i}]`);
  return ["context", ...list("P", 2), ...list("commitment", m), ...list("R", 2), ...list("c", m)];
}

/** The statement as public signals. @throws QoodError `STATEMENT_INVALID` for lists of different length, `NOT_A_FIELD_ELEMENT` for a value ≥ p */
export function toPublicSignals(statement: KeyDeliveryStatement): bigint[] {
  ensure(statement.commitments.length === statement.c.length, "STATEMENT_INVALID", "a delivery needs one wrapped key for each commitment");
  const signals = [statement.context, ...statement.buyerKey, ...statement.commitments, ...statement.R, ...statement.c];
  const names = publicSignalNames(statement.c.length);
  signals.forEach((signal, i) => {
    ensure(signal >= 0n && signal < FIELD_PRIME, "NOT_A_FIELD_ELEMENT", `public signal ${names[i]!} is not below the field's prime`);
  });
  return signals;
}

/** Public signals as a statement. @throws QoodError `STATEMENT_INVALID` when their number is not 5 + 2m */
export function fromPublicSignals(signals: readonly bigint[]): KeyDeliveryStatement {
  const m = (signals.length - 5) / 2;
  ensure(Number.isInteger(m) && m >= 1, "STATEMENT_INVALID", `KeyDelivery(m) has 5 + 2m public signals, not ${signals.length}`);
  const [context, px, py] = signals as [bigint, bigint, bigint];
  const [rx, ry] = signals.slice(3 + m) as [bigint, bigint];
  return { context, buyerKey: [px, py], commitments: signals.slice(3, 3 + m), R: [rx, ry], c: signals.slice(5 + m) };
}

/** The first 25 bytes of keccak256(abi.encodePacked(R.x, R.y, c…)): what the chain keeps of an unproven delivery. */
export function deliveryHash(wrapped: WrappedKeys): Hex {
  const words = [...wrapped.R, ...wrapped.c];
  return solidityPackedKeccak256(words.map(() => "uint256"), words).slice(0, 2 + 50) as Hex;
}

/** Size of the circuit instance for a page of so many lots. @throws QoodError `OUT_OF_RANGE` unless 1 to 32 */
export function instanceSize(lots: number): (typeof INSTANCE_SIZES)[number] {
  const size = INSTANCE_SIZES.find((m) => m >= lots);
  ensure(Number.isInteger(lots) && lots > 0 && size !== undefined, "OUT_OF_RANGE", `a page has 1 to 32 lots, not ${lots}`);
  return size;
}

/**
 * Repeats the last lot until the page has the size of a circuit instance, as the contract does.
 * @throws QoodError `OUT_OF_RANGE` for no lots or more than 32
 */
export function padLots<T>(lots: readonly T[]): T[] {
  return Array.from({ length: instanceSize(lots.length) }, (_, i) => lots[Math.min(i, lots.length - 1)]!);
}
