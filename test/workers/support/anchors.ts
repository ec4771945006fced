/** An anchor that waits to come to the chain, as ingest leaves it in Redis. */
import type { Redis } from "ioredis";
import { toHex, type Hex } from "@qoodblock/sdk/bytes";
import { anchorTree } from "@qoodblock/sdk/formats";
import type { AnchorRecord } from "../../../workers/ingest/anchorer.ts";
import { keys } from "../../../workers/shared/queue/index.ts";
import { bytes32 } from "./fleet.ts";

/** One anchor over one batch, the first of its stream; `status` reads what has become of the batch. */
export async function anchorInWaiting(redis: Redis, prefix: string): Promise<{ readonly root: Hex; readonly batch: string; readonly status: () => Promise<string | null> }> {
  const stream = toHex(bytes32("stream"));
  const header = toHex(bytes32("header"));
  const { root, listHash } = anchorTree([header]);
  const record: AnchorRecord = { root, sequence: 0, leavesHash: listHash, listDigest: toHex(bytes32("list")), listCid: "b", headers: [header], batches: [{ stream, sequence: 0 }], transaction: null };
  const batch = keys.batch(prefix, stream, 0);
  await redis.hset(keys.anchors(prefix), root, JSON.stringify(record));
  await redis.sadd(keys.pendingAnchors(prefix), root);
  await redis.hset(batch, "status", "anchoring");
  return { root, batch, status: () => redis.hget(batch, "status") };
}
