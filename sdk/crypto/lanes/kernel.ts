/**
 * A WebAssembly function that knows one operation, for two independent computations at once (the two lanes of a SIMD vector):
 *
 *     out = (a[0] * b[0] + ... + a[n-1] * b[n-1]) / R + c   mod p
 *
 * It runs a list of such operations in memory. Elements are as in `limbs.ts`.
 *
 * Products of digits are exact through fused multiply-add (T. J. Dekker's product; its use for Montgomery multiplication in
 * WebAssembly is due to N. Emmart, "Faster modular multiplication using double precision floating point arithmetic"). With
 * C1 = 3 * 2^102, whose last place is worth 2^51, fma(x, y, C1) is C1 + 2^51 * h for the h nearest to xy / 2^51, and then
 * fma(x, y, C1 + C2 - that) is C2 + l, l = xy - 2^51 * h, C2 = 3 * 2^51. Within a binade a float's bits count its last places, so
 * that the bits of both are added to columns as integers; what the bits of C1 and C2 add is known and taken off beforehand.
 * All that holds while |xy| <= 2^102 and for columns below 2^59, thus for n <= 7: balanced digits keep products below 2^101, and of
 * factors within p/2 the sum over R, the q * p of the reduction and c stay below 2p, of which `centre` leaves p/2 at most.
 *
 * Whether `relaxed_madd` is fused is up to the processor: the caller must try the kernel before it trusts it.
 */
import { FIELD_PRIME } from "../field.ts";
import { DIGITS, DIGIT_BITS, NEGATIVE_INVERSE, toDigits } from "./limbs.ts";
import { assemble, code, f64Bits, op } from "./wasm.ts";

/** Bytes of an element: digits of two lanes. */
export const ELEMENT = 16 * DIGITS;
/** Bytes of a constant `c`: the columns that an operation begins with. */
export const CONSTANT = 16 * DIGITS;
/** Bytes of an operation: five addresses and counts of 32 bits: n, a, b, c, out. */
export const OPERATION = 20;
/** First free byte of the kernel's memory: before it lie the digits of p. */
export const FREE = ELEMENT;

const C1 = 3 * 2 ** 102;
const C2 = 3 * 2 ** 51;
const COLUMNS = 2 * DIGITS;
const MASK = 2n ** DIGIT_BITS - 1n;
/** Keeps columns positive, so that a logical shift carries. */
const LIFT = 2n ** 60n;
const HALF = 2n ** (DIGIT_BITS - 1n);
/** Digits of p. */
const PRIME = toDigits(FIELD_PRIME);

/** The columns that an operation of n products begins with: R * c, less all that the constants C1 and C2 will add. */
export function constantColumns(products: number, c: readonly bigint[]): BigUint64Array {
  const columns = new Array<bigint>(COLUMNS).fill(0n);
  for (let k = 0; k < COLUMNS; k++) {
    const low = BigInt(Math.max(0, Math.min(k + 1, COLUMNS - 1 - k)));
    const high = BigInt(Math.max(0, Math.min(k, COLUMNS - k)));
    columns[k]! -= BigInt(products + 1) * (low * f64Bits(C2) + high * f64Bits(C1));
    if (k < COLUMNS - 1) columns[k]! += LIFT;
    if (k > 0) columns[k]! -= LIFT >> DIGIT_BITS;
    if (k >= DIGITS) columns[k]! += c[k - DIGITS]!;
    // What `centre` adds beside its multiple, and half a digit, so that digits come out balanced. The last column is read as a float.
    if (k >= DIGITS && k < COLUMNS - 1) columns[k]! += HALF - f64Bits(C2);
  }
  columns[COLUMNS - 1]! += f64Bits(C2);
  return BigUint64Array.from(columns, (value) => BigInt.asUintN(64, value));
}

/** Parameters and locals of the function by number. */
const [pc, end, n, a, b, c] = [0, 1, 2, 3, 4, 5];
const column = (k: number): number => 6 + k;
const digit = (i: number): number => column(COLUMNS) + i;
const [high, factor, c1, both, mask, one] = [0, 1, 2, 3, 4, 5].map((i) => digit(DIGITS) + i) as [number, number, number, number, number, number];
const LOCALS_I32 = 4;
const LOCALS_V128 = COLUMNS + DIGITS + 6;

