import { expect } from "chai";
import fc from "fast-check";
import { closeProofEngine } from "../../sdk/proof/index.ts";
import { bytesOf, chacha, dataHashOf, H, seal, type Batch, type Fault, type Leaf, type Recipe } from "../support/sealer.ts";
import { networkHelpers } from "./support/chain.ts";
import { answerTo, complaintOf, complaintVerifier, PRIME, proofOf, type ComplaintWords, type Subject } from "./support/complaint.ts";

/** Few keys and segments, so that a proof serves many cases; the second key is that of a DISPUTED class, in two parts. */
const KEYS = [{ k1: PRIME - 1n }, { k1: 7n, k2: PRIME - 5n }] as const;
const flip = (bytes: Buffer, bit: number): Buffer => {
  const out = Buffer.from(bytes);
  out[(bit >>> 3) % out.length]! ^= 1 << (bit & 7);
  return out;
};

interface Case {
  /** Batch without a fault; whoever complains about it is wrong. */
  recipe: Recipe;
  /** Leaf that the case is about. */
  j: number;
  /** Any number, for the choices that a fault or a lie has. */
  salt: number;
}

const blocks = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most }).map((count) => 64 * count);
const lengths = fc.oneof(
  { weight: 3, arbitrary: fc.array(blocks(40), { minLength: 1, maxLength: 3 }) },
  // Two segments in an interval.
  { weight: 1, arbitrary: blocks(30).map((more) => [65_536 + more]) },
);

/** A batch and one of its leaves: any, the first, the last, the only one of a single-leaf batch, the short last one of a segment. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    plain: lengths,
    leafSize: fc.constantFrom(64, 192, 1024, 4032, 4096),
    key: fc.constantFrom(...KEYS),
    label: fc.string({ maxLength: 8 }),
    where: fc.constantFrom("any", "first", "last", "single", "short"),
    pick: fc.nat(),
    salt: fc.nat(),
  })
  .map(({ plain, leafSize, key, label, where, pick, salt }) => {
    const single = where === "single";
    const stored = single ? [Math.min(plain[0]!, leafSize)] : plain;
    const recipe: Recipe = { ...key, leafSize, plain: stored.map((length, i) => bytesOf(`${label} ${i}`, length)) };
    const leaves = seal(recipe).leaves;
    const ends = leaves.filter(({ j, segment }) => leaves[j + 1]?.segment !== segment || leaves[j + 1]?.interval !== leaves[j]!.interval).map(({ j }) => j);
    const j = { any: pick % leaves.length, first: 0, last: leaves.length - 1, single: 0, short: ends[pick % ends.length]! }[where];
    return { recipe, j, salt };
  });

/** What a dishonest sealer does to a leaf: each way makes its ciphertext decrypt to something else than its data hash says. */
const FAULTS: Record<string, (leaf: Leaf, salt: number, keyOf: Parameters<Fault>[1]) => void> = {
  "a bit of the ciphertext": (leaf, salt) => void (leaf.cipher = flip(leaf.cipher, salt)),
  "random bytes for ciphertext": (leaf, salt) => void (leaf.cipher = bytesOf(`noise ${salt}`, leaf.length)),
  "the plaintext for ciphertext": (leaf) => void (leaf.cipher = Buffer.from(leaf.plain)),
  "the ciphertext under another batch's key": (leaf, salt) => void (leaf.cipher = chacha(BigInt(salt) + 1n, leaf.firstBlock, leaf.plain)),
  "the ciphertext under the next segment's key": (leaf, _, keyOf) => void (leaf.cipher = chacha(keyOf(leaf.interval, leaf.segment + 1), leaf.firstBlock, leaf.plain)),
  "the ciphertext one block on in the key stream": (leaf) => void (leaf.cipher = chacha(leaf.key, leaf.firstBlock + 1, leaf.plain)),
  "a shorter ciphertext than was hashed": (leaf) => {
    leaf.cipher = leaf.cipher.subarray(0, leaf.length - 1);
    leaf.length -= 1;
  },
  "a data hash of other data": (leaf, salt) => void (leaf.dataHash = dataHashOf(leaf.key, leaf.j, flip(leaf.plain, salt))),
  "a data hash salted for the next leaf": (leaf) => void (leaf.dataHash = dataHashOf(leaf.key, leaf.j + 1, leaf.plain)),
  "a data hash salted with another key": (leaf, salt) => void (leaf.dataHash = dataHashOf(BigInt(salt), leaf.j, leaf.plain)),
  "a data hash without salt": (leaf) => void (leaf.dataHash = H(leaf.plain)),
  "random bytes for data hash": (leaf, salt) => void (leaf.dataHash = bytesOf(`hash ${salt}`, 32)),
  "a foreign first block": (leaf, salt) => void (leaf.firstBlock += 1 + (salt % 1000)),
  "a foreign segment": (leaf) => void (leaf.segment += 1),
  "a foreign interval": (leaf) => void (leaf.interval += 1),
};

