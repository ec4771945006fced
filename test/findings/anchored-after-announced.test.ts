/**
 * Found: several ingest workers wait for the same anchor, and each wrote its batches down as anchored. One that came to it when
 * another had announced them already set them back: the batches behind were never announced, as they wait for the one before, and a
 * repeated job would have announced it a second time. The first to know writes it down now, the others leave it.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import { createAnchorer } from "../../workers/ingest/anchorer.ts";
import { createRecords } from "../../workers/ingest/record.ts";
import type { Lane, Mined } from "../../workers/shared/chain/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { keys } from "../../workers/shared/queue/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { anchorInWaiting } from "../workers/support/anchors.ts";
import { redisForAll } from "../workers/support/engines.ts";
import { bytes32 } from "../workers/support/fleet.ts";
import { until } from "../workers/support/world.ts";

const temporary = temporaryFolder();
const engine = redisForAll(temporary.path("redis"));

it("a worker that learns late of an anchor does not set announced batches back", { timeout: 60_000 }, async () => {
  const { redis } = engine;
  const prefix = "late";
  const { batch, status } = await anchorInWaiting(redis, prefix);

  const mined: Mined = { hash: toHex(bytes32("transaction")), blockNumber: 1, status: 1, gasUsed: 1n };
  /** A worker whose chain answers when it is let. */
  const worker = (answer: Promise<Mined>, asked: () => void): ReturnType<typeof createAnchorer> => {
    const lane = { submit: () => Promise.resolve(), result: () => (asked(), answer) } as unknown as Lane;
    const client = { calls: { anchor: () => ({}) } } as unknown as Parameters<typeof createAnchorer>[0]["client"];
    return createAnchorer({ redis, prefix, records: createRecords(redis, prefix), storage: undefined as never, client, lane, everyMs: 10, isSure: () => true, log: createLog({ name: "test", level: "fatal" }) });
  };
  let late: (mined: Mined) => void = () => undefined;
  let waits = false;
  const second = worker(new Promise((resolve) => (late = resolve)), () => (waits = true));
  second.start();
  await until("the second worker to wait for the anchor", () => Promise.resolve(waits));
  const first = worker(Promise.resolve(mined), () => undefined);
  first.start();
  await until("the first worker to write it down", async () => (await status()) === "anchored");
  await first.stop();
  await redis.hset(batch, "status", "announced");
  late(mined);
  await second.stop();
  assert.equal(await status(), "announced");
  assert.equal(await redis.scard(keys.pendingAnchors(prefix)), 0);
});
