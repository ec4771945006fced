/** The part of circomlibjs that tests compare with: another implementation of the curve. */
declare module "circomlibjs" {
  type Element = Uint8Array;
  export interface BabyJub {
    F: { e(value: bigint): Element; toObject(element: Element): bigint };
    Base8: [Element, Element];
    subOrder: bigint;
    addPoint(a: [Element, Element], b: [Element, Element]): [Element, Element];
    mulPointEscalar(point: [Element, Element], scalar: bigint): [Element, Element];
    inCurve(point: [Element, Element]): boolean;
    inSubgroup(point: [Element, Element]): boolean;
  }
  export function buildBabyjub(): Promise<BabyJub>;
}
