import type { ChainableCommander, Redis } from "ioredis";

/**
 * Stores a message if and only if it continues the chain; the entry's id is its counter + 1, so the stream itself
 * refuses a second one. KEYS telemetry, chain; ARGV counter, chain before, chain after, last time, message, dropped,
 * first time, kept, arrival, and where a position moves with the message: its hash, from, to.
 */
const APPEND = `
local state = redis.call('HMGET', KEYS[2], 'next', 'chain')
local next = tonumber(state[1] or '0')
local chain = state[2] or ('0x' .. string.rep('00', 32))
local counter = tonumber(ARGV[1])
if counter ~= next or ARGV[2] ~= chain then return 'other' end
if ARGV[10] then
  if tonumber(redis.call('HGET', ARGV[10], 'next') or '0') ~= tonumber(ARGV[11]) then return 'other' end
  redis.call('HSET', ARGV[10], 'next', ARGV[12])
end
redis.call('XADD', KEYS[1], string.format('%d-0', counter + 1), 'm', ARGV[5], 'd', ARGV[6], 'f', ARGV[7], 'l', ARGV[4], 'n', ARGV[8], 'a', ARGV[9], 'c', ARGV[3])
redis.call('HSET', KEYS[2], 'next', counter + 1, 'chain', ARGV[3], 'time', ARGV[4])
return 'stored'`;

/** Marks the end of a trip behind the last message, once. KEYS telemetry, chain; ARGV arrival. */
const END_TRIP = `
local next = redis.call('HGET', KEYS[2], 'next')
if not next then return 'empty' end
-- The id that is taken already says that the end was marked before.
local added = redis.pcall('XADD', KEYS[1], string.format('%d-1', tonumber(next)), 'e', 'trip-end', 'a', ARGV[1])
return added.err and 'again' or 'stored'`;

type Argument = string | number | Buffer;

/** ioredis with the two commands above. */
export interface AppendCommands {
  pipeline(): ChainableCommander & { qoodAppend(...args: Argument[]): ChainableCommander };
  qoodEndTrip(...args: Argument[]): Promise<string>;
}

/** Defines the commands on a connection (again does no harm). */
export function appendCommands(redis: Redis): AppendCommands {
  redis.defineCommand("qoodAppend", { numberOfKeys: 2, lua: APPEND });
  redis.defineCommand("qoodEndTrip", { numberOfKeys: 2, lua: END_TRIP });
  return redis as unknown as AppendCommands;
}
