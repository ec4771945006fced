/**
 * A WebAssembly function that computes four SHA-256 at once, one in each 32-bit lane of a SIMD vector. A call to OpenSSL costs
 * more than the hash of so short an input itself; here many of them share one call.
 *
 * It runs a list of groups in memory: the addresses of four padded messages, the blocks of each, the most blocks of the four,
 * and where their digests go, one after the other. Source: FIPS 180-4, section 6.2.
 */
import { assemble, code, op } from "./wasm.ts";

/** Bytes of a group: a0 a1 a2 a3, blocks0 blocks1 blocks2 blocks3, most blocks, out, and eight bytes unused. */
export const GROUP = 48;
/** First free byte of the memory: before it lie the round constants. */
export const FREE = 256;

const LANES = [0, 1, 2, 3];
const { get, set, tee } = code;

/** The first 32 bits of the fractional parts of the roots (power 1/2 or 1/3) of the first primes. */
function fractions(count: number, power: 2 | 3): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n += 1) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= n; divisor += 1) prime &&= n % divisor !== 0;
    if (!prime) continue;
    // The integer root of n * 2^(32 * power), bit by bit: a float has too few bits for the cube root.
    const wanted = BigInt(n) << BigInt(32 * power);
    let root = 0n;
    for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) if ((root + bit) ** BigInt(power) <= wanted) root += bit;
    found.push(Number(root & 0xffffffffn));
  }
  return found;
}

/** Parameters and locals of the function by number. */
const [pc, end, blocks, out] = [0, 1, 2, 3];
const address = (lane: number): number => 4 + lane;
const word = (i: number): number => 8 + (i % 16);
const hash = (i: number): number => 24 + i;
const [temporary, counts, done, mixed, bits] = [40, 41, 42, 43, 44];
const LOCALS_I32 = 6;
const LOCALS_V128 = 37;
/** State of round t by its letter's place: instead of moving the letters, the names move. */
const letter = (i: number, t: number): number => 32 + ((i - (t % 8) + 8) % 8);

const each = (count: number, make: (i: number) => number[]): number[] => Array.from({ length: count }, (_, i) => make(i)).flat();
const add = (...terms: number[][]): number[] => [...terms[0]!, ...terms.slice(1).flatMap((term) => [...term, ...op.i32x4Add])];
const xor = (...terms: number[][]): number[] => [...terms[0]!, ...terms.slice(1).flatMap((term) => [...term, ...op.xor])];
const right = (x: number[], by: number): number[] => [...x, ...code.i32(by), ...op.i32x4Shr];
const rotated = (x: number[], by: number): number[] => [...right(x, by), ...x, ...code.i32(32 - by), ...op.i32x4Shl, ...op.or];
const rotations = (x: number, ...by: number[]): number[] => xor(...by.map((each) => rotated(get(x), each)));

/** Bytes of 32-bit words picked from two vectors. */
const words = (...picked: number[]): number[] => code.shuffle(picked.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]));
const swapBytes = (x: number[]): number[] => [...x, ...x, ...code.shuffle([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12])];
/** Turns four vectors (locals x) into those of their first, second, third and fourth words, left in the same locals. */
const transpose = (x: readonly number[]): number[] => [
  ...get(x[0]!), ...get(x[1]!), ...words(0, 4, 1, 5), ...set(temporary), ...get(x[0]!), ...get(x[1]!), ...words(2, 6, 3, 7), ...set(mixed),
  ...get(x[2]!), ...get(x[3]!), ...words(0, 4, 1, 5), ...set(bits), ...get(x[2]!), ...get(x[3]!), ...words(2, 6, 3, 7), ...set(x[3]!),
  ...get(temporary), ...get(bits), ...words(0, 1, 4, 5), ...set(x[0]!), ...get(temporary), ...get(bits), ...words(2, 3, 6, 7), ...set(x[1]!),
  ...get(mixed), ...get(x[3]!), ...words(0, 1, 4, 5), ...set(x[2]!), ...get(mixed), ...get(x[3]!), ...words(2, 3, 6, 7), ...set(x[3]!),
];

/** The 16 words of a block of each message. */
const loadBlock = each(4, (quarter) => {
  const locals = LANES.map((lane) => word(4 * quarter + lane));
  return [...each(4, (lane) => [...code.load(get(address(lane)), 16 * quarter), ...set(temporary), ...swapBytes(get(temporary)), ...set(locals[lane]!)]), ...transpose(locals)];
});

const schedule = (t: number): number[] => [
  ...add(get(word(t)), get(word(t + 9)), xor(rotations(word(t + 1), 7, 18), right(get(word(t + 1)), 3)), xor(rotations(word(t + 14), 17, 19), right(get(word(t + 14)), 10))),
  ...set(word(t)),
];
const round = (t: number): number[] => {
  const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, i) => letter(i, t)) as [number, number, number, number, number, number, number, number];
  const choice = xor(get(g), [...get(e), ...xor(get(f), get(g)), ...op.and]);
  const majority = xor(get(b), [...xor(get(a), get(b)), ...xor(get(b), get(c)), ...op.and]);
  return [
    ...(t < 16 ? [] : schedule(t)),
    ...add(get(h), rotations(e, 6, 11, 25), choice, code.loadSplat32(code.i32(0), 4 * t), get(word(t))), ...set(temporary),
    ...add(get(d), get(temporary)), ...set(d),
    ...add(get(temporary), rotations(a, 2, 13, 22), majority), ...set(h),
  ];
};

/** A message that has no more blocks keeps its digest. */
const addUp = [
  ...get(counts), ...get(done), ...op.i32x4Greater, ...set(mixed),
  ...each(8, (i) => [...add(get(hash(i)), [...get(letter(i, 0)), ...get(mixed), ...op.and]), ...set(hash(i))]),
  ...get(done), ...code.i32x4(1), ...op.i32x4Add, ...set(done),
];

const storeDigests = [0, 4].flatMap((half) => {
  const locals = LANES.map((i) => hash(half + i));
  return [...transpose(locals), ...each(4, (lane) => [...get(out), ...swapBytes(get(locals[lane]!)), ...code.store(32 * lane + 4 * half)])];
});

const START = fractions(8, 2);
const body = code.loop([
  ...each(4, (lane) => [...code.i32Load(get(pc), 4 * lane), ...set(address(lane))]),
  ...code.load(get(pc), 16), ...set(counts), ...code.i32Load(get(pc), 32), ...set(blocks), ...code.i32Load(get(pc), 36), ...set(out),
  ...code.i32x4(0), ...set(done), ...each(8, (i) => [...code.i32x4(START[i]!), ...set(hash(i))]),
  ...code.loop([
    ...loadBlock,
    ...each(8, (i) => [...get(hash(i)), ...set(letter(i, 0))]),
    ...each(64, round),
    ...addUp,
    ...each(4, (lane) => [...get(address(lane)), ...code.i32(64), ...op.i32Add, ...set(address(lane))]),
  ], [...get(blocks), ...code.i32(1), ...op.i32Sub, ...tee(blocks)]),
  ...storeDigests,
], [...get(pc), ...code.i32(GROUP), ...op.i32Add, ...tee(pc), ...get(end), ...op.i32Less]);

/** The function with its memory. @throws WebAssembly.CompileError where SIMD is missing */
export function makeSha256(): { memory: ArrayBuffer; run: (from: number, to: number) => void } {
  const made = assemble(body, LOCALS_I32, LOCALS_V128);
  new Uint32Array(made.memory).set(fractions(64, 3));
  return made;
}
