import type { Redis } from "ioredis";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { lotSchema } from "@qoodblock/sdk/market";
import { keys } from "../shared/queue/index.ts";

const hex = (bytes: number): z.ZodType<Hex, Hex> => z.custom<Hex>((value) => typeof value === "string" && new RegExp(`^0x[0-9a-f]{${bytes * 2}}$`).test(value));

/** What a batch is made of, fixed once and for ever before it is sealed: equal plans give equal bytes. Holds no secret. */
export const planSchema = z.strictObject({
  stream: hex(32),
  sequence: z.int().nonnegative(),
  device: z.string(),
  devicePublicKey: hex(64).nullable(),
  /** Range of counters, both inclusive. */
  first: z.int().nonnegative(),
  last: z.int().nonnegative(),
  keyEpoch: z.int().nonnegative(),
  day: z.int().nonnegative(),
  sealNonce: hex(32),
  previousHeader: hex(32),
  chainBefore: hex(32),
  tsp: hex(20),
  schema: hex(32),
  dictionaryVersion: z.int(),
  exclusive: z.boolean(),
  h3: z.array(z.string()),
  /** T and e. */
  blockSeconds: z.number().positive(),
  intervalBlocks: z.int().positive(),
  leafSize: z.int().positive(),
  reason: z.string(),
});

/** See {@link planSchema}. */
export type Plan = z.output<typeof planSchema>;

/** What sealing gave. */
export const sealedSchema = z.strictObject({
  headerHash: hex(32),
  header: lotSchema.shape.header,
  envelope: lotSchema.shape.envelope,
  cids: lotSchema.shape.cids,
  records: z.int(),
  leafCount: z.int(),
  bytes: z.strictObject({ raw: z.int(), compressed: z.int(), stored: z.int() }),
  ms: z.number(),
});

/** See {@link sealedSchema}. */
export type Sealed = z.output<typeof sealedSchema>;

/** How far a batch has come; each step is written once, after its effect. */
export type BatchStatus = "planned" | "sealed" | "uploaded" | "anchoring" | "anchored" | "announced";

/** All that is known of a batch. */
export interface BatchRecord {
  readonly status: BatchStatus;
  readonly plan: Plan;
  readonly sealed: Sealed | undefined;
  readonly uploadMs: number;
  /** Root of the anchor that it is part of. */
  readonly root: string | undefined;
}

/** Name of a batch in sets and logs. */
export const batchName = (stream: string, sequence: number): string => `${stream}:${sequence}`;

/** Reads a batch's record. */
export async function readRecord(redis: Redis, prefix: string, stream: string, sequence: number): Promise<BatchRecord | undefined> {
  const fields = await redis.hgetall(keys.batch(prefix, stream, sequence));
  if (fields.plan === undefined) return undefined;
  return {
    status: fields.status as BatchStatus,
    plan: planSchema.parse(JSON.parse(fields.plan)),
    sealed: fields.sealed === undefined ? undefined : sealedSchema.parse(JSON.parse(fields.sealed)),
    uploadMs: Number(fields.uploadMs ?? 0),
    root: fields.root,
  };
}

/** A sealing's result as text. */
export const encodeSealed = (sealed: Sealed): string => JSON.stringify(z.encode(sealedSchema, sealed));

/** KEYS sequence, batch, open batches; ARGV sequence, device, planned before, planned after, chain after, plan, name. */
const PLAN = `
local state = redis.call('HMGET', KEYS[1], 'next', 'open', 'planned:' .. ARGV[2])
if (state[1] or '0') ~= ARGV[1] or (state[2] or '') ~= '' or (state[3] or '0') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'open', ARGV[1], 'planned:' .. ARGV[2], ARGV[4], 'chain:' .. ARGV[2], ARGV[5])
redis.call('HSET', KEYS[2], 'plan', ARGV[6], 'status', 'planned')
redis.call('SADD', KEYS[3], ARGV[7])
return 1`;

