/** Two Poseidon hashes of three inputs at once, as a list of the kernel's operations. */
import { FIELD_PRIME } from "../field.ts";
import { FULL_ROUNDS, PARTIAL_ROUNDS, WIDTH, poseidonConstants } from "./grain.ts";
import { CONSTANT, ELEMENT, FREE, OPERATION, constantColumns, makeKernel } from "./kernel.ts";
import { DIGITS, R, fieldDigits, fromDigits, montgomery } from "./limbs.ts";
import { mod } from "./linear.ts";
import { partialRounds } from "./partial.ts";

/** Hashes of (x, y, z) for a common x and y and two z. */
export type PairHasher = (x: bigint, y: bigint, z: readonly [bigint, bigint]) => [bigint, bigint];

/**
 * The hasher, or null where it cannot be used: WebAssembly without (relaxed) SIMD, or a processor on which `relaxed_madd` rounds
 * twice, which a trial against another implementation shows.
 */
export function tryPair(reference: (inputs: readonly bigint[]) => bigint): PairHasher | null {
  try {
    const pair = buildPair();
    const [x, y, left, right] = [FIELD_PRIME - 1n, FIELD_PRIME / 3n, 0n, FIELD_PRIME / 7n];
    const hashes = pair(x, y, [left, right]);
    return hashes[0] === reference([x, y, left]) && hashes[1] === reference([x, y, right]) ? pair : null;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

/** Builds the hasher. @throws WebAssembly.CompileError where SIMD is missing */
function buildPair(): PairHasher {
  const { memory, run } = makeKernel();
  let free = FREE;
  const reserve = (bytes: number): number => {
    free += bytes;
    return free - bytes;
  };
  const elements = (count: number): number => reserve(count * ELEMENT);
  const write = (at: number, value: bigint, lane?: number): void => {
    const view = new Float64Array(memory, at, 2 * DIGITS);
    fieldDigits(value).forEach((digit, i) => view.fill(Number(digit), 2 * i + (lane ?? 0), 2 * i + (lane ?? 1) + 1));
  };
  const factors = (values: readonly bigint[]): number => {
    const at = elements(values.length);
    values.forEach((value, i) => write(at + i * ELEMENT, value));
    return at;
  };
  const constant = (products: number, value: bigint): number => {
    const at = reserve(CONSTANT);
    new BigUint64Array(memory, at, 2 * DIGITS).set(constantColumns(products, fieldDigits(value)));
    return at;
  };

  const program: number[] = [];
  const none = constant(1, 0n);
  const [square, fourth] = [elements(1), elements(1)];
  const power5 = (from: number, to: number): void => {
    program.push(1, from, from, none, square, 1, square, square, none, fourth, 1, fourth, from, none, to);
  };
  // A full layer: states u from `count` elements at `from`, then x = u^5.
  const [u, x] = [elements(WIDTH), elements(WIDTH)];
  const layer = (count: number, from: number, rows: readonly number[], constants: readonly bigint[]): void => {
    rows.forEach((row, i) => program.push(count, from, row, constant(count, montgomery(constants[i]!)), u + i * ELEMENT));
    for (let i = 0; i < WIDTH; i++) power5(u + i * ELEMENT, x + i * ELEMENT);
  };

  const { rounds, matrix } = poseidonConstants();
  const half = FULL_ROUNDS / 2;
  const mixing = matrix.map((row) => factors(row.map(montgomery)));
  const input = elements(WIDTH);
  const intoMontgomery = factors([mod(R * R)]);
  for (let i = 0; i < WIDTH; i++) program.push(1, input + i * ELEMENT, intoMontgomery, constant(1, montgomery(rounds[0]![i]!)), u + i * ELEMENT);
  for (let i = 0; i < WIDTH; i++) power5(u + i * ELEMENT, x + i * ELEMENT);
  for (let r = 1; r < half; r++) layer(WIDTH, x, mixing, rounds[r]!);

  const partial = partialRounds(matrix, rounds.slice(half, half + PARTIAL_ROUNDS + 1));
  // The tape of (u, x); before the first u lie the five elements of a window that never was, of which two are 0.
  const tape = elements(5 + 2 * PARTIAL_ROUNDS);
  const at = (r: number): number => tape + (5 + 2 * r) * ELEMENT;
  partial.enter.forEach((row, i) => {
    const value = i === WIDTH - 1 ? montgomery(partial.constants[0]!) : 0n;
    program.push(WIDTH, x, factors(row.map(montgomery)), constant(WIDTH, value), tape + (2 + i) * ELEMENT);
  });
  const step = factors(partial.step.map(montgomery));
  const window = partial.step.length;
  power5(at(0), at(0) + ELEMENT);
  for (let r = 1; r < PARTIAL_ROUNDS; r++) {
    program.push(window, at(r) - window * ELEMENT, step, constant(window, montgomery(partial.constants[r]!)), at(r));
    power5(at(r), at(r) + ELEMENT);
  }
  layer(window, at(PARTIAL_ROUNDS) - window * ELEMENT, partial.leave.map((row) => factors(row.map(montgomery))), partial.leaveConstants);
  for (let r = half + PARTIAL_ROUNDS + 1; r < FULL_ROUNDS + PARTIAL_ROUNDS; r++) layer(WIDTH, x, mixing, rounds[r]!);
  // Plain factors take the result out of Montgomery form.
  program.push(WIDTH, x, factors(matrix[0]!), constant(WIDTH, 0n), u);

  const from = reserve(4 * program.length);
  const to = from + OPERATION * (program.length / 5);
  new Uint32Array(memory, from, program.length).set(program);
  const result = new Float64Array(memory, u, 2 * DIGITS);
  const lane = (which: number): bigint => fromDigits(Array.from({ length: DIGITS }, (_, i) => result[2 * i + which]!));
  return (first, second, [left, right]) => {
    write(input + ELEMENT, first);
    write(input + 2 * ELEMENT, second);
    write(input + 3 * ELEMENT, left, 0);
    write(input + 3 * ELEMENT, right, 1);
    run(from, to);
    return [lane(0), lane(1)];
  };
}
