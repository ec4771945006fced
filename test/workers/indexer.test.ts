/** The indexer over a real chain with the real contracts: failover, a kill, a reorg, and the same store from scratch. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pino } from "pino";
import { readEvents } from "@qoodblock/sdk/client";
import { isQoodError } from "@qoodblock/sdk/errors";
import { agreementId, orderHash } from "@qoodblock/sdk/market";
import { contractsOf } from "../../workers/indexer/decode.ts";
import { createFollower } from "../../workers/indexer/follow.ts";
import { ownerOf } from "../../workers/indexer/owner.ts";
import { createProjection } from "../../workers/indexer/project/index.ts";
import { createRpcSource } from "../../workers/indexer/rpc.ts";
import { findDocuments, fromJson, openStore, orderStatus, rowsOf, search } from "../../workers/shared/index/index.ts";
import type { Store } from "../../workers/shared/index/index.ts";
import { startMarket } from "../e2e/market.ts";
import type { Market } from "../e2e/market.ts";
import { assertSame, dump } from "./support/index-store.ts";
import { act } from "./support/market.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { until } from "./support/world.ts";

const FINALITY = 4;
const log = pino({ level: "silent" });

/** A provider that gives logs of few blocks at once, as public ones do. */
async function startMiser(target: string, most: number): Promise<{ url: string; refused: () => number; server: Server }> {
  let refused = 0;
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
      const body = Buffer.concat(parts).toString();
      const asked = [JSON.parse(body) as unknown].flat() as { id: number; method: string; params: [{ fromBlock?: string; toBlock?: string }] }[];
      const isGreedy = asked.some(({ method, params: [filter] }) => method === "eth_getLogs" && filter.fromBlock !== undefined && Number(filter.toBlock) - Number(filter.fromBlock) >= most);
      if (isGreedy) {
        refused += 1;
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(asked.map(({ id }) => ({ jsonrpc: "2.0", id, error: { code: -32005, message: "query exceeds max block range" } }))));
        return;
      }
      const answer = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
      response.writeHead(200, { "content-type": "application/json" }).end(await answer.text());
    })().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, refused: () => refused, server };
}

