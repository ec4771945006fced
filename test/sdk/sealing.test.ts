import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "@qoodblock/sdk/bytes";
import { FIELD_PRIME, fieldFromBytes } from "@qoodblock/sdk/crypto";
import { CHAIN_START } from "@qoodblock/sdk/device";
import { anchorTree, decodeRow, padFrame, padme, storedLengthOf, treeDepth } from "@qoodblock/sdk/formats";
import { checkKey, combineKeys, intervalKey, segmentKey } from "@qoodblock/sdk/keys";
import { checkBatch, leafOpening, openBatch, openInterval, sampleLeaf, sealBatch, sealFrames, verifyLeaf, verifySample, type SealInput } from "@qoodblock/sdk/sealing";
import { assembleBatch } from "../../sdk/sealing/seal.ts";
import { collect } from "../../sdk/sealing/collect.ts";
import { dataRoot } from "./independent.ts";
import { DAY_START, bytesOf, checkInput, makeMessages, makeRows, random, sealInput, throwsCode } from "./support.ts";

/** Seals, checks and opens; gives what came out. */
function roundTrip(input: SealInput): ReturnType<typeof openBatch> {
  const sealed = sealBatch(input);
  return openBatch(checkBatch(checkInput(sealed)), input.keys);
}

/** Rows that a batch should give back. */
function keptRows(input: SealInput): unknown[] {
  return input.intervals.flatMap(({ blocks }) =>
    blocks.flatMap(({ messages }) => messages.flatMap(({ rows, dropped = [] }) => rows.filter((_, i) => !dropped.includes(i)).map((row) => decodeRow(row)))),
  );
}

