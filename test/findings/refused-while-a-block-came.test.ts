/**
 * Found: a signer's lane asked a node for the gas of a transaction, was refused, and then looked how far the chain was. The block that would
 * have let the transaction in came between the two, so the refusal counted as one of the new block and the transaction failed for good.
 */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createLane, openChain } from "../../workers/shared/chain/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { redisForAll, testAccount, testChain, testProvider } from "../workers/support/engines.ts";
import { until } from "../workers/support/world.ts";

const temporary = temporaryFolder();
const log = createLog({ name: "refused", level: "fatal" });
const engine = redisForAll(temporary.path("redis"));
const never = new AbortController().signal;

it("a refusal counts for the block at which the node was asked, not for one that came while it answered", async (t) => {
  const chainEngine = await testChain(temporary.path("chain"));
  t.after(() => chainEngine.stop());
  const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 20 }, log, never);
  t.after(() => chain.close());
  const provider = testProvider(chainEngine.url);
  t.after(() => provider.destroy());
  await provider.send("evm_setIntervalMining", [0]);
  const begin = await provider.getBlockNumber();
  const estimate = chain.provider.estimateGas.bind(chain.provider);
  let refused = 0;
  chain.provider.estimateGas = async (transaction) => {
    if ((await provider.getBlockNumber()) > begin) return estimate(transaction);
    // The first refusal says since when; while the node thinks about the second, the blocks come that let the transaction in.
    if ((refused += 1) === 2) await provider.send("anvil_mine", ["0x3"]);
    throw Object.assign(new Error("execution reverted"), { code: "CALL_EXCEPTION" });
  };
  const lane = createLane({ redis: engine.redis, redisPrefix: "refused", chain, wallet: testAccount(1), bumpAfterMs: 60_000, maxFeeGwei: 500, log, leaseMs: 1000 });
  t.after(() => lane.stop());
  await lane.submit("late block", { to: "0x00000000000000000000000000000000000000aa", data: "0x" });
  lane.start();
  await until("the lane to send it or to give it up", async () => (await lane.look("late block"))?.state !== "queued", 60_000);
  await provider.send("evm_setIntervalMining", [1]);
  assert.equal((await lane.result("late block", "mined", never)).status, 1);
  assert.equal(refused, 2);
});
