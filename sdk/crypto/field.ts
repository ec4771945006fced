/** The scalar field of BN254, in which keys, commitments and circuits live. */
import { ensure } from "../errors/index.ts";

/** The field's prime p (order of BN254's groups; source: EIP-196). */
export const FIELD_PRIME = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

/** Checks that a value is the one canonical form of a field element. @throws QoodError `NOT_A_FIELD_ELEMENT` */
export function checkField(value: bigint, what: string): bigint {
  ensure(value >= 0n && value < FIELD_PRIME, "NOT_A_FIELD_ELEMENT", `${what} must be at least 0 and below the field's prime`);
  return value;
}

/** (a + b) mod p. */
export function addField(a: bigint, b: bigint): bigint {
  return (checkField(a, "summand") + checkField(b, "summand")) % FIELD_PRIME;
}
