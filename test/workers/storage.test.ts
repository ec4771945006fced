import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { createHeliaStorage, createKuboStorage } from "../../workers/shared/storage/index.ts";
import type { Storage } from "../../workers/shared/storage/index.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";

/** Repeatable bytes that do not compress into each other: a 32-bit xorshift. */
function bytes(length: number, seed: number): Uint8Array {
  const out = new Uint8Array(length);
  let x = seed;
  for (let i = 0; i < length; i += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    out[i] = x;
  }
  return out;
}

interface Pair {
  readonly one: Storage;
  readonly two: Storage;
  readonly repos: [string, string];
  stop(): Promise<void>;
}

const adapters: Record<string, (repos: [string, string]) => Promise<Pair>> = {
  "Helia in this process": async (repos) => {
    const one = await createHeliaStorage({ repo: repos[0] });
    const two = await createHeliaStorage({ repo: repos[1] });
    return {
      one,
      two,
      repos,
      async stop() {
        await one.close();
        await two.close();
      },
    };
  },
  "Kubo RPC of the storage process, by socket and by port": async (repos) => {
    const nodes: RunningWorker[] = [await startWorker("storage", ["--repo", repos[0], "--rpc", join(repos[0], "rpc.sock"), "--log-level", "error"]), await startWorker("storage", ["--repo", repos[1], "--log-level", "error"])];
    const [one, two] = nodes.map((node) => createKuboStorage(node.ready.rpc as string)) as [Storage, Storage];
    return {
      one,
      two,
      repos,
      async stop() {
        await one.close();
        await two.close();
        for (const node of nodes) assert.equal(await node.stop(), 0, node.errors());
      },
    };
  },
};


for (const [name, start] of Object.entries(adapters)) {
  describe(`storage: ${name}`, () => {
    let dir: string;
    let pair: Pair;
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), "qood-store-"));
      pair = await start([join(dir, "1"), join(dir, "2")]);
    });
    after(async () => {
      await pair.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    it("gives the CIDs that the formats fix: a single chunk wrapped, two chunks, an empty file", async () => {
      assert.equal(await pair.one.add(new TextEncoder().encode("hello")), "bafybeigdmlew4vlxdvpez4l3qmptkqyjp5qv2ijcaqjymrnqjncpnpmagq");
      assert.equal(await pair.one.add(new Uint8Array(0)), "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y");
      const large = bytes(1024 * 1024 + 1, 7);
      const cid = await pair.one.add(large);
      assert.equal(await pair.one.add(large), cid);
      assert.deepEqual(await pair.one.get(cid), large);
    });

    it("brings a file from one node to the other by bitswap, verified, and pins it", async () => {
      const data = bytes(3_000_000, 11);
      const cid = await pair.one.add(data);
      assert.equal(await pair.one.isPinned(cid), true);
      assert.equal(await pair.two.has(cid), false);
      await assert.rejects(pair.two.get(cid, { timeoutMs: 300 }), { code: "STORAGE_NOT_FOUND" });
      const { addresses } = await pair.one.id();
      await pair.two.connect(addresses[0]!);
      assert.deepEqual(await pair.two.get(cid), data);
      assert.equal(await pair.two.has(cid), true);
      assert.equal(await pair.two.isPinned(cid), false);
      await pair.two.pin(cid);
      await pair.two.pin(cid);
      assert.equal(await pair.two.isPinned(cid), true);
      await pair.two.unpin(cid);
      await pair.two.unpin(cid);
      assert.equal(await pair.two.isPinned(cid), false);
    });

    it("names the block that does not match its CID and passes it on to nobody", async () => {
      const data = bytes(2_500_000, 13);
      const cid = await pair.one.add(data);
      const block = readdirSync(join(pair.repos[0], "blocks"), { recursive: true, encoding: "utf8" })
        .map((entry) => join(pair.repos[0], "blocks", entry))
        .filter((file) => file.endsWith(".data"))
        .find((file) => Buffer.from(readFileSync(file)).equals(Buffer.from(data.subarray(1024 * 1024, 2 * 1024 * 1024))));
      assert.ok(block !== undefined, "the second leaf lies in a file of its own");
      const content = readFileSync(block);
      content[1000]! ^= 1;
      writeFileSync(block, content);
      await assert.rejects(pair.one.get(cid), (error: Error & { code: string }) => {
        assert.equal(error.code, "STORAGE_CORRUPT");
        assert.match(error.message, /block bafkrei[a-z2-7]+ /);
        return true;
      });
      await assert.rejects(pair.one.has(cid), { code: "STORAGE_CORRUPT" });
      await pair.two.connect((await pair.one.id()).addresses[0]!);
      await assert.rejects(pair.two.get(cid, { timeoutMs: 1000 }), { code: "STORAGE_NOT_FOUND" });
    });

    it("refuses what is no CID of ours, a file beyond the limit and a node that is not there", async () => {
      await assert.rejects(pair.one.get("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"), { code: "STORAGE_CID" });
      await assert.rejects(pair.one.get("../../etc/passwd"), { code: "STORAGE_CID" });
      const cid = await pair.one.add(bytes(10_000, 3));
      await assert.rejects(pair.one.get(cid, { maxBytes: 9_999 }), { code: "STORAGE_TOO_LARGE" });
      assert.equal((await pair.one.get(cid, { maxBytes: 10_000 })).length, 10_000);
      const { peerId } = await pair.two.id();
      await assert.rejects(pair.one.connect(`/ip4/127.0.0.1/tcp/1/p2p/${peerId.replace(/.$/, (last) => (last === "a" ? "b" : "a"))}`), { code: "STORAGE_UNREACHABLE" });
    });
  });
}

describe("storage process", () => {
  it("keeps its files and its identity over a SIGKILL, and refuses web pages and foreign hosts", async () => {
    const dir = mkdtempSync(join(tmpdir(), "qood-store-"));
    try {
      const first = await startWorker("storage", ["--repo", dir, "--log-level", "error"]);
      const data = bytes(100_000, 17);
      const client = createKuboStorage(first.ready.rpc as string);
      const cid = await client.add(data);
      await client.close();
      await first.kill();
      const second = await startWorker("storage", ["--repo", dir, "--log-level", "error"]);
      const again = createKuboStorage(second.ready.rpc as string);
      assert.equal(second.ready.peerId, first.ready.peerId);
      assert.deepEqual(await again.get(cid), data);
      const status = (headers: Record<string, string>): Promise<number | undefined> =>
        new Promise((resolve, reject) => {
          request(`${second.ready.rpc as string}/api/v0/id`, { method: "POST", headers, agent: false }, (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          })
            .on("error", reject)
            .end();
        });
      assert.equal(await status({ origin: "http://evil.example" }), 403);
      assert.equal(await status({ host: "evil.example" }), 403);
      assert.equal(await status({}), 200);
      await again.close();
      assert.equal(await second.stop(), 0);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it("explains itself and complains in one line", async () => {
    const help = await runToEnd("storage", ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /--repo TEXT {3}\[QOOD_REPO\]/);
    const wrong = await runToEnd("storage", ["--repo", ""]);
    assert.equal(wrong.code, 1);
    assert.equal(wrong.stderr.trim().split("\n").length, 1);
    assert.match(wrong.stderr, /repo/);
  });
});
