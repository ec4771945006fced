/** The little linear algebra over BN254's scalar field that Poseidon's constants need: rows of bigints, each kept in [0, p). */
import { FIELD_PRIME } from "../field.ts";

export type Matrix = readonly (readonly bigint[])[];

/** The representative in [0, p). */
export function mod(value: bigint): bigint {
  const rest = value % FIELD_PRIME;
  return rest < 0n ? rest + FIELD_PRIME : rest;
}

/** 1 / value mod p by Euclid's algorithm; 0 for 0. */
export function inverse(value: bigint): bigint {
  let [a, b, x, y] = [FIELD_PRIME, mod(value), 0n, 1n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return a === 1n ? mod(x) : 0n;
}

/** Sum of products of two rows. */
export function dot(a: readonly bigint[], b: readonly bigint[]): bigint {
  return mod(a.reduce((sum, value, i) => sum + value * b[i]!, 0n));
}

/** A * B. */
export function multiply(a: Matrix, b: Matrix): bigint[][] {
  return a.map((row) => b[0]!.map((_, j) => dot(row, b.map((other) => other[j]!))));
}

/** A + sign * B. */
export function add(a: Matrix, b: Matrix, sign = 1n): bigint[][] {
  return a.map((row, i) => row.map((value, j) => mod(value + sign * b[i]![j]!)));
}

/** Inverse of a square matrix whose leading minors are not 0 (Gauss and Jordan without a search for pivots). */
export function invert(matrix: Matrix): bigint[][] {
  const size = matrix.length;
  const rows = matrix.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1n : 0n))]);
  for (let k = 0; k < size; k++) {
    const scale = inverse(rows[k]![k]!);
    const pivot = rows[k]!.map((value) => mod(value * scale));
    rows[k] = pivot;
    for (let i = 0; i < size; i++) {
      if (i === k) continue;
      const factor = rows[i]![k]!;
      rows[i] = rows[i]!.map((value, j) => mod(value - factor * pivot[j]!));
    }
  }
  return rows.map((row) => row.slice(size));
}
