/** The part of circomlibjs (which has no types of its own) that hashes are compared with. */
declare module "circomlibjs" {
  export interface PrimeField {
    p: bigint;
    toObject(element: Uint8Array): bigint;
    e(value: bigint): Uint8Array;
  }
  export interface PoseidonHasher {
    (inputs: readonly Uint8Array[]): Uint8Array;
    F: PrimeField;
  }
  export function buildPoseidon(): Promise<PoseidonHasher>;
}
