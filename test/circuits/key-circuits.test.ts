/** What the constraint systems of SegmentKey and Possession accept, asked of every wire and at every boundary; and their statements in the SDK. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FIELD_PRIME, poseidon } from "@qoodblock/sdk/crypto";
import { DOM_PRF } from "@qoodblock/sdk/formats";
import { intervalKey, keyCommitment, NO_KEY_COMMITMENT, segmentKey } from "@qoodblock/sdk/keys";
import * as proof from "@qoodblock/sdk/proof";
import type { CircuitInput } from "snarkjs";
import { readInstance } from "../../scripts/circuits/instances.ts";
import { constraintsByWire, firstBroken } from "../../scripts/circuits/r1cs.ts";
import { accepts, loadCircuit, seeded, witnessOf, type Circuit } from "./support/circuit.ts";
import { forgePossession, forgeSegmentKey, PARTS, type KeyClaim, type PossessionClaim } from "./support/forge-key.ts";

const segments = await loadCircuit({}, readInstance("SegmentKey"));
const possessions = await loadCircuit({}, readInstance("Possession"));
const satisfies = async (circuit: Circuit, input: CircuitInput): Promise<boolean> => firstBroken(circuit.system, await witnessOf(circuit, input)) === -1;

const address = `0x${"c0ffee00".repeat(5)}` as const;
const U32_MAX = 2 ** 32 - 1;
const oneSegment = { k1: 31n, k2: 32n, interval: 2, segment: 7 };
const oneQuestion = { k1: 31n, k2: 32n, nonce: 1234n, prover: address };

test("public signals come in the order of the SDK's names", () => {
  proof.SEGMENT_KEY_SIGNALS.forEach((name, i) => assert.equal(segments.symbols.get(`main.${name}`), i + 1));
  proof.POSSESSION_SIGNALS.forEach((name, i) => assert.equal(possessions.symbols.get(`main.${name}`), i + 1));
});

test("changing any one wire of a witness, public or not, breaks a constraint", async () => {
  for (const [circuit, input] of [[segments, proof.segmentKeyStatement(oneSegment).input], [possessions, proof.possessionStatement(oneQuestion).input]] as const) {
    const witness = await witnessOf(circuit, input);
    assert.equal(firstBroken(circuit.system, witness), -1);
    const byWire = constraintsByWire(circuit.system);
    for (let wire = 1; wire < witness.length; wire += 1) {
      for (const change of [1n, FIELD_PRIME - 1n]) {
        assert.notEqual(firstBroken(circuit.system, witness.with(wire, (witness[wire]! + change) % FIELD_PRIME), byWire[wire]), -1, `wire ${wire} is free`);
      }
    }
  }
});

test("a segment's key is the one that data is sealed with, for one key and for two", async () => {
  const next = seeded(40n);
  for (let round = 0; round < 10; round += 1) {
    const [k1, k2] = [next() % FIELD_PRIME, round % 2 === 0 ? 0n : next() % FIELD_PRIME];
    const [interval, segment] = [Number(next() % 2n ** 32n), Number(next() % 2n ** 32n)];
    const { statement, input } = proof.segmentKeyStatement({ k1, k2, interval, segment });
    assert.equal(statement.segmentKey, segmentKey(intervalKey((k1 + k2) % FIELD_PRIME, interval), segment));
    assert.deepEqual(statement.commitments, [keyCommitment(k1), keyCommitment(k2)]);
    if (k2 === 0n) assert.equal(statement.commitments[1], NO_KEY_COMMITMENT);
    assert.ok(await satisfies(segments, input));
    assert.deepEqual(proof.fromSegmentKeySignals(proof.toSegmentKeySignals(statement)), statement);
  }
  assert.deepEqual(proof.segmentKeyStatement({ k1: 5n, interval: 0, segment: 0 }), proof.segmentKeyStatement({ k1: 5n, k2: 0n, interval: 0, segment: 0 }));
});

interface Vectors {
  segmentKeys: { k1: string; k2: string; interval: number; segment: number; commitments: string[]; segmentKey: string }[];
  nonce: { chainId: string; asker: string; fresh: string; nonce: string };
  possessions: { k1: string; k2: string; nonce: string; prover: string; commitments: string[]; answer: string }[];
}

test("statements are the frozen ones, and the circuits agree", async () => {
  const vectors = JSON.parse(readFileSync(new URL("../vectors/key-circuits.json", import.meta.url), "utf8")) as Vectors;
  for (const { k1, k2, interval, segment, commitments, segmentKey: key } of vectors.segmentKeys) {
    const { statement, input } = proof.segmentKeyStatement({ k1: BigInt(k1), k2: BigInt(k2), interval, segment });
    assert.deepEqual(statement, { commitments: commitments.map(BigInt), interval, segment, segmentKey: BigInt(key) });
    assert.ok(await satisfies(segments, input));
  }
  for (const { k1, k2, nonce, prover, commitments, answer } of vectors.possessions) {
    const { statement, input } = proof.possessionStatement({ k1: BigInt(k1), k2: BigInt(k2), nonce: BigInt(nonce), prover });
    assert.deepEqual(statement, { commitments: commitments.map(BigInt), nonce: BigInt(nonce), prover, answer: BigInt(answer) });
    assert.ok(await satisfies(possessions, input));
  }
  const { chainId, asker, fresh, nonce } = vectors.nonce;
  assert.equal(proof.possessionNonce({ chainId: BigInt(chainId), asker, fresh }), BigInt(nonce));
});

test("segments at the limits: first and last place, keys 0 and p - 1, parts whose sum passes p, or is 0", async () => {
  for (const interval of [0, U32_MAX]) for (const segment of [0, U32_MAX]) assert.ok(await satisfies(segments, proof.segmentKeyStatement({ ...oneSegment, interval, segment }).input));
  for (const [k1, k2] of [[0n, 0n], [FIELD_PRIME - 1n, FIELD_PRIME - 1n], [FIELD_PRIME - 1n, 1n], [0n, FIELD_PRIME - 1n]] as const) {
    assert.ok(await satisfies(segments, proof.segmentKeyStatement({ ...oneSegment, k1, k2 }).input));
    assert.ok(await satisfies(possessions, proof.possessionStatement({ ...oneQuestion, k1, k2 }).input));
  }
});

test("a segment's key proves no other place, no other header and not the parts in the other order", async () => {
  const sum = PARTS[0] + PARTS[1];
  const others: ((claim: KeyClaim) => Partial<KeyClaim>)[] = [
    () => ({ interval: 4n }),
    () => ({ segment: 5n }),
    ({ interval, segment }) => ({ interval: segment, segment: interval }),
    ({ segmentKey: key }) => ({ segmentKey: FIELD_PRIME - key }),
    ({ commitment: [first, second] }) => ({ commitment: [second, first] }),
    // The sum is the same, the header another: what the parts commit to counts.
    () => ({ commitment: [keyCommitment(sum), NO_KEY_COMMITMENT] }),
  ];
  for (const [i, other] of others.entries()) {
    const { signals } = await forgeSegmentKey({ change: (claim) => ({ ...claim, ...other(claim) }) });
    assert.equal(accepts(segments, signals), false, `change ${i}`);
  }
  assert.ok(await satisfies(segments, proof.segmentKeyStatement({ k1: sum, interval: 3, segment: 4 }).input));
});

test("each of both commitments is looked at, in both circuits", async () => {
  for (const which of [0, 1] as const) {
    const change = <Claim extends { commitment: readonly [bigint, bigint] }>(claim: Claim): Claim => ({ ...claim, commitment: claim.commitment.with(which, 1n) as [bigint, bigint] });
    assert.equal(accepts(segments, (await forgeSegmentKey({ change })).signals), false);
    assert.equal(accepts(possessions, (await forgePossession({ change })).signals), false);
  }
  assert.equal(accepts(segments, (await forgeSegmentKey({})).signals), true);
  assert.equal(accepts(possessions, (await forgePossession({})).signals), true);
});

test("an answer is the pseudo-random function of key, nonce and prover, and goes to signals and back", async () => {
  const next = seeded(41n);
  for (let round = 0; round < 10; round += 1) {
    const [k1, k2, nonce] = [next() % FIELD_PRIME, next() % FIELD_PRIME, next() >> 8n];
    const prover = `0x${(next() >> 96n).toString(16).padStart(40, "0")}`;
    const { statement, input } = proof.possessionStatement({ k1, k2, nonce, prover });
    assert.equal(statement.answer, poseidon([DOM_PRF, (k1 + k2) % FIELD_PRIME, nonce, BigInt(prover)]));
    assert.ok(await satisfies(possessions, input));
    assert.deepEqual(proof.fromPossessionSignals(proof.toPossessionSignals(statement)), statement);
  }
});

test("nonces have up to 248 bits and provers up to 160: the last that fits is accepted, the next refused", async () => {
  for (const nonce of [0n, 2n ** 248n - 1n]) assert.ok(await satisfies(possessions, proof.possessionStatement({ ...oneQuestion, nonce }).input));
  for (const prover of [0n, 2n ** 160n - 1n]) {
    assert.ok(await satisfies(possessions, proof.possessionStatement({ ...oneQuestion, prover: `0x${prover.toString(16).padStart(40, "0")}` }).input));
  }
  for (const nonce of [2n ** 248n, 2n ** 248n + 1n, FIELD_PRIME - 1n]) {
    assert.equal(accepts(possessions, (await forgePossession({ from: { nonce } })).signals), false, `nonce ${nonce}`);
    assert.throws(() => proof.possessionStatement({ ...oneQuestion, nonce }), { code: "OUT_OF_RANGE" });
    assert.throws(() => proof.fromPossessionSignals([1n, 2n, nonce, 4n, 5n]), { code: "OUT_OF_RANGE" });
  }
  for (const prover of [2n ** 160n, 2n ** 160n + 6n, FIELD_PRIME - 1n]) {
    assert.equal(accepts(possessions, (await forgePossession({ from: { prover } })).signals), false, `prover ${prover}`);
    assert.throws(() => proof.fromPossessionSignals([1n, 2n, 3n, prover, 5n]), { code: "OUT_OF_RANGE" });
  }
});

test("bits that are none do not make room for a longer nonce or prover", async () => {
  const lumped = async (from: Partial<PossessionClaim>): Promise<boolean> => accepts(possessions, (await forgePossession({ from, lump: true })).signals);
  assert.equal(await lumped({ nonce: 1n, prover: 1n }), true, "the forger breaks nothing else");
  assert.equal(await lumped({ nonce: 2n ** 248n, prover: 1n }), false);
  assert.equal(await lumped({ nonce: 1n, prover: 2n ** 160n }), false);
});

test("an answer answers no other question and is nobody else's", async () => {
  const others: ((claim: PossessionClaim) => Partial<PossessionClaim>)[] = [
    () => ({ nonce: 4n }),
    () => ({ prover: 7n }),
    ({ nonce, prover }) => ({ nonce: prover, prover: nonce }),
    ({ answer }) => ({ answer: FIELD_PRIME - answer }),
    ({ commitment: [first, second] }) => ({ commitment: [second, first] }),
  ];
  for (const [i, other] of others.entries()) {
    const { signals } = await forgePossession({ change: (claim) => ({ ...claim, ...other(claim) }) });
    assert.equal(accepts(possessions, signals), false, `change ${i}`);
  }
});

test("a nonce is bound to chain, asker and fresh bytes, and has 248 bits", () => {
  const question = { chainId: 1n, asker: address, fresh: `0x${"11".repeat(32)}` };
  const nonces = [question, { ...question, chainId: 2n }, { ...question, asker: `0x${"ab".repeat(20)}` }, { ...question, fresh: `0x${"12".repeat(32)}` }].map(proof.possessionNonce);
  assert.equal(new Set(nonces).size, 4);
  for (const nonce of nonces) assert.ok(nonce < 2n ** 248n);
  assert.equal(proof.possessionNonce({ ...question, asker: address.toUpperCase().replace("0X", "0x") }), nonces[0]);
  assert.throws(() => proof.possessionNonce({ ...question, fresh: "0x11" }), { code: "BAD_HEX" });
});

test("statements that are none are refused: places beyond 32 bits, values ≥ p, another number of signals", () => {
  for (const place of [-1, 2 ** 32, 0.5, Number.NaN]) {
    assert.throws(() => proof.segmentKeyStatement({ ...oneSegment, interval: place }), { code: "OUT_OF_RANGE" });
    assert.throws(() => proof.segmentKeyStatement({ ...oneSegment, segment: place }), { code: "OUT_OF_RANGE" });
  }
  assert.throws(() => proof.fromSegmentKeySignals([1n, 2n, 2n ** 32n, 4n, 5n]), { code: "OUT_OF_RANGE" });
  assert.throws(() => proof.segmentKeyStatement({ ...oneSegment, k1: FIELD_PRIME }), { code: "NOT_A_FIELD_ELEMENT" });
  assert.throws(() => proof.toSegmentKeySignals({ ...proof.segmentKeyStatement(oneSegment).statement, segmentKey: FIELD_PRIME }), { code: "NOT_A_FIELD_ELEMENT", message: /segmentKey/ });
  assert.throws(() => proof.toPossessionSignals({ ...proof.possessionStatement(oneQuestion).statement, answer: FIELD_PRIME }), { code: "NOT_A_FIELD_ELEMENT", message: /answer/ });
  assert.throws(() => proof.possessionStatement({ ...oneQuestion, prover: "0x12" }), { code: "BAD_HEX" });
  for (const signals of [[1n, 2n, 3n, 4n], [1n, 2n, 3n, 4n, 5n, 6n]]) {
    assert.throws(() => proof.fromSegmentKeySignals(signals), { code: "STATEMENT_INVALID" });
    assert.throws(() => proof.fromPossessionSignals(signals), { code: "STATEMENT_INVALID" });
  }
});
