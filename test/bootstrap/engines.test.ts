import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { JsonRpcProvider } from "ethers";
import { startAnvil } from "@qoodblock/workers/shared/engines/anvil.ts";
import { startRedis } from "@qoodblock/workers/shared/engines/redis.ts";
import { findRedis } from "@qoodblock/workers/shared/engines/debian.ts";
import { identify, isAlive } from "@qoodblock/workers/shared/process/identity.ts";

const cache = fileURLToPath(new URL("../../.cache", import.meta.url));
const mnemonic = "test test test test test test test test test test test junk";

describe("engines", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "qood-engines-"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("redis keeps what was written, on a socket alone", async () => {
    const dir = join(folder, "redis");
    const first = await startRedis({ dir, cache });
    const writer = new Redis(first.socket);
    await writer.set("a", "1");
    assert.deepEqual(await writer.config("GET", "maxmemory-policy"), ["maxmemory-policy", "noeviction"]);
    assert.deepEqual(await writer.config("GET", "port"), ["port", "0"]);
    writer.disconnect();
    await first.stop();
    const second = await startRedis({ dir, cache });
    const reader = new Redis(second.socket);
    assert.equal(await reader.get("a"), "1");
    reader.disconnect();
    await second.stop();
  });

  it("says how to install redis when it cannot be had", async () => {
    // No redis-server and no apt-get on this PATH.
    const path = process.env.PATH;
    process.env.PATH = join(folder, "nothing");
    try {
      await assert.rejects(findRedis(join(folder, "empty-cache")), { code: "REDIS_MISSING", message: /apt-get install redis-server/ });
    } finally {
      process.env.PATH = path;
    }
  });

  it("the chain goes on where it stopped", async () => {
    const dir = join(folder, "chain");
    const first = await startAnvil({ dir, mnemonic });
    const before = new JsonRpcProvider(first.url, undefined, { pollingInterval: 100 });
    const block = await new Promise<number>((resolve) => void before.once("block", resolve));
    const hash = (await before.getBlock(block))!.hash;
    before.destroy();
    await first.stop();
    const second = await startAnvil({ dir, mnemonic });
    const provider = new JsonRpcProvider(second.url);
    assert.equal((await provider.getBlock(block))!.hash, hash);
    provider.destroy();
    await second.stop();
  });

  it("a port given by hand must be free", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    await assert.rejects(startAnvil({ dir: join(folder, "taken"), mnemonic, port }), { code: "PORT_TAKEN", message: new RegExp(String(port)) });
    server.close();
  });

  it("an engine ends when its owner is killed", async () => {
    const script = `
      import { startRedis } from "@qoodblock/workers/shared/engines/redis.ts";
      const redis = await startRedis({ dir: ${JSON.stringify(join(folder, "orphan"))}, cache: ${JSON.stringify(cache)} });
      console.log(redis.program.guardian + " " + redis.program.pid);
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"], cwd: fileURLToPath(new URL("../..", import.meta.url)) });
    const [line] = (await once(owner.stdout, "data")) as [Buffer];
    const children = line.toString().trim().split(" ").map((pid) => identify(Number(pid))!);
    assert.ok(children.every(isAlive));
    owner.kill("SIGKILL");
    const deadline = Date.now() + 5000;
    while (children.some(isAlive)) {
      assert.ok(Date.now() < deadline, "the engine outlived its owner by five seconds");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
});
