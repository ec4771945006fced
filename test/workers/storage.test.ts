import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { CarReader } from "@ipld/car";
import { loadSettings, storageSettings } from "../../workers/shared/config/index.ts";
import { readCar, writeCar } from "../../workers/shared/storage/car.ts";
import { parseEndpoint } from "../../workers/shared/storage/endpoint.ts";
import { MultipartError, multipartOf, readMultipartFile } from "../../workers/shared/storage/multipart.ts";
import { cidOf, createHeliaStorage, createKuboStorage } from "../../workers/shared/storage/index.ts";
import type { Storage } from "../../workers/shared/storage/index.ts";
import { runToEnd, startWorker } from "./support/processes.ts";

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
  readonly stop: () => Promise<void>;
}

async function rpcPair(first: string, repo: string): Promise<Pair> {
  const node = await startWorker("storage", ["--repo", repo, "--log-level", "error"]);
  const [one, two] = [createKuboStorage(first), createKuboStorage(node.ready.rpc as string)];
  return {
    one,
    two,
    async stop() {
      await one.close();
      await two.close();
      assert.equal(await node.stop(), 0, node.errors());
    },
  };
}

/** Ways to two nodes: the first is tested, the second is its peer. `own`: the first keeps its blocks in the folder that it is given. */
const adapters: Record<string, { readonly own: boolean; readonly skip?: string; readonly start: (repos: [string, string]) => Promise<Pair> }> = {
  "Helia in this process": {
    own: true,
    async start(repos) {
      const [one, two] = [await createHeliaStorage({ repo: repos[0] }), await createHeliaStorage({ repo: repos[1] })];
      return {
        one,
        two,
        async stop() {
          await one.close();
          await two.close();
        },
      };
    },
  },
  "Kubo RPC of the storage process, by socket and by port": {
    own: true,
    async start(repos) {
      const node = await startWorker("storage", ["--repo", repos[0], "--rpc", join(repos[0], "rpc.sock"), "--log-level", "error"]);
      const pair = await rpcPair(node.ready.rpc as string, repos[1]);
      return {
        ...pair,
        async stop() {
          await pair.stop();
          assert.equal(await node.stop(), 0, node.errors());
        },
      };
    },
  },
  "a real Kubo at KUBO_RPC_URL": {
    own: false,
    ...(process.env.KUBO_RPC_URL === undefined ? { skip: "KUBO_RPC_URL is not set" } : {}),
    start: (repos) => rpcPair(process.env.KUBO_RPC_URL!, repos[1]),
  },
};

/** Where a node on this machine can be dialled. */
const dialable = async (node: Storage): Promise<string> => (await node.id()).addresses.find((address) => /^\/ip4\/127\.0\.0\.1\/tcp\//.test(address))!;

async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
async function* given<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}
async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) parts.push(piece);
  return Buffer.concat(parts);
}
/** A CAR in pieces of an odd size, as a network brings it. */
async function* inPieces(car: Uint8Array, size = 7919): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < car.length; at += size) yield await Promise.resolve(car.subarray(at, at + size));
}
/** The file of a block in a node's folder, by its content. */
function blockFile(repo: string, content: Uint8Array): string {
  const file = readdirSync(join(repo, "blocks"), { recursive: true, encoding: "utf8" })
    .map((entry) => join(repo, "blocks", entry))
    .filter((entry) => entry.endsWith(".data"))
    .find((entry) => readFileSync(entry).equals(Buffer.from(content)));
  assert.ok(file !== undefined, "the block lies in a file of its own");
  return file;
}
const MIB = 1024 * 1024;

