import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Registry } from "prom-client";
import { createLog } from "../../workers/shared/log/index.ts";
import { addGauge, createMetrics, createReadiness, parseListenAt, serveMetrics } from "../../workers/shared/metrics/index.ts";
import { ask, samples } from "./support/ask.ts";
import { testRedis } from "./support/engines.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import { startWorld, until } from "./support/world.ts";
import type { World } from "./support/world.ts";

describe("metrics and health", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-metrics-"));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("are served on loopback, to no web page, under three paths", async () => {
    const readiness = createReadiness();
    const { registry } = createMetrics("qood-sample");
    const server = await serveMetrics("0", registry, readiness);
    try {
      assert.match(server.address, /^http:\/\/127\.0\.0\.1:\d+$/);
      const metrics = await ask(server.address, "/metrics");
      assert.equal(metrics.status, 200);
      assert.match(String(metrics.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
      assert.match(metrics.body, /^qood_process_resident_memory_bytes\{worker="qood-sample"\} \d+$/m);
      for (const headers of [{ host: "evil.example" }, { host: "127.0.0.1.evil.example:80" }, { origin: "http://evil.example" }, { referer: "http://127.0.0.1/" }, { origin: "null" }]) {
        const refused = await ask(server.address, "/metrics", { headers });
        assert.equal(refused.status, 403, JSON.stringify(headers));
        assert.ok(!refused.body.includes("qood_"));
      }
      for (const host of ["localhost", "127.0.0.1:9", "[::1]:9"]) assert.equal((await ask(server.address, "/healthz", { headers: { host } })).status, 200, host);
      assert.equal((await ask(server.address, "/healthz", { method: "POST" })).status, 405);
      assert.equal((await ask(server.address, "/metrics/")).status, 404);
      assert.deepEqual(await ask(server.address, "/metrics", { method: "HEAD" }).then(({ status, body }) => [status, body]), [200, ""]);
    } finally {
      await server.close();
    }
  });

  it("say which checks do not pass, also those that hang or throw, and only after the start that all is well", async () => {
    const readiness = createReadiness(50);
    const server = await serveMetrics(join(dir, "health.sock"), new Registry(), readiness);
    const ready = async (): Promise<[number, unknown]> => ask(server.address, "/readyz").then(({ status, body }) => [status, JSON.parse(body)]);
    try {
      assert.equal(statSync(join(dir, "health.sock")).mode & 0o777, 0o600);
      assert.deepEqual(await ready(), [503, { ready: false, faults: { worker: "starting" } }]);
      readiness.started();
      assert.deepEqual(await ready(), [200, { ready: true }]);
      let well = false;
      readiness.add("one", () => Promise.resolve(well ? undefined : "is not there"));
      readiness.add("two", () => (well ? Promise.resolve(undefined) : Promise.reject(new Error("went wrong\nat line 2"))));
      assert.deepEqual(await ready(), [503, { ready: false, faults: { one: "is not there", two: "went wrong" } }]);
      well = true;
      assert.deepEqual(await ready(), [200, { ready: true }]);
      readiness.add("three", () => new Promise(() => undefined));
      assert.deepEqual(await ready(), [503, { ready: false, faults: { three: "no answer within 50 ms" } }]);
      readiness.add("three", () => Promise.resolve(undefined));
      readiness.ending();
      assert.deepEqual(await ready(), [503, { ready: false, faults: { worker: "ending" } }]);
      assert.equal((await ask(server.address, "/healthz")).status, 200);
    } finally {
      await server.close();
    }
  });

  it("count ALARM lines, and leave a gauge out while it cannot be read", async () => {
    const metrics = createMetrics("qood-sample");
    const log = createLog({ name: "qood-sample", level: "info", file: join(dir, "log"), onAlarm: metrics.alarm });
    log.error({ block: 1 }, "ALARM: something for a person");
    log.error("ALARM: another");
    log.child({ part: "x" }).error({}, "ALARM: a third");
    log.error({ text: "ALARM: not in the message" }, "no ALARM: not at the beginning");
    let value: number | undefined = 7;
    addGauge(metrics.registry, { name: "qood_plain", help: "x", read: () => Promise.resolve(value) });
    addGauge(metrics.registry, { name: "qood_labelled", help: "x", labelNames: ["a"], read: () => (value === undefined ? Promise.reject(new Error("gone")) : Promise.resolve([[{ a: "1" }, 1]])) });
    let text = await metrics.registry.metrics();
    assert.deepEqual([samples(text, "qood_alarms_total"), samples(text, "qood_plain"), samples(text, "qood_labelled")], [{ "": 3 }, { "": 7 }, { 'a="1"': 1 }]);
    addGauge(metrics.registry, {
      ...{ name: "qood_throwing", help: "x" },
      read: () => {
        throw new Error("at once");
      },
    });
    value = undefined;
    text = await metrics.registry.metrics();
    assert.deepEqual([samples(text, "qood_plain"), samples(text, "qood_labelled")], [{}, {}]);
  });

  it("listen where they are told, and a place that cannot be is one line", async () => {
    assert.deepEqual(parseListenAt("9101"), { host: "127.0.0.1", port: 9101 });
    assert.deepEqual(parseListenAt("10.0.0.2:9101"), { host: "10.0.0.2", port: 9101 });
    assert.deepEqual(parseListenAt("[::1]:9101"), { host: "::1", port: 9101 });
    assert.deepEqual(parseListenAt("/run/x.sock"), { path: "/run/x.sock" });
    for (const wrong of ["somewhere", "127.0.0.1:70000", "127.0.0.1:"]) assert.throws(() => parseListenAt(wrong), { code: "LISTEN" });
    const ended = await runToEnd("storage", ["--repo", join(dir, "repo"), "--metrics-listen", "no-such-place"]);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /qood-storage: "no-such-place" is nothing to listen at.*\n$/);
  });
});

