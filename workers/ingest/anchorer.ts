import { setTimeout as wait } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Client } from "@qoodblock/sdk/client";
import type { Hex } from "@qoodblock/sdk/bytes";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { anchorTree } from "@qoodblock/sdk/formats";
import type { Lane, Mined } from "../shared/chain/index.ts";
import type { Logger } from "../shared/log/index.ts";
import { keys } from "../shared/queue/index.ts";
import { addKept } from "../shared/storage/kept.ts";
import type { Storage } from "../shared/storage/types.ts";
import { readRecord } from "./record.ts";
import type { Records } from "./record.ts";

const hash = z.custom<Hex>((value) => typeof value === "string" && /^0x[0-9a-f]{64}$/.test(value));

/** An anchor as it is kept: decided before anything is sent, never changed but for what came of it. */
export const anchorSchema = z.strictObject({
  root: hash,
  /** The TSP's own count of anchors. */
  sequence: z.int().nonnegative(),
  leavesHash: hash,
  listDigest: hash,
  listCid: z.string(),
  headers: z.array(hash),
  batches: z.array(z.strictObject({ stream: z.string(), sequence: z.int() })),
  transaction: z.strictObject({ hash: z.string(), block: z.int(), gasUsed: z.int(), ms: z.number() }).nullable(),
});

/** See {@link anchorSchema}. */
export type AnchorRecord = z.output<typeof anchorSchema>;

/** Anchors all batches that are uploaded, every interval in one transaction. */
export interface Anchorer {
  start(): void;
  stop(): Promise<void>;
}

/** The most batches of one transaction: the registry opens paths of 20. */
const MAX_BATCHES = 2 ** 16;

/** Reads an anchor's record. */
export async function readAnchor(redis: Redis, prefix: string, root: string): Promise<AnchorRecord | undefined> {
  const text = await redis.hget(keys.anchors(prefix), root);
  return text === null ? undefined : anchorSchema.parse(JSON.parse(text));
}

/** See {@link Anchorer}. */
export function createAnchorer(options: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly records: Records;
  readonly storage: Storage;
  readonly client: Client;
  readonly lane: Lane;
  readonly everyMs: number;
  /** False while it is not known whether this Redis knows all that was anchored: then no new anchor is made. */
  readonly isSure: () => boolean;
  readonly log: Logger;
}): Anchorer {
  const { redis, prefix, records, storage, client, lane, log } = options;
  const ending = new AbortController();
  let loop: Promise<void> | undefined;

  /** Makes one anchor out of everything that is uploaded. */
  async function collect(): Promise<void> {
    if (!options.isSure()) return;
    const names = (await redis.smembers(keys.uploaded(prefix))).sort().slice(0, MAX_BATCHES);
    if (names.length === 0) return;
    const batches = names.map((name) => {
      const [stream, sequence] = name.split(":") as [string, string];
      return { stream, sequence: Number(sequence) };
    });
    const headers: Hex[] = [];
    for (const { stream, sequence } of batches) headers.push((await readRecord(redis, prefix, stream, sequence))!.sealed!.headerHash);
    const tree = anchorTree(headers);
    // Without the list nobody could open a header when this machine is gone.
    const listCid = await addKept(storage, tree.list);
    const sequence = (await redis.incr(keys.anchorCount(prefix))) - 1;
    const record: AnchorRecord = { root: tree.root, sequence, leavesHash: tree.listHash, listDigest: tree.listDigest, listCid, headers, batches, transaction: null };
    await records.assign(tree.root, JSON.stringify(record), batches);
  }

  async function onChain(root: Hex): Promise<boolean> {
    return (await client.reads.anchorOf(lane.address as Hex, root)).time > 0;
  }

  /** Roots that were refused at their last try. */
  const refused = new Set<string>();

  /** Brings one anchor to the chain and waits until it is final. */
  async function finish(record: AnchorRecord): Promise<void> {
    const started = performance.now();
    const key = `anchor:${record.root}`;
    // An anchor never comes too late: what was refused is asked for once more at every interval, until the cause is mended.
    await lane.submit(key, { ...client.calls.anchor(record.root, record.sequence, record.leavesHash, record.listDigest), again: refused.delete(record.root) });
    let mined: Mined;
    try {
      mined = await lane.result(key, "final", ending.signal);
    } catch (error) {
      if (!isQoodError(error, "LANE_FAILED")) throw error;
      refused.add(record.root);
      throw new QoodError("ANCHOR_REFUSED", `the registry does not take anchor ${record.root}: ${error.message}`, { cause: error });
    }
    if (mined.status !== 1 && !(await onChain(record.root))) {
      refused.add(record.root);
      throw new QoodError("ANCHOR_REFUSED", `the transaction ${mined.hash} of anchor ${record.root} was reverted`);
    }
    const done: AnchorRecord = { ...record, transaction: { hash: mined.hash, block: mined.blockNumber, gasUsed: Number(mined.gasUsed), ms: Math.round(performance.now() - started) } };
    if (await records.anchored(record.root, JSON.stringify(done), record.batches)) log.info({ root: record.root, batches: record.batches.length, hash: mined.hash, gasUsed: mined.gasUsed }, "anchored");
  }

  const running = new Map<string, Promise<void>>();
  const said = new Map<string, string>();

  /** One line for each new fault, not one for each try. */
  function complain(what: string, error: unknown, line: string): void {
    const text = (error as Error).message;
    if (said.get(what) !== text && !ending.signal.aborted) log.error({ err: error, root: what }, line);
    said.set(what, text);
  }

  async function step(): Promise<void> {
    await collect();
    // Finality may take longer than an interval: anchors wait for it side by side.
    for (const root of await redis.smembers(keys.pendingAnchors(prefix))) {
      if (running.has(root)) continue;
      const record = await readAnchor(redis, prefix, root);
      if (record === undefined) continue;
      const work = finish(record)
        .catch((error: unknown) => complain(root, error, isQoodError(error, "ANCHOR_REFUSED") ? "ALARM: an anchor was refused; its batches stay unanchored" : "an anchor is held up; trying on"))
        .finally(() => running.delete(root));
      running.set(root, work);
    }
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await step().catch((error: unknown) => complain("", error, "anchoring is held up; trying on"));
      await wait(options.everyMs, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    await Promise.all(running.values());
  }

  return {
    start() {
      loop ??= run();
    },
    async stop() {
      ending.abort();
      await loop;
    },
  };
}