describe("seal, check, open", () => {
  it("gives the records back, whatever their number, grouping, origin and keys", () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 120 }),
          columns: fc.integer({ min: 2, max: 9 }),
          perMessage: fc.integer({ min: 1, max: 12 }),
          perBlock: fc.integer({ min: 1, max: 4 }),
          perInterval: fc.integer({ min: 1, max: 4 }),
          seed: fc.integer({ min: 0, max: 2 ** 31 }),
          signed: fc.boolean(),
          disputed: fc.boolean(),
          drop: fc.boolean(),
          leafSize: fc.constantFrom(64, 128, 192, 1024, 4032, 4096),
        }),
        (p) => {
          const input = sealInput({
            rows: makeRows(p.count, p.columns, p.seed),
            columns: p.columns,
            perMessage: p.perMessage,
            perBlock: p.perBlock,
            perInterval: p.perInterval,
            origin: p.signed ? "DEVICE_SIGNED" : "TSP_ATTESTED",
            leafSize: p.leafSize,
            ...(p.disputed ? { k2: 12_345n } : {}),
            ...(p.drop ? { dropEvery: 3 } : {}),
          });
          const opened = roundTrip(input);
          assert.deepEqual(opened.rows, keptRows(input));
          assert.equal(opened.rows.length + opened.dropped, p.count);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it("takes values at the ends of the range, and a later batch of a stream", () => {
    const extremes = [0, -1, 23, 24, -24, -25, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, null];
    const rows = extremes.map((value, i) => [DAY_START + i, value]);
    assert.deepEqual(roundTrip(sealInput({ rows, columns: 2 })).rows, rows);
    const first = makeMessages(makeRows(10, 4), 5);
    assert.equal(first.length, 2);
    const state = { nextCounter: 2, chain: toHex(bytesOf("chain", 32)) };
    assert.equal(roundTrip(sealInput({ state, sequence: 3 })).rows.length, 40);
  });

  it("is a function of its input", () => {
    assert.equal(sealBatch(sealInput()).headerHash, sealBatch(sealInput()).headerHash);
  });

  it("stays right over many segments with rows that do not compress", () => {
    const next = random(3);
    const rows = Array.from({ length: 9000 }, (_, i) => [DAY_START + i, ...Array.from({ length: 8 }, () => Math.floor(next() * 2 ** 40))]);
    const input = sealInput({ rows, columns: 9, perMessage: 1500, perBlock: 1, perInterval: 3 });
    const sealed = sealBatch(input);
    assert.ok(sealed.ciphertext.length > 5 * 65_536);
    const opened = openBatch(checkBatch(checkInput(sealed)), input.keys);
    assert.deepEqual(opened.rows, rows);
    assert.equal(opened.intervals.length, 2);
    assert.equal(opened.intervals[0]!.blocks.length, 3);
  });

  it("opens an interval with its own key only", () => {
    const input = sealInput({ rows: makeRows(60, 4) });
    const sealed = sealBatch(input);
    const batch = checkBatch(checkInput(sealed));
    const opened = openBatch(batch, input.keys);
    const key = intervalKey(input.keys.k1, 1);
    assert.deepEqual(openInterval(batch, 1, key), opened.intervals[1]);
    throwsCode(() => openInterval(batch, 0, key), "DATA_HASH_MISMATCH");
    throwsCode(() => openInterval(batch, 99, key), "BAD_INTERVAL_INDEX");
  });

  it("accepts an anchor over it, and no other", () => {
    const sealed = sealBatch(sealInput());
    const others = [1, 2, 3, 4].map((i) => toHex(bytesOf(`header ${i}`, 32)));
    const { root, paths } = anchorTree([...others, sealed.headerHash]);
    const anchor = { tsp: sealed.header.words.tsp, root, path: paths[4]!, time: 1 };
    const base = checkInput(sealed);
    assert.equal(checkBatch({ ...base, anchor }).headerHash, sealed.headerHash);
    throwsCode(() => checkBatch({ ...base, anchor: { ...anchor, time: 0 } }), "ANCHOR_MISSING");
    throwsCode(() => checkBatch({ ...base, anchor: { ...anchor, tsp: `0x${"33".repeat(20)}` } }), "ANCHOR_TSP");
    throwsCode(() => checkBatch({ ...base, anchor: { ...anchor, path: paths[0]! } }), "ANCHOR_PATH");
    throwsCode(() => checkBatch({ ...base, anchor: { ...anchor, path: new Array(21).fill(others[0]!) } }), "ANCHOR_DEPTH");
    throwsCode(() => checkBatch({ ...base, headerHash: others[0]! }), "HEADER_HASH");
  });
});

describe("sealFrames", () => {
  const k = 0x1234_5678n ** 7n % FIELD_PRIME;

  it("agrees with an independent tree at every boundary of leaf, segment, interval and power of two", () => {
    const lengths = [64, 128, 4032, 4096, 4160, 8192, 12_288, 16_384, 20_480, 65_472, 65_536, 65_600, 69_632, 131_072, 131_136];
    const layouts = [...lengths.map((length) => [length]), [64, 64], [4096, 64, 65_536], [65_600, 4160, 64], [64, 131_136, 64, 64, 64]];
    for (const stored of layouts) {
      const frames = stored.map((length, i) => bytesOf(`frame ${i}`, length));
      for (const leafSize of [4096, 1024, 64]) {
        if (leafSize === 64 && stored.length === 1 && stored[0]! > 20_480) continue;
        const sealed = sealFrames(frames, k, leafSize);
        const expected = dataRoot(frames, k, leafSize, intervalKey, segmentKey);
        assert.equal(toHex(sealed.root), toHex(expected.root), `${stored.join("+")} at ${leafSize}`);
        assert.deepEqual(Buffer.from(sealed.dataHashes), expected.dataHashes);
        assert.deepEqual(Buffer.from(sealed.ciphertext), expected.ciphertext);
      }
    }
  });

  it("reaches leaf counts 1, 2, 3, 4, 5, 8, 9, 16, 17 with paths of the right depth", () => {
    for (const leaves of [1, 2, 3, 4, 5, 8, 9, 16, 17]) {
      const { tree } = sealFrames([bytesOf("x", 64 * leaves)], k, 64);
      assert.equal(tree.count, leaves);
      assert.equal(tree.path(leaves - 1).length, treeDepth(leaves));
    }
  });
});

