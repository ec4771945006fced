/** The quick look at rows against the slow one: it must find good exactly what decoding and the check of ranges find good. */
import { test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { SCHEMAS, integerRange, rowCheck } from "@qoodblock/sdk/dictionary";
import { decodeRow, encodeRow, rowScanner } from "@qoodblock/sdk/formats";
import type { Schema } from "@qoodblock/sdk/dictionary";

function slow(schema: Schema, bytes: Uint8Array): number | undefined {
  try {
    const row = decodeRow(bytes);
    return rowCheck(schema)([...row]) === undefined ? row[0]! : undefined;
  } catch {
    return undefined;
  }
}

/** A row of values in range, some absent, some at the bounds and some just beyond them. */
function rowOf(schema: Schema): fc.Arbitrary<(number | null)[]> {
  const columns = schema.columns.map((column, i) => {
    const { min, max } = integerRange(column);
    const inside = fc.oneof({ weight: 6, arbitrary: fc.integer({ min, max }) }, { weight: 2, arbitrary: fc.constantFrom(min, max) });
    return i === 0 ? inside : fc.oneof({ weight: 9, arbitrary: inside }, { weight: 2, arbitrary: fc.constant(null) });
  });
  return fc.tuple(...columns);
}

for (const schema of SCHEMAS) {
  const scan = rowScanner(schema.columns.map(integerRange));
  const same = (bytes: Uint8Array): void => assert.equal(scan(bytes), slow(schema, bytes));

  test(`${schema.name}: good rows`, () => {
    fc.assert(fc.property(rowOf(schema), (row) => {
      assert.equal(scan(encodeRow(row)), row[0]);
      same(encodeRow(row));
    }), { seed: 1, numRuns: 100 });
  });

  test(`${schema.name}: each bound of each column, and one step beyond`, () => {
    const good = schema.columns.map((column) => integerRange(column).min);
    for (const [i, column] of schema.columns.entries()) {
      const { min, max } = integerRange(column);
      for (const value of [min, max, min - 1, max + 1, null]) same(encodeRow(good.with(i, value as number)));
    }
    for (const row of [good.slice(1), [...good, 0], []]) same(encodeRow(row));
  });

  test(`${schema.name}: rows with a byte changed, cut out, put in or cut off`, () => {
    fc.assert(fc.property(rowOf(schema), fc.nat(), fc.nat(255), (row, place, byte) => {
      const bytes = encodeRow(row);
      const at = place % bytes.length;
      for (const change of [[byte, ...bytes.subarray(at + 1)], bytes.subarray(at + 1), [byte, ...bytes.subarray(at)], []]) same(Uint8Array.of(...bytes.subarray(0, at), ...change));
    }), { seed: 2, numRuns: 300 });
  });
}

test("longer heads than needed, other types, and integers beyond 53 bits", () => {
  const scan = rowScanner([{ min: 0, max: 2 ** 53 - 1 }, { min: -(2 ** 53 - 1), max: 2 ** 53 - 1 }]);
  const good = [0x82, 0x01, 0x20];
  assert.equal(scan(Uint8Array.from(good)), 1);
  const forms = [[0x18, 23], [0x19, 0, 255], [0x1a, 0, 0, 255, 255], [0x1b, 0, 0, 0, 0, 255, 255, 255, 255], [0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0], [0x3b, 0, 0x20, 0, 0, 0, 0, 0, 0], [0x1c], [0x1f], [0x40], [0x80], [0xf5], [0xfb]];
  for (const form of forms) assert.equal(scan(Uint8Array.from([0x82, 0x01, ...form])), undefined, form.join(" "));
  for (const head of [[0x98, 2], [0x9f], [0x82]]) assert.equal(scan(Uint8Array.from([...head, ...(head[0] === 0x82 ? [] : [0x01, 0x20])])), undefined);
  assert.equal(scan(Uint8Array.from([0x82, 0xf6, 0x01])), undefined);
  assert.equal(scan(Uint8Array.from([0x82, 0x01, 0xf6])), 1);
});
