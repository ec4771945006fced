/** Any flipped bit is found and named, before paying where that is possible. */
import assert from "node:assert/strict";
import { createPublicKey, verify, type KeyObject } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { fromHex, toHex, type Hex } from "@qoodblock/sdk/bytes";
import { keccak256, sha256, signDigest, publicKeyOf, zstdCompress } from "@qoodblock/sdk/crypto";
import { decodeDescription, encodeDescription, type Description } from "@qoodblock/sdk/description";
import { CborWriter, chainPreimage, digestToCid, encodeInterval, rowHashes, rowsRoot, fileDigest, hashHeader, hashRest, padFrame, type BlockRecord, type Header, type HeaderRest } from "@qoodblock/sdk/formats";
import { checkBatch, openBatch, sealBatch, type CheckInput, type SealInput, type SealedBatch } from "@qoodblock/sdk/sealing";
import { collect, type Collected } from "../../sdk/sealing/collect.ts";
import { assembleBatch } from "../../sdk/sealing/seal.ts";
import { DAY_START, DEVICE_KEY, OTHER_KEY, bytesOf, checkInput, flip, group, makeMessages, makeRows, sealInput, throwsCode, type Recipe } from "./support.ts";

const input = sealInput({ rows: makeRows(200, 5), columns: 5, leafSize: 256, dropEvery: 7 });
const sealed = sealBatch(input);

/** The same batch with parts of the header replaced and all hashes made to fit again, as a lying TSP could. */
function rehash(batch: SealedBatch, rest: Partial<HeaderRest>, words: Partial<Header["words"]> = {}): CheckInput {
  const base = checkInput(batch);
  const newRest = { ...base.header.rest, ...rest };
  return { ...base, header: { words: { ...base.header.words, ...words, restHash: hashRest(newRest) }, rest: newRest } };
}

/** The same batch with another description, its hash in the header. */
function redescribe(change: (description: Description) => unknown): CheckInput {
  const description = decodeDescription(sealed.description);
  const bytes = encodeDescription((change(description) ?? description) as Description);
  return { ...rehash(sealed, { descriptionHash: toHex(sha256(bytes)) }), description: bytes };
}

describe("before paying, a flipped bit in", () => {
  const runs = { numRuns: 150, seed: 11 };
  const bit = (bytes: Uint8Array): fc.Arbitrary<number> => fc.integer({ min: 0, max: 8 * bytes.length - 1 });
  it("the untouched batch passes", () => {
    assert.equal(checkBatch(checkInput(sealed)).headerHash, sealed.headerHash);
  });
  it("the ciphertext is named", () => {
    fc.assert(fc.property(bit(sealed.ciphertext), (at) => void throwsCode(() => checkBatch({ ...checkInput(sealed), ciphertext: flip(sealed.ciphertext, at) }), "CIPHERTEXT_DIGEST")), runs);
  });
  it("the dataHash list is named", () => {
    fc.assert(fc.property(bit(sealed.dataHashes), (at) => void throwsCode(() => checkBatch({ ...checkInput(sealed), dataHashes: flip(sealed.dataHashes, at) }), "DATA_HASHES_DIGEST")), runs);
  });
  it("the description file is named", () => {
    fc.assert(fc.property(bit(sealed.description), (at) => void throwsCode(() => checkBatch({ ...checkInput(sealed), description: flip(sealed.description, at) }), "DESCRIPTION_HASH")), runs);
  });
  it("the device's signature or key is named", () => {
    const envelope = sealed.envelope!;
    const [key, signature] = [fromHex(envelope.publicKey), fromHex(envelope.signature)];
    fc.assert(fc.property(bit(signature), (at) => void throwsCode(() => checkBatch({ ...checkInput(sealed), envelope: { ...envelope, signature: toHex(flip(signature, at)) } }), "DEVICE_SIGNATURE")), runs);
    fc.assert(fc.property(bit(key), (at) => void throwsCode(() => checkBatch({ ...checkInput(sealed), envelope: { ...envelope, publicKey: toHex(flip(key, at)) } }), "DEVICE_KEY")), runs);
  });
  it("any field of the header's second level is named", () => {
    for (const field of Object.keys(sealed.header.rest) as (keyof HeaderRest)[]) {
      const base = checkInput(sealed);
      const value = base.header.rest[field];
      const changed = typeof value === "number" ? value + 1 : toHex(flip(fromHex(value), 77));
      throwsCode(() => checkBatch({ ...base, header: { ...base.header, rest: { ...base.header.rest, [field]: changed } } }), "HEADER_REST_HASH");
    }
  });
  it("any field of the header's first level is found by the header hash", () => {
    const { words } = sealed.header;
    const changed: Header["words"][] = [
      { ...words, stream: toHex(flip(fromHex(words.stream), 3)) },
      { ...words, sequence: 1 },
      { ...words, tsp: toHex(flip(fromHex(words.tsp), 3)) },
      { ...words, root: toHex(flip(fromHex(words.root), 3)) },
      { ...words, kc1: words.kc1 ^ 1n },
      { ...words, kc2: words.kc2 ^ 1n },
      { ...words, flags: words.flags ^ 1n },
    ];
    for (const other of changed) throwsCode(() => checkBatch({ ...checkInput(sealed), headerHash: sealed.headerHash, header: { words: other, rest: sealed.header.rest } }), "HEADER_HASH");
    throwsCode(() => checkBatch({ ...checkInput(sealed), header: { ...sealed.header, words: { ...words, restHash: toHex(flip(fromHex(words.restHash), 3)) } } }), "HEADER_REST_HASH");
  });
});

