/**
 * A dishonest sealer, written from the description of the formats with node:crypto alone: nothing of the SDK is imported, and Poseidon, which
 * node:crypto has not, comes from circomlibjs. It lays out, encrypts, hashes and builds the tree as an honest one does, and hands every leaf to a
 * fault before it is bound.
 */
import { createCipheriv, createHash } from "node:crypto";
import { buildPoseidon } from "circomlibjs";
import { keccak256, toUtf8Bytes } from "ethers";

const hasher = await buildPoseidon();
const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
const poseidon = (...inputs: bigint[]): bigint => hasher.F.toObject(hasher(inputs.map((input) => hasher.F.e(input))));
const D = (tag: string): bigint => BigInt(keccak256(toUtf8Bytes(tag))) >> 8n;

export const u32 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, "0"), "hex");
export const H = (...parts: Uint8Array[]): Buffer => createHash("sha256").update(Buffer.concat(parts)).digest();
const keyBytes = (key: bigint): Buffer => Buffer.from(key.toString(16).padStart(64, "0"), "hex");

/** Bytes that depend on a label only. */
export function bytesOf(label: string, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, i) => createHash("sha256").update(`${label}/${i}`).digest());
  return Buffer.concat(blocks).subarray(0, length);
}

/** ChaCha20 with nonce 0; it encrypts and decrypts. */
export function chacha(key: bigint, firstBlock: number, data: Uint8Array): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeUInt32LE(firstBlock);
  return createCipheriv("chacha20", keyBytes(key), iv).update(data);
}

/** dataHash_j. */
export const dataHashOf = (key: bigint, j: number, plain: Uint8Array): Buffer => H(Buffer.of(2), H(Buffer.from("qood/salt/v1"), keyBytes(key), u32(j)), plain);

export const keyCommitment = (k: bigint): bigint => poseidon(D("qood/key/v1"), k);
export const segmentKeyOf = (k: bigint, interval: number, segment: number): bigint => poseidon(D("qood/segment/v1"), poseidon(D("qood/interval/v1"), k, BigInt(interval)), BigInt(segment));

/** A leaf as its hash binds it, with the plaintext and key that an honest sealer would have used. */
export interface Leaf {
  j: number;
  interval: number;
  segment: number;
  firstBlock: number;
  /** What the leaf states as its length; the ciphertext's unless a fault says otherwise. */
  length: number;
  cipher: Buffer;
  dataHash: Buffer;
  readonly plain: Buffer;
  readonly key: bigint;
}

/** Spoils a leaf before it is hashed. */
export type Fault = (leaf: Leaf, keyOf: (interval: number, segment: number) => bigint) => void;

export interface Recipe {
  /** Plaintext of each interval (as padded: a multiple of 64 bytes). */
  plain: readonly Buffer[];
  leafSize: number;
  k1: bigint;
  k2?: bigint;
  fault?: Fault;
  /** Leaf count in the root, where it is not to be the true one. */
  leafCount?: number;
}

/** Everything that is published about a batch, and what its sealer knows. */
export interface Batch {
  k: readonly [bigint, bigint];
  commitments: readonly [bigint, bigint];
  leaves: readonly Leaf[];
  leafCount: number;
  root: Buffer;
  ciphertext: Buffer;
  dataHashes: Buffer;
  /** Nodes of the tree: levels[0] are the leaves with their padding. */
  levels: readonly (readonly Buffer[])[];
  path(j: number): Buffer[];
  keyOf: (interval: number, segment: number) => bigint;
}

export function seal({ plain, leafSize, k1, k2 = 0n, fault, leafCount }: Recipe): Batch {
  const keyOf = (interval: number, segment: number): bigint => segmentKeyOf((k1 + k2) % P, interval, segment);
  const leaves: Leaf[] = [];
  plain.forEach((bytes, interval) => {
    for (let start = 0, segment = 0; start < bytes.length; start += 65_536, segment += 1) {
      const key = keyOf(interval, segment);
      const part = bytes.subarray(start, start + 65_536);
      for (let offset = 0; offset < part.length; offset += leafSize) {
        const own = part.subarray(offset, offset + leafSize);
        const place = { j: leaves.length, interval, segment, firstBlock: offset / 64, length: own.length };
        const leaf: Leaf = { ...place, plain: own, key, cipher: chacha(key, offset / 64, own), dataHash: dataHashOf(key, place.j, own) };
        fault?.(leaf, keyOf);
        leaves.push(leaf);
      }
    }
  });
  const levels = [leaves.map(({ j, interval, segment, firstBlock, length, cipher, dataHash }) => H(Buffer.of(0), ...[j, interval, segment, firstBlock, length].map(u32), H(cipher), dataHash))];
  while ((levels[0]!.length & (levels[0]!.length - 1)) !== 0) levels[0]!.push(Buffer.alloc(32));
  for (let below = levels[0]!; below.length > 1; below = levels.at(-1)!) {
    levels.push(Array.from({ length: below.length / 2 }, (_, i) => H(Buffer.of(1), below[2 * i]!, below[2 * i + 1]!)));
  }
  const count = leafCount ?? leaves.length;
  return {
    k: [k1, k2],
    commitments: [keyCommitment(k1), keyCommitment(k2)],
    leaves,
    leafCount: count,
    root: H(Buffer.of(3), u32(count), levels.at(-1)![0]!),
    ciphertext: Buffer.concat(leaves.map(({ cipher }) => cipher)),
    dataHashes: Buffer.concat(leaves.map(({ dataHash }) => dataHash)),
    levels,
    path: (j) => levels.slice(0, -1).map((level, depth) => level[(j >>> depth) ^ 1]!),
    keyOf,
  };
}
