/** Leaf hashes: one value binds ciphertext, plaintext and place. */
import { ascii } from "../bytes/index.ts";
import { sha256Into } from "../crypto/hash.ts";
import type { LeafPosition } from "./layout.ts";
import { MAX_LEAF_SIZE } from "./layout.ts";

const HASH = 32;
const SALT_TAG = ascii("qood/salt/v1");
const KEY_AT = SALT_TAG.length;
const CIPHER_HASH_AT = 21;
const DATA_HASH_AT = CIPHER_HASH_AT + HASH;

/**
 * Hashes leaves with three reused inputs, so that a leaf costs no allocation of its own. Not re-entrant.
 * The place's five numbers are passed one by one for the same reason.
 */
export class LeafHasher {
  /** "qood/salt/v1" || segmentKey 32 || j u32 */
  private readonly saltInput = Buffer.alloc(KEY_AT + HASH + 4);
  /** 0x02 || salt_j || plain_j */
  private readonly dataInput = Buffer.alloc(1 + HASH + MAX_LEAF_SIZE);
  /** 0x00 || j || interval || segment || firstBlock || length || H(cipher_j) || dataHash_j: 85 bytes */
  private readonly leafInput = Buffer.alloc(DATA_HASH_AT + HASH);

  constructor() {
    this.saltInput.set(SALT_TAG);
    this.dataInput[0] = 0x02;
  }

  /** Sets the segment key (32 bytes) that the following data hashes are salted with. */
  useKey(segmentKey: Uint8Array): void {
    this.saltInput.set(segmentKey, KEY_AT);
  }

  /** Writes dataHash_j to `out` at `offset`. */
  dataHash(out: Buffer, offset: number, j: number, plain: Uint8Array): void {
    this.salt(this.dataInput, 1, j);
    this.hashSalted(out, offset, plain);
  }

  /** Writes salt_j to `out` at `offset`. */
  salt(out: Buffer, offset: number, j: number): void {
    this.saltInput.writeUInt32BE(j, KEY_AT + HASH);
    sha256Into(out, offset, this.saltInput);
  }

  /** dataHash of a leaf whose salt was given away without the key. */
  saltedHash(salt: Uint8Array, plain: Uint8Array): Uint8Array {
    const out = Buffer.alloc(HASH);
    this.dataInput.set(salt, 1);
    this.hashSalted(out, 0, plain);
    return out;
  }

  /** Writes leaf_j to `out` at `32 * j`; its data hash is taken from `dataHashes` at `32 * j`. */
  leaf(out: Buffer, dataHashes: Uint8Array, j: number, interval: number, segment: number, firstBlock: number, cipher: Uint8Array): void {
    this.place(dataHashes, HASH * j, j, interval, segment, firstBlock, cipher);
    sha256Into(out, HASH * j, this.leafInput);
  }

  /** One leaf hash on its own, for paths. */
  single(position: LeafPosition, cipher: Uint8Array, dataHash: Uint8Array): Uint8Array {
    this.place(dataHash, 0, position.index, position.interval, position.segment, position.firstBlock, cipher);
    const out = Buffer.alloc(HASH);
    sha256Into(out, 0, this.leafInput);
    return out;
  }

  private hashSalted(out: Buffer, offset: number, plain: Uint8Array): void {
    this.dataInput.set(plain, 1 + HASH);
    sha256Into(out, offset, this.dataInput.subarray(0, 1 + HASH + plain.length));
  }

  private place(dataHashes: Uint8Array, at: number, j: number, interval: number, segment: number, firstBlock: number, cipher: Uint8Array): void {
    const input = this.leafInput;
    input.writeUInt32BE(j, 1);
    input.writeUInt32BE(interval, 5);
    input.writeUInt32BE(segment, 9);
    input.writeUInt32BE(firstBlock, 13);
    input.writeUInt32BE(cipher.length, 17);
    sha256Into(input, CIPHER_HASH_AT, cipher);
    input.set(dataHashes.subarray(at, at + HASH), DATA_HASH_AT);
  }
}
