import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encode as generalCbor, rfc8949EncodeOptions } from "cborg";
import { ascii, bigintToBytes, bytesToBigint, concat, fromHex, toHex, u64, type Hex } from "@qoodblock/sdk/bytes";
import {
  CborReader,
  DOM_KEY,
  MerkleTree,
  anchorRoot,
  anchorTree,
  cidToDigest,
  decodeFlags,
  decodeInterval,
  decodeRow,
  digestToCid,
  encodeFlags,
  encodeInterval,
  encodeRow,
  fileDigest,
  hashHeader,
  headerFromJson,
  headerToJson,
  hashRest,
  layoutOf,
  leafPosition,
  makeFrame,
  readFrame,
  rootFromPath,
  schemaHash,
  storedLengthOf,
  streamHandle,
} from "@qoodblock/sdk/formats";
import { sealBatch } from "@qoodblock/sdk/sealing";
import * as plain from "./independent.ts";
import { bytesOf, sealInput, throwsCode } from "./support.ts";

describe("bytes", () => {
  it("go to hex and back, and refuse what is not hex", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(fromHex(toHex(bytes)), Uint8Array.from(bytes))), { seed: 1 });
    for (const bad of ["", "00", "0x0", "0xzz", "0X00", "0x00 "]) throwsCode(() => fromHex(bad), "BAD_HEX");
    throwsCode(() => fromHex("0x00", 2), "BAD_HEX");
  });
  it("are big-endian and bounded", () => {
    assert.equal(toHex(u64(Number.MAX_SAFE_INTEGER)), "0x001fffffffffffff");
    throwsCode(() => u64(2 ** 53), "OUT_OF_RANGE");
    throwsCode(() => u64(-1), "OUT_OF_RANGE");
    throwsCode(() => bigintToBytes(256n, 1), "OUT_OF_RANGE");
    throwsCode(() => ascii("é"), "NOT_ASCII");
    assert.equal(bytesToBigint(bigintToBytes(DOM_KEY, 32)), DOM_KEY);
  });
});

describe("CBOR rows", () => {
  const value = fc.option(fc.maxSafeInteger());
  it("come back, and are what a general encoder makes", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 300 }), (row) => {
        const bytes = encodeRow(row);
        assert.deepEqual(decodeRow(bytes), row);
        assert.deepEqual(Buffer.from(bytes), Buffer.from(generalCbor(row, rfc8949EncodeOptions)));
      }),
      { seed: 2 },
    );
  });
  it("have one form only: whatever decodes encodes to the same bytes", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 6 }), fc.nat(), fc.integer({ min: 0, max: 255 }), (row, at, byte) => {
        const bytes = Uint8Array.from(encodeRow(row));
        bytes[at % bytes.length] = byte;
        try {
          assert.deepEqual(Buffer.from(encodeRow(decodeRow(bytes))), Buffer.from(bytes));
        } catch (error) {
          assert.match((error as { code?: string }).code ?? String(error), /^CBOR_/);
        }
      }),
      { seed: 3, numRuns: 3000 },
    );
  });
  const bad: [string, string, string][] = [
    ["integer in a longer head", "8118 17", "CBOR_NOT_CANONICAL"],
    ["two-byte head for 255", "81 1900ff", "CBOR_NOT_CANONICAL"],
    ["four-byte head for 65535", "81 1a0000ffff", "CBOR_NOT_CANONICAL"],
    ["eight-byte head for 2^32-1", "81 1b00000000ffffffff", "CBOR_NOT_CANONICAL"],
    ["longer head of a negative", "81 3800", "CBOR_NOT_CANONICAL"],
    ["longer head of an array", "9801 00", "CBOR_NOT_CANONICAL"],
    ["indefinite array", "9f 00 ff", "CBOR_NOT_CANONICAL"],
    ["reserved head", "81 1c", "CBOR_NOT_CANONICAL"],
    ["more than 53 bits", "81 1b0020000000000000", "CBOR_RANGE"],
    ["less than -53 bits", "81 3b001fffffffffffff", "CBOR_RANGE"],
    ["float", "81 f93c00", "CBOR_TYPE"],
    ["text", "81 6161", "CBOR_TYPE"],
    ["undefined", "81 f7", "CBOR_TYPE"],
    ["tag", "81 c100", "CBOR_TYPE"],
    ["map", "a0", "CBOR_TYPE"],
    ["nothing", "", "CBOR_TRUNCATED"],
    ["array too long", "82 00", "CBOR_TRUNCATED"],
    ["enormous array", "9affffffff 00", "CBOR_TRUNCATED"],
    ["head cut off", "81 19ff", "CBOR_TRUNCATED"],
    ["something behind", "81 00 00", "CBOR_TRAILING"],
  ];
  for (const [name, text, code] of bad) it(`refuse: ${name}`, () => void throwsCode(() => decodeRow(fromHex(`0x${text.replaceAll(" ", "")}`)), code));
  it("refuse another number of columns and unsafe values", () => {
    throwsCode(() => decodeRow(encodeRow([1, 2]), 3), "ROW_COLUMNS");
    for (const value of [0.5, NaN, Infinity, 2 ** 53]) throwsCode(() => encodeRow([value]), "OUT_OF_RANGE");
  });
  it("byte strings are bounded by the input", () => {
    throwsCode(() => new CborReader(fromHex("0x5affffffff00")).bytes(), "CBOR_TRUNCATED");
    throwsCode(() => new CborReader(fromHex("0x4200")).bytes(), "CBOR_TRUNCATED");
  });
});

