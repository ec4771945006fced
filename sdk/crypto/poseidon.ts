/**
 * Poseidon over BN254 exactly as circomlib has it (initial state 0, first output), computed by circomlibjs' wasm.
 *
 * The wasm is instantiated once, when this module is first imported (top-level await), so that hashing itself is synchronous.
 */
import { buildPoseidon } from "circomlibjs";
import { checkField } from "./field.ts";

const hasher = await buildPoseidon();
const { F } = hasher;
/** Bytes of a field element. */
const ELEMENT = 32;

/**
 * Poseidon hash of 1 to 16 field elements.
 * @throws QoodError `NOT_A_FIELD_ELEMENT` for an input outside the field: reduction would let two inputs share a hash
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  return F.toObject(hasher(inputs.map((value, i) => F.e(checkField(value, `Poseidon input ${i}`)))));
}

/**
 * Poseidon hashes that differ in the last input only, each as 32 bytes big-endian. For hot loops: the fixed inputs are converted to
 * the wasm's form once.
 * @throws QoodError `NOT_A_FIELD_ELEMENT`
 */
export function poseidonSeries(fixed: readonly bigint[]): (last: number) => Uint8Array {
  const inputs = new Uint8Array(ELEMENT * (fixed.length + 1));
  fixed.forEach((value, i) => inputs.set(F.e(checkField(value, `Poseidon input ${i}`)), ELEMENT * i));
  return (last) => {
    inputs.set(F.e(BigInt(last)), ELEMENT * fixed.length);
    const out = new Uint8Array(ELEMENT);
    F.toRprBE(out, 0, hasher(inputs));
    return out;
  };
}
