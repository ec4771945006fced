import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Redis } from "ioredis";
import { createCatalogMetrics } from "../../workers/catalog/metrics.ts";
import { createIndexerMetrics } from "../../workers/indexer/metrics.ts";
import { createKvMetrics } from "../../workers/kv/metrics.ts";
import { createStats } from "../../workers/gateway/stats.ts";
import { createDeliveryMetrics } from "../../workers/delivery/metrics.ts";
import type { Bonds } from "../../workers/delivery/bonds.ts";
import { measureRecords } from "../../workers/ingest/metrics.ts";
import type { Records } from "../../workers/ingest/record.ts";
import { programs } from "../../workers/programs.ts";
import { createProverMetrics } from "../../workers/prover/metrics.ts";
import type { Chain, Lane } from "../../workers/shared/chain/index.ts";
import { createLaneMetrics, createMetrics, createReadiness, watchChain, watchLane, watchQueues, watchRedis } from "../../workers/shared/metrics/index.ts";
import type { HeliaStorage } from "../../workers/shared/storage/helia.ts";
import { measureStorage } from "../../workers/storage/metrics.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (...path: string[]): string => readFileSync(join(root, ...path), "utf8");
const operations = "workers/operations";

/** Names of all metrics that the workers make, with what a histogram is scraped as; those of Node apart. */
async function metricNames(): Promise<{ own: string[]; scraped: Set<string> }> {
  // Nothing is there to read: names and types are told all the same.
  const { registry: metrics } = createMetrics("qood-sample");
  const nodes = new Set((await metrics.getMetricsAsJSON()).map(({ name }) => name));
  nodes.delete("qood_alarms_total");
  const redis = { status: "end" } as unknown as Redis;
  const watched = { metrics, ready: createReadiness() };
  const gone = { chainId: 1, provider: {} } as unknown as Chain;
  watchRedis(watched, redis);
  watchChain(watched, gone);
  watchLane(watched, { redis, prefix: "x", chain: gone, lane: { address: "0x" } as Lane });
  watchQueues(watched, redis, "x", ["seal"]);
  createLaneMetrics(metrics);
  measureRecords(metrics, redis, "x", {} as Records);
  createDeliveryMetrics(metrics, { redis, prefix: "x", bonds: {} as Bonds, token: "0x" });
  createProverMetrics(metrics);
  createIndexerMetrics(metrics);
  createCatalogMetrics(metrics);
  createKvMetrics(metrics);
  measureStorage(metrics, root, {} as HeliaStorage);
  createStats(metrics, { connections: () => 0, pendingBytes: () => 0 });
  const all = await metrics.getMetricsAsJSON();
  const scraped = all.flatMap(({ name, type }) => (String(type) === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]));
  return { own: all.map(({ name }) => name).filter((name) => !nodes.has(name)), scraped: new Set(scraped) };
}

const used = (text: string): string[] => [...new Set(text.match(/\bqood_[a-z0-9_]+/g) ?? [])];

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.includes("node_modules")).map((name) => join(folder, name));
}

describe("operations files", () => {
  it("dashboard and alerts use metrics that there are", async () => {
    const { scraped } = await metricNames();
    const dashboard = JSON.parse(read(operations, "grafana-dashboard.json")) as { panels: { id: number; targets?: { expr: string }[] }[] };
    const names = used(dashboard.panels.flatMap(({ targets }) => targets?.map(({ expr }) => expr) ?? []).join("\n"));
    assert.ok(names.length > 30);
    for (const name of [...names, ...used(read(operations, "prometheus-alerts.yaml"))]) assert.ok(scraped.has(name), `${name} is no metric of the workers`);
    assert.equal(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  });

  it("the guide names every metric, and no other", async () => {
    const { own, scraped } = await metricNames();
    const named = new Set(used(read("docs/operations.md")));
    for (const name of own) assert.ok(named.has(name), `docs/operations.md does not name ${name}`);
    for (const name of named) assert.ok(scraped.has(name) || own.includes(name), `${name} in docs/operations.md is no metric`);
  });

  it("the guide has a remedy for every ALARM", () => {
    const guide = read("docs/operations.md");
    let count = 0;
    for (const file of [...sources("workers"), ...sources("cli")]) {
      const source = read(file);
      for (const [, fixed] of source.matchAll(/["`]ALARM: ([^"`$]*)/g)) {
        // Where the line is put together, by what its file calls the text.
        const text = fixed !== "" ? fixed! : /const text = ["`]([^"`$]*)/.exec(source)?.[1];
        assert.ok(text !== undefined && text.length > 10, `an ALARM in ${file} whose text is not found`);
        assert.ok(guide.includes(text.split(/[:;]/)[0]!.trim()), `docs/operations.md has no remedy for: ${text} (${file})`);
        count += 1;
      }
    }
    assert.ok(count > 15);
  });

  it("there is a systemd unit for every worker, hardened, with its secrets as credentials, that systemd takes", (t) => {
    const folder = join(root, operations, "systemd");
    for (const { folder: name, schema } of programs) {
      const unit = read(operations, "systemd", `qood-${name}.service`);
      for (const line of ["NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=on-failure", "CapabilityBoundingSet=", "User=qood"]) assert.ok(unit.split("\n").includes(line), `${line} in qood-${name}`);
      assert.ok(unit.includes(`workers/${name}/main.ts`));
      for (const [, variable] of unit.matchAll(/^Environment=(QOOD_[A-Z_]+_FILE)=%d\//gm)) {
        const setting = variable!.replace("QOOD_", "").toLowerCase().replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        assert.ok(Object.hasOwn(schema.shape, setting), `${variable!} sets nothing of qood-${name}`);
      }
      const secrets = Object.keys(schema.shape).filter((setting) => /(passphrase|password|secret)File$/i.test(setting));
      assert.equal(unit.match(/^LoadCredential=/gm)?.length ?? 0, secrets.length, `credentials of qood-${name}`);
    }
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
      t.diagnostic("systemd-analyze is not on this machine: the units were not verified");
      return;
    }
    const copy = mkdtempSync(join(tmpdir(), "qood-units-"));
    for (const file of readdirSync(folder).filter((name) => /\.(service|target)$/.test(name))) writeFileSync(join(copy, file), readFileSync(join(folder, file), "utf8").replaceAll("/usr/bin/node", process.execPath));
    const units = readdirSync(copy).map((file) => join(copy, file));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", ...units], { encoding: "utf8" });
    rmSync(copy, { recursive: true });
    assert.deepEqual([status, stderr.split("\n").filter((line) => line.includes("qood-"))], [0, []]);
  });

  it("the compose file starts every worker, and image and scripts name files that there are", () => {
    const compose = read(operations, "compose.yaml");
    const dockerfile = read(operations, "Dockerfile");
    for (const { folder } of programs) assert.ok(compose.includes(`command: [workers/${folder}/main.ts`), folder);
    for (const option of ["noeviction", "--appendonly", "no-new-privileges:true", "cap_drop: [ALL]"]) assert.ok(compose.includes(option));
    for (const [, from] of dockerfile.matchAll(/^COPY (.+) \S+$/gm)) for (const path of from!.split(" ")) assert.ok(existsSync(join(root, path)), path);
    for (const script of ["backup.sh", "restore.sh"]) execFileSync("bash", ["-n", join(root, operations, script)]);
  });
});
