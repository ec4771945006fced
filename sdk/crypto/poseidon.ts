/**
 * Poseidon over BN254 exactly as circomlib has it (initial state 0, first output), computed by circomlibjs' wasm; series of hashes
 * by the project's own kernel, two at a time, where the processor can run it.
 *
 * The wasm is instantiated once, when this module is first imported (top-level await), so that hashing itself is synchronous.
 */
import { buildPoseidon } from "circomlibjs";
import { checkField } from "./field.ts";
import { tryPair, type PairHasher } from "./lanes/pair.ts";

const hasher = await buildPoseidon();
const { F } = hasher;
/** The kernel, built when a series first asks for it; null where it cannot be used. */
let kernel: PairHasher | null | undefined;

/**
 * Poseidon hash of 1 to 16 field elements.
 * @throws QoodError `NOT_A_FIELD_ELEMENT` for an input outside the field: reduction would let two inputs share a hash
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  return F.toObject(hasher(inputs.map((value, i) => F.e(checkField(value, `Poseidon input ${i}`)))));
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
