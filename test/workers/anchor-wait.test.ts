// Batches that wait for their anchors, against a real Redis.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { closeRedis, connectRedis, keys } from "../../workers/shared/queue/index.ts";
import type { Redis } from "ioredis";
import { createAnchorWait } from "../../workers/ingest/anchorWait.ts";
import { testRedis } from "./support/engines.ts";

describe("waiting for an anchor", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-wait-"));
  let redis: Redis;
  let engine: Awaited<ReturnType<typeof testRedis>>;
  before(async () => {
    engine = await testRedis(dir);
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true });
  });
  const set = (prefix: string, stream: string, sequence: number, status: string): Promise<number> => redis.hset(keys.batch(prefix, stream, sequence), "status", status);
  it("ends for each batch when it is anchored, and for later ones when that before them is announced", async () => {
    const wait = createAnchorWait({ redis, prefix: "order", signal: new AbortController().signal });
    const ended: string[] = [];
    const job = async (stream: string, sequence: number): Promise<void> => {
      await wait({ stream, sequence });
      ended.push(`${stream} ${sequence}`);
    };
    const [first, second, ...others] = [job("a", 0), job("a", 1), job("b", 7), job("b", 7)];
    // Anchored, but after one that is not announced: neither may go.
    await Promise.all([set("order", "a", 1, "anchored"), set("order", "b", 7, "anchored"), set("order", "b", 6, "anchored")]);
    await set("order", "a", 0, "anchored");
    await first;
    assert.deepEqual(ended, ["a 0"]);
    await set("order", "b", 6, "announced");
    await Promise.all(others);
    assert.deepEqual(ended, ["a 0", "b 7", "b 7"]);
    await set("order", "a", 0, "announced");
    await second;
    // And at once for one that needs no waiting.
    await job("a", 1);
  });

  it("ends with the worker, for all, so that their jobs are taken up again", async () => {
    const ending = new AbortController();
    const wait = createAnchorWait({ redis, prefix: "ending", signal: ending.signal });
    const jobs = [0, 1, 2].map((sequence) => wait({ stream: "a", sequence }));
    setImmediate(() => ending.abort());
    for (const each of await Promise.allSettled(jobs)) assert.equal(each.status === "rejected" && (each.reason as { code: string }).code, "ENDING");
    await assert.rejects(wait({ stream: "a", sequence: 3 }), { code: "ENDING" });
  });

  it("tells every one when Redis fails, and asks again for who comes then", async () => {
    const prefix = "failing";
    // Of another type than it must be: Redis answers with an error.
    await redis.set(keys.batch(prefix, "a", 0), "text");
    const wait = createAnchorWait({ redis, prefix, signal: new AbortController().signal });
    await assert.rejects(wait({ stream: "a", sequence: 0 }), /WRONGTYPE/);
    await redis.del(keys.batch(prefix, "a", 0));
    await set(prefix, "a", 0, "anchored");
    await wait({ stream: "a", sequence: 0 });
  });
});
