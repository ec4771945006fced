/** Wrapping batch keys for one buyer, and unwrapping them: the two sides of KeyDelivery. */
import { bigintToBytes, bytesToBigint } from "../bytes/index.ts";
import { BASE8, IDENTITY, clearCofactor, equalPoints, isInSubgroup, isOnCurve, multiplyPoint, type Point } from "../crypto/babyjub.ts";
import { addField, checkField, FIELD_PRIME } from "../crypto/field.ts";
import { hkdf } from "../crypto/hkdf.ts";
import { poseidon } from "../crypto/poseidon.ts";
import { DOM_KDF, DOM_KEY, DOM_WRAP } from "../formats/domains.ts";
import { QoodError, ensure } from "../errors/index.ts";
import { isValidBuyerKey } from "./buyer-key.ts";
import type { KeyDeliveryStatement, WrappedKeys } from "./statement.ts";

const SCALAR_TAG = "qood/r/v1";
/** Scalars have 250 bits, which is below the subgroup's order: each has one form. */
const SCALAR_LIMIT = 2n ** 250n;

/** All inputs of the circuit, public and private, by their names in it. */
export interface KeyDeliveryInput extends Readonly<Record<string, bigint | readonly bigint[]>> {
  readonly context: bigint;
  readonly P: Point;
  readonly commitment: readonly bigint[];
  readonly R: Point;
  readonly c: readonly bigint[];
  readonly r: bigint;
  readonly k: readonly bigint[];
}

/** What the seller makes for a page: the statement to publish and the circuit's inputs, which hold the keys and never leave the process. */
export interface Wrapping {
  readonly statement: KeyDeliveryStatement;
  readonly input: KeyDeliveryInput;
}

/**
 * r = 1 + (HKDF(delivery secret, "qood/r/v1", context, 48 bytes) mod (2^250 - 1)): the same after a restart, so the same delivery, and another in every context.
 * @param deliverySecret the vault's secret for deliveries, to be kept while a deal made with it is open
 */
export function deliveryScalar(deliverySecret: Uint8Array, context: bigint): bigint {
  const wide = bytesToBigint(hkdf(deliverySecret, SCALAR_TAG, bigintToBytes(checkField(context, "context"), 32), 48));
  return 1n + (wide % (SCALAR_LIMIT - 1n));
}

function pads(shared: Point, context: bigint, count: number): bigint[] {
  const key = poseidon([DOM_KDF, ...shared, context]);
  return Array.from({ length: count }, (_, i) => poseidon([DOM_WRAP, key, BigInt(i)]));
}

/**
 * Wraps keys for a buyer: R = r·Base8, c_i = k_i + pad_i.
 * @param order what to deliver: the buyer's key from the terms, the context, the keys (padded to an instance's size already), and r from {@link deliveryScalar}
 * @throws QoodError `BUYER_KEY_INVALID`, `SCALAR_OUT_OF_RANGE`, `NOT_A_FIELD_ELEMENT`
 */
export function wrapKeys(order: { buyerKey: Point; context: bigint; keys: readonly bigint[]; scalar: bigint }): Wrapping {
  const { buyerKey, context, keys, scalar } = order;
  ensure(isValidBuyerKey(buyerKey), "BUYER_KEY_INVALID", "no delivery can be made to this key: it is off the curve or of small order");
  ensure(scalar >= 1n && scalar < SCALAR_LIMIT, "SCALAR_OUT_OF_RANGE", "the delivery scalar must be at least 1 and below 2^250");
  checkField(context, "context");
  const R = multiplyPoint(BASE8, scalar);
  const shared = multiplyPoint(clearCofactor(buyerKey), scalar);
  const c = pads(shared, context, keys.length).map((pad, i) => addField(checkField(keys[i]!, "batch key"), pad));
  const commitments = keys.map((key) => poseidon([DOM_KEY, key]));
  return {
    statement: { context, buyerKey, commitments, R, c },
    input: { context, P: buyerKey, commitment: commitments, R, c, r: scalar, k: keys },
  };
}

/**
 * Opens a delivery, or says why it is wrong: S = d·(8R), k_i = c_i - pad_i, each compared with its commitment.
 *
 * Whatever the circuit accepts, this accepts: refusing it would cost the buyer a challenge against a valid proof. And what it accepts are the committed keys.
 * The one thing a buyer cannot see is whether R's scalar has more than 250 bits; such a delivery opens right and merely could not be proven.
 * @param secret the buyer's d
 * @param commitments from the headers, padded like the delivery
 * @throws QoodError `DELIVERY_POINT_INVALID` (R is no multiple of Base8, or O), `DELIVERY_NOT_CANONICAL` (a value ≥ p), `DELIVERY_INCOMPLETE` (not one wrapped key
 * for each commitment), `DELIVERY_WRONG_KEY` (with `index`)
 */
export function unwrapKeys(secret: bigint, delivery: { context: bigint; commitments: readonly bigint[]; wrapped: WrappedKeys }): bigint[] {
  const { context, commitments } = delivery;
  const { R, c } = delivery.wrapped;
  ensure(c.length === commitments.length, "DELIVERY_INCOMPLETE", `the delivery has ${c.length} wrapped keys for ${commitments.length} lots`);
  for (const value of [...R, ...c]) {
    ensure(value >= 0n && value < FIELD_PRIME, "DELIVERY_NOT_CANONICAL", "the delivery has a value that is not below the field's prime");
  }
  ensure(isOnCurve(R) && isInSubgroup(R) && !equalPoints(clearCofactor(R), IDENTITY), "DELIVERY_POINT_INVALID", "the delivery's point R is not one that the circuit makes");
  const masks = pads(multiplyPoint(clearCofactor(R), secret), context, c.length);
  return c.map((value, i) => {
    const key = addField(value, (FIELD_PRIME - masks[i]!) % FIELD_PRIME);
    if (poseidon([DOM_KEY, key]) !== commitments[i]) {
      throw new QoodError("DELIVERY_WRONG_KEY", `the delivered key of lot ${i} is not the one that its header commits to`, { details: { index: i } });
    }
    return key;
  });
}