const { get, set, tee } = code;
/** Adds a vector of integers to a column. */
const accumulate = (k: number, value: number[]): number[] => [...get(column(k)), ...value, ...op.i64Add, ...set(column(k))];
/** Adds the product of two digits to columns k and k + 1. */
const product = (x: number[], y: number[], k: number): number[] => [
  ...x, ...y, ...get(c1), ...op.madd, ...set(high),
  ...accumulate(k, [...x, ...y, ...get(both), ...get(high), ...op.f64Sub, ...op.madd]),
  ...accumulate(k + 1, get(high)),
];
/** The low 51 bits of a column as a float, less a number. */
const lowDigit = (k: number, less: number): number[] => [
  ...get(column(k)), ...get(mask), ...op.and, ...get(one), ...op.or, ...code.f64(2 ** 52 + less), ...op.f64Sub,
];
const carry = (k: number): number[] => accumulate(k + 1, [...get(column(k)), ...code.i32(Number(DIGIT_BITS)), ...op.i64Shr]);
const each = (count: number, make: (i: number) => number[]): number[] => Array.from({ length: count }, (_, i) => make(i)).flat();

/** Montgomery's reduction of the columns, digit by digit: adds the q * p that makes column i vanish. */
const reduce = each(DIGITS, (i) => [
  ...lowDigit(i, 0), ...tee(factor), ...code.f64(NEGATIVE_INVERSE), ...get(c1), ...op.madd, ...set(high),
  // The low half of factor * (-1/p) is q.
  ...get(factor), ...code.f64(NEGATIVE_INVERSE), ...get(c1), ...get(high), ...op.f64Sub, ...op.madd, ...set(factor),
  ...each(DIGITS, (j) => product(get(factor), code.load(code.i32(0), 16 * j), i + j)),
  ...carry(i),
]);

/** Takes off the multiple of p that brings the value nearest to 0: the last column over the last digit of p, rounded. */
const centre = [
  ...get(column(COLUMNS - 1)), ...code.f64(C2), ...op.f64Sub, ...code.f64(-1 / Number(PRIME[DIGITS - 1])), ...op.f64Mul, ...op.nearest, ...set(factor),
  ...each(DIGITS, (j) => accumulate(DIGITS + j, [...get(factor), ...code.load(code.i32(0), 16 * j), ...code.f64(C2), ...op.madd])),
];

/** Carries through the columns that are left and stores their digits. */
const store = [
  ...each(DIGITS - 1, (j) => [
    ...code.i32Load(get(pc), 16), ...lowDigit(DIGITS + j, Number(HALF)), ...code.store(16 * j), ...carry(DIGITS + j),
  ]),
  ...code.i32Load(get(pc), 16), ...get(column(COLUMNS - 1)), ...code.i64(-f64Bits(C2)), ...op.i64Add, ...code.f64(C2), ...op.f64Sub, ...code.store(16 * (DIGITS - 1)),
];

const body = [
  ...code.f64(C1), ...set(c1), ...code.f64(C1 + C2), ...set(both), ...code.i64(MASK), ...set(mask), ...code.f64(2 ** 52), ...set(one),
  ...code.loop([
    ...code.i32Load(get(pc), 0), ...set(n), ...code.i32Load(get(pc), 4), ...set(a), ...code.i32Load(get(pc), 8), ...set(b), ...code.i32Load(get(pc), 12), ...set(c),
    ...each(COLUMNS, (k) => [...code.loadSplat(get(c), 8 * k), ...set(column(k))]),
    ...code.loop([
      ...each(DIGITS, (i) => [...code.load(get(a), 16 * i), ...set(digit(i))]),
      ...each(DIGITS, (j) => [...code.load(get(b), 16 * j), ...set(factor), ...each(DIGITS, (i) => product(get(digit(i)), get(factor), i + j))]),
      ...get(a), ...code.i32(ELEMENT), ...op.i32Add, ...set(a), ...get(b), ...code.i32(ELEMENT), ...op.i32Add, ...set(b),
    ], [...get(n), ...code.i32(1), ...op.i32Sub, ...tee(n)]),
    ...reduce, ...centre, ...store,
  ], [...get(pc), ...code.i32(OPERATION), ...op.i32Add, ...tee(pc), ...get(end), ...op.i32Less]),
];

/** A kernel with its memory. @throws WebAssembly.CompileError where SIMD is missing */
export function makeKernel(): { memory: ArrayBuffer; run: (from: number, to: number) => void } {
  const { memory, run } = assemble(body, LOCALS_I32, LOCALS_V128);
  const digits = new Float64Array(memory);
  PRIME.forEach((value, i) => digits.fill(Number(value), 2 * i, 2 * i + 2));
  return { memory, run };
}
