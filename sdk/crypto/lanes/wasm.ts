/**
 * As much of a WebAssembly assembler as `kernel.ts` and `sha256.ts` need: instructions as arrays of bytes, and a module of one
 * function and one page of memory. Source: WebAssembly core specification 3.0, chapter 5 (binary format).
 */

/** Unsigned or signed LEB128. */
const unsigned = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]);
const signed = (value: number): number[] => (value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]);
const simd = (opcode: number): number[] => [0xfd, ...unsigned(opcode)];
const bytesOf = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(BigInt.asUintN(64, value)).buffer)];

/** The 64 bits of a float64. */
export function f64Bits(value: number): bigint {
  return new BigInt64Array(Float64Array.of(value).buffer)[0]!;
}

/** Instructions without immediates. */
export const op = {
  i32Add: [0x6a], i32Sub: [0x6b], i32Less: [0x49], and: simd(0x4e), or: simd(0x50), nearest: simd(0x94), i64Shr: simd(0xcd), i64Add: simd(0xce),
  f64Sub: simd(0xf1), f64Mul: simd(0xf2), madd: simd(0x107), xor: simd(0x51), i32x4Greater: simd(0x3b), i32x4Shl: simd(0xab), i32x4Shr: simd(0xad), i32x4Add: simd(0xae),
};

/** Instructions with immediates; addresses are instructions that leave one. */
export const code = {
  get: (local: number): number[] => [0x20, ...unsigned(local)],
  set: (local: number): number[] => [0x21, ...unsigned(local)],
  tee: (local: number): number[] => [0x22, ...unsigned(local)],
  i32: (value: number): number[] => [0x41, ...signed(value)],
  /** Both lanes hold the value. */
  i64: (value: bigint): number[] => [...simd(0x0c), ...bytesOf(value), ...bytesOf(value)],
  f64: (value: number): number[] => code.i64(f64Bits(value)),
  /** All four lanes hold the value. */
  i32x4: (value: number): number[] => code.i64((BigInt(value >>> 0) << 32n) | BigInt(value >>> 0)),
  /** Bytes of two vectors: 0 to 15 of the first, 16 to 31 of the second. */
  shuffle: (bytes: readonly number[]): number[] => [...simd(0x0d), ...bytes],
  i32Load: (address: number[], offset: number): number[] => [...address, 0x28, 2, ...unsigned(offset)],
  load: (address: number[], offset: number): number[] => [...address, ...simd(0x00), 4, ...unsigned(offset)],
  loadSplat: (address: number[], offset: number): number[] => [...address, ...simd(0x0a), 3, ...unsigned(offset)],
  loadSplat32: (address: number[], offset: number): number[] => [...address, ...simd(0x09), 2, ...unsigned(offset)],
  /** Takes the address and the vector from the stack. */
  store: (offset: number): number[] => [...simd(0x0b), 4, ...unsigned(offset)],
  /** Repeats the body while the condition is not 0. */
  loop: (body: number[], condition: number[]): number[] => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b],
};

const I32 = 0x7f;
const V128 = 0x7b;

/** A module whose function takes two i32 and has so many locals more, first i32, then v128; with 64 KiB of memory. */
export function assemble(body: number[], i32Locals: number, v128Locals: number): { memory: ArrayBuffer; run: (a: number, b: number) => void } {
  const section = (id: number, content: number[]): number[] => [id, ...unsigned(content.length), ...content];
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const entry = [2, ...unsigned(i32Locals), I32, ...unsigned(v128Locals), V128, ...body, 0x0b];
  const bytes = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name("run"), 0, 0, ...name("memory"), 2, 0]),
    ...section(10, [1, ...unsigned(entry.length), ...entry]),
  ]);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return { memory: (exports["memory"] as WebAssembly.Memory).buffer, run: exports["run"] as (a: number, b: number) => void };
}