describe("leaves on their own", () => {
  const input = sealInput({ rows: makeRows(300, 6), columns: 6, leafSize: 128 });
  const batch = checkBatch(checkInput(sealBatch(input)));
  const root = batch.tree.root(3);

  it("verify at every index, and not with anything changed", () => {
    const count = batch.layout.leafCount;
    assert.ok(count > 8);
    for (let j = 0; j < count; j += 1) {
      const opening = leafOpening(batch, j);
      verifyLeaf(root, count, opening);
      for (const field of ["index", "interval", "segment", "firstBlock"] as const) {
        const position = { ...opening.position, [field]: opening.position[field] + 1 };
        throwsCode(() => verifyLeaf(root, count, { ...opening, position }), "LEAF_MISMATCH", "BAD_LEAF_INDEX");
      }
      const position = { ...opening.position, length: opening.position.length - 64 };
      throwsCode(() => verifyLeaf(root, count, { ...opening, position }), "LEAF_LENGTH");
      throwsCode(() => verifyLeaf(root, count + 1, opening), "LEAF_MISMATCH", "PATH_DEPTH");
      throwsCode(() => verifyLeaf(root, count, { ...opening, path: opening.path.slice(1) }), "PATH_DEPTH");
      throwsCode(() => verifyLeaf(root, count, { ...opening, path: opening.path.map((hash, i) => (i === 0 ? bytesOf("no", 32) : hash)) }), "LEAF_MISMATCH");
      throwsCode(() => verifyLeaf(root, count, { ...opening, dataHash: bytesOf("no", 32) }), "LEAF_MISMATCH");
    }
    throwsCode(() => leafOpening(batch, count), "BAD_LEAF_INDEX");
  });

  it("open as samples whose plaintext cannot be swapped", () => {
    const j = batch.layout.leafCount - 1;
    const { position } = leafOpening(batch, j);
    const key = segmentKey(intervalKey(input.keys.k1, position.interval), position.segment);
    const sample = sampleLeaf(batch, j, key);
    verifySample(root, batch.layout.leafCount, sample);
    throwsCode(() => verifySample(root, batch.layout.leafCount, { ...sample, plain: bytesOf("no", sample.plain.length) }), "SAMPLE_MISMATCH");
    throwsCode(() => verifySample(root, batch.layout.leafCount, sampleLeaf(batch, j, key + 1n)), "SAMPLE_MISMATCH");
    throwsCode(() => verifySample(root, batch.layout.leafCount, { ...sample, salt: sample.salt.subarray(0, 31) }), "LEAF_LENGTH");
    throwsCode(() => verifySample(root, batch.layout.leafCount, { ...sample, plain: bytesOf("long", 5000) }), "LEAF_LENGTH");
  });
});

