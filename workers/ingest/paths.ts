import type { Hex } from "@qoodblock/sdk/bytes";
import { anchorTree } from "@qoodblock/sdk/formats";

/** The path of a header to its anchor's root. */
export type PathOf = (root: string, headers: readonly Hex[], headerHash: Hex) => readonly Hex[];

/** Anchors of which the paths are kept: that of this interval, and those that were slow. */
const KEPT = 4;

/**
 * Paths out of the trees of the anchors that are announced now. All batches of an anchor ask, one after the other: a tree built for
 * each would cost a fleet the square of its size.
 */
export function createPaths(): PathOf {
  const kept = new Map<string, ReadonlyMap<Hex, readonly Hex[]>>();
  return (root, headers, headerHash) => {
    let paths = kept.get(root);
    if (paths === undefined) {
      const tree = anchorTree(headers);
      paths = new Map(headers.map((header, i) => [header, tree.paths[i]!]));
      kept.set(root, paths);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    }
    return paths.get(headerHash)!;
  };
}
