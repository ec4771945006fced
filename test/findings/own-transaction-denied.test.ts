/**
 * Found by the long chaos: a node that lies denied a lane's own transaction twice. The lane took its nonce for one that somebody else had
 * used and forgot the transaction, which stood in the chain; what it sent instead was refused, for ever, since it was done already. An
 * anchor hung so, with all batches of its interval; where the chain takes a thing twice, it was done twice.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { createLane, openChain } from "../../workers/shared/chain/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { redisForAll, testAccount, testChain } from "../workers/support/engines.ts";

const temporary = temporaryFolder();
const engine = redisForAll(temporary.path("redis"));
const log = createLog({ name: "denied", level: "fatal" });
const KEY = "once";
const CALL = { to: "0x00000000000000000000000000000000000000aa", data: "0x01" };

/** A lane over a node that denies every receipt while the intent is in one of some states. */
async function denied(t: TestContext, prefix: string, states: readonly string[]) {
  const { redis } = engine;
  const chainEngine = await testChain(temporary.path(prefix));
  t.after(() => chainEngine.stop());
  const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 20 }, log, new AbortController().signal);
  t.after(() => chain.close());
  const lane = createLane({ redis, redisPrefix: prefix, chain, wallet: testAccount(1), bumpAfterMs: 60_000, maxFeeGwei: 500, log, leaseMs: 1000 });
  t.after(() => lane.stop());
  const { provider } = chain;
  const receiptOf = provider.getTransactionReceipt.bind(provider);
  const hiding = new Set(states);
  provider.getTransactionReceipt = async (hash) => (hiding.has((await lane.look(KEY))!.state) ? null : receiptOf(hash));
  const before = await provider.getTransactionCount(lane.address);
  const sent = async (): Promise<number> => (await provider.getTransactionCount(lane.address)) - before;
  return { chain, lane, hiding, sent };
}

it("a transaction that its node denies is taken up when it shows, and not done twice", { timeout: 120_000 }, async (t) => {
  const { lane, sent } = await denied(t, "denied-once", ["sent"]);
  await lane.submit(KEY, CALL);
  lane.start();
  const { status } = await lane.result(KEY, "final", AbortSignal.timeout(90_000));
  assert.equal(status, 1);
  assert.equal(await sent(), 1);
});

it("one that was denied for so long that it was refused is found when it is asked for again", { timeout: 120_000 }, async (t) => {
  const { chain, lane, hiding, sent } = await denied(t, "denied-long", ["sent", "queued"]);
  const estimate = chain.provider.estimateGas.bind(chain.provider);
  // What is done already is refused.
  chain.provider.estimateGas = async (call) => {
    if ((await sent()) > 0) throw Object.assign(new Error("execution reverted"), { code: "CALL_EXCEPTION", data: "0x3ad557ab" });
    return estimate(call);
  };
  await lane.submit(KEY, CALL);
  lane.start();
  await assert.rejects(lane.result(KEY, "final", AbortSignal.timeout(90_000)), { code: "LANE_FAILED" });
  hiding.clear();
  await lane.submit(KEY, { ...CALL, again: true });
  const { status } = await lane.result(KEY, "final", AbortSignal.timeout(90_000));
  assert.equal(status, 1);
  assert.equal(await sent(), 1);
});
