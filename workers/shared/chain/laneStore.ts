import type { Redis } from "ioredis";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";

const attemptSchema = z.strictObject({ hash: z.string(), raw: z.string(), maxFeePerGas: z.string(), maxPriorityFeePerGas: z.string() });
const receiptSchema = z.strictObject({ hash: z.string(), blockNumber: z.int(), blockHash: z.string(), status: z.int(), gasUsed: z.string() });

/** A transaction that a lane is to bring about, as it is kept. */
export const intentSchema = z.strictObject({
  key: z.string(),
  to: z.string(),
  data: z.string(),
  /** Chain time, Unix seconds, after which it is not sent for the first time any more; null for no limit. */
  notAfter: z.int().nullable(),
  /** queued: not signed yet; sent: signed, perhaps broadcast; mined; final; failed: the chain would not take it. */
  state: z.enum(["queued", "sent", "mined", "final", "failed"]),
  nonce: z.int().nullable(),
  gasLimit: z.string().nullable(),
  attempts: z.array(attemptSchema),
  receipt: receiptSchema.nullable(),
  error: z.string().nullable(),
});

/** See {@link intentSchema}. */
export type Intent = z.infer<typeof intentSchema>;

/**
 * Stores an intent and queues it unless its key is known, or, where that is asked for, was refused or was reverted for
 * good. What was refused keeps the transactions that it has sent before: one of them may stand. An urgent one goes right
 * behind the first, which may be on its way and keeps its nonce. KEYS intents, queue; ARGV key, JSON, urgent, again.
 */
const SUBMIT = `
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then
  if ARGV[4] ~= '1' then return 0 end
  local known = cjson.decode(redis.call('HGET', KEYS[1], ARGV[1]))
  local failed = known.state == 'failed'
  local reverted = known.state == 'final' and known.receipt.status == 0
  if not (failed or reverted) then return 0 end
  local fresh = ARGV[2]
  if failed and #known.attempts > 0 then
    known.state, known.nonce, known.error = 'queued', cjson.null, cjson.null
    fresh = cjson.encode(known)
  end
  redis.call('HSET', KEYS[1], ARGV[1], fresh)
end
local first = ARGV[3] == '1' and redis.call('LINDEX', KEYS[2], 0)
if first then redis.call('LINSERT', KEYS[2], 'AFTER', first, ARGV[1]) else redis.call('RPUSH', KEYS[2], ARGV[1]) end
return 1`;

/** Takes or renews the lease; a new holder gets the next fencing token. KEYS lease, fence; ARGV holder, ms. */
const LEASE = `
local holder = redis.call('HGET', KEYS[1], 'holder')
if holder and holder ~= ARGV[1] then return 0 end
local token
if holder then token = redis.call('HGET', KEYS[1], 'token') else token = redis.call('INCR', KEYS[2]) end
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'token', token)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return tonumber(token)`;

/** Writes an intent if the writer still holds the newest token. KEYS intents, queue, unfinal, fence; ARGV key, JSON, state, token. */
const WRITE = `
if redis.call('GET', KEYS[4]) ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[3] == 'mined' then redis.call('SADD', KEYS[3], ARGV[1]) else redis.call('SREM', KEYS[3], ARGV[1]) end
if ARGV[3] ~= 'queued' and ARGV[3] ~= 'sent' then redis.call('LREM', KEYS[2], 0, ARGV[1]) end
if ARGV[3] == 'sent' and redis.call('LPOS', KEYS[2], ARGV[1]) == false then redis.call('LPUSH', KEYS[2], ARGV[1]) end
return 1`;

/** Gives the lease free. KEYS lease; ARGV holder. */
const RELEASE = `if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

interface Commands {
  laneSubmit(...args: string[]): Promise<number>;
  laneLease(...args: (string | number)[]): Promise<number>;
  laneWrite(...args: (string | number)[]): Promise<number>;
  laneRelease(...args: string[]): Promise<number>;
}

/** Where a lane keeps its intents: durable before anything is broadcast. */
export interface LaneStore {
  submit(intent: Intent, how: { readonly urgent: boolean; readonly again: boolean }): Promise<boolean>;
  read(key: string): Promise<Intent | undefined>;
  /** The intent whose turn it is. */
  head(): Promise<Intent | undefined>;
  unfinal(): Promise<Intent[]>;
  /** The fencing token, or 0 while another process holds the lease. */
  lease(holder: string, ms: number): Promise<number>;
  release(holder: string): Promise<void>;
  /** @throws QoodError LANE_FENCED when another process has taken the lane over. */
  write(intent: Intent, token: number): Promise<void>;
}

/** @param prefix - the lane's own part of all its keys. */
export function createLaneStore(redis: Redis, prefix: string): LaneStore {
  redis.defineCommand("laneSubmit", { numberOfKeys: 2, lua: SUBMIT });
  redis.defineCommand("laneLease", { numberOfKeys: 2, lua: LEASE });
  redis.defineCommand("laneWrite", { numberOfKeys: 4, lua: WRITE });
  redis.defineCommand("laneRelease", { numberOfKeys: 1, lua: RELEASE });
  const commands = redis as unknown as Commands;
  const [intents, queue, unfinal, lease, fence] = ["intents", "queue", "unfinal", "lease", "fence"].map((part) => `${prefix}:${part}`) as [string, string, string, string, string];
  const read = async (key: string): Promise<Intent | undefined> => {
    const text = await redis.hget(intents, key);
    return text === null ? undefined : intentSchema.parse(JSON.parse(text));
  };
  return {
    read,
    submit: async (intent, { urgent, again }) => (await commands.laneSubmit(intents, queue, intent.key, JSON.stringify(intent), urgent ? "1" : "0", again ? "1" : "0")) === 1,
    async head() {
      const key = await redis.lindex(queue, 0);
      return key === null ? undefined : read(key);
    },
    async unfinal() {
      const found = await Promise.all((await redis.smembers(unfinal)).map(read));
      return found.filter((each) => each !== undefined).sort((a, b) => (a.nonce ?? 0) - (b.nonce ?? 0));
    },
    lease: (holder, ms) => commands.laneLease(lease, fence, holder, ms),
    async release(holder) {
      await commands.laneRelease(lease, holder);
    },
    async write(intent, token) {
      const done = await commands.laneWrite(intents, queue, unfinal, fence, intent.key, JSON.stringify(intent), intent.state, token);
      if (done !== 1) throw new QoodError("LANE_FENCED", `another process has taken over the lane of this signer; ${intent.key} is its business now`);
    },
  };
}