describe("before paying, a header that lies consistently", () => {
  const zero: Hex = `0x${"00".repeat(32)}`;
  const cases: [string, string, () => CheckInput][] = [
    ["of the root", "DESCRIPTION_MISMATCH", () => rehash(sealed, {}, { root: toHex(bytesOf("r", 32)) })],
    ["of its layout version", "HEADER_LAYOUT", () => rehash(sealed, { layout: 2 })],
    ["of its segment size", "HEADER_LAYOUT", () => rehash(sealed, { segmentSize: 32_768 })],
    ["of a leaf size out of bounds", "LEAF_SIZE", () => rehash(sealed, { leafSize: 8192 })],
    ["of another leaf size", "DESCRIPTION_MISMATCH", () => rehash(sealed, { leafSize: 512 })],
    ["of the stored length", "DESCRIPTION_MISMATCH", () => rehash(sealed, { storedLength: sealed.header.rest.storedLength + 64 })],
    ["of the record count in the description only", "DESCRIPTION_MISMATCH", () => redescribe((d) => ({ ...d, counts: { ...d.counts, records: 7 } }))],
    ["by stored lengths that do not add up", "STORED_LENGTHS", () => redescribe((d) => void (d.layout.storedLengths[0]! += 64))],
    ["by stored lengths cut otherwise, leaf count unchanged", "ROOT_MISMATCH", () => redescribe((d) => void ((d.layout.storedLengths[0]! += 256), (d.layout.storedLengths[1]! -= 256)))],
    ["by another leaf count", "STORED_LENGTHS", () => redescribe((d) => void (d.layout.leafCount += 1))],
    ["by a field that is not allowed", "DESCRIPTION_FORM", () => rawDescription({ ...decodeDescription(sealed.description), vin: "x" })],
    ["by a description that is not canonical", "DESCRIPTION_FORM", () => rawDescription(decodeDescription(sealed.description), 1)],
    ["by a description that is not JSON", "DESCRIPTION_FORM", () => rawBytes(Buffer.from("{"))],
    ["by no ciphertext", "CIPHERTEXT_LENGTH", () => ({ ...checkInput(sealed), ciphertext: new Uint8Array() })],
    ["by no dataHash list", "DATA_HASHES_LENGTH", () => ({ ...checkInput(sealed), dataHashes: new Uint8Array() })],
    ["with ciphertext of another batch", "ROOT_MISMATCH", () => swapped("ciphertext")],
    ["with a dataHash list of another batch", "ROOT_MISMATCH", () => swapped("dataHashes")],
    ["of unknown flags", "HEADER_FLAGS", () => rehash(sealed, {}, { flags: 8n })],
    ["of an unknown origin", "HEADER_FLAGS", () => rehash(sealed, {}, { flags: 6n })],
    ["of TSP_ATTESTED with a device", "DEVICE_ENVELOPE", () => rehash(sealed, {}, { flags: 0n })],
    ["without the envelope", "DEVICE_ENVELOPE", () => ({ ...checkInput(sealed), envelope: null })],
    ["of another chain end", "DEVICE_SIGNATURE", () => rehash(sealed, { chainAfter: toHex(bytesOf("c", 32)) })],
    ["of key 0", "HEADER_COMMITMENT", () => rehash(sealed, {}, { kc1: sealed.header.words.kc2 })],
    ["of a commitment outside the field", "NOT_A_FIELD_ELEMENT", () => rehash(sealed, {}, { kc1: 2n ** 255n })],
    ["of no records", "HEADER_RECORDS", () => rehash(sealed, { records: 0 })],
    ["of times in the wrong order", "HEADER_TIMES", () => rehash(sealed, { lastTime: sealed.header.rest.firstTime - 1 })],
    ["of another day", "HEADER_TIMES", () => rehash(sealed, { day: sealed.header.rest.day + 1 })],
    ["of counters in the wrong order", "HEADER_COUNTERS", () => rehash(sealed, { firstCounter: 5, lastCounter: 4, chainBefore: toHex(bytesOf("c", 32)) })],
    ["of a first counter above 0 after no chain", "HEADER_COUNTERS", () => rehash(sealed, { firstCounter: 1 })],
    ["of a previous header on sequence 0", "HEADER_PREVIOUS", () => rehash(sealed, { previousHeader: toHex(bytesOf("p", 32)) })],
    ["of no previous header on sequence 1", "HEADER_PREVIOUS", () => rehash(sealed, { previousHeader: zero }, { sequence: 1 })],
    ["of a raw length above the limit", "RAW_LENGTH_LIMIT", () => rehash(sealed, { rawLength: 2 ** 40 })],
    ["of a number out of range", "OUT_OF_RANGE", () => ({ ...checkInput(sealed), header: { ...sealed.header, rest: { ...sealed.header.rest, day: 2 ** 32 } } })],
  ];
  for (const [name, code, make] of cases) it(`${name}: ${code}`, () => void throwsCode(() => checkBatch(make()), code));

  it("a device key off the curve, though the header names it", () => {
    const off = bytesOf("no point", 64);
    const made = rehash(sealed, { deviceKey: toHex(keccak256(off)) });
    throwsCode(() => checkBatch({ ...made, envelope: { ...sealed.envelope!, publicKey: toHex(off) } }), "BAD_DEVICE_KEY");
  });

  it("a signature by another device", () => {
    const other = toHex(signDigest(OTHER_KEY, fromHex(sealed.header.rest.chainAfter)));
    throwsCode(() => checkBatch({ ...checkInput(sealed), envelope: { ...sealed.envelope!, signature: other } }), "DEVICE_SIGNATURE");
    throwsCode(() => checkBatch({ ...checkInput(sealed), envelope: { publicKey: toHex(publicKeyOf(OTHER_KEY)), signature: other } }), "DEVICE_KEY");
  });

  it("the same signature with its high s", () => {
    const signature = fromHex(sealed.envelope!.signature);
    // Order of secp256k1 (SEC 2): n - s signs the same digest.
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = order - BigInt(toHex(signature.subarray(32)));
    const high: Hex = `0x${sealed.envelope!.signature.slice(2, 66)}${s.toString(16).padStart(64, "0")}`;
    // OpenSSL takes it, so it is the rule on s that refuses it.
    assert.ok(verify("sha256", lastPreimage(), { key: deviceKeyObject(), dsaEncoding: "ieee-p1363" }, fromHex(high)));
    throwsCode(() => checkBatch({ ...checkInput(sealed), envelope: { ...sealed.envelope!, signature: high } }), "DEVICE_SIGNATURE");
  });

  /** What the device hashed and signed last: found by replaying the messages. */
  function lastPreimage(): Uint8Array {
    let chain = new Uint8Array(32);
    let signed = new Uint8Array();
    for (const { messages } of input.intervals.flatMap(({ blocks }) => blocks)) {
      for (const { counter, salt16, rows } of messages) {
        signed = Uint8Array.from(chainPreimage(chain, fromHex(sealed.header.words.stream), counter, rowsRoot(rowHashes(salt16, rows))));
        chain = Uint8Array.from(sha256(signed));
      }
    }
    return signed;
  }
  function deviceKeyObject(): KeyObject {
    const key = Buffer.from(publicKeyOf(DEVICE_KEY));
    return createPublicKey({ format: "jwk", key: { kty: "EC", crv: "secp256k1", x: key.toString("base64url", 0, 32), y: key.toString("base64url", 32) } });
  }
  function rawBytes(bytes: Uint8Array): CheckInput {
    return { ...rehash(sealed, { descriptionHash: toHex(sha256(bytes)) }), description: bytes };
  }
  function rawDescription(value: unknown, indent = 0): CheckInput {
    return rawBytes(Buffer.from(JSON.stringify(value, null, indent)));
  }
  function swapped(file: "ciphertext" | "dataHashes"): CheckInput {
    const bytes = flip(sealed[file], 1000);
    const digest = toHex(fileDigest(bytes));
    const field = file === "ciphertext" ? "cipherDigest" : "dataHashDigest";
    const made = rehash(sealed, { [field]: digest });
    const description = decodeDescription(sealed.description);
    const files = encodeDescription({ ...description, files: { ...description.files, [file]: digestToCid(fileDigest(bytes)) } });
    const final = { ...made.header.rest, descriptionHash: toHex(sha256(files)) };
    return { ...made, [file]: bytes, description: files, header: { words: { ...made.header.words, restHash: hashRest(final) }, rest: final } };
  }
});

