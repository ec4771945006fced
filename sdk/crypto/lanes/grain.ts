/**
 * Round constants and matrix of Poseidon over BN254 for 4 elements, 8 full and 56 partial rounds, as circomlib has them.
 *
 * Source: Grassi et al., "Poseidon" (eprint 2019/458), appendix E and F: bits of the Grain LFSR in self-shrinking mode.
 */
import { FIELD_PRIME } from "../field.ts";
import { inverse } from "./linear.ts";

/** Elements of the state. */
export const WIDTH = 4;
export const FULL_ROUNDS = 8;
export const PARTIAL_ROUNDS = 56;
const BITS = 254;

/**
 * A source of the bits of the LFSR b(i+80) = b(i+62) + b(i+51) + b(i+38) + b(i+23) + b(i+13) + b(i), after its 160 warming steps:
 * of each pair the second bit counts if the first is 1.
 */
function grain(): () => number {
  const seed = [[1, 2], [0, 4], [BITS, 12], [WIDTH, 12], [FULL_ROUNDS, 10], [PARTIAL_ROUNDS, 10], [2 ** 30 - 1, 30]] as const;
  const bits = Uint8Array.from(seed.map(([value, length]) => value.toString(2).padStart(length, "0")).join(""), Number);
  let at = 0;
  const tap = (distance: number): number => bits[(at + distance) % bits.length]!;
  const step = (): number => {
    const bit = tap(62) ^ tap(51) ^ tap(38) ^ tap(23) ^ tap(13) ^ tap(0);
    bits[at] = bit;
    at = (at + 1) % bits.length;
    return bit;
  };
  for (let i = 0; i < 160; i++) step();
  return () => {
    while (step() === 0) step();
    return step();
  };
}

/** Constants added to the state, `rounds[r][i]`, and the matrix that mixes it, `matrix[row][column]`. */
export function poseidonConstants(): { rounds: bigint[][]; matrix: bigint[][] } {
  const bit = grain();
  const number = (): bigint => BigInt(`0b${Array.from({ length: BITS }, bit).join("")}`);
  const element = (): bigint => {
    for (;;) {
      const value = number();
      if (value < FIELD_PRIME) return value;
    }
  };
  const rounds = Array.from({ length: FULL_ROUNDS + PARTIAL_ROUNDS }, () => Array.from({ length: WIDTH }, element));
  // A Cauchy matrix: 1 / (x_i + y_j).
  const x = Array.from({ length: WIDTH }, number);
  const y = Array.from({ length: WIDTH }, number);
  return { rounds, matrix: x.map((a) => y.map((b) => inverse(a + b))) };
}
