/**
 * Poseidon over BN254 exactly as circomlib has it (initial state 0, first output), computed by @noble/curves; series of hashes by
 * the project's own kernel, two at a time, where the processor can run it.
 *
 * Nothing is computed when this module is imported: the constants of a width are made when it is first hashed with.
 */
import { Field } from "@noble/curves/abstract/modular.js";
import { grainGenConstants, poseidon as permutation } from "@noble/curves/abstract/poseidon.js";
import { QoodError } from "../errors/index.ts";
import { FIELD_PRIME, checkField } from "./field.ts";
import { tryPair, type PairHasher } from "./lanes/pair.ts";

/** Partial rounds for 1, 2, … 16 inputs. Source: Grassi et al., "Poseidon" (eprint 2019/458), table 2, rounded up as circomlib does. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];
const FULL_ROUNDS = 8;

const field = Field(FIELD_PRIME);
const permutations = new Map<number, (state: bigint[]) => bigint[]>();
/** The kernel, built when a series first asks for it; null where it cannot be used. */
let kernel: PairHasher | null | undefined;

function permutationOf(count: number): (state: bigint[]) => bigint[] {
  let found = permutations.get(count);
  if (found === undefined) {
    const rounds = PARTIAL_ROUNDS[count - 1];
    if (rounds === undefined) throw new QoodError("POSEIDON_INPUTS", `Poseidon takes 1 to 16 inputs, not ${count}`);
    const options = { Fp: field, t: count + 1, roundsFull: FULL_ROUNDS, roundsPartial: rounds, sboxPower: 5 };
    found = permutation({ ...options, ...grainGenConstants(options) });
    permutations.set(count, found);
  }
  return found;
}

/**
 * Poseidon hash of 1 to 16 field elements.
 * @throws QoodError `NOT_A_FIELD_ELEMENT` for an input outside the field: reduction would let two inputs share a hash;
 * `POSEIDON_INPUTS`
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  return permutationOf(inputs.length)([0n, ...inputs.map((value, i) => checkField(value, `Poseidon input ${i}`))])[0]!;
}

/**
 * Poseidon hashes of (first, second, s) for hot loops: s one after the other costs a fraction of {@link poseidon}, as the hashes of
 * an even s and of the next come together.
 * @throws QoodError `NOT_A_FIELD_ELEMENT`
 */
export function poseidonSeries(first: bigint, second: bigint): (s: number) => bigint {
  checkField(first, "Poseidon input 0");
  checkField(second, "Poseidon input 1");
  if (kernel === undefined) kernel = tryPair(poseidon);
  return kernel === null ? (s) => poseidon([first, second, BigInt(s)]) : pairwise(kernel, first, second);
}

/** Keeps the last pair of hashes. */
function pairwise(pair: PairHasher, first: bigint, second: bigint): (s: number) => bigint {
  let even = -1;
  let hashes: readonly [bigint, bigint] = [0n, 0n];
  return (s) => {
    if (s - (s % 2) !== even) {
      even = s - (s % 2);
      hashes = pair(first, second, [BigInt(even), BigInt(even + 1)]);
    }
    return hashes[s % 2 === 0 ? 0 : 1];
  };
}
