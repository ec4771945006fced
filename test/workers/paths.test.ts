// Paths of an anchor's headers: right for every header, and one tree for all of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { anchorRoot, anchorTree } from "@qoodblock/sdk/formats";
import { createPaths } from "../../workers/ingest/paths.ts";
import { bytes32 } from "./support/fleet.ts";

const headersOf = (anchor: number, count: number): Hex[] => Array.from({ length: count }, (_, i) => toHex(bytes32(`header ${i} of ${anchor}`)));

describe("paths of an anchor's headers", () => {
  it("lead from each header to its root, also of anchors that take turns", () => {
    const pathOf = createPaths();
    const anchors = Array.from({ length: 7 }, (_, anchor) => headersOf(anchor, anchor + 1)).map((headers) => ({ headers, root: anchorTree(headers).root }));
    for (const turn of [0, 1]) {
      for (const { headers, root } of anchors) {
        for (const header of headers) assert.equal(anchorRoot(header, pathOf(root, headers, header)), root, `turn ${turn}`);
      }
    }
  });

  it("come from a tree that is built once", () => {
    const pathOf = createPaths();
    const headers = headersOf(0, 3);
    const { root } = anchorTree(headers);
    const first = pathOf(root, headers, headers[1]!);
    assert.equal(pathOf(root, [], headers[1]!), first);
  });
});
