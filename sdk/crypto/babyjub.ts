/**
 * BabyJubJub, the curve inside the circuits: a·x² + y² = 1 + d·x²·y² over BN254's scalar field, with a = 168700 and d = 168696 (EIP-2494).
 *
 * The group has 8·l points; delivery keys and their products live in the subgroup of prime order l. Arithmetic is @noble/curves', whose formulas are
 * complete here (a is a square, d is none) and whose secret multiplication blinds the scalar. JavaScript's bigint is not constant in time; that is the limit.
 */
import { edwards } from "@noble/curves/abstract/edwards.js";
import { ensure } from "../errors/index.ts";
import { FIELD_PRIME } from "./field.ts";

/** A point as its two affine coordinates, each below the field's prime. */
export type Point = readonly [x: bigint, y: bigint];

/** Order l of the subgroup in which keys live. */
export const SUBGROUP_ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;
/** Group order divided by {@link SUBGROUP_ORDER}. */
export const COFACTOR = 8n;
/** Generator of the subgroup (EIP-2494's B, circomlib's Base8). */
export const BASE8: Point = [
  5299619240641551281634865583518297030282874472190772894086521144482721001553n,
  16950150798460657717958625567821834550301663161624707787222815936182638968203n,
];
/** The neutral element O. */
export const IDENTITY: Point = [0n, 1n];

const A = 168700n;
const D = 168696n;
const Curve = edwards({ p: FIELD_PRIME, n: SUBGROUP_ORDER, h: COFACTOR, a: A, d: D, Gx: BASE8[0], Gy: BASE8[1] });
type CurvePoint = InstanceType<typeof Curve>;

/** True when both coordinates are canonical field elements and satisfy the curve's equation. O is on the curve. */
export function isOnCurve([x, y]: Point): boolean {
  if (x < 0n || x >= FIELD_PRIME || y < 0n || y >= FIELD_PRIME) return false;
  const x2 = (x * x) % FIELD_PRIME;
  const y2 = (y * y) % FIELD_PRIME;
  return (A * x2 + y2 - 1n - D * ((x2 * y2) % FIELD_PRIME)) % FIELD_PRIME === 0n;
}

function inside(point: Point): CurvePoint {
  ensure(isOnCurve(point), "NOT_ON_CURVE", "the point's coordinates are not on BabyJubJub");
  return Curve.fromAffine({ x: point[0], y: point[1] });
}

function outside(point: CurvePoint): Point {
  const { x, y } = point.toAffine();
  return [x, y];
}

/** Equality of points. */
export function equalPoints(a: Point, b: Point): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** a + b, for any two points on the curve. @throws QoodError `NOT_ON_CURVE` */
export function addPoints(a: Point, b: Point): Point {
  return outside(inside(a).add(inside(b)));
}

/**
 * scalar · point, for any point on the curve.
 * @param scalar 1 to l - 1
 * @throws QoodError `NOT_ON_CURVE`, `SCALAR_OUT_OF_RANGE`
 */
export function multiplyPoint(point: Point, scalar: bigint): Point {
  ensure(scalar >= 1n && scalar < SUBGROUP_ORDER, "SCALAR_OUT_OF_RANGE", "a scalar must be at least 1 and below the subgroup's order");
  return outside(inside(point).multiply(scalar));
}

/** 8 · point: of order l or O, whatever the point's order was. @throws QoodError `NOT_ON_CURVE` */
export function clearCofactor(point: Point): Point {
  return outside(inside(point).clearCofactor());
}

/** True for the points whose order divides l, O among them. @throws QoodError `NOT_ON_CURVE` */
export function isInSubgroup(point: Point): boolean {
  return inside(point).isTorsionFree();
}
