import { keyEpochKey, putDocument } from "../../shared/index/index.ts";
import { lower } from "../decode.ts";
import { atOf } from "./handlers.ts";
import type { Handlers } from "./handlers.ts";

/** Anchors, and the key epochs of streams. */
export const dataHandlers: Handlers = {
  Anchored: (batch, { tsp, root, sequence, leavesHash, listDigest, ...at }) =>
    putDocument(batch, "anchor", {
      id: `${lower(tsp)}/${lower(root)}`,
      ...{ terms: { tsp: [lower(tsp)], root: [lower(root)] }, from: atOf(at), to: atOf(at) },
      body: { tsp, root: lower(root), sequence, leavesHash, listDigest, anchoredAt: at.time, blockNumber: at.blockNumber, transactionHash: at.transactionHash },
    }),
  KeyEpochBegun(batch, { stream, keyEpoch }) {
    batch.putJson(keyEpochKey(stream), keyEpoch);
    return Promise.resolve();
  },
};
