/** What the constraint system of KeyDelivery(1) accepts, asked of every wire and at every boundary. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { addPoints, BASE8, clearCofactor, FIELD_PRIME, IDENTITY, isOnCurve, multiplyPoint, SUBGROUP_ORDER, type Point } from "@qoodblock/sdk/crypto";
import { isValidBuyerKey, padLots, publicSignalNames, unwrapKeys, wrapKeys } from "@qoodblock/sdk/delivery";
import type { CircuitInput } from "snarkjs";
import { readInstance } from "../../scripts/circuits/instances.ts";
import { constraintsByWire, firstBroken } from "../../scripts/circuits/r1cs.ts";
import { accepts, buyerOf, FULL_GENERATOR, honestDelivery, loadCircuit, seeded, smallOrderPoints, witnessOf } from "./support/circuit.ts";
import { forge } from "./support/forge.ts";

const circuit = await loadCircuit();
const buyer = buyerOf(1n);
const wrap = (scalar: bigint, key = 5n, context = 9n): ReturnType<typeof wrapKeys> => wrapKeys({ buyerKey: buyer.publicKey, context, keys: [key], scalar });
const satisfies = async (input: CircuitInput): Promise<boolean> => firstBroken(circuit.system, await witnessOf(circuit, input)) === -1;

test("public signals come in the order of the formats", () => {
  publicSignalNames(1).forEach((name, i) => assert.equal(circuit.symbols.get(`main.${name}`), i + 1));
});

test("changing any one wire of a witness, public or not, breaks a constraint", async () => {
  const witness = await witnessOf(circuit, honestDelivery(11n).input);
  assert.equal(firstBroken(circuit.system, witness), -1);
  const byWire = constraintsByWire(circuit.system);
  for (let wire = 1; wire < witness.length; wire += 1) {
    for (const change of [1n, FIELD_PRIME - 1n]) {
      const forged = witness.with(wire, (witness[wire]! + change) % FIELD_PRIME);
      assert.notEqual(firstBroken(circuit.system, forged, byWire[wire]), -1, `wire ${wire} is free`);
    }
  }
});

test("the statement of one delivery does not fit the secrets of another: deal, buyer, keys, scalar", async () => {
  const witness = await witnessOf(circuit, wrap(77n).input);
  const others = [wrap(77n, 5n, 10n), wrap(77n, 6n), wrap(78n), wrapKeys({ buyerKey: buyerOf(2n).publicKey, context: 9n, keys: [5n], scalar: 77n })];
  for (const other of others) {
    const signals = await witnessOf(circuit, other.input);
    const mixed = [1n, ...signals.slice(1, 8), ...witness.slice(8)];
    assert.notEqual(firstBroken(circuit.system, mixed), -1);
  }
});

test("r is taken from 1 to 2^250 - 1", async () => {
  for (const r of [1n, 2n, 7n, 2n ** 249n, 2n ** 250n - 1n]) {
    const { input, statement } = wrap(r);
    assert.ok(await satisfies(input), `r = ${r}`);
    assert.deepEqual(unwrapKeys(buyer.secret, { ...statement, wrapped: statement }), [5n]);
  }
});

test("r = 0, 2^250 and more, r + l and -r are refused", async () => {
  const r = 5n;
  for (const forged of [0n, 2n ** 250n, 2n ** 251n + 1n, r + SUBGROUP_ORDER, FIELD_PRIME - r]) {
    const { signals, statement } = await forge({ r: forged });
    assert.equal(accepts(circuit, signals), false, `r = ${forged}`);
    // The forger has fitted everything else to the bits that he used: with a scalar in range the same values are fine.
    if (forged === 0n) assert.deepEqual(statement.R, IDENTITY);
  }
  // r + p is no other field element, and its bits (or those of r + l) do not fit: both are above 2^250.
  assert.ok(SUBGROUP_ORDER + 1n > 2n ** 250n && FIELD_PRIME + 1n > 2n ** 250n);
  assert.throws(() => wrap(0n), { code: "SCALAR_OUT_OF_RANGE" });
  assert.throws(() => wrap(2n ** 250n), { code: "SCALAR_OUT_OF_RANGE" });
});

test("bits of r that are none are refused, although they make r", async () => {
  const lumped = async (r: bigint): Promise<boolean> => accepts(circuit, (await forge({ r, lump: true })).signals);
  assert.equal(await lumped(1n), true, "the forger breaks nothing else");
  for (const r of [2n, 5n, 2n ** 250n, FIELD_PRIME - 1n]) assert.equal(await lumped(r), false, `r = ${r}`);
});

test("keys of small order (1, 2, 4, 8) are refused, by the circuit and by the SDK", async () => {
  for (const [order, P] of smallOrderPoints()) {
    assert.ok(isOnCurve(P));
    assert.deepEqual(clearCofactor(P), IDENTITY);
    const { signals } = await forge({ P });
    assert.equal(accepts(circuit, signals), false, `order ${order}`);
    assert.equal(isValidBuyerKey(P), false, `order ${order}`);
  }
});

test("keys off the curve are refused, by the circuit and by the SDK", async () => {
  const [x, y] = buyer.publicKey;
  const next = seeded(3n);
  const keys: Point[] = [[x, y + 1n], [x + 1n, y], [y, x], [0n, 0n], [1n, 0n], [0n, 2n], [next() % FIELD_PRIME, next() % FIELD_PRIME]];
  for (const P of keys) {
    const { signals } = await forge({ P });
    assert.equal(accepts(circuit, signals), false, P.join());
    assert.equal(isValidBuyerKey(P), false, P.join());
  }
});

test("keys with a part of small order are accepted, by both: the cofactor is cleared", async () => {
  const keys = [FULL_GENERATOR, ...[...smallOrderPoints().values()].map((small) => addPoints(buyer.publicKey, small)), BASE8, multiplyPoint(BASE8, SUBGROUP_ORDER - 1n)];
  for (const buyerKey of keys) {
    assert.ok(isValidBuyerKey(buyerKey));
    const { input, statement } = wrapKeys({ buyerKey, context: 9n, keys: [5n], scalar: 123n });
    assert.ok(await satisfies(input));
    if (keys.indexOf(buyerKey) >= 1 && keys.indexOf(buyerKey) <= 4) assert.deepEqual(unwrapKeys(buyer.secret, { ...statement, wrapped: statement }), [5n]);
  }
});

test("Poseidon and the curve are the same in circom and TypeScript, for random and for extreme values", async () => {
  const extremes = [0n, 1n, FIELD_PRIME - 1n];
  for (const key of extremes) for (const context of extremes) assert.ok(await satisfies(wrap(3n, key, context).input));
  for (let seed = 100n; seed < 115n; seed += 1n) {
    const { input, statement, buyer: random } = honestDelivery(seed);
    assert.ok(await satisfies(input), `seed ${seed}`);
    assert.deepEqual(unwrapKeys(random.secret, { ...statement, wrapped: statement }), input.k);
  }
});

test("KeyDelivery(8) has 5 + 16 public signals in the same order and wraps eight keys", async () => {
  const eight = await loadCircuit({}, readInstance("KeyDelivery8"));
  publicSignalNames(8).forEach((name, i) => assert.equal(eight.symbols.get(`main.${name}`), i + 1));
  const { input } = honestDelivery(5n, 8);
  const witness = await witnessOf(eight, input);
  assert.equal(firstBroken(eight.system, witness), -1);
  for (let wire = 1; wire <= 21; wire += 1) {
    assert.notEqual(firstBroken(eight.system, witness.with(wire, (witness[wire]! + 1n) % FIELD_PRIME)), -1, `public signal ${wire}`);
  }
});

test("KeyDelivery(32) has 5 + 64 public signals in the same order, wraps 30 keys with the last repeated, and binds every one of its wires", async () => {
  const many = await loadCircuit({}, readInstance("KeyDelivery32"));
  publicSignalNames(32).forEach((name, i) => assert.equal(many.symbols.get(`main.${name}`), i + 1));
  const next = seeded(32n);
  const keys = padLots(Array.from({ length: 30 }, () => next() >> 4n));
  const { input, statement } = wrapKeys({ buyerKey: buyer.publicKey, context: 9n, keys, scalar: next() >> 6n });
  assert.equal(new Set(statement.commitments).size, 30);
  assert.equal(new Set(statement.c).size, 32, "the repeated lot is wrapped each time by another pad");
  assert.deepEqual(unwrapKeys(buyer.secret, { ...statement, wrapped: statement }), keys);
  const witness = await witnessOf(many, input);
  assert.equal(firstBroken(many.system, witness), -1);
  const byWire = constraintsByWire(many.system);
  for (let wire = 1; wire < witness.length; wire += 1) {
    const own = witness[wire]!;
    witness[wire] = (own + 1n) % FIELD_PRIME;
    assert.notEqual(firstBroken(many.system, witness, byWire[wire]), -1, `wire ${wire} is free`);
    witness[wire] = own;
  }
});

test("wrapped keys of one page cannot change places, nor their commitments", async () => {
  const eight = await loadCircuit({}, readInstance("KeyDelivery8"));
  const { input } = honestDelivery(6n, 8);
  const swapped = <T>(list: readonly T[]): T[] => [list[1]!, list[0]!, ...list.slice(2)];
  const witness = await witnessOf(eight, input);
  const put = (name: string, values: readonly bigint[]): bigint[] => {
    const forged = [...witness];
    values.forEach((value, i) => (forged[eight.symbols.get(`main.${name}[${i}]`)!] = value));
    return forged;
  };
  for (const [name, values] of [["c", swapped(input.c)], ["commitment", swapped(input.commitment)]] as const) assert.notEqual(firstBroken(eight.system, put(name, values)), -1, name);
  assert.equal(firstBroken(eight.system, put("c", input.c)), -1);
});
