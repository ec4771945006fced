import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { coverageOf, type FileCoverage, ranges, readLcov, shortfalls, table } from "../../scripts/coverage/report.ts";

const file = (name: string, covered: number, total: number, missing: number[] = []): FileCoverage => ({
  file: name,
  lines: { covered, total },
  statements: { covered, total },
  missing,
});
const all = (covered: number): FileCoverage[] => ["identity", "rights", "shares", "tokens"].map((folder) => file(`contracts/${folder}/A.sol`, covered, 100));

describe("coverage", () => {
  it("reads lines by file, and adds up a file that comes twice", () => {
    const text = "TN:\nSF:contracts/a.sol\nDA:3,1\nDA:4,0\nLH:1\nLF:2\nend_of_record\nSF:contracts/b.sol\nDA:1,0\nend_of_record\nSF:contracts/a.sol\nDA:4,2\nDA:3,0\nend_of_record\n";
    const files = readLcov(text);
    assert.deepEqual([...files.keys()], ["contracts/a.sol", "contracts/b.sol"]);
    assert.deepEqual([...files.get("contracts/a.sol")!], [[3, true], [4, true]]);
    assert.deepEqual([...files.get("contracts/b.sol")!], [[1, false]]);
  });
  it("refuses a count outside of a file, and what is no count", () => {
    for (const text of ["DA:1,1\n", "SF:a\nDA:0,1\n", "SF:a\nDA:1\n", "SF:a\nDA:1,x\n", "SF:a\nend_of_record\nDA:2,1\n"]) assert.throws(() => readLcov(text), { code: "COVERAGE_FORMAT" }, text);
  });
  it("counts lines and statements, and names what is missing in order", () => {
    const lines = new Map([[9, false], [2, true], [3, false]]);
    const found = coverageOf("contracts/a.sol", lines, [{ tag: "a" }, { tag: "b" }], new Set(["b", "other"]));
    assert.deepEqual(found, { file: "contracts/a.sol", lines: { covered: 1, total: 3 }, statements: { covered: 1, total: 2 }, missing: [3, 9] });
    assert.equal(ranges([3, 7, 8, 9, 11]), "3, 7-9, 11");
    assert.equal(ranges([]), "");
  });
  it("shows the folders that count with their sums, and cuts percents off", () => {
    const rows = table([file("contracts/rights/B.sol", 1999, 2000, [7]), file("contracts/rights/A.sol", 1, 1), file("contracts/mocks/C.sol", 0, 9, [1])]);
    assert.deepEqual(rows.slice(1).map((row) => row.replace(/\s+/g, " ").trim()), [
      "contracts/rights/A.sol 1 / 1 100.0 % 1 / 1 100.0 %",
      "contracts/rights/B.sol 1999 / 2000 99.9 % 1999 / 2000 99.9 %",
      "contracts/rights in all 2000 / 2001 99.9 % 2000 / 2001 99.9 %",
      "",
      "MISSING contracts/rights/B.sol:7",
    ]);
  });
  it("is short below 98 percent of the lines of a folder, and where nothing was measured", () => {
    assert.deepEqual(shortfalls(all(98)), []);
    assert.equal(shortfalls(all(97)).length, 4);
    assert.match(shortfalls([...all(98), file("contracts/shares/B.sol", 0, 1)]).join(), /^contracts\/shares: 97\.03 %/);
    assert.deepEqual(shortfalls(all(100).slice(1)), ["contracts/identity: nothing was measured"]);
    // The market is shown and held to nothing.
    assert.deepEqual(shortfalls([...all(98), file("contracts/market/B.sol", 0, 100)]), []);
  });
});
