/** What a complaint is made of, and what a buyer refuses before paying so that a complaint is all it needs. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { toHex } from "@qoodblock/sdk/bytes";
import { buildComplaint, findFault, withProof } from "@qoodblock/sdk/complaint";
import { FIELD_PRIME } from "@qoodblock/sdk/crypto";
import { closeProofEngine, loadProofArtifacts, SegmentKeyProver, verifySegmentKey } from "@qoodblock/sdk/proof";
import { checkBatch, openBatch, verifyLeaf, type CheckedBatch, type CheckInput } from "@qoodblock/sdk/sealing";
import { publish, type Published } from "../support/publish.ts";
import { bytesOf, chacha, dataHashOf, seal, type Batch, type Fault, type Leaf, type Recipe } from "../support/sealer.ts";
import { throwsCode } from "./support.ts";

const K = { k1: 99n } as const;
/** Two intervals, the first with two segments: leaves 0-15 and 16, then 17-19, the last one short. */
const LENGTHS = [65_536 + 640, 2 * 4096 + 64];
const recipe: Recipe = { ...K, plain: LENGTHS.map((length, i) => bytesOf(`plain ${i}`, length)), leafSize: 4096 };
const place: Published = { storedLengths: LENGTHS, leafSize: 4096 };

const spoil =
  (...js: number[]): Fault =>
  (leaf) => {
    if (js.includes(leaf.j)) leaf.cipher[9]! ^= 4;
  };
const checked = (batch: Batch, at: Published = place): CheckedBatch => checkBatch(publish(batch, at));

describe("findFault", () => {
  it("finds nothing in an honest batch, whatever its plaintext says", () => {
    const batch = checked(seal(recipe));
    assert.equal(findFault(batch, K), null);
    // No frame in it: evidence against its TSP, and no complaint.
    throwsCode(() => openBatch(batch, K), "FRAME_LENGTH");
  });

  it("finds the first faulty leaf: of the batch, of a segment, of an interval, short ones, the last one", () => {
    for (const j of [0, 1, 15, 16, 17, 18, 19]) {
      const { leaves } = seal(recipe);
      const { interval, segment, firstBlock, length } = leaves[j]!;
      const offset = leaves.slice(0, j).reduce((sum, leaf) => sum + leaf.length, 0);
      assert.deepEqual(findFault(checked(seal({ ...recipe, fault: spoil(j, 19) })), K), { index: j, interval, segment, firstBlock, length, offset });
    }
  });

  it("finds each way in which a sealer lies about one leaf", () => {
    const lies: ((leaf: Leaf) => void)[] = [
      (leaf) => void (leaf.dataHash = bytesOf("noise", 32)),
      (leaf) => void (leaf.cipher = chacha(5n, leaf.firstBlock, leaf.plain)),
      (leaf) => void (leaf.cipher = chacha(leaf.key, leaf.firstBlock + 1, leaf.plain)),
      (leaf) => void (leaf.dataHash = dataHashOf(leaf.key, leaf.j + 1, leaf.plain)),
      (leaf) => void (leaf.dataHash = dataHashOf(leaf.key, leaf.j, Buffer.alloc(leaf.length))),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...lies), fc.integer({ min: 0, max: 19 }), (lie, j) => {
        const batch = checked(seal({ ...recipe, fault: (leaf) => leaf.j === j && lie(leaf) }));
        assert.equal(findFault(batch, K)?.index, j);
      }),
      { numRuns: 30, seed: 5 },
    );
  });

  it("works with both parts of a DISPUTED key, also where they add up to 0", () => {
    for (const keys of [{ k1: 5n, k2: 6n }, { k1: 5n, k2: FIELD_PRIME - 5n }]) {
      assert.equal(findFault(checked(seal({ ...recipe, ...keys })), keys), null);
      assert.equal(findFault(checked(seal({ ...recipe, ...keys, fault: spoil(17) })), keys)?.index, 17);
    }
  });

  it("says nothing of a batch that was not checked, nor with another key than the committed one", () => {
    const batch = checked(seal({ ...recipe, fault: spoil(3) }));
    throwsCode(() => findFault({ ...batch }, K), "NOT_CHECKED");
    assert.equal(throwsCode(() => findFault(batch, { k1: 98n }), "KEY_COMMITMENT").details["which"], 1);
    assert.equal(throwsCode(() => findFault(batch, { ...K, k2: 1n }), "KEY_COMMITMENT").details["which"], 2);
    throwsCode(() => findFault(batch, { k1: K.k1 + FIELD_PRIME }), "NOT_A_FIELD_ELEMENT");
  });
});

