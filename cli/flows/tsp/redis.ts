import { setTimeout as wait } from "node:timers/promises";
import type { Redis } from "ioredis";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { redisSettings } from "@qoodblock/workers/shared/config/index.ts";
import { closeRedis, connectRedis } from "@qoodblock/workers/shared/queue/index.ts";
import { readJsonFile } from "../../context.ts";

/** Options that all commands of `qood tsp` share. */
export interface TspOptions {
  readonly redis?: string;
  readonly redisPrefix?: string;
  readonly config?: string;
}

/** How long Redis may take for its first answer, milliseconds: a worker waits for ever, a person does not. */
const PATIENCE_MS = 5000;

/** The configuration file that is shared with the workers, or nothing. @throws QoodError FILE_UNREADABLE, FILE_NOT_JSON, CONFIG_FILE */
export function readConfig(options: TspOptions): Readonly<Record<string, unknown>> {
  const file = options.config ?? process.env.QOOD_CONFIG;
  if (file === undefined) return {};
  const parsed = z.record(z.string(), z.unknown()).safeParse(readJsonFile(file));
  if (!parsed.success) throw new QoodError("CONFIG_FILE", `the configuration file ${file} must hold one JSON object`);
  return parsed.data;
}

/**
 * Where Redis is: the flags count more than QOOD_REDIS and QOOD_REDIS_PREFIX, these more than the configuration file's top level.
 * @throws QoodError OPTION_MISSING, and those of {@link readConfig}
 */
export function redisOf(options: TspOptions): z.output<typeof redisSettings> {
  const config = readConfig(options);
  const given = { redis: options.redis ?? process.env.QOOD_REDIS ?? config.redis, redisPrefix: options.redisPrefix ?? process.env.QOOD_REDIS_PREFIX ?? config.redisPrefix };
  if (given.redis === undefined) throw new QoodError("OPTION_MISSING", "--redis is needed: the path of Redis' unix socket, or a redis:// URL (also QOOD_REDIS, or `redis` in the file of --config)");
  const parsed = redisSettings.safeParse(given);
  if (!parsed.success) throw new QoodError("USAGE", `--redis or --redis-prefix: ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** Works with Redis and lets go of it at the end. @throws QoodError REDIS_UNREACHABLE, and those of {@link redisOf} and the work */
export async function withRedis<T>(options: TspOptions, work: (redis: Redis, prefix: string) => Promise<T>): Promise<T> {
  const { redis: address, redisPrefix } = redisOf(options);
  const redis = connectRedis(address);
  try {
    const answer = await Promise.race([redis.ping().catch((error: unknown) => error as Error), wait(PATIENCE_MS, undefined, { ref: false })]);
    if (answer !== "PONG") {
      const why = answer instanceof Error ? answer.message : "no answer";
      throw new QoodError("REDIS_UNREACHABLE", `no Redis answers at ${address.replace(/\/\/[^@/]*@/, "//***@")} (${why}): check --redis`);
    }
    return await work(redis, redisPrefix);
  } finally {
    await closeRedis(redis);
  }
}
