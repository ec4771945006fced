import { randomBytes } from "node:crypto";
import type { FlowProducer } from "bullmq";
import type { Redis } from "ioredis";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { ZERO32 } from "@qoodblock/sdk/formats";
import type { Logger } from "../shared/log/index.ts";
import { JOB_OPTIONS } from "../shared/queue/bull.ts";
import { deviceName, keys, queues, readStream, readTelemetry } from "../shared/queue/index.ts";
import type { StreamConfig } from "../shared/queue/index.ts";
import { emptyDraft, grow, isOld } from "./draft.ts";
import type { BatchPolicy, CloseReason, Draft } from "./draft.ts";
import { batchName, readRecord } from "./record.ts";
import type { Plan, Records } from "./record.ts";

/** T, e, u and the sizes. */
export interface PlanPolicy extends BatchPolicy {
  readonly blockSeconds: number;
  readonly intervalBlocks: number;
  readonly leafSize: number;
}

/** Closes batches: reads the telemetry of active streams, decides where a batch ends, fixes its plan and starts its flow. */
export interface Planner {
  /** One look at every active stream. */
  tick(): Promise<void>;
  /** Makes sure that every batch under way has its flow, and every stream is looked at: at the start and now and then. */
  reconcile(): Promise<void>;
}

const PAGE = 500;

/** The flow of one batch: seal → upload → anchor → announce. Jobs hold ranges and public facts only; the ids make adding it twice one flow. */
export async function addFlow(flows: FlowProducer, plan: Plan): Promise<void> {
  const { stream, keyEpoch, day, sequence, sealNonce, device, first, last } = plan;
  const jobId = `${stream}-${sequence}`;
  const opts = { ...JOB_OPTIONS, jobId };
  const data = { stream, sequence };
  const seal = { name: "seal", queueName: queues.seal, data: { stream, keyEpoch, day, sequence, sealNonce, device, first, last }, opts };
  const upload = { name: "upload", queueName: queues.upload, data, opts, children: [seal] };
  const anchor = { name: "anchor", queueName: queues.anchor, data, opts, children: [upload] };
  await flows.add({ name: "announce", queueName: queues.announce, data, opts, children: [anchor] });
}

/** See {@link Planner}. */
export function createPlanner(options: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly records: Records;
  readonly flows: FlowProducer;
  readonly policy: PlanPolicy;
  readonly tsp: Hex;
  readonly log: Logger;
}): Planner {
  const { redis, prefix, records, flows, policy, log } = options;
  /** `seenAt`: when its first row was seen here, by the clock that nobody sets. */
  const drafts = new Map<string, { draft: Draft; device: string; seenAt: number }>();

  async function close(config: StreamConfig, device: string, draft: Draft, state: Readonly<Record<string, string>>, reason: CloseReason): Promise<void> {
    const plan: Plan = {
      ...{ stream: config.handle, sequence: Number(state.next ?? 0), device, devicePublicKey: config.devicePublicKey },
      ...{ first: draft.first, last: draft.next - 1, keyEpoch: config.keyEpoch, day: draft.day!, sealNonce: toHex(randomBytes(32)) },
      ...{ previousHeader: (state.previous ?? ZERO32) as Hex, chainBefore: (state[`chain:${device}`] ?? ZERO32) as Hex, tsp: options.tsp.toLowerCase() as Hex },
      ...{ schema: config.schema, dictionaryVersion: config.dictionaryVersion, exclusive: config.exclusive, h3: config.h3 },
      ...{ blockSeconds: policy.blockSeconds, intervalBlocks: policy.intervalBlocks, leafSize: policy.leafSize, reason },
    };
    drafts.delete(config.handle);
    if (!(await records.plan(plan, draft.first, draft.chainAfter))) return;
    await addFlow(flows, plan);
    log.info({ stream: plan.stream, sequence: plan.sequence, first: plan.first, last: plan.last, records: draft.records, reason }, "batch closed");
  }

  /** @returns true when the stream holds nothing that waits. */
  async function look(handle: string): Promise<boolean> {
    const config = await readStream(redis, prefix, handle);
    if (config === undefined) return true;
    const state = await redis.hgetall(keys.sequence(prefix, handle));
    // The next header names the one before: a stream's batches are sealed one after the other.
    if ((state.open ?? "") !== "") return false;
    const device = deviceName(config.devicePublicKey);
    const planned = Number(state[`planned:${device}`] ?? 0);
    const kept = drafts.get(handle);
    let { draft, seenAt } = kept?.draft.first === planned && kept.device === device ? kept : { draft: emptyDraft(planned, state[`chain:${device}`] ?? ZERO32), seenAt: 0 };
    for (;;) {
      const entries = await readTelemetry(redis, prefix, handle, device, { next: draft.next, afterTripEnd: false }, PAGE);
      for (const entry of entries) {
        const grown = grow(draft, entry, policy);
        if (draft.records === 0) seenAt = performance.now();
        draft = grown.draft;
        if (grown.close !== undefined) {
          await close(config, device, draft, state, grown.close);
          return false;
        }
      }
      drafts.set(handle, { draft, device, seenAt });
      if (entries.length < PAGE) break;
    }
    // Rows that a gateway has dated ahead, its clock having jumped, wait no longer than others do.
    if (isOld(draft, policy, Math.max(Date.now() - draft.since, performance.now() - seenAt))) {
      await close(config, device, draft, state, "age");
      return false;
    }
    return draft.next === draft.first;
  }

  async function tick(): Promise<void> {
    for (const handle of await redis.smembers(keys.active(prefix))) {
      if (!(await look(handle))) continue;
      await redis.srem(keys.active(prefix), handle);
      // Something may have come between looking and taking it off the list.
      if (!(await look(handle))) await redis.sadd(keys.active(prefix), handle);
    }
  }

  return {
    tick,
    async reconcile() {
      const handles = await redis.hkeys(keys.streams(prefix));
      if (handles.length > 0) await redis.sadd(keys.active(prefix), ...handles);
      for (const name of await redis.smembers(keys.openBatches(prefix))) {
        const [stream, sequence] = name.split(":") as [string, string];
        const record = await readRecord(redis, prefix, stream, Number(sequence));
        if (record !== undefined && batchName(record.plan.stream, record.plan.sequence) === name) await addFlow(flows, record.plan);
      }
    },
  };
}