describe("sealBatch refuses", () => {
  const cases: [string, string, () => SealInput][] = [
    ["no rows", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [] })],
    ["an interval without blocks", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [{ blocks: [] }] })],
    ["a block without messages", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [{ blocks: [{ messages: [] }] }] })],
    ["an interval without blocks beside a good one", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [...sealInput().intervals, { blocks: [] }] })],
    ["a block without messages beside a good one", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [...sealInput().intervals, { blocks: [{ messages: [] }] }] })],
    ["only dropped rows", "SEAL_EMPTY", () => ({ ...sealInput(), intervals: [{ blocks: [{ messages: makeMessages(makeRows(1, 4), 1).map((m) => ({ ...m, dropped: [0] })) }] }] })],
    ["a gap in the counters", "SEAL_COUNTER", () => ({ ...sealInput(), intervals: [{ blocks: [{ messages: makeMessages(makeRows(9, 4), 3).filter((_, i) => i !== 1) }] }] })],
    ["a missing signature", "SEAL_SIGNATURE", () => ({ ...sealInput(), intervals: [{ blocks: [{ messages: makeMessages(makeRows(9, 4), 3, { signed: false }) }] }] })],
    ["a signature where the TSP attests", "SEAL_SIGNATURE", () => ({ ...sealInput({ origin: "TSP_ATTESTED" }), intervals: sealInput().intervals })],
    ["time running backwards", "SEAL_TIME", () => sealInput({ rows: [...makeRows(5, 4)].reverse() })],
    ["a row without time", "SEAL_TIME", () => sealInput({ rows: [[null, 1]], columns: 2 })],
    ["two UTC days", "SEAL_DAY", () => sealInput({ rows: [[DAY_START, 1], [DAY_START + 86_400_000, 1]], columns: 2 })],
    ["another number of columns", "ROW_COLUMNS", () => ({ ...sealInput(), columns: 5 })],
    ["a chain before the first message", "SEAL_CHAIN", () => ({ ...sealInput(), chainBefore: toHex(bytesOf("chain", 32)) })],
    ["dropped indexes out of order", "SEAL_DROPPED", () => ({ ...sealInput(), intervals: [{ blocks: [{ messages: makeMessages(makeRows(9, 4), 9).map((m) => ({ ...m, dropped: [3, 1] })) }] }] })],
    ["a previous header on sequence 0", "SEAL_PREVIOUS", () => ({ ...sealInput(), header: { ...sealInput().header, previousHeader: toHex(bytesOf("p", 32)) } })],
    ["no device key", "SEAL_DEVICE_KEY", () => ({ ...sealInput(), header: { ...sealInput().header, devicePublicKey: null } })],
    ["a leaf size that is no multiple of 64", "LEAF_SIZE", () => sealInput({ leafSize: 100 })],
    ["a leaf size above 4096", "LEAF_SIZE", () => sealInput({ leafSize: 8192 })],
    ["key 0", "KEY_IS_ZERO", () => ({ ...sealInput(), keys: { k1: 0n } })],
    ["parts that add up to 0", "KEY_IS_ZERO", () => ({ ...sealInput(), keys: { k1: 5n, k2: FIELD_PRIME - 5n } })],
    ["a second part 0", "KEY_IS_ZERO", () => ({ ...sealInput(), keys: { k1: 5n, k2: 0n } })],
  ];
  for (const [name, code, make] of cases) it(name, () => void throwsCode(() => sealBatch(make()), code));

  it("a derived key that is 0 mod p, so that the sealer draws a new nonce", () => {
    const zero = Buffer.from(FIELD_PRIME.toString(16).padStart(96, "0"), "hex");
    throwsCode(() => checkKey(fieldFromBytes(zero)), "KEY_IS_ZERO");
    throwsCode(() => combineKeys(0n), "KEY_IS_ZERO");
  });
});

describe("padding", () => {
  it("is Padmé, then a multiple of 64, and never more than 12 % above 512 bytes", () => {
    assert.deepEqual([1, 2, 3, 8, 9, 10, 100, 1000, 1025, 65_537].map(padme), [1, 2, 3, 8, 10, 10, 104, 1024, 1088, 67_584]);
    for (let length = 1; length < 200_000; length += 97) {
      const stored = storedLengthOf(length);
      assert.equal(stored % 64, 0);
      assert.ok(stored >= length + 4 && (length < 512 || stored <= (length + 4) * 1.12 + 64));
      assert.equal(padFrame(new Uint8Array(length)).length, stored);
    }
  });
});

it("the pieces of sealBatch give what it gives", () => {
  const input = sealInput();
  assert.equal(CHAIN_START.nextCounter, 0);
  const content = collect(input);
  assert.equal(content.records, 40);
  throwsCode(() => assembleBatch(input, content, []), "STORED_LENGTHS");
});
