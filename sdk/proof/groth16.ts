/** A Groth16 proof over BN254 as the verifier contract takes it, and its one encoding. */
import { AbiCoder } from "ethers";
import type { Groth16Proof } from "snarkjs";
import type { Hex } from "../bytes/index.ts";
import { QoodError, ensure } from "../errors/index.ts";

/** BN254's base field (EIP-196): coordinates of proof points are below it. */
export const BASE_FIELD_PRIME = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

type Pair = readonly [bigint, bigint];

/**
 * Proof points in the order of the contract's arguments. Coordinates of G2 stand with the imaginary part first (EIP-197), the other way round than in
 * snarkjs's JSON. A proof can be re-randomised by anyone, so it never identifies anything.
 */
export interface Proof {
  /** Point of G1. */
  readonly a: Pair;
  /** Point of G2: [[x₁, x₀], [y₁, y₀]]. */
  readonly b: readonly [Pair, Pair];
  /** Point of G1. */
  readonly c: Pair;
}

const ABI_TYPES = ["uint256[2]", "uint256[2][2]", "uint256[2]"];

/** snarkjs's proof in the contract's order. */
export function fromSnarkjs(proof: Groth16Proof): Proof {
  const [ax, ay] = proof.pi_a;
  const [[x0, x1], [y0, y1]] = proof.pi_b;
  const [cx, cy] = proof.pi_c;
  return { a: [BigInt(ax), BigInt(ay)], b: [[BigInt(x1), BigInt(x0)], [BigInt(y1), BigInt(y0)]], c: [BigInt(cx), BigInt(cy)] };
}

/** The contract's order back to snarkjs's. */
export function toSnarkjs({ a, b, c }: Proof): Groth16Proof {
  const [[x1, x0], [y1, y0]] = b;
  return {
    pi_a: [`${a[0]}`, `${a[1]}`, "1"],
    pi_b: [[`${x0}`, `${x1}`], [`${y0}`, `${y1}`], ["1", "0"]],
    pi_c: [`${c[0]}`, `${c[1]}`, "1"],
    protocol: "groth16",
    curve: "bn128",
  };
}

/** 256 bytes: abi.encode(a, b, c), for a job's result or a file. */
export function encodeProof({ a, b, c }: Proof): Hex {
  return AbiCoder.defaultAbiCoder().encode(ABI_TYPES, [a, b, c]) as Hex;
}

/** @throws QoodError `PROOF_MALFORMED` unless it is 256 bytes of coordinates below the base field's prime */
export function decodeProof(encoded: string): Proof {
  let decoded: [Pair, [Pair, Pair], Pair];
  try {
    ensure(encoded.length === 2 + 2 * 256, "PROOF_MALFORMED", "a proof has 256 bytes");
    const [a, b, c] = AbiCoder.defaultAbiCoder().decode(ABI_TYPES, encoded) as unknown as [bigint[], bigint[][], bigint[]];
    decoded = [[a[0]!, a[1]!], [[b[0]![0]!, b[0]![1]!], [b[1]![0]!, b[1]![1]!]], [c[0]!, c[1]!]];
  } catch (cause) {
    throw new QoodError("PROOF_MALFORMED", "a proof is 256 bytes of 0x-hex: three points, eight coordinates", { cause });
  }
  const [a, b, c] = decoded;
  ensure(isCanonical({ a, b, c }), "PROOF_MALFORMED", "a coordinate of the proof is not below the base field's prime");
  return { a, b, c };
}

/** Whether every coordinate is below the base field's prime, as the curve precompiles demand. */
export function isCanonical({ a, b, c }: Proof): boolean {
  return [...a, ...b[0], ...b[1], ...c].every((coordinate) => coordinate >= 0n && coordinate < BASE_FIELD_PRIME);
}