describe("interval", () => {
  const salt = bytesOf("salt", 16);
  const hash = bytesOf("hash", 32);
  const signature = bytesOf("signature", 64);
  const message = (fields: Record<number, unknown> = {}): unknown[] => Object.assign([0, salt, 2, [[1, hash]], signature], fields);
  const block = (fields: Record<number, unknown> = {}): unknown[] => Object.assign([7, [message()], [7], [null]], fields);
  const interval = (...blocks: unknown[]): Uint8Array => generalCbor([1, blocks], rfc8949EncodeOptions);

  it("of a general encoder decodes, and encodes to the same bytes", () => {
    const bytes = interval(block(), block({ 1: [message({ 2: 1, 3: [[0, hash]], 4: null })], 0: 0, 2: [], 3: [] }));
    const blocks = decodeInterval(bytes, 2);
    assert.deepEqual(blocks[0]!.rows, [[7, null]]);
    assert.deepEqual(Buffer.from(encodeInterval(blocks, 2)), Buffer.from(bytes));
  });
  const bad: [string, string, Uint8Array][] = [
    ["no blocks", "INTERVAL_SHAPE", interval()],
    ["a block with an item too many", "INTERVAL_SHAPE", interval(block({ 4: [1] }))],
    ["a block without messages", "INTERVAL_SHAPE", interval([0, [], [], []])],
    ["a message with an item too many", "INTERVAL_SHAPE", interval(block({ 1: [message({ 5: 0 })] }))],
    ["a message without rows", "INTERVAL_SHAPE", interval(block({ 1: [message({ 2: 0, 3: [] })], 0: 0, 2: [], 3: [] }))],
    ["a dropped row of three items", "INTERVAL_SHAPE", interval(block({ 1: [message({ 3: [[1, hash, 0]] })] }))],
    ["dropped rows in the wrong order", "INTERVAL_SHAPE", interval(block({ 1: [message({ 2: 3, 3: [[1, hash], [0, hash]] })] }))],
    ["a row dropped twice", "INTERVAL_SHAPE", interval(block({ 1: [message({ 2: 3, 3: [[1, hash], [1, hash]] })] }))],
    ["a dropped row beyond the message", "INTERVAL_SHAPE", interval(block({ 1: [message({ 3: [[2, hash]] })] }))],
    ["a column too short", "INTERVAL_SHAPE", interval(block({ 3: [] }))],
    ["a first time that is not the first row's", "INTERVAL_SHAPE", interval(block({ 0: 8 }))],
    ["a salt of 15 bytes", "CBOR_RANGE", interval(block({ 1: [message({ 1: salt.subarray(1) })] }))],
    ["a row hash of 31 bytes", "CBOR_RANGE", interval(block({ 1: [message({ 3: [[1, hash.subarray(1)]] })] }))],
    ["a signature of 63 bytes", "CBOR_RANGE", interval(block({ 1: [message({ 4: signature.subarray(1) })] }))],
    ["a negative counter", "CBOR_RANGE", interval(block({ 1: [message({ 0: -1 })] }))],
  ];
  for (const [name, code, bytes] of bad) it(`refuses: ${name}`, () => void throwsCode(() => decodeInterval(bytes, 2), code));
});

describe("frame", () => {
  it("comes back, up to exactly the bound", () => {
    for (const length of [1, 255, 256, 300, 65_535, 65_536 + 256, 1_000_000]) {
      const raw = bytesOf("raw", length);
      const { frame, compressedLength } = makeFrame(raw);
      assert.equal(frame.length, storedLengthOf(compressedLength));
      assert.deepEqual(Buffer.from(readFrame(frame, length)), Buffer.from(raw));
      throwsCode(() => readFrame(frame, length - 1), "RAW_LENGTH");
    }
  });
  it("shorter than 64 bytes is refused", () => {
    for (const length of [0, 3, 63]) throwsCode(() => readFrame(new Uint8Array(length), 100), "FRAME_LENGTH");
  });
});

