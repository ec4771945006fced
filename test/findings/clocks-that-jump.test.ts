/**
 * Found: clocks of machines jump. One that was ahead made ingest give up files and erase secrets long before they were due, and left jobs
 * put off until its own tomorrow, and batches that no other worker closed by time before then; one that was set back kept a signer's lane
 * from raising the price of a transaction that was stuck.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, it, mock } from "node:test";
import type { FlowProducer } from "bullmq";
import type { Redis } from "ioredis";
import { createPlanner } from "../../workers/ingest/planner.ts";
import { createRecords } from "../../workers/ingest/record.ts";
import { sureTime } from "../../workers/ingest/sureTime.ts";
import { createLane, openChain } from "../../workers/shared/chain/index.ts";
import type { ChainEngine } from "../../workers/shared/engines/anvil.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { createQueue, hurryJobs, startQueueWorker } from "../../workers/shared/queue/bull.ts";
import { closeRedis, connectRedis, createAppender, keys, registerStream } from "../../workers/shared/queue/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { testAccount, testChain, testProvider, testRedis } from "../workers/support/engines.ts";
import { makeCar } from "../workers/support/fleet.ts";

const DAY = 86_400_000;
const temporary = temporaryFolder();
const log = createLog({ name: "clocks", level: "fatal" });
let engine: RedisEngine;
let chainEngine: ChainEngine;
let redis: Redis;
before(async () => {
  [engine, chainEngine] = await Promise.all([testRedis(temporary.path("redis")), testChain(temporary.path("chain"))]);
  redis = connectRedis(engine.socket);
});
afterEach(() => mock.timers.reset());
after(async () => {
  await closeRedis(redis);
  await chainEngine.stop();
  await engine.stop();
});

/** Sets the clock of this process, which stands still from then on; what it measures of time passed goes on. */
function jump(ms: number): void {
  mock.timers.enable({ apis: ["Date"], now: Date.now() + ms });
}

/** Waits by what has passed, whatever the clock says. */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await check())) {
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it("what cannot be undone goes by the chain's clock where the machine's is ahead, and by the machine's where it is behind", async () => {
  const final = Math.floor(Date.now() / 1000);
  const chain = { finalTime: () => Promise.resolve(final) };
  jump(400 * DAY);
  assert.equal(await sureTime(chain), final * 1000);
  mock.timers.reset();
  jump(-400 * DAY);
  assert.equal(await sureTime(chain), Date.now());
});

it("rows that a gateway has dated a day ahead wait no longer for their batch than others", async () => {
  const prefix = "ahead";
  const car = makeCar(1);
  await registerStream(redis, prefix, car.config);
  await createAppender(redis, prefix, { now: () => Date.now() + DAY }).append([car.message(0, 5)], "test");
  const flows = { add: () => Promise.resolve() } as unknown as FlowProducer;
  const policy = { blockSeconds: 60, intervalBlocks: 60, leafSize: 4096, batchRecords: 1000, batchBytes: 1 << 20, batchSeconds: 0.2 };
  const planner = createPlanner({ redis, prefix, records: createRecords(redis, prefix), flows, policy, tsp: `0x${"11".repeat(20)}`, log });
  await until("the batch to be closed", async () => {
    await planner.tick();
    return (await redis.scard(keys.openBatches(prefix))) === 1;
  });
});

it("a job that was put off by a clock a day ahead is tried again", async () => {
  const queue = createQueue("work", redis, "jobs");
  let tries = 0;
  const connection = connectRedis(engine.socket);
  const worker = startQueueWorker(
    "work",
    async () => {
      tries += 1;
      if (tries > 1) return;
      jump(DAY);
      await Promise.reject(new Error("not yet"));
    },
    { redis: connection, prefix: "jobs", log, lockMs: 5000, concurrency: 1 },
  );
  try {
    await queue.add("one", {}, { attempts: 10, backoff: { type: "custom" } });
    await until("the job to be put off", async () => (await queue.getDelayedCount()) === 1);
    mock.timers.reset();
    assert.equal(await hurryJobs(redis, queue), 1);
    assert.equal(await hurryJobs(redis, queue), 0);
    await until("the second try", () => Promise.resolve(tries === 2));
  } finally {
    mock.timers.reset();
    await worker.close();
    await queue.close();
    await closeRedis(connection);
  }
});

it("a transaction that is stuck gets a better price although the clock was set back a day", async () => {
  const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 50 }, log, new AbortController().signal);
  const lane = createLane({ redis, redisPrefix: "lane", chain, wallet: testAccount(1), bumpAfterMs: 200, maxFeeGwei: 500, log, leaseMs: 1000 });
  const provider = testProvider(chainEngine.url);
  try {
    await provider.send("evm_setIntervalMining", [0]);
    await lane.submit("stuck", { to: "0x00000000000000000000000000000000000000aa", data: "0x" });
    lane.start();
    const attempts = async (): Promise<{ maxFeePerGas: string }[]> =>
      (JSON.parse((await redis.hget(`lane:lane:31337:${lane.address.toLowerCase()}:intents`, "stuck"))!) as { attempts: { maxFeePerGas: string }[] }).attempts;
    await until("the first attempt", async () => (await attempts()).length === 1);
    jump(-DAY);
    const first = BigInt((await attempts())[0]!.maxFeePerGas);
    await provider.send("anvil_setNextBlockBaseFeePerGas", [`0x${(first * 20n).toString(16)}`]);
    await provider.send("evm_mine", []);
    await until("a second attempt", async () => (await attempts()).length > 1);
  } finally {
    mock.timers.reset();
    await lane.stop();
    chain.close();
    provider.destroy();
  }
});
