// Samples: the leaves that the chain's randomness names, opened by the seller and checked by the buyer.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Hex, toHex } from "@qoodblock/sdk/bytes";
import { checkBatch, checkSample, decodeSample, encodeSample, openSample, sampleIndices, sealBatch, type OpenedLeaf } from "@qoodblock/sdk/sealing";
import { bytesOf, checkInput, flip, makeRows, sealInput, throwsCode } from "./support.ts";

const HASH: Hex = toHex(bytesOf("header", 32));
const VALUE: Hex = toHex(bytesOf("beacon", 32));

/** The rule of the contract's documentation, written down a second time. */
function independent(header: Hex, value: Hex, leafCount: number, n: number): number[] {
  const found: number[] = [];
  for (let i = 0; found.length < Math.min(n, leafCount); i += 1) {
    const bytes = Buffer.concat([Buffer.from(header.slice(2), "hex"), Buffer.from(value.slice(2), "hex"), Buffer.from([i >>> 24, i >>> 16, i >>> 8, i])]);
    const index = Number(BigInt(`0x${createHash("sha256").update(bytes).digest("hex")}`) % BigInt(leafCount));
    if (!found.includes(index)) found.push(index);
  }
  return found;
}

/** A batch of many leaves, with its key. */
function batch(leafSize = 64, k2?: bigint) {
  const input = sealInput({ rows: makeRows(200, 5), columns: 5, leafSize, perInterval: 2, ...(k2 === undefined ? {} : { k2 }) });
  return { keys: input.keys, checked: checkBatch(checkInput(sealBatch(input))) };
}

describe("sample indices", () => {
  it("follow the rule, each leaf once, whatever the batch", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 32 }), (header, value, leafCount, n) => {
        const found = sampleIndices(toHex(header), toHex(value), leafCount, n);
        assert.deepEqual(found, independent(toHex(header), toHex(value), leafCount, n));
        assert.equal(new Set(found).size, Math.min(n, leafCount));
      }),
      { seed: 27, numRuns: 300 },
    );
  });

  it("stay as they are", () => {
    assert.deepEqual(sampleIndices(HASH, VALUE, 1000, 6), [904, 770, 466, 825, 874, 943]);
    assert.deepEqual(sampleIndices(HASH, VALUE, 3, 4).toSorted(), [0, 1, 2]);
  });

  it("have sizes that make sense", () => {
    for (const [leafCount, n] of [[0, 1], [2 ** 32, 1], [1.5, 1], [10, 0], [10, 33], [10, 1.5]] as const) throwsCode(() => sampleIndices(HASH, VALUE, leafCount, n), "SAMPLE_SIZE");
    throwsCode(() => sampleIndices("0x12", VALUE, 10, 1), "BAD_HEX");
  });
});

describe("a sample", () => {
  it("opened by the seller passes, and its salts tell nothing of other leaves", () => {
    for (const k2 of [undefined, 12_345n]) {
      const { keys, checked } = batch(64, k2);
      const indices = sampleIndices(checked.headerHash, VALUE, checked.layout.leafCount, 4);
      const opened = decodeSample(encodeSample(checked.headerHash, openSample(checked, keys, indices)), checked.headerHash);
      const leaves = checkSample(checked, VALUE, 4, opened);
      assert.deepEqual(leaves.map(({ position }) => position.index), indices);
      assert.equal(new Set(opened.map(({ salt }) => toHex(salt))).size, 4);
    }
  });

  it("of a batch with few leaves is the whole batch", () => {
    const input = sealInput({ rows: makeRows(3, 3), columns: 3, perMessage: 3 });
    const checked = checkBatch(checkInput(sealBatch(input)));
    assert.ok(checked.layout.leafCount < 4);
    const indices = sampleIndices(checked.headerHash, VALUE, checked.layout.leafCount, 4);
    assert.equal(checkSample(checked, VALUE, 4, openSample(checked, input.keys, indices)).length, checked.layout.leafCount);
  });

  it("F27: of other leaves than the chain's, fewer, more or in another order is refused", () => {
    const { keys, checked } = batch();
    const indices = sampleIndices(checked.headerHash, VALUE, checked.layout.leafCount, 4);
    const other = [...Array(checked.layout.leafCount).keys()].find((leaf) => !indices.includes(leaf))!;
    const wrong = [indices.with(0, other), indices.slice(1), [...indices, other], indices.toReversed(), [...indices.slice(0, 3), indices[0]!], []];
    for (const leaves of wrong) throwsCode(() => checkSample(checked, VALUE, 4, openSample(checked, keys, leaves)), "SAMPLE_LEAVES");
    throwsCode(() => checkSample(checked, toHex(bytesOf("another beacon", 32)), 4, openSample(checked, keys, indices)), "SAMPLE_LEAVES");
  });

  it("with a byte changed anywhere is refused", () => {
    const { keys, checked } = batch();
    const indices = sampleIndices(checked.headerHash, VALUE, checked.layout.leafCount, 4);
    const opened = openSample(checked, keys, indices);
    const changed = (change: (leaf: OpenedLeaf) => OpenedLeaf): OpenedLeaf[] => opened.with(1, change(opened[1]!));
    throwsCode(() => checkSample(checked, VALUE, 4, changed((leaf) => ({ ...leaf, plain: flip(leaf.plain, 77) }))), "SAMPLE_MISMATCH");
    throwsCode(() => checkSample(checked, VALUE, 4, changed((leaf) => ({ ...leaf, salt: flip(leaf.salt, 3) }))), "SAMPLE_MISMATCH");
    throwsCode(() => checkSample(checked, VALUE, 4, changed((leaf) => ({ ...leaf, salt: leaf.salt.subarray(1) }))), "LEAF_LENGTH");
    throwsCode(() => checkSample(checked, VALUE, 4, changed((leaf) => ({ ...leaf, plain: leaf.plain.subarray(1) }))), "LEAF_LENGTH");
    throwsCode(() => checkSample(checked, VALUE, 4, changed((leaf) => ({ ...leaf, plain: opened[0]!.plain }))), "SAMPLE_MISMATCH", "LEAF_LENGTH");
  });

  it("is opened with the batch's key only, of a batch that was checked", () => {
    const { keys, checked } = batch();
    throwsCode(() => openSample(checked, { k1: keys.k1 + 1n }, [0]), "KEY_COMMITMENT");
    throwsCode(() => openSample({ ...checked }, keys, [0]), "NOT_CHECKED");
    throwsCode(() => checkSample({ ...checked }, VALUE, 4, []), "NOT_CHECKED");
    throwsCode(() => openSample(checked, keys, [checked.layout.leafCount]), "BAD_LEAF_INDEX");
  });

  it("comes in a file of one form", () => {
    const { keys, checked } = batch();
    const file = encodeSample(checked.headerHash, openSample(checked, keys, [0]));
    const json = JSON.parse(new TextDecoder().decode(file)) as { leaves: object[] };
    const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
    for (const broken of ["", "no", {}, { ...json, extra: 1 }, { ...json, leaves: [] }, { ...json, format: "qood/sample/v2" }, { ...json, leaves: [{ ...json.leaves[0], salt: "0xzz" }] }, { ...json, leaves: Array(33).fill(json.leaves[0]) }, { ...json, headerHash: HASH }]) {
      throwsCode(() => decodeSample(bytes(broken), checked.headerHash), "BAD_SAMPLE");
    }
    throwsCode(() => decodeSample(new Uint8Array(600_000), checked.headerHash), "BAD_SAMPLE");
    throwsCode(() => decodeSample(Uint8Array.of(0xff), checked.headerHash), "BAD_SAMPLE");
  });
});
