import { Redis } from "ioredis";
import { check } from "./finding.ts";
import type { Finding, Findings } from "./finding.ts";
import { distinct } from "./subject.ts";
import type { Subject } from "./subject.ts";

const PATIENCE_MS = 5000;
const LEAST = [6, 2] as const;
const SKEW_MS = 2000;

/** Works with a Redis that either answers soon or is gone. */
export async function withRedis<T>(address: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const options = { lazyConnect: true, connectTimeout: PATIENCE_MS, commandTimeout: PATIENCE_MS, maxRetriesPerRequest: 0, retryStrategy: () => null };
  const redis = address.includes("://") ? new Redis(address, options) : new Redis({ ...options, path: address });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return await work(redis);
  } finally {
    redis.disconnect();
  }
}

const fields = (info: string): Record<string, string> => Object.fromEntries(info.split("\r\n").filter((line) => line.includes(":")).map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));

/** What each policy of the append-only file may lose. */
const WINDOWS: Readonly<Record<string, string>> = {
  always: "nothing that was acknowledged is lost, by a kill or a power cut",
  everysec: "a kill or a power cut may lose up to two seconds of what was acknowledged, since Redis puts writing off while the disk is slow: set appendfsync always",
  no: "a power cut loses what the operating system had not written, up to half a minute: set appendfsync always",
};

async function durability(redis: Redis, info: Readonly<Record<string, string>>, said: Findings): Promise<void> {
  if (info.aof_enabled !== "1") { said.fault("the append-only file is off: acknowledged telemetry is lost with Redis; set appendonly yes"); return; }
  if (info.aof_last_write_status !== undefined && info.aof_last_write_status !== "ok") said.fault("the last write of the append-only file failed: look at Redis' disk and log");
  // Managed Redis may refuse CONFIG.
  const policy = await redis.config("GET", "appendfsync").then((pair) => pair[1], () => undefined);
  if (policy === undefined) said.warning("appendfsync cannot be read: see that it is always");
  else if (policy !== "always" && policy in WINDOWS) said.warning(`appendfsync ${policy}: ${WINDOWS[policy]!}`);
  else said.ok(`append-only file, appendfsync ${policy}: ${WINDOWS[policy] ?? "an unknown policy"}`);
}

async function look(redis: Redis, said: Findings): Promise<void> {
  const before = Date.now();
  const [seconds, micros] = (await redis.time()).map(Number) as [number, number];
  const [now, half] = [seconds * 1000 + micros / 1000, (Date.now() - before) / 2];
  const info = fields(await redis.info());
  const version = info.redis_version ?? "?";
  const [major, minor] = version.split(".").map(Number) as [number, number];
  if (major < LEAST[0] || (major === LEAST[0] && minor < LEAST[1])) said.fault(`Redis ${version}: the queues need ${LEAST.join(".")} or newer`);
  else said.ok(`Redis ${version}, ${info.used_memory_human ?? "?"} of memory used`);
  if (info.redis_mode === "cluster" || info.cluster_enabled === "1") said.fault("it is a cluster: the workers need one server, whose scripts reach all keys");
  if (info.role !== undefined && info.role !== "master") said.fault("it is a replica and takes no writes: name its master");
  if (info.maxmemory_policy === "noeviction") said.ok("maxmemory-policy noeviction");
  else said.fault(`maxmemory-policy ${info.maxmemory_policy ?? "unknown"}: when memory is short Redis throws telemetry and jobs away; set noeviction`);
  await durability(redis, info, said);
  const skew = Math.abs(now - before - half);
  if (skew > SKEW_MS) said.warning(`its clock and this machine's differ by ${(skew / 1000).toFixed(1)} s: let both follow a time server`);
}

/** Redis answers, is one server, forgets nothing, and has the right time. */
export async function checkRedis(subject: Subject): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { redis: address } of distinct(subject, ["redis"])) {
    findings.push(
      ...(await check("redis", async (said) => {
        const shown = (address as string).replace(/\/\/[^@/]*@/, "//***@");
        try {
          await withRedis(address as string, (redis) => redis.ping());
        } catch (error) {
          said.fault(`no Redis answers at ${shown}: start it, or correct the setting redis (${(error as Error).message})`);
          return;
        }
        await withRedis(address as string, (redis) => look(redis, said));
      })),
    );
  }
  return findings;
}