describe("with the key, what a TSP sealed against its own header", () => {
  /** Seals content that was changed after it was collected. */
  function lie(change: (content: Collected, made: SealInput) => void, recipe: Recipe = {}, plain?: (blocks: BlockRecord[], index: number) => Uint8Array): () => unknown {
    const made = sealInput({ rows: makeRows(40, 4), ...recipe });
    const content = collect(made);
    change(content, made);
    const framed = content.intervals.map((blocks, index) => {
      const raw = plain?.(blocks, index) ?? encodeInterval(blocks, made.columns);
      const compressed = zstdCompress(raw);
      return { frame: padFrame(compressed), rawLength: raw.length, compressedLength: compressed.length };
    });
    const batch = assembleBatch(made, content, framed);
    // The signature that the header needs is the device's own over the chain that the header states.
    const envelope = { publicKey: toHex(publicKeyOf(DEVICE_KEY)), signature: toHex(signDigest(DEVICE_KEY, fromHex(content.chainAfter))) };
    const input: CheckInput = { ...checkInput(batch), envelope: batch.envelope === null ? null : envelope };
    return () => openBatch(checkBatch(input), made.keys);
  }
  const firstMessage = (content: Collected): BlockRecord["messages"][number] => content.intervals[0]![0]!.messages[0]!;
  const setFirstMessage = (content: Collected, fields: object): void => {
    const messages = content.intervals[0]![0]!.messages as BlockRecord["messages"][number][];
    messages[0] = { ...messages[0]!, ...fields };
  };
  const cases: [string, string[], () => () => unknown][] = [
    ["nothing changed", [], () => lie(() => undefined)],
    ["a value of a row", ["MESSAGE_SIGNATURE"], () => lie((c) => void ((c.intervals[0]![0]!.rows[1] as number[])[1] = 4711))],
    ["a value of a row, no signatures", ["CHAIN_MISMATCH"], () => lie((c) => void ((c.intervals[0]![0]!.rows[1] as number[])[1] = 4711), { origin: "TSP_ATTESTED" })],
    ["a message's salt", ["MESSAGE_SIGNATURE"], () => lie((c) => setFirstMessage(c, { salt16: bytesOf("other", 16) }))],
    ["a message signed by another device", ["MESSAGE_SIGNATURE"], () => lie((c) => setFirstMessage(c, { signature: signDigest(OTHER_KEY, sha256(firstMessage(c).salt16)) }))],
    ["a message without signature", ["MESSAGE_UNSIGNED"], () => lie((c) => setFirstMessage(c, { signature: null }))],
    ["a signature where the TSP attests", ["MESSAGE_SIGNATURE"], () => lie((c) => setFirstMessage(c, { signature: bytesOf("s", 64) }), { origin: "TSP_ATTESTED" })],
    ["a message's counter", ["MESSAGE_COUNTER"], () => lie((c) => setFirstMessage(c, { counter: 9 }))],
    ["a dropped row's hash", ["MESSAGE_SIGNATURE"], () => lie((c) => setFirstMessage(c, { dropped: [{ index: 1, rowHash: bytesOf("x", 32) }, ...firstMessage(c).dropped.slice(1)] }), { dropEvery: 5 })],
    ["a dropped row's index", ["MESSAGE_SIGNATURE"], () => lie((c) => setFirstMessage(c, { dropped: [{ ...firstMessage(c).dropped[0]!, index: 2 }] }), { dropEvery: 5 })],
    ["the record count", ["RECORD_COUNT"], () => lie((c) => void (c.records += 1))],
    ["the first time", ["TIME_RANGE"], () => lie((c) => void (c.firstTime -= 1000), { rows: makeRows(40, 4, 1, DAY_START + 5000) })],
    ["the last time", ["TIME_RANGE"], () => lie((c) => void (c.lastTime += 1000))],
    ["a first time after the first row", ["TIME_ORDER"], () => lie((c) => void (c.firstTime += 50))],
    ["the last counter", ["MESSAGE_COUNTER"], () => lie((c) => void (c.lastCounter += 1))],
    ["the chain's end", ["CHAIN_MISMATCH"], () => lie((c) => void (c.chainAfter = toHex(bytesOf("end", 32))))],
    ["a block's first time", ["INTERVAL_SHAPE"], () => lie((c) => void (c.intervals[0]![0]!.firstTime += 1))],
    ["a version of the interval", ["INTERVAL_SHAPE"], () => lie(() => undefined, {}, (blocks) => Uint8Array.of(0x82, 2, ...encodeInterval(blocks, 4).subarray(2)))],
    ["bytes after the interval", ["CBOR_TRAILING"], () => lie(() => undefined, {}, (blocks) => Uint8Array.of(...encodeInterval(blocks, 4), 0))],
    ["a longer CBOR head", ["CBOR_NOT_CANONICAL"], () => lie(() => undefined, {}, (blocks) => Uint8Array.of(0x82, 0x18, 1, ...encodeInterval(blocks, 4).subarray(2)))],
    ["an indefinite array", ["CBOR_NOT_CANONICAL"], () => lie(() => undefined, {}, (blocks) => Uint8Array.of(0x9f, ...encodeInterval(blocks, 4).subarray(1), 0xff))],
    ["an interval cut off", ["CBOR_TRUNCATED", "INTERVAL_SHAPE"], () => lie(() => undefined, {}, (blocks) => encodeInterval(blocks, 4).subarray(0, -3))],
    ["one column less", ["INTERVAL_SHAPE"], () => lie(() => undefined, {}, (blocks) => encodeInterval(blocks, 3))],
    ["a column of an enormous stated length", ["CBOR_TRUNCATED", "INTERVAL_SHAPE"], () => lie(() => undefined, {}, huge)],
  ];
  for (const [name, codes, make] of cases) {
    it(`${name}: ${codes.join(", ") || "opens"}`, () => {
      if (codes.length === 0) assert.ok(make()());
      else throwsCode(make(), ...codes);
    });
  }

  /** [1, [[0, [[0, salt, 2^31, [], null]] ...]]]: claims two thousand million rows in a few bytes. */
  function huge(): Uint8Array {
    const writer = new CborWriter();
    writer.array(2);
    writer.value(1);
    writer.array(1);
    writer.array(6);
    writer.value(0);
    writer.array(1);
    writer.array(5);
    writer.value(0);
    writer.bytes(bytesOf("salt", 16));
    writer.value(2 ** 31);
    writer.array(0);
    writer.value(null);
    for (let i = 0; i < 4; i += 1) writer.array(0);
    return writer.finish();
  }

  it("names the message in the error", () => {
    const made = sealInput({ rows: makeRows(40, 4), perMessage: 5 });
    const messages = makeMessages(makeRows(40, 4), 5).map((message) => (message.counter === 3 ? { ...message, signature: signDigest(OTHER_KEY, bytesOf("forged", 32)) } : message));
    const forged = sealBatch({ ...made, intervals: group(messages, 2, 2) });
    const error = throwsCode(() => openBatch(checkBatch(checkInput(forged)), made.keys), "MESSAGE_SIGNATURE");
    assert.equal(error.details["counter"], 3);
  });
});