interface Lie {
  batch: Batch;
  j: number;
  salt: number;
  recipe: Recipe;
  /** True in all parts; the leaf may be right or wrong. */
  complaint: ComplaintWords;
}
type Lied = Partial<ComplaintWords> | { complaint: Partial<ComplaintWords>; subject: Subject };
const other = (batch: Batch, j: number, salt: number): Leaf => batch.leaves[(j + 1 + (salt % Math.max(1, batch.leaves.length - 1))) % batch.leaves.length]!;

/** What a dishonest buyer does to a complaint, with the errors that may name it. A lie that has no room in a batch (a single leaf has no neighbour) is null. */
const LIES: Record<string, { errors: readonly string[]; tell: (lie: Lie) => Lied | null | Promise<Lied | null> }> = {
  "a higher leaf count": { errors: ["NotUnderRoot", "PathLength"], tell: ({ batch, salt }) => ({ leafCount: batch.leafCount + 1 + (salt % 5) }) },
  "a lower leaf count": { errors: ["NotUnderRoot", "PathLength", "NoSuchLeaf"], tell: ({ batch }) => ({ leafCount: batch.leafCount - 1 }) },
  "the leaf count of the padded tree": { errors: ["NotUnderRoot"], tell: ({ batch }) => (batch.levels[0]!.length === batch.leafCount ? null : { leafCount: batch.levels[0]!.length }) },
  "a leaf of the padding": {
    errors: ["NoSuchLeaf"],
    tell: ({ batch }) => (batch.levels[0]!.length === batch.leafCount ? null : { leaf: batch.leafCount, path: batch.path(batch.leafCount) }),
  },
  "a foreign first block": { errors: ["NotUnderRoot"], tell: ({ complaint, salt }) => ({ firstBlock: complaint.firstBlock + 1 + (salt % 1000) }) },
  "a foreign segment with its own right key and proof": {
    errors: ["NotUnderRoot"],
    tell: async ({ batch, complaint: { interval, segment } }) => ({ segment: segment + 1, segmentKey: batch.keyOf(interval, segment + 1), ...(await proofOf(batch, interval, segment + 1)) }),
  },
  "a foreign interval with its own right key and proof": {
    errors: ["NotUnderRoot"],
    tell: async ({ batch, complaint: { interval, segment } }) => ({ interval: interval + 1, segmentKey: batch.keyOf(interval + 1, segment), ...(await proofOf(batch, interval + 1, segment)) }),
  },
  "the key of another segment with its own right proof": {
    errors: ["BadProof"],
    tell: async ({ batch, complaint: { interval, segment } }) => ({ segmentKey: batch.keyOf(interval, segment + 1), ...(await proofOf(batch, interval, segment + 1)) }),
  },
  "the key of another interval with its own right proof": {
    errors: ["BadProof"],
    tell: async ({ batch, complaint: { interval, segment } }) => ({ segmentKey: batch.keyOf(interval + 1, segment), ...(await proofOf(batch, interval + 1, segment)) }),
  },
  "the key of another batch with its own right proof": {
    errors: ["BadProof"],
    tell: async ({ recipe, complaint: { interval, segment } }) => {
      const { k1, k2 } = KEYS[(KEYS.findIndex((key) => key.k1 === recipe.k1) + 1) % KEYS.length] as { k1: bigint; k2?: bigint };
      const foreign = seal({ plain: [Buffer.alloc(64)], leafSize: 64, k1, ...(k2 === undefined ? {} : { k2 }) });
      return { segmentKey: foreign.keyOf(interval, segment), ...(await proofOf(foreign, interval, segment)) };
    },
  },
  "any other key": { errors: ["BadProof"], tell: ({ salt }) => ({ segmentKey: BigInt(salt) }) },
  "the key plus the field's order": { errors: ["KeyTooLarge"], tell: ({ complaint }) => ({ segmentKey: complaint.segmentKey + PRIME }) },
  "ciphertext of another key": { errors: ["NotUnderRoot"], tell: ({ complaint, salt }) => ({ cipher: chacha(BigInt(salt), complaint.firstBlock, complaint.cipher) }) },
  "a bit of the ciphertext": { errors: ["NotUnderRoot"], tell: ({ complaint, salt }) => ({ cipher: flip(Buffer.from(complaint.cipher), salt) }) },
  "a shorter ciphertext": { errors: ["NotUnderRoot", "CipherLength"], tell: ({ complaint, salt }) => ({ cipher: complaint.cipher.subarray(0, salt % complaint.cipher.length) }) },
  "a longer ciphertext": { errors: ["NotUnderRoot", "CipherLength"], tell: ({ complaint, salt }) => ({ cipher: Buffer.concat([complaint.cipher, bytesOf("more", 1 + (salt % 100))]) }) },
  "another data hash": { errors: ["NotUnderRoot"], tell: ({ complaint, salt }) => ({ dataHash: flip(Buffer.from(complaint.dataHash), salt) }) },
  "the data hash of another leaf": { errors: ["NotUnderRoot"], tell: ({ batch, j, salt }) => (batch.leaves.length === 1 ? null : { dataHash: other(batch, j, salt).dataHash }) },
  "the ciphertext of another leaf": { errors: ["NotUnderRoot"], tell: ({ batch, j, salt }) => (batch.leaves.length === 1 ? null : { cipher: other(batch, j, salt).cipher }) },
  "the place of another leaf": { errors: ["NotUnderRoot"], tell: ({ batch, j, salt }) => (batch.leaves.length === 1 ? null : { leaf: other(batch, j, salt).j }) },
  "place and path of another leaf": {
    errors: ["NotUnderRoot"],
    tell: ({ batch, j, salt }) => (batch.leaves.length === 1 ? null : { leaf: other(batch, j, salt).j, path: batch.path(other(batch, j, salt).j) }),
  },
  "a shifted path": { errors: ["NotUnderRoot"], tell: ({ complaint: { path } }) => (path.length < 2 || path.every((node) => path[0]!.every((byte, i) => byte === node[i])) ? null : { path: [...path.slice(1), path[0]!] }) },
  "a path without its last node": { errors: ["PathLength"], tell: ({ complaint: { path } }) => (path.length === 0 ? null : { path: path.slice(0, -1) }) },
  "a path with one node more": { errors: ["PathLength"], tell: ({ complaint: { path } }) => ({ path: [...path, Buffer.alloc(32)] }) },
  "a wrong node in the path": { errors: ["NotUnderRoot"], tell: ({ complaint: { path }, salt }) => (path.length === 0 ? null : { path: path.with(salt % path.length, bytesOf("node", 32)) }) },
  "a leaf of another batch, whole": {
    errors: ["NotUnderRoot"],
    tell: async ({ recipe, batch }) => {
      const foreign = seal({ ...recipe, fault: (leaf) => void (leaf.cipher = bytesOf(`foreign ${leaf.j}`, leaf.length)) });
      return { complaint: await complaintOf(foreign, 0), subject: batch };
    },
  },
  "a node passed off as a leaf, its children as ciphertext": {
    errors: ["NotUnderRoot"],
    tell: ({ batch, j, complaint: { path } }) =>
      path.length === 0
        ? null
        : {
            leaf: j >>> 1,
            leafCount: batch.levels[1]!.length,
            path: path.slice(1),
            cipher: Buffer.concat([batch.levels[0]![j & ~1]!, batch.levels[0]![j | 1]!]),
            dataHash: batch.levels[1]![j >>> 1]!,
          },
  },
  "a node passed off as a leaf under the whole count": {
    errors: ["PathLength", "NotUnderRoot"],
    tell: ({ batch, j, complaint: { path } }) => (path.length === 0 ? null : { leaf: j >>> 1, path: path.slice(1), dataHash: batch.levels[1]![j >>> 1]! }),
  },
  "a leaf below a leaf": {
    errors: ["NotUnderRoot", "PathLength"],
    tell: ({ batch, j, complaint: { path } }) => ({ leaf: 2 * j, leafCount: 2 * batch.leafCount, path: [batch.levels[0]![j]!, ...path] }),
  },
  "no proof": { errors: ["BadProof"], tell: () => ({ proofA: [0n, 0n], proofB: [[0n, 0n], [0n, 0n]], proofC: [0n, 0n] }) },
  "a proof with a coordinate changed": { errors: ["BadProof"], tell: ({ complaint: { proofC } }) => ({ proofC: [proofC[0], proofC[1] ^ 1n] }) },
};

