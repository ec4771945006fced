import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { HDNodeWallet, JsonRpcProvider, Network } from "ethers";
import type { Redis } from "ioredis";
import { startAnvil } from "../../../workers/shared/engines/anvil.ts";
import type { ChainEngine } from "../../../workers/shared/engines/anvil.ts";
import { startPostgres } from "../../../workers/shared/engines/postgres.ts";
import type { PostgresEngine } from "../../../workers/shared/engines/postgres.ts";
import { startRedis } from "../../../workers/shared/engines/redis.ts";
import type { RedisEngine } from "../../../workers/shared/engines/redis.ts";
import { closeRedis, connectRedis } from "../../../workers/shared/queue/index.ts";

const cache = fileURLToPath(new URL("../../../.cache", import.meta.url));

/** A Redis of the test's own: it outlives a kill, and need not outlive a power cut. */
export function testRedis(dir: string): Promise<RedisEngine> {
  return startRedis({ dir, cache, fsync: "no" });
}

/** A Redis for all tests of a file, started before the first and ended after the last; not there before. */
export function redisForAll(dir: string): { readonly redis: Redis; readonly socket: string } {
  let running: { readonly engine: RedisEngine; readonly redis: Redis } | undefined;
  before(async () => {
    const engine = await testRedis(dir);
    running = { engine, redis: connectRedis(engine.socket) };
  });
  after(async () => {
    await closeRedis(running!.redis);
    await running!.engine.stop();
  });
  return {
    get redis() {
      return running!.redis;
    },
    get socket() {
      return running!.engine.socket;
    },
  };
}

/** Words whose accounts hold ether on a test chain. */
export const MNEMONIC = "test test test test test test test test test test test junk";

/** A chain of the test's own: a block every 500 ms. */
export function testChain(dir: string, accounts = 10): Promise<ChainEngine> {
  return startAnvil({ dir, mnemonic: MNEMONIC, accounts });
}

/** A PostgreSQL in this folder; see `startPostgres`. */
export function testPostgres(dir: string): Promise<PostgresEngine> {
  return startPostgres({ dir, cache });
}

/** A provider without caches. */
export function testProvider(url: string): JsonRpcProvider {
  const network = Network.from(31337);
  return new JsonRpcProvider(url, network, { staticNetwork: network, cacheTimeout: -1, pollingInterval: 100 });
}

/** Account `index` of {@link MNEMONIC}. */
export function testAccount(index: number): HDNodeWallet {
  return HDNodeWallet.fromPhrase(MNEMONIC, undefined, `m/44'/60'/0'/0/${index}`);
}
