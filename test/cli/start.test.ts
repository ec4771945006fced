import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Redis } from "ioredis";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { parseDeployment } from "@qoodblock/sdk/client";
import { readDrive } from "@qoodblock/sdk/drive";
import { connectRedis, readBatches } from "../../workers/shared/queue/index.ts";
import { importBox, sealTo } from "../../workers/shared/vault/index.ts";
import { identify, isAlive } from "../../workers/shared/process/identity.ts";
import type { ProcessIdentity } from "../../workers/shared/process/identity.ts";
import { testProvider } from "../workers/support/engines.ts";
import { bytes32 } from "../workers/support/fleet.ts";
import { PASSPHRASE, answerOf, mistake, start } from "./support.ts";
import type { Running } from "./support.ts";

const DRIVE = fileURLToPath(new URL("../../../shared/data/carobd-drive1.csv", import.meta.url));

interface Overview {
  readonly pid: number;
  readonly facts: Readonly<Record<string, string>>;
  readonly parts: Readonly<Record<string, { state: string; pid: number; restarts: number; ready: Record<string, unknown> }>>;
}

/** Every process of a tree, by the system's own account. */
function treeOf(pid: number): number[] {
  const children = readdirSync("/proc").flatMap((entry) => {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] === String(pid) ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
  return [pid, ...children.flatMap(treeOf)];
}

describe("qood tsp start", { skip: process.platform === "linux" ? false : "the test reads /proc" }, () => {
  let dir: string;
  let state: string;
  const begun: Running[] = [];
  const connections: Redis[] = [];
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-start-"));
    state = join(dir, "tsp");
  });
  after(async () => {
    for (const redis of connections) redis.disconnect();
    for (const { child, end } of begun) {
      child.kill("SIGTERM");
      await end;
    }
    rmSync(dir, { recursive: true, force: true });
  });

  async function up(...args: string[]): Promise<{ running: Running; overview: Overview; processes: ProcessIdentity[] }> {
    const running = start(["--json", "tsp", "start", "--state", state, ...args]);
    begun.push(running);
    let text = "";
    running.child.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await running.says(/all parts are ready/);
    while (!text.endsWith("\n")) await wait(10);
    const processes = treeOf(running.child.pid!).flatMap((pid) => identify(pid) ?? []);
    return { running, overview: JSON.parse(text) as Overview, processes };
  }
  /** Waits until none is left; they end by themselves, or the test's time does. */
  async function gone(processes: readonly ProcessIdentity[]): Promise<void> {
    while (processes.some(isAlive)) await wait(50);
  }

  it("starts everything, starts again what is killed, leaves nothing behind when it is killed itself, and goes on with the same chain", { timeout: 500_000 }, async () => {
    writeFileSync(join(dir, "config.json"), JSON.stringify({ "qood-ingest": { anchorSeconds: 1, tickMs: 50 } }));
    const first = await up("--config", join(dir, "config.json"));
    const { facts, parts } = first.overview;
    assert.deepEqual(["chain", "delivery", "gateway", "ingest", "prover", "redis", "storage"].filter((name) => parts[name]?.state !== "ready"), []);
    assert.ok(first.processes.length >= 9, "the parent, four workers and more, two engines with their guardians");
    const rpc = String(parts.chain!.ready.rpc);
    const deployment = parseDeployment(JSON.parse(readFileSync(facts.deployment!, "utf8")));
    const before = testProvider(rpc);
    assert.notEqual(await before.getCode(deployment.addresses.escrow), "0x");
    const block = await before.getBlock("latest");
    before.destroy();

    assert.equal((await fetch(`http://127.0.0.1:${String(parts.gateway!.ready.http)}/v1/telemetry`, { method: "POST", body: "{}" })).status, 401);

    // A drive from a file goes all the way: into batches whose anchor is on this chain.
    const redis = connectRedis(facts.Redis!);
    connections.push(redis);
    const at = ["--redis", facts.Redis!, "--deployment", facts.deployment!];
    const [stream] = (await answerOf([...at.slice(2), "tsp", "streams", "add", ...at.slice(0, 2), "--attested", "--vehicle", "5", "--schema", "carobd@1"])) as { handle: Hex }[];
    await importBox(join(state, "tsp", "vault.json"), PASSPHRASE, await sealTo(fromHex(facts["vault key"]!, 32), { handle: fromHex(stream!.handle, 32), keyEpoch: 0, secret: bytes32("stream secret") }));
    const [imported] = (await answerOf(["tsp", "import", DRIVE, "--stream", stream!.handle, "--end-trip", ...at.slice(0, 2)])) as { records: number }[];
    assert.equal(imported!.records, (await readDrive(DRIVE)).rows.length);
    let batches: Awaited<ReturnType<typeof readBatches>> = [];
    while (batches.reduce((sum, { batch }) => sum + batch.records, 0) < imported!.records) {
      await wait(100);
      batches = await readBatches(redis, "qood");
    }
    assert.equal(batches.reduce((sum, { batch }) => sum + batch.records, 0), imported!.records);
    assert.ok(batches.every(({ batch }) => batch.stream === stream!.handle && batch.lot.header.words.flags === 0n), "attested by the TSP");

    process.kill(parts.prover!.pid, "SIGKILL");
    await first.running.says(/^prover is back$/m);
    const after = (await answerOf(["tsp", "status", "--state", state])) as Overview;
    assert.deepEqual([after.parts.prover!.state, after.parts.prover!.restarts, after.parts.ingest!.restarts], ["ready", 1, 0]);
    assert.notEqual(after.parts.prover!.pid, parts.prover!.pid);
    await mistake(["tsp", "start", "--state", state], "STATE_IN_USE", /is in use by process/);
    const processes = treeOf(first.running.child.pid!).flatMap((pid) => identify(pid) ?? []);

    first.running.child.kill("SIGKILL");
    assert.equal((await first.running.end).signal, "SIGKILL");
    await gone([...first.processes, ...processes]);
    await mistake(["tsp", "status", "--state", state], "NOT_RUNNING", /nothing runs on/);
    await mistake(["tsp", "start", "--state", state], "PASSPHRASE_WRONG", /the passphrase does not open account tsp/, { QOOD_KEYSTORE_PASSPHRASE: "another" });

    const second = await up("--config", join(dir, "config.json"));
    assert.deepEqual(second.overview.facts, facts, "the same accounts, contracts and ports");
    assert.deepEqual(parseDeployment(JSON.parse(readFileSync(facts.deployment!, "utf8"))), deployment);
    const again = testProvider(rpc);
    assert.equal((await again.getBlock(block!.number))?.hash, block!.hash, "the chain has its state");
    assert.notEqual(await again.getCode(deployment.addresses.escrow), "0x");
    again.destroy();
    const [same] = (await answerOf(["tsp", "import", DRIVE, "--stream", stream!.handle, "--config", facts.settings!])) as { result: string }[];
    assert.equal(same!.result, "already imported", "Redis has its state too");
    // A second TSP beside it starts no engine whose address is given.
    const given = ["--rpc", rpc, "--redis", facts.Redis!, "--redis-prefix", "other", "--storage", facts.storage!, "--deployment", facts.deployment!];
    const other = start(["--json", "tsp", "start", "--state", join(dir, "other"), ...given]);
    begun.push(other);
    await other.says(/all parts are ready/);
    const its = (await answerOf(["tsp", "status", "--state", join(dir, "other")])) as Overview;
    assert.deepEqual(["chain", "redis", "storage"].filter((name) => name in its.parts), []);
    assert.ok(its.parts.ingest?.state === "ready" && its.facts.TSP !== facts.TSP);
    await mistake(["tsp", "fund", its.facts.TSP!, "--state", join(dir, "other")], "NOT_LOCAL", /a chain of somebody else/);
    other.child.kill("SIGINT");
    assert.equal((await other.end).code, 0);

    const logs = readdirSync(facts.logs!).map((name) => readFileSync(join(facts.logs!, name), "utf8")).join("\n");
    for (const name of ["delivery", "ingest", "prover", "storage"]) assert.ok(existsSync(join(facts.logs!, `${name}.log`)), name);
    assert.ok(!`${logs}${readFileSync(facts.settings!, "utf8")}`.includes(PASSPHRASE));

    second.running.child.kill("SIGTERM");
    const run = await second.running.end;
    assert.deepEqual([run.code, run.signal], [0, null]);
    assert.match(run.stderr, /SIGTERM: ending everything …\neverything has ended\n$/);
    await gone(second.processes);
  });

  it("ends what it has begun when it is stopped before it is ready", { timeout: 500_000 }, async () => {
    const early = start(["tsp", "start", "--state", state]);
    begun.push(early);
    await early.says(/starting ingest/);
    const begunBy = treeOf(early.child.pid!).flatMap((pid) => identify(pid) ?? []);
    early.child.kill("SIGTERM");
    assert.deepEqual([(await early.end).code, (await early.end).stdout], [0, ""]);
    await gone(begunBy);
  });

  it("says in one line what is missing", async () => {
    await mistake(["tsp", "start", "--state", join(dir, "none")], "PASSPHRASE_MISSING", /no passphrase for the key files/, {});
    await mistake(["tsp", "start", "--state", join(dir, "none"), "--rpc-port", "x"], "USAGE", /--rpc-port must be a port/);
    await mistake(["tsp", "start", "--state", join(dir, "none"), "--catalog", "70000"], "USAGE", /--catalog must be a port/);
    await mistake(["tsp", "status", "--state", join(dir, "nothing")], "NOT_RUNNING", /nothing was ever started/);
    await mistake(["tsp", "fund", "0x1234", "--state", join(dir, "nothing")], "NOT_RUNNING", /nothing was ever started/);
  });
});