describe("a worker's health", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("is bad while its chain is waited for, good when it runs, and names what has gone: Redis, then the storage node", async () => {
    const socket = join(world.dir, "ingest.sock");
    const faults = async (): Promise<Record<string, string>> => (JSON.parse((await ask(socket, "/readyz")).body) as { faults?: Record<string, string> }).faults ?? {};
    const own = ["--artefacts", join(world.dir, "artefacts"), "--metrics-listen", socket, "--lock-ms", "1000"];
    const waiting = startWorker("ingest", [...world.flags, "--rpc", "http://127.0.0.1:9", ...own, "--log-level", "error"], world.secrets);
    waiting.catch(() => undefined);
    await until("its server", () => ask(socket, "/healthz").then(({ status }) => status === 200, () => false));
    assert.deepEqual(await faults(), { worker: "starting" });
    process.kill((JSON.parse((await ask(socket, "/healthz")).body) as { pid: number }).pid, "SIGTERM");
    await assert.rejects(waiting);

    const worker = await startWorker("ingest", [...world.flags, ...own], world.secrets);
    assert.equal(worker.ready.metrics, socket);
    await until("the lane", async () => (await ask(socket, "/readyz")).status === 200);
    const text = (await ask(socket, "/metrics")).body;
    assert.deepEqual(samples(text, "qood_redis_connected"), { "": 1 });
    assert.ok(samples(text, "qood_chain_head_block")[""]! > 0);
    assert.ok(samples(text, "qood_account_ether")[""]! > 1);
    assert.equal(samples(text, "qood_jobs")['queue="seal",state="waiting"'], 0);

    await world.redisEngine.stop();
    await until("Redis to be missed", async () => "redis" in (await faults()));
    assert.match((await faults()).redis!, /^Redis cannot be reached/);
    assert.match((await faults()).lane!, /Redis/);
    const without = (await ask(socket, "/metrics")).body;
    assert.deepEqual([samples(without, "qood_redis_connected"), samples(without, "qood_lane_queue"), samples(without, "qood_jobs")], [{ "": 0 }, {}, {}]);
    const again = await testRedis(join(world.dir, "redis"));
    await until("all to be well again", async () => (await ask(socket, "/readyz")).status === 200);

    await world.storage.stop();
    assert.deepEqual(Object.keys(await faults()), ["storage"]);
    assert.equal(await worker.stop(), 0, worker.errors());
    await again.stop();
  });
});
