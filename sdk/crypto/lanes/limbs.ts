/**
 * How the kernel holds field elements: five signed digits to the base 2^51, each a float64 that is a whole number, and Montgomery's
 * R = 2^255. Digits but the last lie in [-2^50, 2^50); the value lies within about p/2 of 0.
 */
import { FIELD_PRIME } from "../field.ts";
import { mod } from "./linear.ts";

export const DIGITS = 5;
export const DIGIT_BITS = 51n;
/** Montgomery's R mod p. */
export const R = mod(1n << (DIGIT_BITS * BigInt(DIGITS)));
/** -1/p mod 2^51, in [-2^50, 2^50): what makes a digit of the sum vanish when that many p are added. */
export const NEGATIVE_INVERSE = Number(BigInt.asIntN(51, negativeInverse()));

/** -1/p mod 2^64 by Newton's iteration, which doubles the right bits each time. */
function negativeInverse(): bigint {
  let x = 1n;
  for (let bits = 1; bits < 64; bits *= 2) x = BigInt.asUintN(64, x * (2n - FIELD_PRIME * x));
  return -x;
}

/** The digits of any whole number, least first; the last takes what is left. */
export function toDigits(value: bigint): bigint[] {
  const digits: bigint[] = [];
  let rest = value;
  for (let i = 1; i < DIGITS; i++) {
    const digit = BigInt.asIntN(Number(DIGIT_BITS), rest);
    digits.push(digit);
    rest = (rest - digit) >> DIGIT_BITS;
  }
  return [...digits, rest];
}

/** The digits of a field element's representative nearest to 0. */
export function fieldDigits(value: bigint): bigint[] {
  const rest = mod(value);
  return toDigits(rest > FIELD_PRIME / 2n ? rest - FIELD_PRIME : rest);
}

/** The field element in [0, p) of such digits. */
export function fromDigits(digits: readonly number[]): bigint {
  return mod(digits.reduceRight((sum, digit) => (sum << DIGIT_BITS) + BigInt(digit), 0n));
}

/** A factor as the kernel takes it: times R, so that Montgomery's division by R leaves a * b. */
export const montgomery = (value: bigint): bigint => mod(value * R);
