/** One conformance suite over every store of records: LMDB, PostgreSQL, and both behind the worker over HTTP. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TypedDataEncoder } from "ethers";
import type { TypedDataField } from "ethers";
import type { Hex } from "@qoodblock/sdk/bytes";
import { hashTypedData, sellOrderData } from "@qoodblock/sdk/eip712";
import { isQoodError } from "@qoodblock/sdk/errors";
import { getKV, getKVRange, httpStore, MAX_RECORDS, putIotKV, sealRecord } from "@qoodblock/sdk/kv";
import type { KvRecord, KvStore, SealedRecord } from "@qoodblock/sdk/kv";
import { offerSchema } from "@qoodblock/sdk/market";
import type { PostgresEngine } from "../../workers/shared/engines/postgres.ts";
import { openKvStore } from "../../workers/shared/kv/index.ts";
import { ask as askMetrics } from "../workers/support/ask.ts";
import { startWorker } from "../workers/support/processes.ts";
import type { RunningWorker } from "../workers/support/processes.ts";
import { DAY, listOf, randomBy, TRIP_GPS, trip, writerOf } from "./support/drives.ts";
import { testPostgres } from "../workers/support/engines.ts";

const log = { error: (fault: unknown) => assert.fail(String(fault)) };
const sealed = (session: number, day = DAY, count = 3): SealedRecord => sealRecord(writerOf(day), { format: TRIP_GPS, rows: trip(session, 10, count, day) }, true, randomBy(`store ${session} ${day}`));
const same = (a: KvRecord, b: KvRecord): boolean => a.address === b.address && Buffer.from(a.key).equals(b.key) && Buffer.from(a.body).equals(b.body);
const [FROM, TO] = [new Uint8Array(24), new Uint8Array(24).fill(0xff)];

function conformance(name: string, openStore: () => Promise<KvStore>): void {
  describe(`records in ${name}`, () => {
    let store: KvStore;
    const days = [DAY, DAY + 1, DAY + 2];
    const made = days.map((day) => [4, 1, 3, 2].map((session) => sealed(session, day).record));
    before(async () => {
      store = await openStore();
      for (const record of made.flat()) assert.equal(await store.put(record), "written");
    });
    after(() => store.close());

    it("are written once", async () => {
      const [first] = made[0]!;
      assert.equal(await store.put(first!), "same");
      const other = sealRecord(writerOf(), { format: TRIP_GPS, rows: trip(4, 10, 3) }, true, randomBy("another nonce")).record;
      assert.deepEqual(Buffer.from(other.key), Buffer.from(first!.key));
      await assert.rejects(store.put(other), (error) => isQoodError(error, "KV_KEY_TAKEN"));
      assert.ok(same((await store.get(first!.address, first!.key))!, first!));
      assert.equal(await store.get(first!.address, Uint8Array.of(1, 2, 3)), undefined);
    });

    it("are written once by writers at the same time", async () => {
      const rivals = ["a", "b", "c", "d"].map((label) => sealRecord(writerOf(), { format: TRIP_GPS, rows: trip(50, 10, 3) }, true, randomBy(label)).record);
      const outcomes = await Promise.allSettled(rivals.map((record) => store.put(record)));
      assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
      const winner = rivals[outcomes.findIndex(({ status }) => status === "fulfilled")]!;
      assert.ok(same((await store.get(winner.address, winner.key))!, winner));
    });

    it("are written only as the address has signed them", async () => {
      const { record } = sealed(60);
      await assert.rejects(store.put({ ...record, address: writerOf(DAY + 1).address }), (error) => isQoodError(error, "KV_SIGNATURE"));
      await assert.rejects(store.put({ ...record, body: record.body.subarray(0, 190) }), (error) => isQoodError(error, "KV_RECORD"));
      assert.equal(await store.get(record.address, record.key), undefined);
    });

    it("come in the order of their keys, within both bounds, of one address, a page at a time", async () => {
      const own = made[1]!.toSorted((a, b) => Buffer.compare(a.key, b.key));
      const { address } = own[0]!;
      const all = await store.range(address, FROM, TO, MAX_RECORDS);
      assert.ok(all.length === 4 && all.every((record, i) => same(record, own[i]!)));
      assert.ok((await store.range(address, own[1]!.key, own[2]!.key, 9)).every((record, i) => same(record, own[i + 1]!)));
      assert.equal((await store.range(address, own[1]!.key, own[2]!.key, 9)).length, 2);
      assert.equal((await store.range(address, FROM, TO, 3)).length, 3);
      assert.deepEqual(await store.range(address, TO, TO, 3), []);
      const sessions = (await listOf(getKVRange(store, writerOf(DAY + 1), TRIP_GPS, [2], [3]))).map(({ key }) => key[0]);
      assert.deepEqual(sessions, [2, 3]);
    });

    it("are found without a seed by going through all of them only", async () => {
      const seen: KvRecord[] = [];
      for (let last: KvRecord | undefined; ; last = seen.at(-1)) {
        const page = await store.scan(last, 5);
        if (page.length === 0) break;
        seen.push(...page);
      }
      assert.equal(seen.length, 13);
      assert.ok(made.flat().every((record) => seen.some((found) => same(found, record))));
      assert.deepEqual(seen.map(({ address }) => address), seen.map(({ address }) => address).toSorted());
    });
  });
}

describe("the store of records", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-kv-"));
  // Of its own, as it is given to another user.
  const pgDir = mkdtempSync(join(tmpdir(), "qood-pg-"));
  let postgres: PostgresEngine;
  const workers: RunningWorker[] = [];
  const running = async (...args: string[]): Promise<KvStore> => {
    const worker = await startWorker("kv", ["--listen", "0", "--log-level", "error", ...args]);
    workers.push(worker);
    return httpStore(String(worker.ready.kv));
  };
  const emptied = async (): Promise<string> => {
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query("DROP TABLE IF EXISTS qood_kv");
    await client.end();
    return postgres.url;
  };
  before(async () => {
    postgres = await testPostgres(pgDir);
  });
  after(async () => {
    for (const worker of workers) assert.equal(await worker.stop(), 0, worker.errors());
    await postgres.stop();
    for (const folder of [dir, pgDir]) rmSync(folder, { recursive: true, force: true });
  });

  conformance("LMDB", () => openKvStore({ store: join(dir, "lmdb") }, log));
  conformance("PostgreSQL", async () => openKvStore({ database: await emptied() }, log));
  conformance("LMDB over HTTP", () => running("--store", join(dir, "http")));
  conformance("PostgreSQL over HTTP", async () => running("--database", await emptied()));

  it("has its records after a restart, the killed one's too", async () => {
    const args = ["--listen", "0", "--log-level", "error", "--store", join(dir, "killed")];
    const first = await startWorker("kv", args);
    const { key } = await putIotKV(httpStore(String(first.ready.kv)), writerOf(), { format: TRIP_GPS, rows: trip(1, 1, 20) });
    await first.kill();
    const store = await running(...args.slice(4));
    assert.equal((await getKV(store, writerOf(), TRIP_GPS, key))?.rows.length, 20);
  });

  it("answers send with the order and the text that its seller signs", async () => {
    const worker = await startWorker("kv", ["--listen", "0", "--log-level", "error", "--store", join(dir, "send")]);
    workers.push(worker);
    const [zero, none] = [`0x${"0".repeat(40)}`, `0x${"0".repeat(64)}`];
    const page = { lotsHash: none, lotCount: 1, price: "3000000", challengeDeposit: "0", bond: "5" };
    const order = {
      ...{ seller: `0x${"11".repeat(20)}`, buyer: zero, buyersRoot: none, token: `0x${"a1".repeat(20)}`, maxFeeBps: 500, agreementId: "7", version: 1, dataClass: 2, privacy: 1, flags: 8, hook: zero, hookCodeHash: none },
      ...{ pages: [page], deliverTime: 60, answerTime: 0, complaintWindow: 60, repeatable: false, maxFills: 0, expiry: 4_000_000_000, nonce: "3", legalHash: none },
    };
    const exchange: Hex = `0x${"e5".repeat(20)}`;
    const ask = (change: object): Promise<Response> =>
      fetch(`${String(worker.ready.kv)}/v1/send`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ chainId: 31337, exchange, order, resell: true, dup: false, royaltyBps: 250, ...change }) });
    const { order: made, typedData, digest } = (await (await ask({})).json()) as { order: { flags: number; royaltyBps: number }; typedData: { domain: object; types: object; message: object }; digest: string };
    assert.deepEqual([made.flags, made.royaltyBps], [8 + 2 + 16, 250]);
    // Both forms say the same: the decoded order's digest is that of the text for the wallet.
    const decoded = offerSchema.shape.order.parse(made);
    assert.equal(digest, hashTypedData(sellOrderData({ chainId: 31337, verifyingContract: exchange }, decoded)));
    assert.equal(digest, TypedDataEncoder.hash(typedData.domain, typedData.types as Record<string, TypedDataField[]>, typedData.message));
    assert.match(await (await ask({ dup: true, resell: false })).text(), /SEND_ROYALTY/);
  });

  it("stops a wrong request with one line that says what is wrong", async () => {
    const metrics = join(dir, "wrong.metrics");
    const worker = await startWorker("kv", ["--listen", "0", "--log-level", "error", "--store", join(dir, "wrong"), "--metrics-listen", metrics]);
    workers.push(worker);
    const ask = async (path: string, body?: unknown): Promise<string> => {
      const response = await fetch(`${String(worker.ready.kv)}${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
      const { code, message } = (await response.json()) as { code: string; message: string };
      return `${response.status} ${code} ${message}`;
    };
    const { address } = writerOf();
    assert.match(await ask(`/v1/records/${address}/zz`), /^400 KV_REQUEST key: expected 0x-hex/);
    assert.match(await ask(`/v1/records/0x12/0x00`), /^400 KV_REQUEST address: expected an address/);
    assert.match(await ask(`/v1/records/${address}?from=0x00`), /^400 KV_REQUEST to: /);
    assert.match(await ask(`/v1/records?limit=100000`), /^400 KV_REQUEST limit: /);
    assert.match(await ask(`/v1/records?address=${address}`), /^400 KV_REQUEST address and key go together/);
    assert.match(await ask("/v1/records", { address, key: "0x00" }), /^400 KV_REQUEST body: /);
    assert.match(await ask("/v1/nothing"), /^404 KV_NOT_FOUND /);
    assert.match(await ask("/v1/keys", {}), /^404 KV_NO_DESK /);
    assert.match(await ask("/v1/send", { chainId: 1 }), /^400 KV_REQUEST exchange: /);
    // Each is counted by its route, with nothing of what was asked.
    const scraped = (await askMetrics(metrics, "/metrics")).body;
    const counts = scraped.split("\n").filter((line) => line.startsWith("qood_kv_request_seconds_count{") && line.includes('route="/v1/records/:address/:key"') && line.includes('status="400"'));
    assert.deepEqual(counts.map((line) => line.split("} ")[1]), ["2"]);
    assert.equal(scraped.includes(address), false);
  });
});
