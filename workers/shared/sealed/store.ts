import type { Redis } from "ioredis";
import type { Hex } from "@qoodblock/sdk/bytes";
import { keys } from "../queue/index.ts";

/** A batch that a device has sealed and a gateway has checked, on its way to ingest. */
export interface WaitingPackage {
  readonly stream: string;
  readonly sequence: number;
}

/**
 * KEYS waiting, package, batch; ARGV name, header hash, bytes. The first package of a (stream, sequence) stands; another one would be
 * the contradiction that buyers could prove against the TSP.
 */
const PUT = `
local known = redis.call('HGET', KEYS[3], 'headerHash') or redis.call('HGET', KEYS[2], 'headerHash')
if known then return known == ARGV[2] and 'duplicate' or 'other' end
redis.call('HSET', KEYS[2], 'headerHash', ARGV[2], 'bytes', ARGV[3])
redis.call('SADD', KEYS[1], ARGV[1])
return 'stored'`;

interface Commands {
  sealedPut(...args: (string | Buffer)[]): Promise<"stored" | "duplicate" | "other">;
}

/** Where packages wait for ingest. */
export interface SealedStore {
  /** Keeps a package. `other`: a different one of this stream and sequence is known already. */
  put(at: WaitingPackage, headerHash: Hex, bytes: Uint8Array): Promise<"stored" | "duplicate" | "other">;
  waiting(): Promise<WaitingPackage[]>;
  read(at: WaitingPackage): Promise<Uint8Array | undefined>;
  drop(at: WaitingPackage): Promise<void>;
}

/** See {@link SealedStore}. */
export function createSealedStore(redis: Redis, prefix: string): SealedStore {
  redis.defineCommand("sealedPut", { numberOfKeys: 3, lua: PUT });
  const commands = redis as unknown as Commands;
  const nameOf = ({ stream, sequence }: WaitingPackage): string => `${stream}:${sequence}`;
  const key = ({ stream, sequence }: WaitingPackage): string => keys.sealedPackage(prefix, stream, sequence);
  return {
    put: (at, headerHash, bytes) => commands.sealedPut(keys.sealedWaiting(prefix), key(at), keys.batch(prefix, at.stream, at.sequence), nameOf(at), headerHash, Buffer.from(bytes)),
    async waiting() {
      const names = (await redis.smembers(keys.sealedWaiting(prefix))).sort();
      return names.map((name) => ({ stream: name.slice(0, 66), sequence: Number(name.slice(67)) }));
    },
    async read(at) {
      const bytes = await redis.hgetBuffer(key(at), "bytes");
      return bytes === null ? undefined : new Uint8Array(bytes);
    },
    async drop(at) {
      await redis.multi().del(key(at)).srem(keys.sealedWaiting(prefix), nameOf(at)).exec();
    },
  };
}
