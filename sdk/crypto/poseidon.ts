/**
 * Poseidon over BN254 exactly as circomlib has it (initial state 0, first output), computed by circomlibjs' wasm.
 *
 * The wasm is instantiated once, when this module is first imported (top-level await), so that hashing itself is synchronous.
 */
import { buildPoseidon } from "circomlibjs";
import { checkField } from "./field.ts";

const hasher = await buildPoseidon();

/**
 * Poseidon hash of 1 to 16 field elements.
 * @throws QoodError `NOT_A_FIELD_ELEMENT` for an input outside the field: reduction would let two inputs share a hash
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  return hasher.F.toObject(hasher(inputs.map((value, i) => checkField(value, `Poseidon input ${i}`))));
}