describe("buildComplaint", () => {
  after(closeProofEngine);
  const sealed = seal({ ...recipe, fault: spoil(16, 19) });

  it("takes the leaf's fields, path and key as an independent sealer bound them", () => {
    const batch = checked(sealed);
    for (const j of [16, 19]) {
      const leaf = sealed.leaves[j]!;
      const { complaint, proofInput } = buildComplaint(batch, K, j);
      assert.deepEqual(complaint, {
        leafCount: 20,
        leaf: j,
        interval: leaf.interval,
        segment: leaf.segment,
        firstBlock: leaf.firstBlock,
        cipher: toHex(leaf.cipher),
        dataHash: toHex(leaf.dataHash),
        path: sealed.path(j).map(toHex),
        segmentKey: sealed.keyOf(leaf.interval, leaf.segment),
      });
      assert.deepEqual(proofInput, {
        commitment: sealed.commitments,
        interval: BigInt(leaf.interval),
        segment: BigInt(leaf.segment),
        segmentKey: leaf.key,
        k: sealed.k,
      });
    }
  });

  it("refuses a leaf that is right, one that is not there, another key and an unchecked batch", () => {
    const batch = checked(sealed);
    assert.equal(throwsCode(() => buildComplaint(batch, K, 0), "COMPLAINT_UNFOUNDED").details["leaf"], 0);
    throwsCode(() => buildComplaint(batch, K, 20), "BAD_LEAF_INDEX");
    throwsCode(() => buildComplaint(batch, { k1: 98n }, 16), "KEY_COMMITMENT");
    throwsCode(() => buildComplaint({ ...batch }, K, 16), "NOT_CHECKED");
  });

  it("gives the prover what it needs, and takes the proof of that segment only", async () => {
    const artifacts = loadProofArtifacts(join(import.meta.dirname, "../../circuits/keys"), "SegmentKey");
    const prover = new SegmentKeyProver(artifacts);
    const batch = checked(sealed);
    const [first, second] = [buildComplaint(batch, K, 16), buildComplaint(batch, K, 19)];
    const [proven, other] = [await prover.prove(first.proofInput), await prover.prove(second.proofInput)];
    assert.deepEqual(proven.statement.commitments, [batch.header.words.kc1, batch.header.words.kc2]);
    const complaint = withProof(first.complaint, proven);
    const { proofA, proofB, proofC, ...rest } = complaint;
    assert.deepEqual(rest, first.complaint);
    assert.ok(await verifySegmentKey(artifacts.verificationKey, proven.statement, { a: proofA, b: proofB, c: proofC }));
    throwsCode(() => withProof(first.complaint, other), "COMPLAINT_PROOF");
    throwsCode(() => withProof({ ...first.complaint, segmentKey: 1n }, proven), "COMPLAINT_PROOF");
  });
});

