/** The SHA-256 Merkle tree of leaves and of rows: nodes H(0x01 || l || r), empty leaf = 32 zero bytes up to a power of two. */
import { sha256Each } from "../crypto/each.ts";
import { sha256 } from "../crypto/hash.ts";
import { concat, equalBytes, u32 } from "../bytes/index.ts";
import { ensure } from "../errors/index.ts";

const HASH = 32;
/** Bytes that a node is the hash of. */
const NODE = 1 + 2 * HASH;
/** Tag of the data tree's root. */
export const DATA_ROOT = 0x03;
/** Tag of a message's rows root. */
export const ROWS_ROOT = 0x06;
/** Deepest tree that any format allows. */
export const MAX_DEPTH = 32;

/** Height of the tree over `count` leaves: ceil(log2 count). */
export function treeDepth(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

const empties: Buffer[] = [Buffer.alloc(HASH)];

/** Top of a subtree of empty leaves of height `level`. */
function emptyTop(level: number): Buffer {
  for (let i = empties.length; i <= level; i += 1) {
    empties.push(Buffer.from(sha256(Uint8Array.of(1), empties[i - 1]!, empties[i - 1]!)));
  }
  return empties[level]!;
}

/** A tree over real leaves; the padding is never stored. */
export class MerkleTree {
  /** Number of real leaves. */
  readonly count: number;
  /** levels[0] = leaves; each level holds its real nodes only. */
  private readonly levels: readonly Buffer[];

  /** @param leaves leaf hashes one after the other (32 bytes each), at least one. @throws QoodError `BAD_TREE` */
  constructor(leaves: Uint8Array) {
    ensure(leaves.length > 0 && leaves.length % HASH === 0, "BAD_TREE", "a tree needs at least one leaf of 32 bytes");
    this.count = leaves.length / HASH;
    const levels = [Buffer.from(leaves.buffer, leaves.byteOffset, leaves.length)];
    for (let level = 0; level < treeDepth(this.count); level += 1) {
      const below = levels[level]!;
      const nodes = Buffer.allocUnsafe(Math.ceil(below.length / (2 * HASH)) * HASH);
      sha256Each(nodes, 0, nodes.length / HASH, NODE, (to, at, i) => {
        to[at] = 1;
        const copied = below.copy(to, at + 1, 2 * HASH * i, 2 * HASH * (i + 1));
        if (copied === HASH) emptyTop(level).copy(to, at + 1 + HASH);
        return NODE;
      });
      levels.push(nodes);
    }
    this.levels = levels;
  }

  /** The hash at the top, before the count is bound to it. */
  get top(): Uint8Array {
    return this.levels[this.levels.length - 1]!;
  }

  /** H(tag || count u32 || top). */
  root(tag: number): Uint8Array {
    return treeRoot(tag, this.count, this.top);
  }

  /** Sibling hashes of leaf `index`, bottom up. @throws QoodError `BAD_LEAF_INDEX` */
  path(index: number): Uint8Array[] {
    ensure(Number.isSafeInteger(index) && index >= 0 && index < this.count, "BAD_LEAF_INDEX", `the tree has no leaf ${index}`);
    const path: Uint8Array[] = [];
    for (let level = 0, at = index; level < this.levels.length - 1; level += 1, at >>>= 1) {
      const nodes = this.levels[level]!;
      const sibling = (at ^ 1) * HASH;
      path.push(Uint8Array.prototype.slice.call(sibling < nodes.length ? nodes.subarray(sibling, sibling + HASH) : emptyTop(level)));
    }
    return path;
  }
}

/** H(tag || count u32 || top). */
export function treeRoot(tag: number, count: number, top: Uint8Array): Uint8Array {
  return sha256(Uint8Array.of(tag), u32(count), top);
}

/**
 * Recomputes a root from one leaf, with the checks that make a path mean one position only (index below count, depth as the count demands).
 * @throws QoodError `BAD_LEAF_INDEX`, `PATH_DEPTH`
 */
export function rootFromPath(tag: number, count: number, index: number, leaf: Uint8Array, path: readonly Uint8Array[]): Uint8Array {
  ensure(Number.isSafeInteger(index) && index >= 0 && index < count && count < 2 ** MAX_DEPTH, "BAD_LEAF_INDEX", `leaf ${index} is not one of ${count}`);
  ensure(path.length === treeDepth(count), "PATH_DEPTH", `path has ${path.length} hashes, a tree of ${count} leaves needs ${treeDepth(count)}`);
  let node = leaf;
  path.forEach((sibling, level) => {
    ensure(sibling.length === HASH, "PATH_DEPTH", "every hash of a path has 32 bytes");
    const right = Math.floor(index / 2 ** level) % 2 === 1;
    node = right ? sha256(concat(Uint8Array.of(1), sibling, node)) : sha256(concat(Uint8Array.of(1), node, sibling));
  });
  return treeRoot(tag, count, node);
}

/** True if the path leads from the leaf to `root`. */
export function verifyPath(tag: number, root: Uint8Array, count: number, index: number, leaf: Uint8Array, path: readonly Uint8Array[]): boolean {
  return equalBytes(rootFromPath(tag, count, index, leaf, path), root);
}