describe("tree", () => {
  it("agrees with a plain one for every count to 70, and every path leads to the root", () => {
    for (let count = 1; count <= 70; count += 1) {
      const leaves = Array.from({ length: count }, (_, i) => Buffer.from(bytesOf(`leaf ${i}`, 32)));
      const tree = new MerkleTree(concat(...leaves));
      const root = tree.root(3);
      assert.equal(toHex(root), toHex(plain.root(3, leaves)));
      leaves.forEach((leaf, i) => {
        assert.deepEqual(Buffer.from(rootFromPath(3, count, i, leaf, tree.path(i))), Buffer.from(root));
        const wrong = rootFromPath(3, count, (i + 1) % count, leaf, tree.path(i));
        assert.ok(count === 1 || !Buffer.from(wrong).equals(root));
      });
    }
  });
  it("refuses nothing, an index beyond the count, another depth", () => {
    throwsCode(() => new MerkleTree(new Uint8Array()), "BAD_TREE");
    throwsCode(() => new MerkleTree(new Uint8Array(33)), "BAD_TREE");
    const tree = new MerkleTree(bytesOf("leaves", 96));
    throwsCode(() => tree.path(3), "BAD_LEAF_INDEX");
    // Index 3 is the padding's place: an empty leaf must not be provable.
    throwsCode(() => rootFromPath(3, 3, 3, new Uint8Array(32), tree.path(2)), "BAD_LEAF_INDEX");
    throwsCode(() => rootFromPath(3, 3, 1, bytesOf("leaves", 32), tree.path(1).slice(1)), "PATH_DEPTH");
    throwsCode(() => rootFromPath(3, 3, 1, bytesOf("leaves", 32), [tree.path(1)[0]!, new Uint8Array(31)]), "PATH_DEPTH");
  });
});

describe("layout", () => {
  it("gives every leaf one place, without gap or overlap", () => {
    const part = fc.integer({ min: 1, max: 3000 }).map((blocks) => 64 * blocks);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 64 }), (stored, blocks) => {
        const layout = layoutOf(stored, 64 * blocks);
        let at = 0;
        for (let j = 0; j < layout.leafCount; j += 1) {
          const leaf = leafPosition(layout, j);
          assert.equal(leaf.offset, at);
          assert.ok(leaf.length > 0 && leaf.length <= 64 * blocks && leaf.firstBlock < 1024);
          at += leaf.length;
        }
        assert.equal(at, layout.storedLength);
      }),
      { seed: 4, numRuns: 30 },
    );
  });
  it("refuses lengths that are no multiple of 64", () => {
    for (const index of [-1, 2, 0.5]) throwsCode(() => leafPosition(layoutOf([64, 64], 64), index), "BAD_LEAF_INDEX");
    for (const stored of [[], [0], [63], [64, 65], [-64], [0.5]]) throwsCode(() => layoutOf(stored, 4096), "STORED_LENGTHS");
  });
});