describe("before paying, a buyer refuses", () => {
  const honest = seal(recipe);
  const refused = (input: CheckInput, ...codes: string[]): void => void throwsCode(() => checkBatch(input), ...codes);

  it("nothing of the honest batch, by the independent sealer's bytes", () => {
    const batch = checked(honest);
    assert.deepEqual(Buffer.from(batch.tree.root(3)), honest.root);
    for (const { j, interval, segment, firstBlock, length, cipher, dataHash } of honest.leaves) {
      verifyLeaf(honest.root, 20, { position: { index: j, interval, segment, firstBlock, length, offset: 0 }, cipher, dataHash, path: honest.path(j) });
    }
  });

  it("a batch whose dataHash list is not published", () => {
    refused({ ...publish(honest, place), dataHashes: new Uint8Array() }, "DATA_HASHES_LENGTH");
    // Nor is a filled-in list taken for the one that is kept back, whichever the header names.
    const filled = Buffer.alloc(honest.dataHashes.length);
    refused({ ...publish(honest, place), dataHashes: filled }, "DATA_HASHES_DIGEST");
    refused(publish(honest, { ...place, dataHashes: filled }), "ROOT_MISMATCH");
  });

  it("a dataHash list that is cut off, too long or padded", () => {
    for (const dataHashes of [honest.dataHashes.subarray(0, -32), honest.dataHashes.subarray(0, -1), Buffer.concat([honest.dataHashes, Buffer.alloc(32)])]) {
      refused(publish(honest, { ...place, dataHashes }), "DATA_HASHES_LENGTH");
    }
  });

  it("a dataHash list altered in any byte, whether the header names the altered list or the true one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: honest.dataHashes.length * 8 - 1 }), (bit) => {
        const dataHashes = Buffer.from(honest.dataHashes);
        dataHashes[bit >>> 3]! ^= 1 << (bit & 7);
        refused({ ...publish(honest, place), dataHashes }, "DATA_HASHES_DIGEST");
        refused(publish(honest, { ...place, dataHashes }), "ROOT_MISMATCH");
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  it("a root over other data than the published list, and random bytes for a root", () => {
    const other = seal({ ...recipe, plain: LENGTHS.map((length) => Buffer.alloc(length)) });
    refused(publish(honest, { ...place, root: other.root }), "ROOT_MISMATCH");
    refused(publish(honest, { ...place, dataHashes: other.dataHashes }), "ROOT_MISMATCH");
    refused(publish(honest, { ...place, root: bytesOf("root", 32) }), "ROOT_MISMATCH");
  });

  it("a leaf count in the root that is not the layout's", () => {
    for (const leafCount of [19, 21, 32]) refused(publish(seal({ ...recipe, leafCount }), place), "ROOT_MISMATCH");
  });

  it("leaves bound to another place than theirs, though all of them decrypt to what they say", () => {
    const rebind = (change: (leaf: Leaf) => void): Fault => (leaf, keyOf) => {
      if (leaf.j !== 16) return;
      change(leaf);
      const key = keyOf(leaf.interval, leaf.segment);
      leaf.cipher = chacha(key, leaf.firstBlock, leaf.plain);
      leaf.dataHash = dataHashOf(key, leaf.j, leaf.plain);
    };
    const moved: ((leaf: Leaf) => void)[] = [
      (leaf) => void (leaf.firstBlock += 64),
      (leaf) => void (leaf.segment += 1),
      (leaf) => void (leaf.segment -= 1),
      (leaf) => void (leaf.interval += 1),
      (leaf) => void (leaf.j += 1),
      (leaf) => void (leaf.length -= 64),
    ];
    for (const change of moved) refused(publish(seal({ ...recipe, fault: rebind(change) }), place), "ROOT_MISMATCH");
  });

  it("leaves cut otherwise than the header says, also longer ones than a complaint could hold", () => {
    for (const leafSize of [2048, 8192]) refused(publish(seal({ ...recipe, leafSize }), place), "DATA_HASHES_LENGTH");
    // As many leaves as the layout has, two of them cut at another byte.
    const [a, b] = [honest.leaves[3]!, honest.leaves[4]!];
    const whole = Buffer.concat([a.plain, b.plain]);
    const fault: Fault = (leaf) => {
      if (leaf.j !== 3 && leaf.j !== 4) return;
      const plain = leaf.j === 3 ? whole.subarray(0, 8192 - 64) : whole.subarray(8192 - 64);
      leaf.firstBlock = a.firstBlock + (leaf.j === 3 ? 0 : 127);
      leaf.length = plain.length;
      leaf.cipher = chacha(leaf.key, leaf.firstBlock, plain);
      leaf.dataHash = dataHashOf(leaf.key, leaf.j, plain);
    };
    refused(publish(seal({ ...recipe, fault }), place), "ROOT_MISMATCH");
  });
});
