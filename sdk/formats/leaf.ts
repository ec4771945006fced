/** Leaf hashes: one value binds ciphertext, plaintext and place. */
import { ascii } from "../bytes/index.ts";
import { sha256Each } from "../crypto/each.ts";
import { sha256Into } from "../crypto/hash.ts";
import { CHACHA_BLOCK } from "../crypto/chacha.ts";
import type { LeafPosition, Segment } from "./layout.ts";
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
  private room: { salts: Buffer; ciphers: Buffer } | undefined;

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

  /**
   * Writes the data hashes and the leaves of a whole segment, each at 32 times its number. The short inputs of all its leaves
   * are hashed together; only what has a leaf's length goes one by one.
   */
  segment(out: Buffer, dataHashes: Buffer, part: Segment, leafSize: number, plain: Uint8Array, cipher: Uint8Array): void {
    const count = Math.ceil(part.length / leafSize);
    const { salts, ciphers } = this.scratch(HASH * count);
    const { saltInput, dataInput, leafInput } = this;
    sha256Each(salts, 0, count, saltInput.length, (to, at, i) => {
      saltInput.writeUInt32BE(part.firstLeaf + i, KEY_AT + HASH);
      to.set(saltInput, at);
      return saltInput.length;
    });
    for (let i = 0, at = 0; i < count; i += 1, at += leafSize) {
      salts.copy(dataInput, 1, HASH * i, HASH * (i + 1));
      this.hashSalted(dataHashes, HASH * (part.firstLeaf + i), plain.subarray(at, at + leafSize));
      sha256Into(ciphers, HASH * i, cipher.subarray(at, at + leafSize));
    }
    sha256Each(out, HASH * part.firstLeaf, count, leafInput.length, (to, at, i) => {
      const j = part.firstLeaf + i;
      this.numbers(j, part.interval, part.segment, (i * leafSize) / CHACHA_BLOCK, Math.min(leafSize, part.length - i * leafSize));
      ciphers.copy(leafInput, CIPHER_HASH_AT, HASH * i, HASH * (i + 1));
      dataHashes.copy(leafInput, DATA_HASH_AT, HASH * j, HASH * (j + 1));
      to.set(leafInput, at);
      return leafInput.length;
    });
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
    this.numbers(j, interval, segment, firstBlock, cipher.length);
    sha256Into(this.leafInput, CIPHER_HASH_AT, cipher);
    this.leafInput.set(dataHashes.subarray(at, at + HASH), DATA_HASH_AT);
  }

  private numbers(j: number, interval: number, segment: number, firstBlock: number, length: number): void {
    const input = this.leafInput;
    input.writeUInt32BE(j, 1);
    input.writeUInt32BE(interval, 5);
    input.writeUInt32BE(segment, 9);
    input.writeUInt32BE(firstBlock, 13);
    input.writeUInt32BE(length, 17);
  }

  /** Room for the salts and the ciphertexts' hashes of a segment, as large as any was so far. */
  private scratch(bytes: number): { salts: Buffer; ciphers: Buffer } {
    if (this.room === undefined || this.room.salts.length < bytes) this.room = { salts: Buffer.allocUnsafe(bytes), ciphers: Buffer.allocUnsafe(bytes) };
    return this.room;
  }
}