describe("with the key, a frame that is wrong", () => {
  /** Seals hand-made frames. */
  function open(frame: Uint8Array, rawLength: number): () => unknown {
    const made = sealInput({ perInterval: 100 });
    const batch = assembleBatch(made, collect(made), [{ frame, rawLength, compressedLength: 0 }]);
    return () => openBatch(checkBatch(checkInput(batch)), made.keys);
  }
  const made = sealInput({ perInterval: 100 });
  const raw = encodeInterval(collect(made).intervals[0]!, made.columns);
  const good = zstdCompress(raw);
  const change = (bytes: Uint8Array, at: number, value: number): Uint8Array => Uint8Array.from(bytes, (byte, i) => (i === at ? value : byte));

  it("opens when it is right", () => {
    assert.ok(open(padFrame(good), raw.length)());
  });
  it("padding not zero", () => void throwsCode(open(change(padFrame(good), padFrame(good).length - 1, 1), raw.length), "FRAME_PADDING"));
  it("more padding than the format's", () => void throwsCode(open(Buffer.concat([padFrame(good), new Uint8Array(64)]), raw.length), "FRAME_LENGTH"));
  it("a length beyond the interval", () => void throwsCode(open(change(padFrame(good), 0, 1), raw.length), "FRAME_LENGTH"));
  it("length 0", () => void throwsCode(open(new Uint8Array(64), raw.length), "FRAME_LENGTH"));
  it("no zstd", () => void throwsCode(open(padFrame(bytesOf("noise", 200)), raw.length), "FRAME_ZSTD"));
  it("two zstd frames", () => void throwsCode(open(padFrame(Buffer.concat([good, good])), 2 * raw.length), "FRAME_ZSTD"));
  it("bytes behind the zstd frame", () => void throwsCode(open(padFrame(Buffer.concat([good, Buffer.alloc(1)])), raw.length), "FRAME_ZSTD"));
  it("a checksum", () => void throwsCode(open(padFrame(change(good, 4, good[4]! | 4)), raw.length), "FRAME_ZSTD"));
  it("a dictionary", () => void throwsCode(open(padFrame(change(good, 4, good[4]! | 1)), raw.length), "FRAME_ZSTD"));
  it("a content size that is not the content's", () => {
    const single = (good[4]! & 0x20) !== 0;
    const at = single ? 5 : 6;
    throwsCode(open(padFrame(change(good, at, good[at]! ^ 1)), raw.length + 1), "FRAME_ZSTD");
  });
  it("a bomb: more than the header's raw length", () => {
    const bomb = zstdCompress(new Uint8Array(50_000_000));
    assert.ok(bomb.length < 10_000);
    throwsCode(open(padFrame(bomb), raw.length), "RAW_LENGTH");
  });
  it("less than the header's raw length", () => void throwsCode(open(padFrame(good), raw.length + 1), "RAW_LENGTH"));
});