/** KEYS sequence, batch; ARGV sequence, header hash, sealed. Gives the hash that stands: the first one that was written. */
const SEALED = `
local known = redis.call('HGET', KEYS[2], 'headerHash')
if known then return known end
redis.call('HSET', KEYS[2], 'headerHash', ARGV[2], 'sealed', ARGV[3], 'status', 'sealed')
redis.call('HSET', KEYS[1], 'next', tonumber(ARGV[1]) + 1, 'previous', ARGV[2], 'open', '')
return ARGV[2]`;

/** KEYS sequence, batch, open batches; ARGV sequence, device, planned before, planned after, chain after, plan, name, header hash, sealed. PLAN and SEALED at once, for what its device has sealed. */
const ADOPT = `
local state = redis.call('HMGET', KEYS[1], 'next', 'open', 'planned:' .. ARGV[2])
if (state[1] or '0') ~= ARGV[1] or (state[2] or '') ~= '' or (state[3] or '0') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'next', tonumber(ARGV[1]) + 1, 'previous', ARGV[8], 'open', '', 'planned:' .. ARGV[2], ARGV[4], 'chain:' .. ARGV[2], ARGV[5])
redis.call('HSET', KEYS[2], 'plan', ARGV[6], 'headerHash', ARGV[8], 'sealed', ARGV[9], 'status', 'sealed')
redis.call('SADD', KEYS[3], ARGV[7])
return 1`;

/** KEYS batch, uploaded; ARGV name, ms. */
const UPLOADED = `
if redis.call('HGET', KEYS[1], 'status') ~= 'sealed' then return 0 end
redis.call('HSET', KEYS[1], 'status', 'uploaded', 'uploadMs', ARGV[2])
redis.call('SADD', KEYS[2], ARGV[1])
return 1`;

/** KEYS anchors, uploaded, pending anchors, batch…; ARGV root, JSON, name…. All batches become part of the anchor, or none. */
const ASSIGN = `
for i = 3, #ARGV do if redis.call('SISMEMBER', KEYS[2], ARGV[i]) == 0 then return 0 end end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SADD', KEYS[3], ARGV[1])
for i = 3, #ARGV do
  redis.call('SREM', KEYS[2], ARGV[i])
  redis.call('HSET', KEYS[i + 1], 'status', 'anchoring', 'root', ARGV[1])
end
return 1`;

/**
 * KEYS anchors, pending anchors, batch…; ARGV root, JSON. Several workers wait for the same anchor: the first writes it down, and the
 * others must not set batches back that are announced by then.
 */
const ANCHORED = `
if redis.call('SREM', KEYS[2], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
for i = 3, #KEYS do redis.call('HSET', KEYS[i], 'status', 'anchored') end
return 1`;

/**
 * KEYS batch, batches, open batches, telemetry, sequence; ARGV name, announcement, key of a batch without its number.
 * Announces once; drops messages from the telemetry stream up to the last batch before which all are announced.
 */
const ANNOUNCE = `
if redis.call('HGET', KEYS[1], 'status') == 'announced' then return 0 end
redis.call('XADD', KEYS[2], '*', 'batch', ARGV[2])
redis.call('HSET', KEYS[1], 'status', 'announced')
redis.call('SREM', KEYS[3], ARGV[1])
local done = tonumber(redis.call('HGET', KEYS[5], 'announced') or '0')
while redis.call('HGET', ARGV[3] .. done, 'status') == 'announced' do
  local plan = cjson.decode(redis.call('HGET', ARGV[3] .. done, 'plan'))
  redis.call('XTRIM', ARGV[4] .. plan.device, 'MINID', string.format('%d-0', plan.last + 2))
  done = done + 1
end
redis.call('HSET', KEYS[5], 'announced', done)
return 1`;

interface Commands {
  ingestPlan(...args: (string | number)[]): Promise<number>;
  ingestAdopt(...args: (string | number)[]): Promise<number>;
  ingestSealed(...args: (string | number)[]): Promise<string>;
  ingestUploaded(...args: (string | number)[]): Promise<number>;
  ingestAssign(count: number, ...args: string[]): Promise<number>;
  ingestAnchored(count: number, ...args: string[]): Promise<number>;
  ingestAnnounce(...args: (string | number)[]): Promise<number>;
}

