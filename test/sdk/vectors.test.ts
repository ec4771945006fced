/** The frozen vectors: reproduced by the SDK, and by a second implementation that imports nothing of it. */
import assert from "node:assert/strict";
import { createECDH, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fromHex } from "@qoodblock/sdk/bytes";
import { decodeInterval } from "@qoodblock/sdk/formats";
import { expand, makeVectors } from "../vectors/make.ts";
import * as plain from "./independent.ts";

interface Vectors {
  domains: Record<string, string>;
  handle: { input: { chainId: string; registry: string; vehicle: string; epoch: number; name: string; version: string }; handle: string };
  keys: { seed: string; keyEpoch: number; day: number; sequence: number; sealNonce: string; streamSecret: string; daySecret: string; k: string };
  device: { privateKey: string; publicKey: string; stream: string; messages: { counter: number; salt16: string; rows: string[]; values: unknown[][]; rowsRoot: string; chain: string; signature: string }[] };
  interval: { columns: number; raw: string };
  batches: { frames: { label: string; length: number }[]; leafSize: number; leafCount: number; segmentKeys: string[][]; ciphertextSha256: string; dataHashesSha256: string; root: string }[];
  description: string;
  header: { words: Record<string, unknown>; rest: Record<string, unknown>; restHash: string; headerHash: string };
  anchors: { headerHashes: string[]; root: string; paths: string[][]; listHash: string }[];
}

const file = new URL("../vectors/formats-v1.json", import.meta.url);
const text = readFileSync(file, "utf8");
const vectors = JSON.parse(text) as Vectors;

describe("frozen vectors", () => {
  it("come out of the SDK as they stand", () => {
    assert.deepEqual(JSON.parse(JSON.stringify(makeVectors())), vectors);
  });

  it("interval decodes to the rows that were kept", () => {
    const [block] = decodeInterval(fromHex(vectors.interval.raw), vectors.interval.columns);
    const values = vectors.device.messages.map((message) => message.values);
    assert.deepEqual(block!.rows, [...values[0]!, ...values[1]!, values[2]![0], values[2]![2]]);
  });
});

describe("an independent implementation gives the same", () => {
  it("domains", () => {
    for (const [name, value] of Object.entries(vectors.domains)) {
      assert.equal(plain.D(`qood/${name.slice(4).toLowerCase()}/v1`).toString(), value);
    }
  });

  it("handle", () => {
    const { input, handle } = vectors.handle;
    assert.equal(plain.handleOf(BigInt(input.chainId), input.registry, BigInt(input.vehicle), input.epoch, 2, 1, input.name, input.version), handle);
  });

  it("key hierarchy down to the batch key", () => {
    const { seed, keyEpoch, day, sequence, sealNonce, ...expected } = vectors.keys;
    const found = plain.keyHierarchy(plain.unhex(seed), vectors.handle.handle, keyEpoch, day, sequence, sealNonce);
    assert.deepEqual([plain.hex(found.stream), plain.hex(found.day), found.k.toString()], [expected.streamSecret, expected.daySecret, expected.k]);
  });

  it("rows root, chain and signature of every message", () => {
    const { privateKey, publicKey, stream, messages } = vectors.device;
    const ecdh = createECDH("secp256k1");
    ecdh.setPrivateKey(plain.unhex(privateKey));
    assert.equal(plain.hex(ecdh.getPublicKey().subarray(1)), publicKey);
    const point = plain.unhex(publicKey);
    const key = createPublicKey({ format: "jwk", key: { kty: "EC", crv: "secp256k1", x: point.toString("base64url", 0, 32), y: point.toString("base64url", 32) } });
    let previous = `0x${"00".repeat(32)}`;
    for (const message of messages) {
      const rows = message.rows.map(plain.unhex);
      const { rowsRoot, chain } = plain.messageChain(previous, stream, message.counter, plain.unhex(message.salt16), rows);
      assert.deepEqual([plain.hex(rowsRoot), plain.hex(chain)], [message.rowsRoot, message.chain]);
      const preimage = Buffer.concat([Buffer.from("qood/msg/v1"), plain.unhex(previous), plain.unhex(stream), plain.u64(message.counter), rowsRoot]);
      assert.ok(verify("sha256", preimage, { key, dsaEncoding: "ieee-p1363" }, plain.unhex(message.signature)));
      previous = message.chain;
    }
  });

  it("ciphertext, dataHash list and root of every batch, from frames and segment keys", () => {
    for (const batch of vectors.batches) {
      const frames = batch.frames.map(({ label, length }) => expand(label, length));
      const found = plain.dataRoot(frames, 0n, batch.leafSize, (_, interval) => BigInt(interval), (interval, segment) => BigInt(batch.segmentKeys[Number(interval)]![segment]!));
      assert.equal(found.leafCount, batch.leafCount);
      assert.equal(plain.hex(plain.H(found.ciphertext)), batch.ciphertextSha256);
      assert.equal(plain.hex(plain.H(found.dataHashes)), batch.dataHashesSha256);
      assert.equal(plain.hex(found.root), batch.root);
    }
  });

  it("description and header hashes", () => {
    const { words, rest, restHash, headerHash } = vectors.header;
    assert.equal(plain.hex(plain.H(Buffer.from(vectors.description))), rest["descriptionHash"]);
    assert.deepEqual(plain.headerHashes(words, rest), { restHash, headerHash });
  });

  it("anchor paths and list hashes", () => {
    for (const { headerHashes, root, paths, listHash } of vectors.anchors) {
      headerHashes.forEach((hash, i) => assert.equal(plain.processProof(paths[i]!, hash), root));
      assert.equal(plain.keccakHex(Buffer.concat(headerHashes.map(plain.unhex))), listHash);
    }
  });
});
