import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Hex } from "@qoodblock/sdk/bytes";
import { examine } from "../../cli/flows/tsp/doctor/examine.ts";
import type { Finding } from "../../cli/flows/tsp/doctor/finding.ts";
import { checkDisk, checkNode } from "../../cli/flows/tsp/doctor/machine.ts";
import { makeCar } from "../workers/support/fleet.ts";
import { depositBonds } from "../workers/support/market.ts";
import { startWorld } from "../workers/support/world.ts";
import type { World } from "../workers/support/world.ts";
import { qood } from "./support.ts";
import type { Run } from "./support.ts";

type Config = Record<string, Record<string, unknown> | string | number>;

describe("qood tsp doctor", () => {
  let world: World;
  let good: Config;
  before(async () => {
    world = await startWorld();
    await world.grant(makeCar(1, world.client.deployment.addresses.vehicleRegistry.toLowerCase() as Hex));
    await depositBonds(world, 1_000_000_000n);
    const file = (name: string): string => join(world.dir, name);
    for (const name of ["vault.json", "tsp.json"]) chmodSync(file(name), 0o600);
    good = {
      ...{ redis: world.redisEngine.socket, rpc: world.chainEngine.url, chainId: 31337, finality: "1", deployment: file("deployment.json") },
      ...{ vault: file("vault.json"), keystore: file("tsp.json"), storage: world.storageSocket },
      "qood-ingest": { artefacts: file("artefacts") },
      "qood-prover": {},
      "qood-delivery": {},
    };
  });
  after(() => world.stop());

  let count = 0;
  async function look(change: Config = {}, env: Record<string, string> = {}): Promise<Finding[]> {
    const config = join(world.dir, `doctor-${(count += 1)}.json`);
    writeFileSync(config, JSON.stringify({ ...good, ...change }));
    return examine({ config, programs: [], env: { ...world.secrets, ...env } });
  }
  const bad = (findings: readonly Finding[], state: Finding["state"] = "fault"): string[] => findings.filter((each) => each.state === state).map(({ check, told }) => `${check}: ${told}`);
  /** Exactly one fault, which says this. */
  function only(findings: readonly Finding[], what: RegExp): void {
    assert.equal(bad(findings).length, 1, JSON.stringify(findings, undefined, 1));
    assert.match(bad(findings)[0]!, what);
    assert.ok(findings.every(({ told }) => !told.includes("\n")));
  }

  it("finds nothing to mend where all is well, and looks at everything", async () => {
    await world.redis.config("SET", "appendfsync", "always");
    const findings = await look();
    assert.deepEqual([bad(findings), bad(findings, "warning")], [[], []]);
    const checks = new Set(findings.map(({ check }) => check));
    for (const check of ["node", "settings qood-ingest", "settings qood-prover", "settings qood-delivery", "redis", "chain", "storage", "vault", "key file", "ether", "bonds", "disk qood-ingest artefacts"]) assert.ok(checks.has(check), check);
    const told = findings.map((each) => each.told).join("\n");
    assert.match(told, /appendfsync always: nothing that was acknowledged is lost/);
    assert.match(told, /holds the secrets of 1 stream$/m);
    assert.ok(!Object.values(world.secrets).some((secret) => told.includes(secret)));
    // It looked, and left nothing behind.
    assert.deepEqual(await world.redis.keys("*"), []);
  });

  it("names what is wrong with settings, each program by itself", async () => {
    const findings = await look({ "qood-prover": { processes: 0 } });
    only(findings, /^settings qood-prover: .*processes/);
    assert.match(bad(await look({ wrong: "x" }))[0]!, /wrong cannot stand at the top level/);
    await assert.rejects(examine({ programs: ["qood-nobody"], env: {} }), { code: "PROGRAM_UNKNOWN" });
  });

  it("sees a Redis that forgets, and one that is not there", async () => {
    await world.redis.config("SET", "appendonly", "no");
    only(await look(), /^redis: the append-only file is off/);
    await world.redis.config("SET", "appendonly", "yes");
    await world.redis.config("SET", "maxmemory-policy", "allkeys-lru");
    only(await look(), /^redis: maxmemory-policy allkeys-lru: .*set noeviction/);
    await world.redis.config("SET", "maxmemory-policy", "noeviction");
    await world.redis.config("SET", "appendfsync", "no");
    const careless = await look();
    assert.deepEqual(bad(careless), []);
    assert.match(bad(careless, "warning")[0]!, /^redis: appendfsync no: a power cut loses/);
    await world.redis.config("SET", "appendfsync", "always");
    assert.ok((await look()).some(({ told }) => told.includes("appendfsync always: nothing that was acknowledged is lost")));
    await world.redis.config("SET", "appendfsync", "everysec");
    assert.match(bad(await look(), "warning")[0]!, /^redis: appendfsync everysec: a kill or a power cut may lose up to two seconds/);
    await world.redis.config("SET", "appendfsync", "always");
    const gone = bad(await look({ redis: "redis://user:hidden@127.0.0.1:1" }));
    assert.ok(gone.every((line) => !line.includes("hidden")), String(gone));
    assert.match(gone[0]!, /^redis: no Redis answers at redis:\/\/\*\*\*@127\.0\.0\.1:1: start it/);
  });

  it("sees the wrong chain, none, and one without the contracts", async () => {
    assert.match(bad(await look({ chainId: 5 }))[0]!, /^chain: the node at 127\.0\.0\.1:\d+ is of chain 31337, the settings say 5/);
    only(await look({ rpc: "http://127.0.0.1:9" }), /^chain: .*(start it|correct the setting rpc)/);
    const deployment = join(world.dir, "other.json");
    const { addresses, ...rest } = JSON.parse(readFileSync(join(world.dir, "deployment.json"), "utf8")) as { addresses: Record<string, string> };
    writeFileSync(deployment, JSON.stringify({ ...rest, addresses: { ...addresses, escrow: `0x${"12".repeat(20)}` } }));
    only(await look({ deployment }), /^chain: no code at the addresses of escrow: /);
  });

  it("sees a storage node that is not there", async () => {
    only(await look({ storage: "/nowhere.sock" }), /^storage: the storage node does not keep files: start it/);
  });

  it("sees a wrong passphrase, a signer without ether or bonds, and secrets that others can read", async () => {
    const wrong = await look({}, { QOOD_VAULT_PASSPHRASE: "wrong" });
    only(wrong, /^vault: .*VAULT_PASSPHRASE/);
    only(await look({}, { QOOD_KEYSTORE_PASSPHRASE: "wrong" }), /^key file: .*KEYSTORE_PASSPHRASE/);
    const balance = await world.provider.getBalance(world.accounts.tsp.address);
    await world.provider.send("anvil_setBalance", [world.accounts.tsp.address, "0x0"]);
    only(await look(), /^ether: 0x[0-9a-fA-F]{40} has no ether/);
    await world.provider.send("anvil_setBalance", [world.accounts.tsp.address, `0x${(10n ** 12n).toString(16)}`]);
    assert.match(bad(await look(), "warning")[0]!, /^ether: 0\.000001 ether do not last for 100 anchors/);
    await world.provider.send("anvil_setBalance", [world.accounts.tsp.address, `0x${balance.toString(16)}`]);
    const poor = await look({ "qood-delivery": { bondDeposit: "5000000000" } });
    assert.deepEqual(bad(poor), []);
    assert.match(bad(poor, "warning")[0]!, /^bonds: 1000000000 of token 0x[0-9a-fA-F]{40} are free.*deposit 4000000000$/);
    await world.redis.hset(`qood:bonds:${world.client.deployment.addresses.qdd.toLowerCase()}`, "x/0", "1000000000");
    only(await look(), /^bonds: the standing balance of .* 1000000000 of it reserved.*: deposit \d+ at the exchange/);
    await world.redis.flushall();
    chmodSync(join(world.dir, "vault.json"), 0o644);
    assert.match(bad(await look(), "warning")[0]!, /^vault: .* can be read by others \(mode 644\)/);
    chmodSync(join(world.dir, "vault.json"), 0o600);
  });

  it("sees ports that are wanted twice or cannot be had, an old Node and a full disk", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const twice = await look({ "qood-ingest": { artefacts: world.dir, metricsListen: `${port}` }, "qood-prover": { metricsListen: `127.0.0.1:${port}` }, "qood-delivery": { metricsListen: "192.0.2.1:9" } });
    server.close();
    assert.ok(twice.some(({ check, state, told }) => check === "port qood-ingest metricsListen" && state === "ok" && told.endsWith("is served")));
    assert.deepEqual(bad(twice).map((line) => line.split(":")[0]), ["port qood-prover metricsListen", "port qood-delivery metricsListen"]);
    assert.equal((await checkNode("22.9.0"))[0]!.state, "fault");
    const settings = new Map([["qood-ingest", { artefacts: join(world.dir, "not", "yet") }]]);
    const disk = async (bytes: number): Promise<Finding> => (await checkDisk({ settings, env: {} }, (() => Promise.resolve({ bavail: bytes, bsize: 1 })) as unknown as Parameters<typeof checkDisk>[1]))[0]!;
    assert.deepEqual([(await disk(2 ** 29)).state, (await disk(2 ** 32)).state, (await disk(2 ** 34)).state], ["fault", "warning", "ok"]);
  });

  it("is a command that tells people and programs, and ends with 1 when there is a fault", async () => {
    const run = (config: string, ...more: string[]): Promise<Run> => qood([...more, "tsp", "doctor", "--config", config, "--program", "prover"], world.secrets);
    const config = join(world.dir, "told.json");
    writeFileSync(config, JSON.stringify(good));
    const well = await run(config);
    assert.equal(well.code, 0);
    assert.match(well.stdout, /^ok {7}redis +Redis \d/m);
    assert.match(well.stdout, /0 faults, 0 warnings\n$/);
    assert.ok(!well.stdout.includes("qood-ingest"), "another worker was looked at");
    writeFileSync(config, JSON.stringify({ ...good, redis: "/nowhere.sock" }));
    const ill = await run(config, "--json");
    assert.equal(ill.code, 1);
    const value = JSON.parse(ill.stdout) as { healthy: boolean; faults: number; findings: Finding[] };
    assert.deepEqual([value.healthy, value.faults], [false, 1]);
    assert.match(bad(value.findings)[0]!, /^redis: no Redis answers at \/nowhere\.sock/);
  });
});
