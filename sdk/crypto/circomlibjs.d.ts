/** The part of circomlibjs (which has no types of its own) that the SDK uses. */
declare module "circomlibjs" {
  export interface PrimeField {
    p: bigint;
    toObject(element: Uint8Array): bigint;
    e(value: bigint): Uint8Array;
    /** Writes the big-endian form of an element. */
    toRprBE(out: Uint8Array, offset: number, element: Uint8Array): void;
  }
  export interface PoseidonHasher {
    (inputs: readonly Uint8Array[] | Uint8Array): Uint8Array;
    F: PrimeField;
  }
  export function buildPoseidon(): Promise<PoseidonHasher>;
}
