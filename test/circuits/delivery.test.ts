/** Delivery keys, wrapping and unwrapping in TypeScript: frozen values, another implementation of the curve, and everything a buyer must refuse. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildBabyjub } from "circomlibjs";
import { concat, getAddress, getBytes, id, keccak256, toBeHex, Wallet, zeroPadValue } from "ethers";
import fc from "fast-check";
import { toHex } from "@qoodblock/sdk";
import { addPoints, BASE8, clearCofactor, FIELD_PRIME, isInSubgroup, isOnCurve, multiplyPoint, SUBGROUP_ORDER, type Point } from "@qoodblock/sdk/crypto";
import * as delivery from "@qoodblock/sdk/delivery";
import { buyerOf, FULL_GENERATOR, honestDelivery, smallOrderPoints } from "./support/circuit.ts";

interface ContextVector { chainId: string; exchange: string; dealId: string; page: number; context: string }
interface DeliveryVectors {
  deliveryKey: { account: string; privateKey: string; signature: string; secret: string; publicKey: [string, string] };
  scalar: { deliverySecret: string; context: string; r: string };
  wrapping: { keys: string[]; commitments: string[]; R: [string, string]; c: string[]; deliveryHash: string };
}
interface BuyerKeys { vectors: { what: string; x: string; y: string; valid: boolean }[] }

const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const vectors = read("delivery") as DeliveryVectors;
const point = ([x, y]: readonly [string, string]): Point => [BigInt(x), BigInt(y)];
const scalars = fc.bigInt({ min: 1n, max: SUBGROUP_ORDER - 1n });

test("the curve agrees with another implementation, on the subgroup and beside it", async () => {
  const other = await buildBabyjub();
  const there = ([x, y]: Point): [Uint8Array, Uint8Array] => [other.F.e(x), other.F.e(y)];
  const here = (p: [Uint8Array, Uint8Array]): Point => [other.F.toObject(p[0]), other.F.toObject(p[1])];
  assert.equal(SUBGROUP_ORDER, other.subOrder);
  assert.deepEqual(BASE8, here(other.Base8));
  fc.assert(
    fc.property(scalars, scalars, (a, b) => {
      const [p, q] = [multiplyPoint(FULL_GENERATOR, a), multiplyPoint(BASE8, b)];
      assert.deepEqual(p, here(other.mulPointEscalar(there(FULL_GENERATOR), a)));
      assert.deepEqual(q, here(other.mulPointEscalar(other.Base8, b)));
      assert.deepEqual(addPoints(p, q), here(other.addPoint(there(p), there(q))));
      assert.deepEqual(clearCofactor(p), here(other.mulPointEscalar(there(p), 8n)));
      assert.ok(isOnCurve(p) && isInSubgroup(q));
      assert.equal(isInSubgroup(p), other.inSubgroup(there(p)));
    }),
    { seed: 1, numRuns: 25 },
  );
});

test("points off the curve and scalars out of range are refused", () => {
  assert.throws(() => addPoints(BASE8, [1n, 1n]), { code: "NOT_ON_CURVE" });
  assert.throws(() => multiplyPoint([BASE8[0] + FIELD_PRIME, BASE8[1]], 2n), { code: "NOT_ON_CURVE" });
  for (const scalar of [0n, -1n, SUBGROUP_ORDER]) assert.throws(() => multiplyPoint(BASE8, scalar), { code: "SCALAR_OUT_OF_RANGE" });
});

test("the context is the frozen one, and the hash of its 160 bytes", () => {
  for (const { chainId, exchange, dealId, page, context } of (read("context") as { vectors: ContextVector[] }).vectors) {
    const found = delivery.deliveryContext({ chainId: BigInt(chainId), exchange, dealId, page });
    assert.equal(found, BigInt(context));
    const bytes = concat([id("qood/context/v1"), toBeHex(BigInt(chainId), 32), zeroPadValue(getAddress(exchange), 32), dealId, toBeHex(page, 32)]);
    assert.equal(found, BigInt(keccak256(bytes)) >> 8n);
    assert.ok(found < 2n ** 248n);
  }
});

test("buyer keys are valid exactly as the frozen list says", () => {
  for (const { what, x, y, valid } of (read("buyer-keys") as BuyerKeys).vectors) assert.equal(delivery.isValidBuyerKey([BigInt(x), BigInt(y)]), valid, what);
});

test("a wallet's signature gives the frozen delivery key, every time", async () => {
  const { account, privateKey, signature, secret, publicKey } = vectors.deliveryKey;
  const wallet = new Wallet(privateKey);
  const key = await delivery.createDeliveryKey(wallet, false);
  assert.deepEqual(key, { secret: BigInt(secret), publicKey: point(publicKey), origin: "signature" });
  assert.deepEqual(delivery.deliveryKeyFromSignature(signature, account), key);
  assert.deepEqual(key.publicKey, multiplyPoint(BASE8, key.secret));
});

test("a signature by another account, in another form or over another text gives no delivery key", async () => {
  const { account, privateKey, signature } = vectors.deliveryKey;
  const other = new Wallet(`0x${"43".repeat(32)}`);
  const { domain, types, value } = delivery.deliveryKeyMessage(account);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const bytes = getBytes(signature);
  const highS = toHex(getBytes(concat([bytes.slice(0, 32), toBeHex(order - BigInt(toHex(bytes.slice(32, 64))), 32), Uint8Array.of(bytes[64] === 27 ? 28 : 27)])));
  const wrong = [
    await other.signTypedData(domain, types, value),
    await new Wallet(privateKey).signTypedData({ ...domain, version: "2" }, types, value),
    highS,
    signature.slice(0, -2),
    "0x",
  ];
  for (const candidate of wrong) assert.throws(() => delivery.deliveryKeyFromSignature(candidate, account), { code: "DELIVERY_KEY_SIGNATURE" });
});

test("where a wallet signs differently each time, or the account has code, the key is random", async () => {
  const wallet = new Wallet(vectors.deliveryKey.privateKey);
  let count = 0;
  const unstable: delivery.TypedDataSigner = {
    getAddress: () => wallet.getAddress(),
    signTypedData: (domain, types, value) => wallet.signTypedData({ ...domain, salt: toBeHex((count += 1), 32) }, types, value),
  };
  const keys = [await delivery.createDeliveryKey(unstable, false), await delivery.createDeliveryKey(wallet, true), delivery.randomDeliveryKey()];
  for (const { origin, secret, publicKey } of keys) {
    assert.equal(origin, "random");
    assert.deepEqual(publicKey, multiplyPoint(BASE8, secret));
  }
  assert.equal(new Set(keys.map(({ secret }) => secret)).size, 3);
});

test("scalar and wrapped keys are the frozen ones", () => {
  const { deliverySecret, context, r } = vectors.scalar;
  assert.equal(delivery.deliveryScalar(getBytes(deliverySecret), BigInt(context)), BigInt(r));
  const { keys, commitments, R, c, deliveryHash } = vectors.wrapping;
  const { statement } = delivery.wrapKeys({ buyerKey: point(vectors.deliveryKey.publicKey), context: BigInt(context), keys: keys.map(BigInt), scalar: BigInt(r) });
  assert.deepEqual(statement.commitments, commitments.map(BigInt));
  assert.deepEqual(statement.R, point(R));
  assert.deepEqual(statement.c, c.map(BigInt));
  assert.equal(delivery.deliveryHash(statement), deliveryHash.slice(0, 52));
  assert.deepEqual(delivery.unwrapKeys(BigInt(vectors.deliveryKey.secret), { ...statement, wrapped: statement }), keys.map(BigInt));
});

test("wrap then unwrap gives the keys; signals go there and back", () => {
  const field = fc.bigInt({ min: 0n, max: FIELD_PRIME - 1n });
  const order = fc.record({ secret: scalars, context: field, keys: fc.array(field, { minLength: 1, maxLength: 8 }), vault: fc.uint8Array({ minLength: 32, maxLength: 32 }) });
  fc.assert(
    fc.property(order, ({ secret, context, keys, vault }) => {
      const buyer = delivery.deliveryKeyFromSecret(secret, "random");
      const padded = delivery.padLots(keys);
      const { statement } = delivery.wrapKeys({ buyerKey: buyer.publicKey, context, keys: padded, scalar: delivery.deliveryScalar(vault, context) });
      assert.deepEqual(delivery.unwrapKeys(secret, { ...statement, wrapped: statement }), padded);
      assert.deepEqual(delivery.fromPublicSignals(delivery.toPublicSignals(statement)), statement);
    }),
    { seed: 2, numRuns: 25 },
  );
});

test("a page is padded by its last lot to 1, 8 or 32", () => {
  assert.deepEqual(delivery.padLots([1]), [1]);
  assert.deepEqual(delivery.padLots([1, 2]), [1, 2, 2, 2, 2, 2, 2, 2]);
  assert.equal(delivery.padLots(Array.from({ length: 9 }, (_, i) => i)).length, 32);
  for (const count of [0, 33]) assert.throws(() => delivery.padLots(Array.from({ length: count }, () => 0)), { code: "OUT_OF_RANGE" });
});

test("a buyer refuses every changed delivery and says what is wrong with it", () => {
  const { buyer, statement } = honestDelivery(21n, 8);
  const { R, c, commitments, context } = statement;
  const open = (change: Partial<typeof statement>, secret = buyer.secret): bigint[] => {
    const changed = { ...statement, ...change };
    return delivery.unwrapKeys(secret, { ...changed, wrapped: changed });
  };
  assert.equal(open({}).length, 8);
  const orders = smallOrderPoints();
  for (const small of orders.values()) assert.throws(() => open({ R: small }), { code: "DELIVERY_POINT_INVALID" });
  for (const order of [2, 4, 8]) assert.throws(() => open({ R: addPoints(R, orders.get(order)!) }), { code: "DELIVERY_POINT_INVALID" }, `R plus order ${order}`);
  assert.throws(() => open({ R: [R[0], R[1] + 1n] }), { code: "DELIVERY_POINT_INVALID" });
  assert.throws(() => open({ R: [R[0] + FIELD_PRIME, R[1]] }), { code: "DELIVERY_NOT_CANONICAL" });
  assert.throws(() => open({ c: c.with(3, c[3]! + FIELD_PRIME) }), { code: "DELIVERY_NOT_CANONICAL" });
  assert.throws(() => open({ c: c.slice(1) }), { code: "DELIVERY_INCOMPLETE" });
  for (let i = 0; i < 8; i += 1) {
    assert.throws(() => open({ c: c.with(i, (c[i]! + 1n) % FIELD_PRIME) }), { code: "DELIVERY_WRONG_KEY", details: { index: i } });
    assert.throws(() => open({ commitments: commitments.with(i, commitments[i]! + 1n) }), { code: "DELIVERY_WRONG_KEY", details: { index: i } });
  }
  assert.throws(() => open({ context: context + 1n }), { code: "DELIVERY_WRONG_KEY" });
  assert.throws(() => open({ R: multiplyPoint(R, 2n) }), { code: "DELIVERY_WRONG_KEY" });
  assert.throws(() => open({}, buyerOf(22n).secret), { code: "DELIVERY_WRONG_KEY" });
});

test("any flipped bit of a wrapped key is found", () => {
  const { buyer, statement } = honestDelivery(23n);
  for (let bit = 0n; bit < 256n; bit += 1n) {
    const changes = [
      { ...statement, c: [statement.c[0]! ^ (1n << bit)] },
      { ...statement, R: [statement.R[0] ^ (1n << bit), statement.R[1]] as const },
      { ...statement, R: [statement.R[0], statement.R[1] ^ (1n << bit)] as const },
    ];
    for (const changed of changes) assert.throws(() => delivery.unwrapKeys(buyer.secret, { ...changed, wrapped: changed }), { name: "QoodError", code: /^DELIVERY_/ });
  }
});

test("nothing is wrapped for an unusable key, and nothing that is no field element", () => {
  const { buyer } = honestDelivery(24n);
  const order = { buyerKey: buyer.publicKey, context: 1n, keys: [1n], scalar: 1n };
  for (const small of smallOrderPoints().values()) assert.throws(() => delivery.wrapKeys({ ...order, buyerKey: small }), { code: "BUYER_KEY_INVALID" });
  assert.throws(() => delivery.wrapKeys({ ...order, keys: [FIELD_PRIME] }), { code: "NOT_A_FIELD_ELEMENT" });
  assert.throws(() => delivery.wrapKeys({ ...order, context: FIELD_PRIME }), { code: "NOT_A_FIELD_ELEMENT" });
  assert.throws(() => delivery.fromPublicSignals([1n, 2n, 3n, 4n, 5n, 6n]), { code: "STATEMENT_INVALID" });
});
