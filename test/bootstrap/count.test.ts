import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { countTests } from "../../scripts/testing/count.ts";

describe("counting tests", () => {
  it("reads node's test runner", () => {
    const output = "ℹ tests 5\nℹ suites 1\nℹ pass 3\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\n";
    assert.deepEqual(countTests("node", output, 1), { passed: 3, failed: 1, skipped: 1 });
  });
  it("reads Hardhat's sum over its runners once, colours and all", () => {
    const output = "  \u001b[32m12 passing\u001b[0m (3s)\n  2 pending\n\n\n16 passing (4 solidity, 12 mocha)\n2 pending\n";
    assert.deepEqual(countTests("mocha", output, 0), { passed: 16, failed: 0, skipped: 2 });
    assert.deepEqual(countTests("mocha", "  3 passing\n  1 failing\n", 1), { passed: 3, failed: 1, skipped: 0 });
  });
  it("fails a suite that ran no test", () => {
    assert.deepEqual(countTests("node", "ℹ tests 0\nℹ pass 0\nℹ fail 0\n", 0), { passed: 0, failed: 1, skipped: 0 });
    assert.deepEqual(countTests("mocha", "", 0), { passed: 0, failed: 1, skipped: 0 });
  });
  it("fails a suite that ended badly with every test passed", () => {
    assert.deepEqual(countTests("node", "ℹ pass 3\nℹ fail 0\n", 7), { passed: 3, failed: 1, skipped: 0 });
  });
  it("takes a check's exit code", () => {
    assert.deepEqual(countTests("check", "", 0), { passed: 1, failed: 0, skipped: 0 });
    assert.deepEqual(countTests("check", "", 2), { passed: 0, failed: 1, skipped: 0 });
  });
});
