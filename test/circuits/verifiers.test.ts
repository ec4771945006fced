/** A real proof of every instance, by the SDK's provers, through snarkjs and through each generated contract on a chain. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { FIELD_PRIME } from "@qoodblock/sdk/crypto";
import { deliveryContext, padLots, toPublicSignals, unwrapKeys, wrapKeys } from "@qoodblock/sdk/delivery";
import * as proofs from "@qoodblock/sdk/proof";
import { keysFolder, readInstances } from "../../scripts/circuits/instances.ts";
import { verifierPath } from "../../scripts/circuits/verifier.ts";
import { buyerOf, seeded } from "./support/circuit.ts";
import { deployContract } from "./support/chain.ts";

/** A proof of one instance, its public signals, and the SDK's check of it. */
interface Sample {
  readonly proof: proofs.Proof;
  readonly signals: readonly bigint[];
  readonly verify: (proof: proofs.Proof) => Promise<boolean>;
  /** What checking it on chain may cost. */
  readonly gasLimit: bigint;
}

const pages = new proofs.PageProver(keysFolder);
const buyer = buyerOf(50n);
const artifacts = (name: string): proofs.ProofArtifacts => proofs.loadProofArtifacts(keysFolder, name);
const place = { chainId: 31337n, exchange: "0x00000000000000000000000000000000000000e5", dealId: `0x${"5c".repeat(32)}`, page: 3 };
// Base price of a transaction, pairing, a multiplication with its addition for each signal (and its 32 bytes of calldata, inside those 6,900).
const gasLimit = (signals: number): bigint => 21_000n + 216_300n + 6_900n * BigInt(signals);

after(proofs.closeProofEngine);

async function page(lots: number): Promise<Sample> {
  const next = seeded(60n + BigInt(lots));
  const keys = padLots(Array.from({ length: lots }, () => next() >> 4n));
  const order = wrapKeys({ buyerKey: buyer.publicKey, context: deliveryContext(place), keys, scalar: 4242n });
  const { proof, statement } = await pages.prove(order.input);
  assert.deepEqual(statement, order.statement);
  assert.deepEqual(unwrapKeys(buyer.secret, { ...statement, wrapped: statement }), keys);
  const { verificationKey } = artifacts(proofs.deliveryCircuit(lots));
  return { proof, signals: toPublicSignals(statement), verify: (of) => proofs.verifyKeyDelivery(verificationKey, statement, of), gasLimit: gasLimit(5 + 2 * keys.length) };
}

const samples: Readonly<Record<string, () => Promise<Sample>>> = {
  KeyDelivery1: () => page(1),
  // Fewer lots than the circuit has: the last is repeated.
  KeyDelivery8: () => page(3),
  KeyDelivery32: () => page(30),
  async SegmentKey() {
    const wanted = proofs.segmentKeyStatement({ k1: 11n, k2: 12n, interval: 5, segment: 6 });
    const { proof, statement } = await new proofs.SegmentKeyProver(artifacts("SegmentKey")).prove(wanted.input);
    assert.deepEqual(statement, wanted.statement);
    const { verificationKey } = artifacts("SegmentKey");
    return { proof, signals: proofs.toSegmentKeySignals(statement), verify: (of) => proofs.verifySegmentKey(verificationKey, statement, of), gasLimit: gasLimit(5) };
  },
  async Possession() {
    const nonce = proofs.possessionNonce({ chainId: 31337n, asker: place.exchange, fresh: `0x${"77".repeat(32)}` });
    const wanted = proofs.possessionStatement({ k1: 11n, nonce, prover: `0x${"Ab".repeat(20)}` });
    const { proof, statement } = await new proofs.PossessionProver(artifacts("Possession")).prove(wanted.input);
    assert.deepEqual(statement, wanted.statement);
    const { verificationKey } = artifacts("Possession");
    return { proof, signals: proofs.toPossessionSignals(statement), verify: (of) => proofs.verifyPossession(verificationKey, statement, of), gasLimit: gasLimit(5) };
  },
};

test("every instance has its sample here", () => {
  assert.deepEqual(Object.keys(samples), readInstances().map(({ name }) => name));
});