describe("header, handle, anchor", () => {
  const { header, headerHash } = sealBatch(sealInput());
  it("hash as abi.encode does in an independent implementation", () => {
    const expected = plain.headerHashes(header.words, header.rest);
    assert.equal(hashRest(header.rest), expected.restHash);
    assert.equal(headerHash, expected.headerHash);
    assert.equal(hashHeader(header.words), expected.headerHash);
  });
  it("go to JSON and back, and malformed ones are refused by field", () => {
    const json = JSON.parse(JSON.stringify(headerToJson(header))) as ReturnType<typeof headerToJson>;
    assert.deepEqual(headerFromJson(json), header);
    for (const bad of [{ ...json, more: 1 }, { ...json, rest: { ...json.rest, day: -1 } }, { ...json, rest: { ...json.rest, day: "1" } }, { ...json, words: { ...json.words, kc1: "0x1" } }, { ...json, words: { ...json.words, tsp: "0x00" } }, null]) {
      throwsCode(() => headerFromJson(bad), "HEADER_JSON");
    }
  });
  it("name a stream by every part of its handle", () => {
    const registry: Hex = `0x${"ab".repeat(20)}`;
    const parts = { chainId: 31_337n, registry, vehicle: 7n, epoch: 2, dataClass: "USER", privacy: "PRIVATE", schema: schemaHash("carobd", "1") } as const;
    const handle = streamHandle(parts);
    assert.equal(handle, plain.handleOf(31_337n, registry, 7n, 2, 2, 2, "carobd", "1"));
    const others = [{ chainId: 1n }, { registry: `0x${"ac".repeat(20)}` as const }, { vehicle: 8n }, { epoch: 3 }, { dataClass: "OEM" as const }, { privacy: "ORDINARY" as const }, { schema: schemaHash("carobd", "2") }];
    for (const other of others) assert.notEqual(streamHandle({ ...parts, ...other }), handle);
    throwsCode(() => schemaHash("a@b", "1"), "BAD_SCHEMA_NAME");
  });
  it("flags decode to what they encode, and nothing else decodes", () => {
    for (const exclusive of [true, false]) for (const origin of ["TSP_ATTESTED", "DEVICE_SIGNED", "DEVICE_SEALED"] as const) assert.deepEqual(decodeFlags(encodeFlags({ exclusive, origin })), { exclusive, origin });
    assert.equal(encodeFlags({ exclusive: true, origin: "DEVICE_SIGNED" }), 3n);
    for (const bad of [6n, 7n, 8n, 1n << 255n]) throwsCode(() => decodeFlags(bad), "HEADER_FLAGS");
  });
  it("anchors verify as OpenZeppelin verifies, for every count to 40", () => {
    for (let count = 1; count <= 40; count += 1) {
      const hashes = Array.from({ length: count }, (_, i) => toHex(bytesOf(`header ${i}`, 32)));
      const { root, paths, list, listHash } = anchorTree(hashes);
      hashes.forEach((hash, i) => {
        assert.equal(plain.processProof(paths[i]!, hash), root);
        assert.equal(anchorRoot(hash, paths[i]!), root);
        assert.ok(paths[i]!.length <= Math.ceil(Math.log2(count)));
      });
      assert.equal(toHex(list), `0x${hashes.map((hash) => hash.slice(2)).join("")}`);
      assert.equal(listHash, plain.keccakHex(list));
    }
    throwsCode(() => anchorTree([]), "ANCHOR_SIZE");
    throwsCode(() => anchorTree([headerHash, headerHash]), "ANCHOR_SIZE");
  });
});

describe("CID", () => {
  /** Helia's own importer with the format's settings. */
  async function imported(bytes: Uint8Array, chunkSize: number, maxChildren: number): Promise<string> {
    const [{ importer }, { fixedSize }, { balanced }] = await Promise.all([import("ipfs-unixfs-importer"), import("ipfs-unixfs-importer/chunker"), import("ipfs-unixfs-importer/layout")]);
    const blocks = new Map<string, Uint8Array>();
    const store = {
      put: async (cid: { toString: () => string }, block: unknown) => {
        const parts: Uint8Array[] = [];
        if (block instanceof Uint8Array) parts.push(block);
        else for await (const part of block as AsyncIterable<Uint8Array>) parts.push(part);
        blocks.set(cid.toString(), concat(...parts));
        return cid;
      },
      get: (cid: { toString: () => string }) => [blocks.get(cid.toString())!],
    };
    const options = { cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: false, chunker: fixedSize({ chunkSize }), layout: balanced({ maxChildrenPerNode: maxChildren }), wrapWithDirectory: false };
    for await (const entry of importer([{ content: bytes }], store as never, options as never)) return entry.cid.toString();
    return assert.fail("nothing was imported");
  }
  it("equals Helia's at sizes around a chunk", async () => {
    for (const size of [1, 64, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20 + 5]) {
      const bytes = bytesOf("file", 64);
      const file = Uint8Array.from({ length: size }, (_, i) => bytes[i % 64]! ^ (i >>> 12));
      assert.equal(digestToCid(fileDigest(file)), await imported(file, 2 ** 20, 1024), `${size} bytes`);
    }
  });
  it("equals Helia's over several levels of nodes", async () => {
    for (const size of [1, 15, 16, 17, 48, 49, 144, 145, 432, 433, 1000]) {
      const file = bytesOf("deep", size);
      assert.equal(digestToCid(fileDigest(file, { chunkSize: 16, maxChildren: 3 })), await imported(file, 16, 3), `${size} bytes`);
    }
  });
  it("goes to its digest and back, and other kinds are refused", () => {
    const digest = bytesOf("digest", 32);
    assert.deepEqual(Buffer.from(cidToDigest(digestToCid(digest))), Buffer.from(digest));
    for (const bad of ["", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"]) throwsCode(() => cidToDigest(bad), "BAD_CID");
    throwsCode(() => fileDigest(new Uint8Array()), "EMPTY_FILE");
    throwsCode(() => digestToCid(new Uint8Array(31)), "BAD_CID");
  });
});
