/** Real proofs, checked by snarkjs and by the generated contract on a chain. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { FIELD_PRIME } from "@qoodblock/sdk/crypto";
import { deliveryContext, toPublicSignals, wrapKeys, type KeyDeliveryStatement } from "@qoodblock/sdk/delivery";
import { BASE_FIELD_PRIME, closeProofEngine, decodeProof, encodeProof, KeyDeliveryProver, loadProofArtifacts, verifyKeyDelivery, type Proof } from "@qoodblock/sdk/proof";
import { keysFolder } from "../../scripts/circuits/instances.ts";
import { verifierPath } from "../../scripts/circuits/verifier.ts";
import { buyerOf } from "./support/circuit.ts";
import { deployContract, type DeployedVerifier } from "./support/chain.ts";

const artifacts = loadProofArtifacts(keysFolder, "KeyDelivery1");
const prover = new KeyDeliveryProver(artifacts);
const place = { chainId: 31337n, exchange: "0x00000000000000000000000000000000000000e5", dealId: `0x${"5a".repeat(32)}`, page: 0 };
const wrap = (at = place, buyer = buyerOf(1n)): ReturnType<typeof wrapKeys> =>
  wrapKeys({ buyerKey: buyer.publicKey, context: deliveryContext(at), keys: [42n], scalar: 4242n });

let proof: Proof;
let statement: KeyDeliveryStatement;
let contract: DeployedVerifier;

before(async () => {
  [{ proof, statement }, contract] = await Promise.all([prover.prove(wrap().input), deployContract(readFileSync(verifierPath("KeyDelivery1"), "utf8"), "KeyDelivery1Verifier")]);
});
after(async () => {
  await contract.close();
  await closeProofEngine();
});

const onChain = (of: Proof, signals: readonly bigint[]): Promise<boolean> => contract.verifyProof(of, signals);
const everywhere = async (of: Proof, about: KeyDeliveryStatement): Promise<boolean[]> => [await verifyKeyDelivery(artifacts.verificationKey, about, of), await onChain(of, toPublicSignals(about))];

test("a proof shows its statement, off chain and on chain (this pins the order of G2's coordinates and of the signals)", async () => {
  assert.deepEqual(statement, wrap().statement);
  assert.deepEqual(await everywhere(proof, statement), [true, true]);
  const [[x1, x0], [y1, y0]] = proof.b;
  assert.deepEqual(await everywhere({ ...proof, b: [[x0, x1], [y0, y1]] }, statement), [false, false]);
});

test("the proof does not show any other statement: each signal, another chain, exchange, deal, page, buyer", async () => {
  const signals = toPublicSignals(statement);
  for (let i = 0; i < signals.length; i += 1) assert.equal(await onChain(proof, signals.with(i, (signals[i]! + 1n) % FIELD_PRIME)), false, `signal ${i}`);
  const others = [
    wrap({ ...place, chainId: 1n }),
    wrap({ ...place, exchange: "0x00000000000000000000000000000000000000e6" }),
    wrap({ ...place, dealId: `0x${"5b".repeat(32)}` }),
    wrap({ ...place, page: 1 }),
    wrap(place, buyerOf(2n)),
  ];
  for (const other of others) {
    assert.deepEqual(await everywhere(proof, other.statement), [false, false]);
    assert.deepEqual(await everywhere(proof, { ...statement, context: other.statement.context, buyerKey: other.statement.buyerKey }), [false, false]);
  }
});

test("public signals + p are refused, although they are the same field elements", async () => {
  const signals = toPublicSignals(statement);
  for (let i = 0; i < signals.length; i += 1) {
    assert.equal(await onChain(proof, signals.with(i, signals[i]! + FIELD_PRIME)), false, `signal ${i}`);
  }
  assert.equal(await verifyKeyDelivery(artifacts.verificationKey, { ...statement, context: statement.context + FIELD_PRIME }, proof), false);
  assert.throws(() => toPublicSignals({ ...statement, context: statement.context + FIELD_PRIME }), { code: "NOT_A_FIELD_ELEMENT", message: /context/ });
});

test("changed proofs are refused: points moved, off their curve, at infinity, not canonical", async () => {
  const { a, b, c } = proof;
  const negated: Proof = { ...proof, a: [a[0], BASE_FIELD_PRIME - a[1]] };
  const changed: Proof[] = [
    negated,
    { ...proof, a: c, c: a },
    { ...proof, a: [a[0] + 1n, a[1]] },
    { ...proof, c: [c[0], c[1] + 1n] },
    { ...proof, b: [[b[0][0] + 1n, b[0][1]], b[1]] },
    { ...proof, a: [0n, 0n] },
    { a: [0n, 0n], b: [[0n, 0n], [0n, 0n]], c: [0n, 0n] },
    { ...proof, a: [a[0] + BASE_FIELD_PRIME, a[1]] },
    { ...proof, c: [c[0] + BASE_FIELD_PRIME, c[1]] },
  ];
  for (const [i, wrong] of changed.entries()) assert.deepEqual(await everywhere(wrong, statement), [false, false], `change ${i}`);
});

test("checking a proof on chain stays below the price that delivery is planned with", async () => {
  const gas = await contract.gas(proof, toPublicSignals(statement));
  // Base price of a transaction, pairing, and a multiplication with its addition for each of seven signals.
  assert.ok(gas < 21_000n + 216_300n + 7n * 6_900n, `${gas} gas`);
});

test("a false statement gets no proof", async () => {
  const { input } = wrap();
  await assert.rejects(prover.prove({ ...input, c: [input.c[0]! + 1n] }), { code: "STATEMENT_FALSE" });
  await assert.rejects(prover.prove({ ...input, r: 0n }), { code: "STATEMENT_FALSE" });
});

test("a single thread proves the same", async () => {
  const single = await new KeyDeliveryProver(artifacts, { singleThread: true }).prove(wrap().input);
  assert.deepEqual(await everywhere(single.proof, single.statement), [true, true]);
  assert.notDeepEqual(single.proof, proof); // Proofs are randomised: never an identifier.
});

test("the encoding of a proof is 256 bytes and comes back, or is refused", () => {
  const encoded = encodeProof(proof);
  assert.equal(encoded.length, 2 + 512);
  assert.deepEqual(decodeProof(encoded), proof);
  for (const wrong of ["0x", "nothing", encoded.slice(0, -2), `${encoded}00`, `0x${"ff".repeat(256)}`]) assert.throws(() => decodeProof(wrong), { code: "PROOF_MALFORMED" });
});
