/**
 * Found: an anchor that the chain had refused once, because a node's word was wrong or the registry was not the right one, stayed refused
 * for ever: nothing of it was sent again until an operator deleted a line of Redis. It is asked for once more at every interval.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createAnchorer } from "../../workers/ingest/anchorer.ts";
import { createRecords } from "../../workers/ingest/record.ts";
import { createLane, openChain } from "../../workers/shared/chain/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { keys } from "../../workers/shared/queue/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { anchorInWaiting } from "../workers/support/anchors.ts";
import { redisForAll, testAccount, testChain } from "../workers/support/engines.ts";
import { until } from "../workers/support/world.ts";

const temporary = temporaryFolder();
const engine = redisForAll(temporary.path("redis"));
const log = createLog({ name: "refused", level: "fatal" });
/** A precompile that refuses its input stands for a registry that reverts, an empty account for one that does not. */
const REFUSES = { to: "0x0000000000000000000000000000000000000008", data: "0x01" };
const TAKES = { to: "0x00000000000000000000000000000000000000aa", data: "0x01" };

it("an anchor that was refused, or reverted, is anchored by itself once the cause is mended", { timeout: 120_000 }, async (t) => {
  const { redis } = engine;
  const prefix = "refused";
  const chainEngine = await testChain(temporary.path("chain"));
  t.after(() => chainEngine.stop());
  const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 20 }, log, new AbortController().signal);
  t.after(() => chain.close());
  const { root, status } = await anchorInWaiting(redis, prefix);

  const lane = createLane({ redis, redisPrefix: prefix, chain, wallet: testAccount(1), bumpAfterMs: 60_000, maxFeeGwei: 500, log, leaseMs: 1000 });
  t.after(() => lane.stop());
  lane.start();
  const estimate = chain.provider.estimateGas.bind(chain.provider);
  let registry = REFUSES;
  const client = { calls: { anchor: () => registry }, reads: { anchorOf: () => Promise.resolve({ time: 0 }) } } as unknown as Parameters<typeof createAnchorer>[0]["client"];
  const anchorer = createAnchorer({ redis, prefix, records: createRecords(redis, prefix), storage: undefined as never, client, lane, everyMs: 20, isSure: () => true, log });
  t.after(() => anchorer.stop());
  anchorer.start();
  const key = `anchor:${root}`;
  await until("the node to refuse", async () => (await lane.look(key))?.state === "failed", 60_000);
  // From here on a node lets it out that does not know better, and the chain reverts it.
  chain.provider.estimateGas = () => Promise.resolve(100_000n);
  await until("the chain to revert it", async () => (await lane.look(key))?.mined?.status === 0, 60_000);
  registry = TAKES;
  chain.provider.estimateGas = estimate;
  await until("the anchor", async () => (await status()) === "anchored", 60_000);
  assert.equal(await redis.scard(keys.pendingAnchors(prefix)), 0);
  assert.equal((await lane.look(key))?.mined?.status, 1);
  // And what has come about is not sent once more, whoever asks.
  const sent = await chain.provider.getTransactionCount(lane.address);
  await lane.submit(key, { ...TAKES, again: true });
  assert.equal((await lane.look(key))?.state, "final");
  assert.equal(await chain.provider.getTransactionCount(lane.address), sent);
});
