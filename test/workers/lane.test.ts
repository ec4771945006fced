import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TransactionReceipt } from "ethers";
import type { JsonRpcProvider, TransactionReceiptParams } from "ethers";
import type { Redis } from "ioredis";
import { createLane, openChain } from "../../workers/shared/chain/index.ts";
import type { Chain, Lane } from "../../workers/shared/chain/index.ts";
import type { ChainEngine } from "../../workers/shared/engines/anvil.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { createLog } from "../../workers/shared/log/index.ts";
import { closeRedis, connectRedis } from "../../workers/shared/queue/index.ts";
import { testAccount, testChain, testProvider, testRedis } from "./support/engines.ts";
import { until } from "./support/world.ts";

const never = new AbortController().signal;
const RECEIVER = "0x00000000000000000000000000000000000000aa";

describe("a signer's lane", () => {
  let dir: string;
  let redisEngine: RedisEngine;
  let chainEngine: ChainEngine;
  let redis: Redis;
  let provider: JsonRpcProvider;
  const chains: Chain[] = [];
  const lanes: Lane[] = [];
  let accounts = 0;

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-lane-"));
    [redisEngine, chainEngine] = await Promise.all([testRedis(join(dir, "redis")), testChain(join(dir, "chain"), 20)]);
    redis = connectRedis(redisEngine.socket);
    provider = testProvider(chainEngine.url);
  });
  after(async () => {
    // Also what a failed test has left running: it would keep this file from ending.
    await Promise.all(lanes.map((lane) => lane.stop()));
    for (const chain of chains) chain.close();
    provider.destroy();
    await closeRedis(redis);
    await chainEngine.stop();
    await redisEngine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const log = createLog({ name: "lane", level: "fatal" });
  function laneOn(chain: Chain, account: number, more: { bumpAfterMs?: number; leaseMs?: number } = {}): Lane {
    const lane = createLane({ redis, redisPrefix: "lane", chain, wallet: testAccount(account), bumpAfterMs: more.bumpAfterMs ?? 60_000, maxFeeGwei: 500, log, leaseMs: more.leaseMs ?? 1000 });
    lanes.push(lane);
    return lane;
  }
  async function newLane(account: number, more: { bumpAfterMs?: number; lose?: boolean; leaseMs?: number } = {}): Promise<Lane> {
    const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 50 }, log, never);
    chains.push(chain);
    if (more.lose === true) {
      const send = chain.provider.send.bind(chain.provider);
      // A node that takes a transaction and loses it: as seen from the chain, a crash between keeping and broadcasting.
      chain.provider.send = (method, params) => (method === "eth_sendRawTransaction" ? Promise.resolve("0x") : send(method, params));
    }
    return laneOn(chain, account, more);
  }

  it("brings about what several processes submit, each key once, in order of nonces", async () => {
    const account = (accounts += 1);
    const [one, two] = [await newLane(account), await newLane(account)];
    one.start();
    two.start();
    const submitted = ["a", "b", "c", "a", "b"];
    await Promise.all(submitted.flatMap((key) => [one.submit(key, { to: RECEIVER, data: "0x01" }), two.submit(key, { to: RECEIVER, data: "0x02" })]));
    const results = await Promise.all(["a", "b", "c"].map((key) => two.result(key, "final", never)));
    assert.ok(results.every(({ status }) => status === 1));
    assert.equal(new Set(results.map(({ hash }) => hash)).size, 3);
    assert.equal(await provider.getTransactionCount(one.address), 3);
    await one.stop();
    await two.stop();
  });

  it("sends the kept bytes, and only them, after a crash between keeping and broadcasting", async () => {
    const account = (accounts += 1);
    const first = await newLane(account, { lose: true });
    await first.submit("x", { to: RECEIVER, data: "0x1234" });
    first.start();
    let kept: { hash: string; raw: string }[] = [];
    const intents = `lane:lane:31337:${first.address.toLowerCase()}:intents`;
    while (kept.length === 0) {
      kept = (JSON.parse((await redis.hget(intents, "x"))!) as { attempts: typeof kept }).attempts;
      await new Promise(setImmediate);
    }
    await first.stop();
    assert.equal(await provider.getTransactionCount(first.address, "pending"), 0);
    const second = await newLane(account);
    second.start();
    const mined = await second.result("x", "mined", never);
    assert.equal(mined.hash, kept[0]!.hash);
    assert.equal(await provider.getTransactionCount(first.address), 1);
    await second.stop();
  });

  it("finds by its hash a transaction that was mined while nobody looked", async () => {
    const account = (accounts += 1);
    const first = await newLane(account, { lose: true });
    await first.submit("y", { to: RECEIVER, data: "0x" });
    first.start();
    const intents = `lane:lane:31337:${first.address.toLowerCase()}:intents`;
    let raw: string | undefined;
    while (raw === undefined) raw = (JSON.parse((await redis.hget(intents, "y"))!) as { attempts: { raw: string }[] }).attempts[0]?.raw;
    await first.stop();
    const sent = await provider.broadcastTransaction(raw);
    await sent.wait();
    const second = await newLane(account);
    second.start();
    assert.equal((await second.result("y", "final", never)).hash, sent.hash);
    assert.equal(await provider.getTransactionCount(first.address), 1);
    await second.stop();
  });

  it("sends a stuck transaction again with the same nonce and a higher fee", async () => {
    const account = (accounts += 1);
    await provider.send("evm_setIntervalMining", [0]);
    const lane = await newLane(account, { bumpAfterMs: 200 });
    lane.start();
    await lane.submit("z", { to: RECEIVER, data: "0x" });
    const intents = `lane:lane:31337:${lane.address.toLowerCase()}:intents`;
    let attempts: { hash: string; maxFeePerGas: string }[] = [];
    while (attempts.length < 3) {
      attempts = (JSON.parse((await redis.hget(intents, "z"))!) as { attempts: typeof attempts }).attempts;
      await new Promise(setImmediate);
    }
    await provider.send("evm_setIntervalMining", [1]);
    const mined = await lane.result("z", "mined", never);
    assert.ok(attempts.some(({ hash }) => hash === mined.hash) || attempts.length >= 3);
    assert.ok(BigInt(attempts[1]!.maxFeePerGas) * 10n >= BigInt(attempts[0]!.maxFeePerGas) * 11n);
    assert.equal(await provider.getTransactionCount(lane.address), 1);
    await lane.stop();
  });

  it("says why the chain would not take a transaction, and goes on with the next", async () => {
    const account = (accounts += 1);
    const lane = await newLane(account);
    lane.start();
    // A precompile that refuses its input stands for a contract that reverts.
    await lane.submit("bad", { to: "0x0000000000000000000000000000000000000008", data: "0x01" });
    await lane.submit("good", { to: RECEIVER, data: "0x" });
    await assert.rejects(lane.result("bad", "mined", never), { code: "LANE_FAILED" });
    assert.equal((await lane.result("good", "mined", never)).status, 1);
    await lane.stop();
  });

  it("sends what a node has refused that lagged behind what it builds on", async () => {
    const account = (accounts += 1);
    const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "1", pollMs: 50 }, log, never);
    chains.push(chain);
    const estimate = chain.provider.estimateGas.bind(chain.provider);
    await provider.send("evm_setIntervalMining", [0]);
    const lagging = await provider.getBlockNumber();
    let refused = 0;
    chain.provider.estimateGas = async (transaction) => {
      if ((await provider.getBlockNumber()) > lagging + 1) return estimate(transaction);
      refused += 1;
      throw Object.assign(new Error("execution reverted"), { code: "CALL_EXCEPTION" });
    };
    const lane = laneOn(chain, account);
    lane.start();
    await lane.submit("early", { to: RECEIVER, data: "0x" });
    await until("the node to refuse", () => Promise.resolve(refused > 1), 60_000);
    await provider.send("evm_setIntervalMining", [1]);
    assert.equal((await lane.result("early", "mined", never)).status, 1);
    await lane.stop();
  });

  it("does not send for the first time what would come too late", async () => {
    const account = (accounts += 1);
    const lane = await newLane(account);
    lane.start();
    const now = (await provider.getBlock("latest"))!.timestamp;
    await lane.submit("late", { to: RECEIVER, data: "0x", notAfter: now - 1 });
    await lane.submit("in time", { to: RECEIVER, data: "0x", notAfter: now + 3600 });
    await assert.rejects(lane.result("late", "mined", never), /too late/);
    assert.equal((await lane.result("in time", "mined", never)).status, 1);
    assert.equal(await provider.getTransactionCount(lane.address), 1);
    await lane.stop();
  });

  it("is taken over when its holder dies with the lease in hand", async () => {
    const account = (accounts += 1);
    const dead = await newLane(account);
    const lease = `lane:lane:31337:${dead.address.toLowerCase()}:lease`;
    await redis.hset(lease, "holder", "a process that was killed", "token", "1");
    await redis.set(`lane:lane:31337:${dead.address.toLowerCase()}:fence`, "1");
    await redis.pexpire(lease, 500);
    const heir = await newLane(account);
    heir.start();
    await heir.submit("k", { to: RECEIVER, data: "0x" });
    assert.equal((await heir.result("k", "mined", never)).status, 1);
    await heir.stop();
  });

  it("follows a gas spike: the same nonce at what the market asks, up to the limit", async () => {
    const account = (accounts += 1);
    const lane = await newLane(account, { bumpAfterMs: 200 });
    await provider.send("evm_setIntervalMining", [0]);
    await lane.submit("spike", { to: RECEIVER, data: "0x" });
    lane.start();
    const intents = `lane:lane:31337:${lane.address.toLowerCase()}:intents`;
    const read = async (): Promise<{ maxFeePerGas: string }[]> => (JSON.parse((await redis.hget(intents, "spike"))!) as { attempts: { maxFeePerGas: string }[] }).attempts;
    await until("the first attempt", async () => (await read()).length > 0, 60_000);
    const first = BigInt((await read())[0]!.maxFeePerGas);
    // A block that the first attempt is too cheap for.
    await provider.send("anvil_setNextBlockBaseFeePerGas", [`0x${(first * 20n).toString(16)}`]);
    await provider.send("evm_mine", []);
    assert.equal(await provider.getTransactionCount(lane.address), 0);
    await until("an attempt at the market's price", async () => BigInt((await read()).at(-1)!.maxFeePerGas) >= first * 18n, 60_000);
    assert.ok((await read()).length <= 3);
    await provider.send("evm_setIntervalMining", [1]);
    assert.equal((await lane.result("spike", "mined", never)).status, 1);
    assert.equal(await provider.getTransactionCount(lane.address), 1);
    await lane.stop();
  });

  it("sends what is urgent before what is not on its way yet", async () => {
    const account = (accounts += 1);
    const lane = await newLane(account);
    for (const key of ["first", "second", "third"]) await lane.submit(key, { to: RECEIVER, data: "0x" });
    await lane.submit("urgent", { to: RECEIVER, data: "0x", urgent: true });
    lane.start();
    const blocks = await Promise.all(["first", "urgent", "second", "third"].map(async (key) => (await lane.result(key, "mined", never)).hash));
    const nonces = await Promise.all(blocks.map(async (hash) => (await provider.getTransaction(hash))!.nonce));
    assert.deepEqual(nonces, [0, 1, 2, 3]);
    await lane.stop();
  });

  it("takes no receipt that the chain does not bear out, and no second nonce while a receipt lags behind", async () => {
    const account = (accounts += 1);
    const other = await testAccount(19).connect(provider).sendTransaction({ to: RECEIVER, value: 1n });
    const foreign = (await other.wait())!;
    const chain = await openChain({ rpc: chainEngine.url, chainId: 31337, finality: "2", pollMs: 50 }, log, never);
    chains.push(chain);
    const real = chain.provider.getTransactionReceipt.bind(chain.provider);
    let asked = 0;
    // Ten answers of another node: first the receipt of another transaction under the asked hash, then none at all.
    chain.provider.getTransactionReceipt = async (hash) => {
      asked += 1;
      if (asked > 10) return real(hash);
      return asked > 5 ? null : new TransactionReceipt({ ...(foreign.toJSON() as TransactionReceiptParams), logs: [], hash }, chain.provider);
    };
    const lane = laneOn(chain, account);
    await lane.submit("lied to", { to: RECEIVER, data: "0x" });
    lane.start();
    const mined = await lane.result("lied to", "final", never);
    assert.ok(asked > 10);
    assert.notEqual(mined.hash, foreign.hash);
    assert.equal((await provider.getTransactionReceipt(mined.hash))!.from.toLowerCase(), lane.address.toLowerCase());
    assert.equal(await provider.getTransactionCount(lane.address), 1);
    await lane.stop();
  });
});