describe("keys", () => {
  it("a wrong key is named before anything is decrypted", () => {
    const batch = checkBatch(checkInput(sealed));
    const error = throwsCode(() => openBatch(batch, { k1: input.keys.k1 + 1n }), "KEY_COMMITMENT");
    assert.equal(error.details["which"], 1);
    assert.equal(throwsCode(() => openBatch(batch, { k1: input.keys.k1, k2: 1n }), "KEY_COMMITMENT").details["which"], 2);
  });
  it("neither part of a disputed key opens alone", () => {
    const made = sealInput({ k2: 99n });
    const batch = checkBatch(checkInput(sealBatch(made)));
    throwsCode(() => openBatch(batch, { k1: made.keys.k1 }), "KEY_COMMITMENT");
    throwsCode(() => openBatch(batch, { k1: 99n, k2: made.keys.k1 }), "KEY_COMMITMENT");
    assert.equal(openBatch(batch, made.keys).rows.length, 40);
  });
  it("a leaf that does not decrypt to its data hash is named: the ground of a complaint", () => {
    // The whole file sealed with another key than the one committed to.
    const made = sealInput();
    const other = sealBatch({ ...made, keys: { k1: 7n } });
    const { kc1 } = sealBatch(made).header.words;
    const lying = rehash(other, {}, { kc1 });
    const error = throwsCode(() => openBatch(checkBatch(lying), made.keys), "DATA_HASH_MISMATCH");
    assert.deepEqual(error.details, { leaf: 0, interval: 0, segment: 0, firstBlock: 0 });
  });
  it("what checkBatch did not return is not opened", () => {
    throwsCode(() => openBatch({ ...checkBatch(checkInput(sealed)) }, input.keys), "NOT_CHECKED");
  });
  it("the header hash covers both levels", () => {
    assert.equal(hashHeader(sealed.header.words), sealed.headerHash);
  });
});