/** The steps of a batch's life in Redis, each atomic and each without effect the second time. */
export interface Records {
  plan(plan: Plan, plannedBefore: number, chainAfter: string): Promise<boolean>;
  /** @returns the header hash that counts: this one, or that of an earlier sealing of the same plan. */
  sealed(plan: Plan, sealed: Sealed): Promise<string>;
  /** Enters a batch that its device has sealed. @returns false where it does not stand next */
  adopt(plan: Plan, sealed: Sealed, chainAfter: string): Promise<boolean>;
  uploaded(plan: Plan, ms: number): Promise<void>;
  assign(root: string, anchor: string, batches: readonly { stream: string; sequence: number }[]): Promise<boolean>;
  /** @returns false where another worker has written it down before */
  anchored(root: string, anchor: string, batches: readonly { stream: string; sequence: number }[]): Promise<boolean>;
  announce(plan: Plan, announcement: string): Promise<boolean>;
}

/** @param redis - a connection on which the scripts may be defined. */
export function createRecords(redis: Redis, prefix: string): Records {
  redis.defineCommand("ingestPlan", { numberOfKeys: 3, lua: PLAN });
  redis.defineCommand("ingestAdopt", { numberOfKeys: 3, lua: ADOPT });
  redis.defineCommand("ingestSealed", { numberOfKeys: 2, lua: SEALED });
  redis.defineCommand("ingestUploaded", { numberOfKeys: 2, lua: UPLOADED });
  redis.defineCommand("ingestAssign", { lua: ASSIGN });
  redis.defineCommand("ingestAnchored", { lua: ANCHORED });
  redis.defineCommand("ingestAnnounce", { numberOfKeys: 5, lua: ANNOUNCE });
  const commands = redis as unknown as Commands;
  const batchKey = (plan: Plan): string => keys.batch(prefix, plan.stream, plan.sequence);
  const nameOf = (plan: Plan): string => batchName(plan.stream, plan.sequence);
  return {
    plan: async (plan, plannedBefore, chainAfter) =>
      (await commands.ingestPlan(
        ...[keys.sequence(prefix, plan.stream), batchKey(plan), keys.openBatches(prefix)],
        ...[plan.sequence, plan.device, plannedBefore, plan.last + 1, chainAfter, JSON.stringify(plan), nameOf(plan)],
      )) === 1,
    sealed: (plan, sealed) => commands.ingestSealed(keys.sequence(prefix, plan.stream), batchKey(plan), plan.sequence, sealed.headerHash, encodeSealed(sealed)),
    adopt: async (plan, sealed, chainAfter) =>
      (await commands.ingestAdopt(
        ...[keys.sequence(prefix, plan.stream), batchKey(plan), keys.openBatches(prefix)],
        ...[plan.sequence, plan.device, plan.first, plan.last + 1, chainAfter, JSON.stringify(plan), nameOf(plan), sealed.headerHash, encodeSealed(sealed)],
      )) === 1,
    async uploaded(plan, ms) {
      await commands.ingestUploaded(batchKey(plan), keys.uploaded(prefix), nameOf(plan), Math.round(ms));
    },
    async assign(root, anchor, batches) {
      const batchKeys = batches.map(({ stream, sequence }) => keys.batch(prefix, stream, sequence));
      const names = batches.map(({ stream, sequence }) => batchName(stream, sequence));
      return (await commands.ingestAssign(3 + batchKeys.length, keys.anchors(prefix), keys.uploaded(prefix), keys.pendingAnchors(prefix), ...batchKeys, root, anchor, ...names)) === 1;
    },
    async anchored(root, anchor, batches) {
      const batchKeys = batches.map(({ stream, sequence }) => keys.batch(prefix, stream, sequence));
      return (await commands.ingestAnchored(2 + batchKeys.length, keys.anchors(prefix), keys.pendingAnchors(prefix), ...batchKeys, root, anchor)) === 1;
    },
    announce: async (plan, announcement) =>
      (await commands.ingestAnnounce(
        ...[batchKey(plan), keys.batches(prefix), keys.openBatches(prefix), keys.telemetry(prefix, plan.stream, plan.device), keys.sequence(prefix, plan.stream)],
        ...[nameOf(plan), announcement, `${prefix}:batch:${plan.stream}:`, `${prefix}:telemetry:${plan.stream}:`],
      )) === 1,
  };
}
