/**
 * The Merkle tree of an anchor: keccak-256 over sorted pairs, as OpenZeppelin's MerkleProof verifies it. A leaf is a header hash.
 * An odd node moves up as it is.
 */
import { concat, fromHex, toHex, type Hex } from "../bytes/index.ts";
import { keccak256 } from "../crypto/hash.ts";
import { ensure } from "../errors/index.ts";
import { fileDigest } from "./cid.ts";

/** Longest path that the registry accepts. */
export const MAX_ANCHOR_DEPTH = 20;

/** One anchor over many headers. */
export interface AnchorTree {
  root: Hex;
  /** Path of each header hash, in the order given. */
  paths: Hex[][];
  /** The list of header hashes as published: 32 bytes each. */
  list: Uint8Array;
  /** keccak256(abi.encodePacked(headerHashes)), for the event. */
  listHash: Hex;
  /** CID digest of the list, for the event. */
  listDigest: Hex;
}

function parent(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Buffer.compare(a, b) < 0 ? keccak256(a, b) : keccak256(b, a);
}

/** Builds the tree. @throws QoodError `ANCHOR_SIZE` (none, more than 2^20, or one twice), `BAD_HEX` */
export function anchorTree(headerHashes: readonly Hex[]): AnchorTree {
  ensure(headerHashes.length > 0 && headerHashes.length <= 2 ** MAX_ANCHOR_DEPTH, "ANCHOR_SIZE", `an anchor takes 1 to ${2 ** MAX_ANCHOR_DEPTH} headers`);
  const leaves = headerHashes.map((hash) => fromHex(hash, 32));
  const list = concat(...leaves);
  ensure(new Set(headerHashes.map((hash) => hash.toLowerCase())).size === leaves.length, "ANCHOR_SIZE", "a header stands twice in the anchor");
  const paths = leaves.map((): Hex[] => []);
  // groups[i] = the headers below node i of the current level
  let nodes = leaves;
  let groups = leaves.map((_, i) => [i]);
  while (nodes.length > 1) {
    const nextNodes: Uint8Array[] = [];
    const nextGroups: number[][] = [];
    for (let i = 0; i < nodes.length; i += 2) {
      const left = nodes[i]!;
      const right = nodes[i + 1];
      const leftGroup = groups[i]!;
      if (right === undefined) {
        nextNodes.push(left);
        nextGroups.push(leftGroup);
        continue;
      }
      const rightGroup = groups[i + 1]!;
      for (const header of leftGroup) paths[header]!.push(toHex(right));
      for (const header of rightGroup) paths[header]!.push(toHex(left));
      nextNodes.push(parent(left, right));
      nextGroups.push(leftGroup.concat(rightGroup));
    }
    nodes = nextNodes;
    groups = nextGroups;
  }
  return { root: toHex(nodes[0]!), paths, list, listHash: toHex(keccak256(list)), listDigest: toHex(fileDigest(list)) };
}

/** Root that a path leads to from a header hash. @throws QoodError `ANCHOR_DEPTH`, `BAD_HEX` */
export function anchorRoot(headerHash: Hex, path: readonly Hex[]): Hex {
  ensure(path.length <= MAX_ANCHOR_DEPTH, "ANCHOR_DEPTH", `anchor path has ${path.length} hashes, more than ${MAX_ANCHOR_DEPTH}`);
  let node = fromHex(headerHash, 32);
  for (const sibling of path) node = parent(node, fromHex(sibling, 32));
  return toHex(node);
}
