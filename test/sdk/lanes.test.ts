/** Poseidon against circomlibjs, the kernel of two hashes at once against both, and what happens where it cannot run. */
import { test } from "node:test";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { buildPoseidon } from "circomlibjs";
import fc from "fast-check";
import { intervalKey, intervalKeys, keyBytes, segmentKey, segmentKeys } from "@qoodblock/sdk/keys";
import { FIELD_PRIME } from "../../sdk/crypto/field.ts";
import { poseidonConstants } from "../../sdk/crypto/lanes/grain.ts";
import { fieldDigits, fromDigits } from "../../sdk/crypto/lanes/limbs.ts";
import { invert, multiply } from "../../sdk/crypto/lanes/linear.ts";
import { tryPair } from "../../sdk/crypto/lanes/pair.ts";
import { poseidon, poseidonSeries } from "../../sdk/crypto/poseidon.ts";

const P = FIELD_PRIME;
const pair = tryPair(poseidon);
const skip = pair === null ? "this processor cannot run the kernel" : false;
/** Values whose digits, or carries between them, are extreme. */
const EXTREMES = [0n, 1n, 2n, P - 1n, P - 2n, P / 2n, P / 2n + 1n, ...[50n, 51n, 101n, 102n, 152n, 203n, 204n, 253n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits, P - 2n ** bits])];
const element = fc.oneof(fc.constantFrom(...EXTREMES), fc.bigInt(0n, P - 1n));

const circomlib = await buildPoseidon();
const expected = (inputs: readonly bigint[]): bigint => circomlib.F.toObject(circomlib(inputs.map((value) => circomlib.F.e(value))));

test("a hash is circomlib's, of 1 to 16 elements, random and extreme", () => {
  for (let count = 1; count <= 16; count++) {
    fc.assert(fc.property(fc.array(element, { minLength: count, maxLength: count }), (inputs) => assert.equal(poseidon(inputs), expected(inputs))), { seed: count, numRuns: 40 });
  }
});

test("a hash refuses none, 17 and what is no field element", () => {
  for (const count of [0, 17]) assert.throws(() => poseidon(Array<bigint>(count).fill(1n)), { code: "POSEIDON_INPUTS" });
  for (const value of [-1n, P, 2n ** 256n]) assert.throws(() => poseidon([1n, value]), { code: "NOT_A_FIELD_ELEMENT" });
});

function check(x: bigint, y: bigint, z: readonly [bigint, bigint]): void {
  assert.deepEqual(pair!(x, y, z), z.map((value) => expected([x, y, value])));
}

test("the kernel hashes as circomlibjs does: random and extreme elements", { skip }, () => {
  fc.assert(fc.property(element, element, element, element, (x, y, left, right) => check(x, y, [left, right])), { seed: 2, numRuns: 3000 });
});

test("the kernel hashes as circomlibjs does: every pair of extreme elements", { skip }, () => {
  for (const x of EXTREMES) for (const y of EXTREMES) check(x, y, [y, x]);
});

test("a series gives the same keys in any order, to the last segment number", () => {
  const series = poseidonSeries(3n, P - 1n);
  for (const s of [0, 1, 2, 1, 0, 7, 6, 2 ** 31, 2 ** 31 - 1, 2 ** 32 - 1, 2 ** 32 - 2]) assert.equal(series(s), poseidon([3n, P - 1n, BigInt(s)]));
  fc.assert(
    fc.property(element, fc.nat({ max: 2 ** 32 - 1 }), (key, s) => {
      assert.deepEqual(segmentKeys(key)(s), keyBytes(segmentKey(key, s)));
      assert.equal(intervalKeys(key)(s), intervalKey(key, s));
    }),
    { seed: 3, numRuns: 500 },
  );
});

test("a series refuses what is no field element", () => {
  assert.throws(() => poseidonSeries(3n, P), { code: "NOT_A_FIELD_ELEMENT" });
  assert.throws(() => poseidonSeries(-1n, 0n), { code: "NOT_A_FIELD_ELEMENT" });
});

test("a reference that disagrees keeps the kernel from being used", () => {
  assert.equal(tryPair(() => 1n), null);
});

for (const [what, flag] of [["SIMD", "--no-enable-sse4_1"], ["fused multiply-add", "--no-enable-fma3"]] as const) {
  test(`without ${what} single hashes take over`, { skip: process.arch === "x64" ? false : "the flag is for x64" }, () => {
    const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      import { poseidon, poseidonSeries } from ${url("../../sdk/crypto/poseidon.ts")};
      import { tryPair } from ${url("../../sdk/crypto/lanes/pair.ts")};
      console.log(tryPair(poseidon), poseidonSeries(3n, 4n)(5));`;
    const { stdout, stderr } = spawnSync(process.execPath, [flag, "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script], { encoding: "utf8" });
    assert.equal(stdout, `null ${poseidon([3n, 4n, 5n])}n\n`, stderr);
  });
}

test("Grain's constants make an invertible matrix and elements of the field", () => {
  const { rounds, matrix } = poseidonConstants();
  assert.ok(rounds.flat().every((value) => value >= 0n && value < P));
  assert.deepEqual(multiply(matrix, invert(matrix)), matrix.map((row, i) => row.map((_, j) => (i === j ? 1n : 0n))));
});

test("digits give back every element and are balanced", () => {
  fc.assert(
    fc.property(element, (value) => {
      const digits = fieldDigits(value);
      assert.ok(digits.every((digit) => digit >= -(2n ** 50n) && digit < 2n ** 50n));
      assert.equal(fromDigits(digits.map(Number)), value);
    }),
    { seed: 4, numRuns: 1000 },
  );
});