describe("indexer", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-indexer-"));
  let market: Market;
  let url: string;
  let worker: RunningWorker | undefined;
  const reader = (): Promise<Store> => openStore({ store: join(dir, "index") }, "chain");
  const start = (...more: string[]): Promise<RunningWorker> =>
    startWorker("indexer", ["--deployment", join(dir, "deployment.json"), "--chain-id", "31337", "--finality", String(FINALITY), "--poll-ms", "50", "--store", join(dir, "index"), "--log-level", "warn", ...more]);
  const headOf = async (store: Store): Promise<number> => {
    const [bytes] = await store.getMany([Buffer.from("head\0")]);
    return bytes === undefined ? -1 : (fromJson(bytes) as { number: number }).number;
  };

  before(async () => {
    market = await startMarket();
    url = (market.provider as unknown as { _getConnection(): { url: string } })._getConnection().url;
    const { format, chainId, startBlock, addresses } = market.client.deployment;
    writeFileSync(join(dir, "deployment.json"), JSON.stringify({ format, chainId, startBlock, addresses }));
  });
  after(async () => {
    await worker?.stop();
    await market.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("follows every contract, through the endpoint that answers, and shows how far it is", async () => {
    worker = await start("--rpc", "http://127.0.0.1:9", "--rpc-fallbacks", url, "--metrics-listen", "0");
    const { offer } = await market.sell();
    const store = await reader();
    const latest = await market.provider.getBlockNumber();
    await until("the index to be at the anchor's block", async () => (await headOf(store)) >= latest, 60_000);
    const rows = await rowsOf(store, 0, latest, 100_000);
    const addresses = [...contractsOf(market.client.deployment).keys()];
    const raw = await market.provider.getLogs({ fromBlock: 0, toBlock: latest, address: addresses });
    assert.ok(raw.length > 20);
    assert.deepEqual(rows.map((row) => [row.blockHash, row.logIndex]), raw.map((each) => [each.blockHash, each.index]));
    assert.deepEqual(rows.filter(({ name }) => name === "").length, 0);
    const anchored = await readEvents(market.client.deployment, market.provider, "Anchored", { fromBlock: 0, toBlock: latest });
    assert.deepEqual((await search(store, { kind: "anchor", filters: [{ field: "tsp", values: [offer.order.seller.toLowerCase()] }] }, 10)).items.length, anchored.length);
    const [vehicle] = await findDocuments(store, "vehicle", [market.car.config.vehicle]);
    assert.equal((vehicle!.body as { owner: string }).owner, market.accounts.owner.address);
    const metrics = await (await fetch(`${String(worker.ready["metrics"])}/metrics`)).text();
    assert.match(metrics, /qood_index_failovers_total\{[^}]*\} [1-9]/);
    assert.equal((await fetch(`${String(worker.ready["metrics"])}/readyz`)).status, 200);
    await store.close();
  });

  it("says of an order what the exchange says: open, cancelled, filled, without agreement", async () => {
    const { client, accounts } = market;
    const store = await reader();
    const now = Math.floor(Date.now() / 1000);
    const sold = await market.sell();
    const cancelled = await market.sell();
    const single = await market.sell({}, () => ({ repeatable: false }));
    const hashOf = ({ offer }: typeof sold) => orderHash(31337, client.deployment.addresses.escrow, offer.order);
    const status = (each: typeof sold) => orderStatus(store, each.offer.order, hashOf(each), [each.batch.sealed.headerHash], now);
    await market.purchase(sold.cid);
    await market.purchase(single.cid);
    await act(market, accounts.tsp, client.calls.cancelOrders(cancelled.offer.order.nonce >> 8n, 1n << (cancelled.offer.order.nonce & 255n)));
    await until("the cancellation", async () => (await status(cancelled)) === "cancelled", 60_000);
    assert.deepEqual([await status(sold), await status(single)], ["open", "filled"]);
    assert.equal(await orderStatus(store, { ...sold.offer.order, expiry: now - 1 }, hashOf(sold), [], now), "expired");
    const { vehicle } = sold.offer.agreement.text;
    await act(market, accounts.owner, client.calls.deny(vehicle, 1, 2, 1));
    await until("the denial", async () => (await status(sold)) === "unagreed", 60_000);
    const [agreement] = await findDocuments(store, "agreement", [agreementId(vehicle, 1).toString()]);
    assert.equal((agreement!.body as { version: number }).version, 1);
    const deals = await search(store, { kind: "deal", filters: [{ field: "buyer", values: [accounts.buyer.address.toLowerCase()] }] }, 10);
    assert.equal(deals.items.length, 2);
    await store.close();
  });

  it("goes on after a kill and over a reorg, and is what a fresh index of the same chain is", async () => {
    await worker!.kill();
    for (let i = 0; i < 3; i += 1) await market.sell();
    worker = await start("--rpc", url);
    const store = await reader();
    const before = await market.provider.getBlockNumber();
    await until("the index to have caught up", async () => (await headOf(store)) >= before, 60_000);
    const lost = (await market.provider.getBlock(before))!.hash;
    await market.provider.send("anvil_reorg", [FINALITY - 1, []]);
    await market.sell();
    const after = await market.provider.getBlockNumber();
    await until("the index to be on the new chain", async () => (await headOf(store)) >= after, 60_000);
    await market.provider.send("evm_setIntervalMining", [0]);
    assert.notEqual((await market.provider.getBlock(before))!.hash, lost);
    const end = await market.provider.getBlockNumber();
    await until("the last block", async () => (await headOf(store)) === end, 60_000);
    assert.equal(await worker.stop(), 0, worker.errors());
    worker = undefined;

    // From scratch, from a provider that gives little at once.
    const miser = await startMiser(url, 7);
    const fresh = await openStore({ store: join(dir, "fresh") }, "chain");
    await fresh.claim();
    const { deployment } = market.client;
    const source = createRpcSource({ urls: [miser.url], chainId: 31337, finality: String(FINALITY), addresses: [...contractsOf(deployment).keys()], log });
    const ranges: number[] = [];
    const stats = { events: () => undefined, rolledBack: () => undefined, range: (blocks: number) => void ranges.push(blocks) };
    await createFollower({ store: fresh, source, project: createProjection(deployment), owner: ownerOf(deployment), startBlock: deployment.startBlock, mostBlocks: 5000, log, stats }).step();
    assertSame(await dump(store), await dump(fresh));
    assert.ok(miser.refused() > 3 && Math.min(...ranges) >= 1 && ranges.some((blocks, i) => i > 0 && blocks > ranges[i - 1]!), "the range shrinks and grows");
    source.close();
    await Promise.all([store.close(), fresh.close()]);
    miser.server.closeAllConnections();
    miser.server.close();
  });

  it("tells a node of another chain, an index that another process writes, and its settings", async () => {
    const source = createRpcSource({ urls: [url], chainId: 1, finality: "1", addresses: [], log });
    await assert.rejects(source.latest(), (error) => isQoodError(error, "CHAIN_ID"));
    source.close();
    const store = await reader();
    await store.claim();
    const common = ["--deployment", join(dir, "deployment.json"), "--chain-id", "31337", "--rpc", url];
    const busy = await runToEnd("indexer", [...common, "--store", join(dir, "index")]);
    assert.equal(busy.code, 1);
    assert.match(busy.stderr, /INDEX_BUSY/);
    await store.close();
    const nowhere = await runToEnd("indexer", common);
    assert.match(nowhere.stderr, /where is the index\? Give --store FOLDER.*CONFIG_VALUE/);
    const help = await runToEnd("indexer", ["--help"]);
    assert.match(help.stdout, /--rpc-fallbacks A,B[\s\S]*DATABASE_URL/);
  });
});
