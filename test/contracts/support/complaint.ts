/** Complaints over batches of the independent sealer, with real proofs of SegmentKey by the committed development key. */
import { join } from "node:path";
import type { BaseContract } from "ethers";
import type { Hex } from "../../../sdk/bytes/index.ts";
import type { ComplaintWords as Complaint } from "../../../sdk/market/index.ts";
import { loadProofArtifacts, SegmentKeyProver } from "../../../sdk/proof/index.ts";
import { ethers } from "./chain.ts";
import type { Batch } from "../../support/sealer.ts";

/** Order of BN254's scalar field (EIP-196's curve). */
export const PRIME = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

type Pair = [bigint, bigint];

/** The contract's struct, with bytes in place of hexadecimal. */
export interface ComplaintWords {
  leafCount: number;
  leaf: number;
  interval: number;
  segment: number;
  firstBlock: number;
  cipher: Uint8Array;
  dataHash: Uint8Array;
  path: Uint8Array[];
  segmentKey: bigint;
  proofA: Pair;
  proofB: [Pair, Pair];
  proofC: Pair;
}

/** What a complaint is about: words of the header. */
export type Subject = Pick<Batch, "root" | "commitments">;

export interface ComplaintVerifier extends BaseContract {
  check: { staticCall(root: Uint8Array | Hex, kc1: bigint, kc2: bigint, complaint: ComplaintWords | Complaint, options?: { gasLimit: bigint }): Promise<void>; estimateGas(root: Uint8Array, kc1: bigint, kc2: bigint, complaint: ComplaintWords): Promise<bigint> };
}

/** Real proofs, one at a time. */
export const prover = new SegmentKeyProver(loadProofArtifacts(join(import.meta.dirname, "../../../circuits/keys"), "SegmentKey"));
type ProofWords = Pick<ComplaintWords, "proofA" | "proofB" | "proofC">;
const proofs = new Map<string, Promise<ProofWords>>();

/** A proof of one segment's key, made once. */
export function proofOf(batch: Batch, interval: number, segment: number): Promise<ProofWords> {
  const { k, commitments } = batch;
  const name = [...k, interval, segment].join();
  let proof = proofs.get(name);
  if (proof === undefined) {
    const input = { commitment: commitments, interval: BigInt(interval), segment: BigInt(segment), segmentKey: batch.keyOf(interval, segment), k };
    proof = prover.prove(input).then(({ proof: { a, b, c } }) => ({ proofA: [...a], proofB: [[...b[0]], [...b[1]]], proofC: [...c] }));
    proofs.set(name, proof);
  }
  return proof;
}

/** The complaint about leaf `j`, all of it true. */
export async function complaintOf(batch: Batch, j: number): Promise<ComplaintWords> {
  const { interval, segment, firstBlock, cipher, dataHash } = batch.leaves[j]!;
  const proof = await proofOf(batch, interval, segment);
  return { leafCount: batch.leafCount, leaf: j, interval, segment, firstBlock, cipher, dataHash, path: batch.path(j), segmentKey: batch.keyOf(interval, segment), ...proof };
}

/** The verifier with the generated verifier of SegmentKey. */
export async function complaintVerifier(): Promise<ComplaintVerifier> {
  const segmentKey = await ethers.deployContract("SegmentKeyVerifier");
  return (await ethers.deployContract("ComplaintVerifier", [await segmentKey.getAddress()])) as unknown as ComplaintVerifier;
}

/** Asks the contract: null where the complaint is right, else the error's name. */
export async function answerTo(verifier: ComplaintVerifier, { root, commitments: [kc1, kc2] }: Subject, complaint: ComplaintWords): Promise<string | null> {
  try {
    await verifier.check.staticCall(root, kc1, kc2, complaint);
    return null;
  } catch (error) {
    const { data } = error as { data?: string };
    if (data === undefined) throw error;
    const found = verifier.interface.parseError(data);
    if (found === null) throw error;
    return found.name;
  }
}