for (const [name, make] of Object.entries(samples)) {
  test(`${name}: a proof is accepted off chain and on chain, and no public signal may be another, or the same + p`, async () => {
    const [{ proof, signals, verify, gasLimit: limit }, contract] = await Promise.all([make(), deployContract(readFileSync(verifierPath(name), "utf8"), `${name}Verifier`)]);
    try {
      assert.equal(await verify(proof), true);
      assert.equal(await contract.verifyProof(proof, signals), true);
      for (let i = 0; i < signals.length; i += 1) {
        assert.equal(await contract.verifyProof(proof, signals.with(i, (signals[i]! + 1n) % FIELD_PRIME)), false, `signal ${i} + 1`);
        assert.equal(await contract.verifyProof(proof, signals.with(i, signals[i]! + FIELD_PRIME)), false, `signal ${i} + p`);
      }
      const moved: proofs.Proof = { ...proof, a: [proof.a[0], proofs.BASE_FIELD_PRIME - proof.a[1]] };
      assert.equal(await verify(moved), false);
      assert.equal(await contract.verifyProof(moved, signals), false);
      const zero: proofs.Proof = { a: [0n, 0n], b: [[0n, 0n], [0n, 0n]], c: [0n, 0n] };
      assert.equal(await contract.verifyProof(zero, signals), false);
      const gas = await contract.gas(proof, signals);
      assert.ok(gas < limit, `${gas} gas for ${signals.length} signals`);
    } finally {
      await contract.close();
    }
  });
}

test("two statements of five signals each are not taken for one another", async () => {
  const segment = artifacts("SegmentKey");
  const possession = artifacts("Possession");
  const { input, statement } = proofs.segmentKeyStatement({ k1: 11n, interval: 5, segment: 6 });
  const { proof } = await new proofs.SegmentKeyProver(segment).prove(input);
  assert.equal(await proofs.verifySegmentKey(segment.verificationKey, statement, proof), true);
  assert.equal(await proofs.verifySegmentKey(possession.verificationKey, statement, proof), false);
  const same = proofs.fromPossessionSignals(proofs.toSegmentKeySignals(statement));
  assert.equal(await proofs.verifyPossession(possession.verificationKey, same, proof), false);
});

test("a verifier's own values count: another nonce, prover, header or place is not shown, and what is not canonical is false, not an error", async () => {
  const { verificationKey } = artifacts("Possession");
  const { input } = proofs.possessionStatement({ k1: 11n, nonce: 99n, prover: place.exchange });
  const { proof, statement } = await new proofs.PossessionProver(artifacts("Possession")).prove(input);
  const shown = (change: Partial<proofs.PossessionStatement>): Promise<boolean> => proofs.verifyPossession(verificationKey, { ...statement, ...change }, proof);
  assert.equal(await shown({}), true);
  const [first, second] = statement.commitments;
  const wrong: Partial<proofs.PossessionStatement>[] = [{ nonce: 98n }, { prover: `0x${"00".repeat(20)}` }, { commitments: [second, first] }, { answer: 1n }, { answer: statement.answer + FIELD_PRIME }, { nonce: 2n ** 248n }, { prover: "0x12" }];
  for (const change of wrong) assert.equal(await shown(change), false);
});

test("a prover takes the key of its own circuit only, and a page of its own size", async () => {
  const one = artifacts("KeyDelivery1");
  assert.throws(() => new proofs.SegmentKeyProver(one), { code: "KEY_OF_ANOTHER_CIRCUIT", message: /KeyDelivery1/ });
  assert.throws(() => new proofs.PossessionProver(artifacts("SegmentKey")), { code: "KEY_OF_ANOTHER_CIRCUIT" });
  assert.throws(() => new proofs.KeyDeliveryProver(artifacts("Possession")), { code: "KEY_OF_ANOTHER_CIRCUIT" });
  const wrapped = (count: number): ReturnType<typeof wrapKeys> => wrapKeys({ buyerKey: buyer.publicKey, context: 1n, keys: Array.from({ length: count }, () => 3n), scalar: 5n });
  await assert.rejects(new proofs.KeyDeliveryProver(one).prove(wrapped(8).input), { code: "STATEMENT_INVALID" });
  for (const count of [2, 31]) await assert.rejects(pages.prove(wrapped(count).input), { code: "STATEMENT_INVALID" });
  await assert.rejects(pages.prove(wrapped(33).input), { code: "OUT_OF_RANGE" });
  await assert.rejects(new proofs.PageProver("/nowhere").prove(wrapped(1).input), { code: "KEY_FILE_MISSING" });
  assert.deepEqual([1, 2, 8, 9, 32].map(proofs.deliveryCircuit), ["KeyDelivery1", "KeyDelivery8", "KeyDelivery8", "KeyDelivery32", "KeyDelivery32"]);
  for (const lots of [0, 33, 1.5]) assert.throws(() => proofs.deliveryCircuit(lots), { code: "OUT_OF_RANGE" });
});

test("a false statement gets no proof, in either circuit of a header's key", async () => {
  const segment = proofs.segmentKeyStatement({ k1: 11n, interval: 5, segment: 6 });
  await assert.rejects(new proofs.SegmentKeyProver(artifacts("SegmentKey")).prove({ ...segment.input, segment: 7n }), { code: "STATEMENT_FALSE" });
  const possession = proofs.possessionStatement({ k1: 11n, nonce: 1n, prover: place.exchange });
  await assert.rejects(new proofs.PossessionProver(artifacts("Possession")).prove({ ...possession.input, prover: 2n ** 160n }), { code: "STATEMENT_FALSE" });
});