for (const [name, { own, skip, start }] of Object.entries(adapters)) {
  describe(`storage: ${name}`, { skip: skip ?? false }, () => {
    let dir: string;
    let repo: string;
    let pair: Pair;
    before(async () => {
      dir = mkdtempSync(join(tmpdir(), "qood-store-"));
      repo = join(dir, "1");
      pair = await start([repo, join(dir, "2")]);
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
      // Once a pin that nobody could serve ended the node's process.
      await assert.rejects(pair.two.pin(cid, { timeoutMs: 300 }), { code: "STORAGE_NOT_FOUND" });
      assert.equal(await pair.two.isPinned(cid), false);
      await pair.two.connect(await dialable(pair.one));
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

    it("names the block that does not match its CID and passes it on to nobody", { skip: !own }, async () => {
      const data = bytes(2_500_000, 13);
      const cid = await pair.one.add(data);
      const block = blockFile(repo, data.subarray(MIB, 2 * MIB));
      const content = readFileSync(block);
      content[1000]! ^= 1;
      writeFileSync(block, content);
      await assert.rejects(pair.one.get(cid), (error: Error & { code: string }) => {
        assert.equal(error.code, "STORAGE_CORRUPT");
        assert.match(error.message, /block bafkrei[a-z2-7]+ /);
        return true;
      });
      await assert.rejects(pair.one.has(cid), { code: "STORAGE_CORRUPT" });
      await assert.rejects(gather(pair.one.exportCar([cid])), { code: "STORAGE_CORRUPT" });
      await pair.two.connect(await dialable(pair.one));
      await assert.rejects(pair.two.get(cid, { timeoutMs: 1000 }), { code: "STORAGE_NOT_FOUND" });
      // Adding the same bytes mends it.
      assert.equal(await pair.one.add(data), cid);
      assert.equal(await pair.one.has(cid), true);
      assert.deepEqual(await pair.one.get(cid), data);
    });

    it("misses a file of which one block is lost, and mends it by adding or importing it again", { skip: !own }, async () => {
      const data = bytes(2_200_000, 19);
      const cid = await pair.one.add(data);
      const car = await gather(pair.one.exportCar([cid]));
      for (const mend of [() => pair.one.add(data), () => pair.one.importCar(inPieces(car))]) {
        rmSync(blockFile(repo, data.subarray(2 * MIB)));
        assert.equal(await pair.one.has(cid), false);
        await assert.rejects(gather(pair.one.exportCar([cid])), { code: "STORAGE_NOT_FOUND" });
        await mend();
        assert.equal(await pair.one.has(cid), true);
        assert.deepEqual(await pair.one.get(cid), data);
      }
      rmSync(blockFile(repo, data.subarray(2 * MIB)));
      await pair.one.unpin(cid);
      assert.equal(await pair.one.isPinned(cid), false);
    });

    it("exports files as a CARv1 with their CIDs as roots, which any node imports, pinned", async () => {
      const files = [bytes(1_500_000, 23), bytes(100, 29), new Uint8Array(0)];
      const cids: string[] = [];
      for (const file of files) cids.push(await pair.one.add(file));
      const car = await gather(pair.one.exportCar(cids));
      const reader = await CarReader.fromBytes(car);
      assert.equal(reader.version, 1);
      assert.deepEqual((await reader.getRoots()).map(String), cids);
      const blocks = await listOf(reader.blocks());
      assert.equal(new Set(blocks.map(({ cid }) => cid.toString())).size, blocks.length);
      assert.ok(cids.every((cid) => blocks.some((block) => block.cid.toString() === cid)));
      assert.deepEqual(await pair.two.importCar(inPieces(car)), cids);
      for (const [i, cid] of cids.entries()) {
        assert.deepEqual(await pair.two.get(cid, { timeoutMs: 1000 }), files[i]);
        assert.ok((await pair.two.has(cid)) && (await pair.two.isPinned(cid)));
      }
      // Back again: to the node that is tested.
      const own = await pair.two.add(bytes(1_200_000, 31));
      assert.equal(await pair.one.has(own), false);
      assert.deepEqual(await pair.one.importCar(inPieces(await gather(pair.two.exportCar([own])))), [own]);
      assert.deepEqual(await pair.one.get(own, { timeoutMs: 1000 }), bytes(1_200_000, 31));
      assert.equal(await pair.one.isPinned(own), true);
      await assert.rejects(gather(pair.one.exportCar(["../x"])), { code: "STORAGE_CID" });
      await assert.rejects(gather(pair.one.exportCar([(await cidOf(bytes(50, 37))).toString()])), { code: "STORAGE_NOT_FOUND" });
    });

    it("takes no CAR that is damaged, cut short, not whole, without a root, of another kind, or no CAR at all", async () => {
      const data = bytes(1_400_000, 41);
      const cid = await pair.two.add(data);
      const car = await gather(pair.two.exportCar([cid]));
      const damaged = Buffer.from(car);
      damaged[car.length - 1000]! ^= 1;
      await assert.rejects(pair.one.importCar(inPieces(damaged)), { code: "STORAGE_CORRUPT", message: /block bafkrei[a-z2-7]+ of the CAR does not match its CID/ });
      await assert.rejects(pair.one.importCar(inPieces(car.subarray(0, car.length - 10))), { code: "STORAGE_CAR" });
      const { roots, blocks } = await readCar(inPieces(car));
      const some = (await listOf(blocks)).slice(0, 2);
      await assert.rejects(pair.one.importCar(writeCar(roots, given(some))), { code: "STORAGE_CAR", message: /is not whole/ });
      await assert.rejects(pair.one.importCar(writeCar([], given(some))), { code: "STORAGE_CAR", message: /no root/ });
      await assert.rejects(pair.one.importCar(writeCar([some[1]!.cid], given(some))), { code: "STORAGE_CID" });
      await assert.rejects(pair.one.importCar(inPieces(bytes(1000, 43))), { code: "STORAGE_CAR" });
      await assert.rejects(pair.one.importCar(inPieces(new Uint8Array(0))), { code: "STORAGE_CAR" });
      assert.equal(await pair.one.isPinned(cid), false);
      await pair.one.importCar(inPieces(car));
      assert.deepEqual(await pair.one.get(cid), data);
    });

    it("drops what no pin keeps, and nothing else", { skip: !own }, async () => {
      const [kept, shared, gone] = [bytes(1_100_000, 47), bytes(MIB, 53), new Uint8Array(Buffer.concat([bytes(MIB, 53), bytes(500, 59)]))];
      const cids = { kept: await pair.one.add(kept), shared: await pair.one.add(shared), gone: await pair.one.add(gone) };
      await pair.one.unpin(cids.gone);
      assert.ok((await pair.one.collect()) >= 2);
      assert.deepEqual([await pair.one.has(cids.kept), await pair.one.has(cids.shared), await pair.one.has(cids.gone)], [true, true, false]);
      assert.deepEqual(await pair.one.get(cids.shared), shared);
      assert.equal(await pair.one.collect(), 0);
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

describe("a file in a multipart form", () => {
  /** Reads a body that comes in pieces of a size. */
  const read = (body: Uint8Array, size: number, type = "multipart/form-data; boundary=b0und"): Promise<Buffer> => gather(readMultipartFile(Object.assign(Readable.from(inPieces(body, size)), { headers: { "content-type": type } }) as unknown as IncomingMessage));
  const form = (content: Uint8Array): Buffer => Buffer.concat([Buffer.from('--b0und\r\nContent-Disposition: form-data; name="file"\r\n\r\n'), content, Buffer.from("\r\n--b0und--\r\n")]);

  it("comes out as it went in, however it is cut, also when it looks like its own end", async () => {
    const tricky = Buffer.concat([Buffer.from("\r\n--b0un\r\n--\r\n\r\n--b0u"), bytes(300, 61), Buffer.from("\r\n--b0un")]);
    for (const content of [tricky, new Uint8Array(0), Buffer.from("\r\n")]) {
      for (const size of [1, 2, 7, 11, 64, 10_000]) assert.deepEqual(await read(form(content), size), Buffer.from(content), `pieces of ${size}`);
      const { type, stream } = multipartOf(given([Buffer.from(content)]), "b0und");
      assert.deepEqual(await read(await gather(stream), 5, type), Buffer.from(content));
    }
  });

  it("is refused when it is cut short, has no boundary, or no end of its headers", async () => {
    await assert.rejects(read(form(bytes(100, 67)).subarray(0, -10), 9), MultipartError);
    await assert.rejects(read(new Uint8Array(0), 9), MultipartError);
    await assert.rejects(read(Buffer.from("--other\r\n\r\nx\r\n--other--"), 9), /does not begin with its boundary/);
    await assert.rejects(read(form(new Uint8Array(1)), 9, "application/json"), /must be a multipart form/);
    await assert.rejects(read(Buffer.concat([Buffer.from("--b0und\r\n"), Buffer.alloc(20_000, 65)]), 1000), /headers of the multipart form are too long/);
  });
});

describe("address of a storage node", () => {
  it("is a socket, or a URL whose login goes into a header and into no message", () => {
    assert.deepEqual(parseEndpoint("/run/qood.sock"), { shown: "/run/qood.sock", secure: false, target: { socketPath: "/run/qood.sock" }, base: "", authorization: undefined });
    assert.deepEqual(parseEndpoint("http://127.0.0.1:5002/"), { shown: "http://127.0.0.1:5002", secure: false, target: { host: "127.0.0.1", port: 5002 }, base: "", authorization: undefined });
    assert.deepEqual(parseEndpoint("http://[::1]").target, { host: "::1", port: 5001 });
    const basic = parseEndpoint("https://ingest:p%40ss@kubo.example/ipfs/api/v0");
    assert.deepEqual(basic, { shown: "https://kubo.example/ipfs", secure: true, target: { host: "kubo.example", port: 443 }, base: "/ipfs", authorization: `Basic ${Buffer.from("ingest:p@ss").toString("base64")}` });
    assert.equal(parseEndpoint("https://t0ken@kubo.example:8443").authorization, "Bearer t0ken");
    for (const wrong of ["ftp://user:hunter2@host", "http://", "https://user:hunter2@ho st"]) {
      assert.throws(() => parseEndpoint(wrong), (error: Error & { code: string }) => error.code === "STORAGE_ADDRESS" && !error.message.includes("hunter2"));
    }
  });

  it("may be named by KUBO_RPC_URL; --storage and QOOD_STORAGE count more", () => {
    const program = { name: "qood-test", summary: "", schema: storageSettings };
    const read = (argv: string[], env: Record<string, string>): unknown => loadSettings(program, argv, env);
    assert.deepEqual(read([], { KUBO_RPC_URL: "http://kubo:5001" }), { settings: { storage: "http://kubo:5001" } });
    assert.deepEqual(read([], { KUBO_RPC_URL: "http://kubo:5001", QOOD_STORAGE: "/own.sock" }), { settings: { storage: "/own.sock" } });
    assert.deepEqual(read(["--storage", "/flag.sock"], { KUBO_RPC_URL: "http://kubo:5001" }), { settings: { storage: "/flag.sock" } });
    assert.match((read(["--help"], {}) as { help: string }).help, /--storage TEXT {3}\[QOOD_STORAGE, KUBO_RPC_URL\]/);
    assert.throws(() => read([], {}), { code: "CONFIG_VALUE" });
  });

  it("sends its login with every call, and says what to do when the node refuses it", async () => {
    const seen: IncomingMessage["headers"][] = [];
    let status = 200;
    const server = createServer((incoming, answer) => {
      seen.push(incoming.headers);
      incoming.resume();
      answer.writeHead(status, { "content-type": "application/json" });
      answer.end(JSON.stringify({ ID: "12D3Koo", Addresses: null }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const storage = createKuboStorage(`http://ingest:hunter2@127.0.0.1:${port}`);
    try {
      assert.deepEqual(await storage.id(), { peerId: "12D3Koo", addresses: [] });
      assert.equal(seen[0]!.authorization, `Basic ${Buffer.from("ingest:hunter2").toString("base64")}`);
      status = 403;
      await assert.rejects(storage.has((await cidOf(new Uint8Array(1))).toString()), (error: Error & { code: string }) => {
        assert.equal(error.code, "STORAGE_REFUSED");
        assert.match(error.message, new RegExp(`http://127\\.0\\.0\\.1:${port} refuses dag/stat with status 403: check the login`));
        return !error.message.includes("hunter2");
      });
      status = 200;
      await assert.rejects(storage.has((await cidOf(new Uint8Array(1))).toString()), { code: "STORAGE_ANSWER" });
    } finally {
      await storage.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await assert.rejects(createKuboStorage(`http://ingest:hunter2@127.0.0.1:${port}`).id(), (error: Error & { code: string }) => error.code === "STORAGE_UNREACHABLE" && !error.message.includes("hunter2"));
  });
});

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
