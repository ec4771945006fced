import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createFlows, createQueue } from "../../workers/shared/queue/bull.ts";
import { closeRedis, connectRedis } from "../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { ask } from "./support/ask.ts";
import type { Answered } from "./support/ask.ts";
import { testRedis } from "./support/engines.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";

const PASSWORD = "a password of the test: ö";
const basic = (user: string, password: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` });

describe("the board", () => {
  let dir: string;
  let engine: RedisEngine;
  let worker: RunningWorker;
  let address: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-board-"));
    engine = await testRedis(join(dir, "redis"));
    const redis = connectRedis(engine.socket);
    const flows = createFlows(redis, "shown");
    await flows.add({ name: "announce", queueName: "announce", data: { stream: "0xaa", sequence: 7 }, children: [{ name: "seal", queueName: "seal", data: { stream: "0xaa", sequence: 7, batchKey: "s3cr3t-of-a-job", passphrase: "s3cr3t-words" }, opts: { jobId: "0xaa-7" } }] });
    await flows.close();
    await closeRedis(redis);
    writeFileSync(join(dir, "password"), `${PASSWORD}\n`);
    worker = await startWorker("board", ["--redis", engine.socket, "--redis-prefix", "shown", "--listen", "0", "--password-file", join(dir, "password"), "--log-file", join(dir, "log")]);
    address = worker.ready.board as string;
  });
  after(async () => {
    assert.equal(await worker.stop(), 0, worker.errors());
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const get = (path: string, headers: Record<string, string> = basic("operator", PASSWORD)): Promise<Answered> => ask(address, path, { headers });

  it("answers nobody without the login, on any path", async () => {
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+$/);
    for (const path of ["/", "/api/queues", "/queue/seal", "/static/js/none.js", "/static/favicon.ico", "/api/redis/stats", "/nothing"]) {
      for (const headers of [{}, basic("operator", "wrong"), basic("someone", PASSWORD), basic("operator", ""), { authorization: "Bearer x" }]) {
        const answered = await get(path, headers);
        assert.equal(answered.status, 401, `${path} ${JSON.stringify(headers)}`);
        assert.ok(!answered.body.includes("seal") && !answered.body.includes("<html"));
      }
    }
    assert.match(String((await get("/", {})).headers["www-authenticate"]), /^Basic realm="QoodBlock queues"/);
  });

  it("shows the queues and what waits in them, and no secret that a job might hold", async () => {
    const page = await get("/");
    assert.equal(page.status, 200);
    assert.match(page.body, /<html/);
    assert.match(String(page.headers["content-security-policy"]), /frame-ancestors 'none'/);
    const script = /src="(static\/js\/main[^"]+)"/.exec(page.body)![1]!;
    assert.equal((await get(`/${script}`)).status, 200);
    const list = await get("/api/queues?activeQueue=seal&status=latest&page=1&jobsPerPage=10");
    assert.equal(list.status, 200);
    const { queues } = JSON.parse(list.body) as { queues: { name: string; counts: Record<string, number>; readOnlyMode: boolean; jobs: { data: unknown }[] }[] };
    assert.deepEqual(queues.map(({ name }) => name).sort(), ["anchor", "announce", "prove", "seal", "upload"]);
    assert.ok(queues.every(({ readOnlyMode }) => readOnlyMode));
    const job = await get("/api/queues/seal/0xaa-7");
    assert.equal(job.status, 200);
    assert.match(job.body, /"sequence":7/);
    for (const { body } of [list, job, page]) assert.ok(!body.includes("s3cr3t"));
  });

  it("changes nothing, whatever is asked", async () => {
    const redis = connectRedis(engine.socket);
    const seal = createQueue("seal", redis, "shown");
    for (const [method, path] of [["PUT", "/api/queues/seal/pause"], ["PUT", "/api/queues/seal/empty"], ["PUT", "/api/queues/seal/0xaa-7/clean"], ["PUT", "/api/queues/seal/obliterate"], ["POST", "/api/queues/seal/add"], ["DELETE", "/api/queues/seal"]] as const) {
      assert.equal((await ask(address, path, { method, headers: basic("operator", PASSWORD) })).status, 405, path);
    }
    assert.equal(await seal.isPaused(), false);
    assert.equal(await seal.getWaitingCount(), 1);
    await seal.close();
    await closeRedis(redis);
  });

  it("slows down who tries passwords", async () => {
    const limited = await startWorker("board", ["--redis", engine.socket, "--listen", "0", "--requests-per-minute", "10"], { QOOD_BOARD_PASSWORD: PASSWORD });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i += 1) statuses.push((await ask(limited.ready.board as string, "/", { headers: basic("operator", `guess ${i}`) })).status);
    assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429]);
    assert.equal(await limited.stop(), 0, limited.errors());
  });

  it("does not start without a password, or with a short one", async () => {
    for (const [env, message] of [[{}, /PASSPHRASE_MISSING/], [{ QOOD_BOARD_PASSWORD: "short" }, /at least 12 characters \[BOARD_PASSWORD\]/]] as const) {
      const ended = await runToEnd("board", ["--redis", engine.socket, "--listen", "0"], env);
      assert.equal(ended.code, 1);
      assert.equal(ended.stderr.trim().split("\n").length, 1, ended.stderr);
      assert.match(ended.stderr, message);
    }
  });
});