const spoilt = (recipe: Recipe, j: number, salt: number, fault: string): Batch => seal({ ...recipe, fault: (leaf, keyOf) => leaf.j === j && FAULTS[fault]!(leaf, salt, keyOf) });

describe("Complaints at random", () => {
  after(closeProofEngine);

  describe("a right complaint wins: the sealer bound", () => {
    for (const fault of Object.keys(FAULTS)) {
      it(fault, async () => {
        const verifier = await networkHelpers.loadFixture(complaintVerifier);
        await fc.assert(
          fc.asyncProperty(cases, async ({ recipe, j, salt }) => {
            const batch = spoilt(recipe, j, salt, fault);
            expect(await answerTo(verifier, batch, await complaintOf(batch, j))).to.equal(null);
            // Every other leaf of the same batch is right.
            const next = (j + 1) % batch.leaves.length;
            if (next !== j) expect(await answerTo(verifier, batch, await complaintOf(batch, next))).to.equal("ComplaintVerifier_LeafIsRight");
          }),
          { numRuns: 10, seed: 41 },
        );
      });
    }
  });

  it("a complaint about a leaf that is right never wins", async () => {
    const verifier = await networkHelpers.loadFixture(complaintVerifier);
    await fc.assert(
      fc.asyncProperty(cases, async ({ recipe, j }) => {
        const batch = seal(recipe);
        expect(await answerTo(verifier, batch, await complaintOf(batch, j))).to.equal("ComplaintVerifier_LeafIsRight");
      }),
      { numRuns: 40, seed: 42 },
    );
  });

  describe("a wrong complaint never wins, about a right leaf or a wrong one: the buyer brings", () => {
    for (const [name, { errors, tell }] of Object.entries(LIES)) {
      it(name, async () => {
        const verifier = await networkHelpers.loadFixture(complaintVerifier);
        let told = 0;
        await fc.assert(
          fc.asyncProperty(cases, fc.boolean(), async ({ recipe, j, salt }, honest) => {
            const batch = honest ? seal(recipe) : spoilt(recipe, j, salt, "a bit of the ciphertext");
            const complaint = await complaintOf(batch, j);
            const lied = await tell({ batch, j, salt, recipe, complaint });
            if (lied === null) return;
            told += 1;
            const [subject, change] = "subject" in lied ? [lied.subject, lied.complaint] : [batch, lied];
            const answer = await answerTo(verifier, subject, { ...complaint, ...change });
            expect(errors.map((error) => `ComplaintVerifier_${error}`), `honest ${honest}`).to.include(answer);
          }),
          { numRuns: 10, seed: 43 },
        );
        expect(told, "cases that had room for it").to.be.greaterThan(2);
      });
    }
  });
});
