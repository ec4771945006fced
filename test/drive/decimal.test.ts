import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decimalOf, formatScaled, parseDecimal } from "@qoodblock/sdk/dictionary";

const SEED = { seed: 20240115, numRuns: 2000 };

describe("parseDecimal", () => {
  it("reads what the recordings print", () => {
    const cases: [string, number, number][] = [
      ["0.000000", 6, 0],
      [" 17.647058", 6, 17647058],
      ["-4.687500", 5, -468750],
      ["424.799988", 6, 424799988],
      ["30.327355999999998", 6, 30327356],
      ["-97.75596999999999", 6, -97755970],
      ["694.4933530000001", 6, 694493353],
      ["-0.0", 2, 0],
      ["1e-05", 6, 10],
      ["1.5E3", 0, 1500],
      ["+7", 0, 7],
      [".5", 1, 5],
      ["5.", 1, 50],
      ["007", 0, 7],
    ];
    for (const [text, decimals, integer] of cases) assert.equal(parseDecimal(text, decimals), integer, text);
    assert.ok(Object.is(parseDecimal("-0.0", 2), 0));
  });

  it("rounds to the nearest step, halves away from zero", () => {
    const cases: [string, number][] = [
      ["0.4", 0],
      ["0.5", 1],
      ["-0.5", -1],
      ["1.4999999999999999999", 1],
      ["-2.5", -3],
      ["0.04", 0],
      ["5e-1", 1],
      ["4e-9", 0],
      ["9e-2", 0],
      ["0.000005e5", 1],
    ];
    for (const [text, integer] of cases) assert.equal(parseDecimal(text, 0), integer, text);
  });

  it("calls no number what is none", () => {
    for (const text of ["", " ", ".", "-", "e5", "1e", "1,5", "0x10", "NaN", "inf", "Infinity", "1 2", "1.2.3", "--1", "1e1000", '"1"', "١"]) assert.equal(parseDecimal(text, 2), undefined, text);
  });

  it("gives infinity for what no column can hold", () => {
    assert.equal(parseDecimal("1e300", 0), Infinity);
    assert.equal(parseDecimal("-99999999999999999999", 0), -Infinity);
  });

  it("is the inverse of formatScaled", () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 14), max: 10 ** 14 }), fc.integer({ min: 0, max: 7 }), (value, scale) => {
        assert.equal(parseDecimal(formatScaled(value, scale), scale), value);
      }),
      SEED,
    );
  });
});

describe("formatScaled", () => {
  it("prints exactly, without trailing zeros", () => {
    assert.equal(formatScaled(61500n, 3), "61.5");
    assert.equal(formatScaled(-5, 3), "-0.005");
    assert.equal(formatScaled(-5000, 3), "-5");
    assert.equal(formatScaled(0, 6), "0");
    assert.equal(formatScaled(100, 0), "100");
  });

  it("multiplies by a factor as rational arithmetic does", () => {
    const mile = decimalOf("1.609344");
    fc.assert(
      fc.property(fc.integer({ min: -250000, max: 250000 }), (speed) => {
        const text = formatScaled(BigInt(speed) * mile.digits, 3 + mile.scale);
        const [whole = "", fraction = ""] = text.replace("-", "").split(".");
        const digits = BigInt(whole + fraction.padEnd(9, "0"));
        assert.equal(text.startsWith("-") ? -digits : digits, BigInt(speed) * 1609344n);
      }),
      SEED,
    );
  });
});
