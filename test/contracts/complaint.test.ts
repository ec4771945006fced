import { expect } from "chai";
import { ZeroAddress } from "ethers";
import { closeProofEngine } from "../../sdk/proof/index.ts";
import { buildComplaint, findFault, withProof } from "../../sdk/complaint/index.ts";
import { checkBatch } from "../../sdk/sealing/index.ts";
import { publish } from "../support/publish.ts";
import { bytesOf, chacha, seal, type Fault, type Leaf } from "../support/sealer.ts";
import { ethers, networkHelpers } from "./support/chain.ts";
import { answerTo, complaintOf, complaintVerifier, PRIME, prover, type ComplaintWords, type Subject } from "./support/complaint.ts";

const K = 1234567890n;
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString("hex")}`;
/** Flips a bit of one leaf's ciphertext. */
const spoil =
  (j: number): Fault =>
  (leaf) => {
    if (leaf.j === j) leaf.cipher[7]! ^= 8;
  };

/** Eleven leaves of 1 KiB in one segment; leaf 4 has a flipped bit in its ciphertext. */
const batch = seal({ plain: [bytesOf("plain", 10 * 1024 + 192)], leafSize: 1024, k1: K, fault: spoil(4) });

async function fixture() {
  const verifier = await complaintVerifier();
  const right = await complaintOf(batch, 4);
  const wrong = await complaintOf(batch, 5);
  const check = (complaint: ComplaintWords, { root, commitments: [kc1, kc2] }: Subject = batch) => verifier.check.staticCall(root, kc1, kc2, complaint);
  return { verifier, right, wrong, check };
}

describe("ComplaintVerifier", () => {
  after(closeProofEngine);

  it("needs a verifier of segment keys, for good", async () => {
    const { verifier } = await networkHelpers.loadFixture(fixture);
    await expect(ethers.deployContract("ComplaintVerifier", [ZeroAddress])).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_ZeroAddress");
    const other = await ethers.deployContract("ComplaintVerifier", [await verifier.getAddress()]);
    expect(await other.getFunction("segmentKeyVerifier").staticCall()).to.equal(await verifier.getAddress());
  });

  it("returns for a leaf that decrypts to something else, and names a leaf that is right", async () => {
    const { verifier, right, wrong, check } = await networkHelpers.loadFixture(fixture);
    await check(right);
    await expect(check(wrong)).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_LeafIsRight").withArgs(5, hex(batch.leaves[5]!.dataHash));
  });

  it("refuses a ciphertext of no bytes or more than 4096", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    for (const length of [0, 4097]) {
      await expect(check({ ...right, cipher: Buffer.alloc(length) })).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_CipherLength").withArgs(length, 4096);
    }
  });

  it("refuses a leaf beyond the count, also in a batch of none", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    for (const [leaf, leafCount] of [[11, 11], [4, 4], [0, 0], [2 ** 32 - 1, 11]] as const) {
      await expect(check({ ...right, leaf, leafCount })).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_NoSuchLeaf").withArgs(leaf, leafCount);
    }
  });

  it("wants a path of ceil(log2 leafCount) nodes", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    const depths = [[1, 0], [2, 1], [3, 2], [4, 2], [5, 3], [8, 3], [9, 4], [16, 4], [17, 5], [2 ** 31, 31], [2 ** 31 + 1, 32], [2 ** 32 - 1, 32]] as const;
    for (const [leafCount, depth] of depths) {
      for (const length of [depth - 1, depth + 1].filter((l) => l >= 0)) {
        const complaint = { ...right, leaf: 0, leafCount, path: Array.from({ length }, () => Buffer.alloc(32)) };
        await expect(check(complaint), `${leafCount}`).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_PathLength").withArgs(length, depth);
      }
      const complaint = { ...right, leaf: 0, leafCount, path: Array.from({ length: depth }, () => Buffer.alloc(32)) };
      await expect(check(complaint), `${leafCount}`).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_NotUnderRoot");
    }
  });

  it("refuses the segment key's other form, and any value outside the field", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    for (const segmentKey of [right.segmentKey + PRIME, PRIME, 2n ** 256n - 1n]) {
      await expect(check({ ...right, segmentKey })).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_KeyTooLarge").withArgs(segmentKey);
    }
  });

  it("refuses whatever does not lead to the root", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    const other = bytesOf("root", 32);
    await expect(check(right, { ...batch, root: other })).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_NotUnderRoot").withArgs(hex(batch.root), hex(other));
    const changed: Partial<ComplaintWords>[] = [
      { leaf: 5 },
      { leafCount: 12 },
      { interval: 1 },
      { segment: 1 },
      { firstBlock: right.firstBlock + 1 },
      { dataHash: bytesOf("hash", 32) },
      { cipher: right.cipher.subarray(0, 1023) },
      { path: right.path.toReversed() },
    ];
    for (const change of changed) expect(await answerTo(verifier, batch, { ...right, ...change }), Object.keys(change).join()).to.equal("ComplaintVerifier_NotUnderRoot");
  });

  it("refuses a proof of anything else than this key under these commitments", async () => {
    const { verifier, right, check } = await networkHelpers.loadFixture(fixture);
    const [a, b] = batch.commitments;
    await expect(check({ ...right, segmentKey: 5n })).to.be.revertedWithCustomError(verifier, "ComplaintVerifier_BadProof").withArgs(0, 0, 5);
    const bad: [Subject, ComplaintWords][] = [
      [{ ...batch, commitments: [b, a] }, right],
      [{ ...batch, commitments: [a, a] }, right],
      [{ ...batch, commitments: [a + PRIME, b] }, right],
      [batch, { ...right, proofA: right.proofC }],
      [batch, { ...right, proofA: [0n, 0n], proofB: [[0n, 0n], [0n, 0n]], proofC: [0n, 0n] }],
      [batch, { ...right, proofA: [1n, 1n] }],
      [batch, { ...right, proofC: [2n ** 256n - 1n, 0n] }],
    ];
    for (const [subject, complaint] of bad) expect(await answerTo(verifier, subject, complaint)).to.equal("ComplaintVerifier_BadProof");
  });

  it("takes what the SDK builds, from the check before paying to the proof, for a batch by another sealer", async () => {
    const { verifier } = await networkHelpers.loadFixture(fixture);
    const keys = { k1: 3n, k2: 4n };
    const lengths = [65_536 + 640, 192];
    const bad = seal({ ...keys, plain: lengths.map((length, i) => bytesOf(`sdk ${i}`, length)), leafSize: 4096, fault: spoil(16) });
    const checked = checkBatch(publish(bad, { storedLengths: lengths, leafSize: 4096 }));
    const fault = findFault(checked, keys);
    expect(fault?.index).to.equal(16);
    const { complaint, proofInput } = buildComplaint(checked, keys, fault!.index);
    const { root, kc1, kc2 } = checked.header.words;
    await verifier.check.staticCall(root, kc1, kc2, withProof(complaint, await prover.prove(proofInput)));
  });

  it("decides about ciphertext and data hash alone: a leaf bound to a foreign place is what the check before paying is for", async () => {
    const { verifier } = await networkHelpers.loadFixture(fixture);
    const plain = [bytesOf("moved", 4096)];
    const place = { storedLengths: [4096], leafSize: 1024 };
    const move =
      (encrypt: (leaf: Leaf) => Buffer): Fault =>
      (leaf) => {
        if (leaf.j !== 1) return;
        leaf.firstBlock += 500;
        leaf.cipher = encrypt(leaf);
      };
    // Sealed at the place that it names: the chain finds it right.
    const moved = seal({ plain, leafSize: 1024, k1: K, fault: move((leaf) => chacha(leaf.key, leaf.firstBlock, leaf.plain)) });
    expect(await answerTo(verifier, moved, await complaintOf(moved, 1))).to.equal("ComplaintVerifier_LeafIsRight");
    expect(() => checkBatch(publish(moved, place))).to.throw("do not give the header's root");
    // Named wrongly only: the chain decrypts from where the leaf says.
    const named = seal({ plain, leafSize: 1024, k1: K, fault: move((leaf) => leaf.cipher) });
    expect(await answerTo(verifier, named, await complaintOf(named, 1))).to.equal(null);
    expect(() => checkBatch(publish(named, place))).to.throw("do not give the header's root");
  });

  it("never takes a right leaf for a wrong one because gas ran out", async () => {
    const { verifier, right, wrong } = await networkHelpers.loadFixture(fixture);
    const [kc1, kc2] = batch.commitments;
    const enough = await verifier.check.estimateGas(batch.root, kc1, kc2, right);
    let named = 0;
    for (let gasLimit = 60_000n; gasLimit <= enough + 20_000n; gasLimit += 1_999n) {
      const error: unknown = await verifier.check.staticCall(batch.root, kc1, kc2, wrong, { gasLimit }).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error, `${gasLimit} gas`).not.to.equal(null);
      const { data } = error as { data?: string | null };
      // What runs out inside sha256 says nothing at all.
      if (typeof data === "string" && data !== "0x" && verifier.interface.parseError(data)?.name === "ComplaintVerifier_LeafIsRight") named += 1;
    }
    expect(named).to.be.greaterThan(3);
  });

  it("costs at most 650,000 gas for a leaf of 4 KiB and 390,000 for 1 KiB, as a transaction of its own with a path of 10", async () => {
    const { verifier } = await networkHelpers.loadFixture(fixture);
    for (const [leafSize, most] of [[4096, 650_000], [1024, 390_000]] as const) {
      const large = seal({ plain: [bytesOf("large", 1024 * leafSize)], leafSize, k1: K, fault: spoil(1000) });
      const gas = await verifier.check.estimateGas(large.root, ...large.commitments, await complaintOf(large, 1000));
      console.log(`      check: ${gas} gas for a leaf of ${leafSize} bytes, calldata included`);
      expect(gas).to.be.at.most(most);
    }
  });
});
