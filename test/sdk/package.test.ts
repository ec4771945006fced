// The package as others get it: built, packed, installed in an empty folder without a network, and used from there; in Node, and as browsers load it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { isQoodError } from "@qoodblock/sdk/errors";
import { checkBatch, openBatch, sealBatch } from "@qoodblock/sdk/sealing";
import { sizeOf } from "../../scripts/sdk/bundle.ts";
import { browserRooms, DIST, rooms, SDK } from "../../scripts/sdk/rooms.ts";
import { temporaryFolder } from "../support/folder.ts";
import { bytesOf, checkInput, sealInput } from "./support.ts";

const root = join(SDK, "..");
const folder = temporaryFolder();
type Sdk = Record<string, (...args: unknown[]) => unknown>;

/** Bytes that a room may weigh in a browser, with everything that it needs. */
const LIMITS: Readonly<Record<string, number>> = { bytes: 45_000, errors: 38_000, keys: 130_000, formats: 620_000, sealing: 860_000, kv: 1_300_000, client: 1_150_000, market: 1_000_000 };

/** Where a dependency of the SDK lies in this repository. */
function folderOf(name: string): string {
  const nearest = join(SDK, "node_modules", name);
  return existsSync(nearest) ? nearest : join(root, "node_modules", name);
}

describe("the SDK's package", () => {
  let home = "";
  before(() => {
    execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, "scripts/sdk/main.ts"), "--no-reference"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    const tarball = join(DIST, readdirSync(DIST).find((name) => name.endsWith(".tgz"))!);
    home = folder.path("empty");
    const target = join(home, "node_modules/@qoodblock/sdk");
    mkdirSync(target, { recursive: true });
    execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", target]);
    // What the registry would bring: exactly the dependencies that the package names, and no other.
    const { dependencies } = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as { dependencies: Record<string, string> };
    for (const [name, version] of Object.entries(dependencies)) {
      const from = folderOf(name);
      assert.equal((JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as { version: string }).version, version, name);
      mkdirSync(dirname(join(home, "node_modules", name)), { recursive: true });
      symlinkSync(from, join(home, "node_modules", name), "dir");
    }
    folder.file("empty/package.json", '{ "name": "empty", "type": "module" }\n');
  });

  it("is used from an empty folder: every room loads, a batch is sealed, checked and opened", () => {
    folder.file(
      "empty/use.js",
      `${rooms().map((room) => `import * as ${room === "delivery" ? "delivery" : room.replaceAll("-", "_")} from "@qoodblock/sdk/${room}";`).join("\n")}
import { isQoodError } from "@qoodblock/sdk";
const seed = keys.mnemonicToSeed("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about");
const writer = kv.deductFrom(seed, { vehicle: 7n, dataClass: "USER", day: 20513 });
const rows = [[20513 * 86400000 + 5, 3, 1, 0, 52500000, 13400000, 50]];
const { record, key } = kv.sealRecord(writer, { format: dictionary.TRIP_GPS, rows }, true);
const read = kv.openRecord(kv.readerOf(writer), dictionary.TRIP_GPS, record, ["speed"]);
let code = "";
try { keys.mnemonicToSeed("no"); } catch (error) { code = isQoodError(error) ? error.code : "another class"; }
console.log(JSON.stringify({ address: writer.address, key, rows: read.rows, code, rooms: [${rooms().map((room) => `Object.keys(${room}).length`).join(", ")}] }));`,
    );
    const { stdout, stderr, status } = spawnSync(process.execPath, ["use.js"], { cwd: home, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    const said = JSON.parse(stdout) as { address: string; key: number[]; rows: number[][]; code: string; rooms: number[] };
    assert.deepEqual([said.rows, said.code, said.key[0]], [[[50]], "BAD_MNEMONIC", 3]);
    assert.ok(said.rooms.length === rooms().length && said.rooms.every((count) => count > 0), stdout);
  });

  it("has types that a strict project takes, without the sources", () => {
    folder.file("empty/use.ts", 'import { deductFrom, type DayWriter } from "@qoodblock/sdk/kv";\nimport { createClient } from "@qoodblock/sdk/client";\nexport const writer: DayWriter = deductFrom(new Uint8Array(64), { vehicle: 1n, dataClass: "USER", day: 1 });\nexport const wrong: number = writer.day;\nexport { createClient };\n');
    const options = { strict: true, module: "nodenext", moduleResolution: "nodenext", target: "es2024", lib: ["es2024", "dom"], noEmit: true, skipLibCheck: false, types: [] };
    folder.file("empty/tsconfig.json", JSON.stringify({ compilerOptions: { ...options, skipLibCheck: true }, files: ["use.ts"] }));
    const tsc = createRequire(join(root, "package.json")).resolve("typescript/bin/tsc");
    const right = spawnSync(process.execPath, [tsc, "-p", home], { encoding: "utf8" });
    assert.equal(right.stdout, "");
    folder.file("empty/use.ts", readFileSync(join(home, "use.ts"), "utf8").replace("wrong: number = writer.day", "wrong: string = writer.day"));
    assert.match(spawnSync(process.execPath, [tsc, "-p", home], { encoding: "utf8" }).stdout, /TS2322/);
    assert.ok(!readdirSync(join(DIST, "types"), { recursive: true, encoding: "utf8" }).some((name) => /from "\.[^"]*\.ts"/.test(name.endsWith(".d.ts") ? readFileSync(join(DIST, "types", name), "utf8") : "")));
  });

  it("imports nothing of Node's in a browser, nor anything that is not inside", () => {
    for (const file of readdirSync(join(DIST, "browser"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"))) {
      const text = readFileSync(join(DIST, "browser", file), "utf8");
      for (const [, from] of text.matchAll(/(?:^|[;}\n])(?:import|export)[^;"'()]*?(?:from)?"([^"]+)"/g)) assert.match(from!, /^\.{1,2}\//, `${file} imports ${from!}`);
      assert.ok(!/["']node:[a-z]/.test(text), file);
    }
    assert.ok(!browserRooms().includes("drive") && !browserRooms().includes("proof"));
  });

  it("is no larger in a browser than its limits", () => {
    const metafile = { inputs: {}, outputs: outputsOf() };
    for (const [name, limit] of Object.entries(LIMITS)) {
      const size = sizeOf(metafile, name);
      assert.ok(size > 500 && size <= limit, `${name}: ${size} bytes, at most ${limit}`);
    }
  });

  it("gives the same bytes in a browser as in Node", async () => {
    const load = (room: string): Promise<Sdk> => import(pathToFileURL(join(DIST, "browser", `${room}.js`)).href) as Promise<Sdk>;
    const [crypto, sealing] = [await load("crypto"), await load("sealing")];
    const data = bytesOf("some data", 10_007);
    for (const length of [0, 1, 63, 64, 65, 4096]) {
      const own = await import("@qoodblock/sdk/crypto");
      const part = data.subarray(0, length);
      assert.deepEqual(Buffer.from(crypto.sha256!(part) as Uint8Array), Buffer.from(own.sha256(part)));
      assert.deepEqual(Buffer.from(crypto.hkdf!(data.subarray(0, 32), "qood/stream/v1", part.subarray(0, 1000), 48) as Uint8Array), Buffer.from(own.hkdf(data.subarray(0, 32), "qood/stream/v1", part.subarray(0, 1000), 48)));
      assert.deepEqual(Buffer.from(crypto.chacha20!(data.subarray(0, 32), part, 5) as Uint8Array), Buffer.from(own.chacha20(data.subarray(0, 32), part, 5)));
    }
    const input = sealInput();
    const sealed = sealBatch(input);
    // Without a zstd of the page's own a batch is checked, and not opened.
    const checked = sealing.checkBatch!(checkInput(sealed));
    assert.equal((checked as { headerHash: string }).headerHash, checkBatch(checkInput(sealed)).headerHash);
    assert.throws(() => sealing.openBatch!(checked, input.keys), (error) => (error as { code: string }).code === "ZSTD_MISSING" && !isQoodError(error));
    crypto.useZstd!({
      compress: (bytes: Uint8Array) => zstdCompressSync(bytes, { pledgedSrcSize: bytes.length, params: { [constants.ZSTD_c_compressionLevel]: 5, [constants.ZSTD_c_contentSizeFlag]: 1 } }),
      decompress: (bytes: Uint8Array, maxLength: number) => zstdDecompressSync(bytes, { maxOutputLength: maxLength }),
    });
    assert.deepEqual((sealing.openBatch!(checked, input.keys) as { rows: unknown }).rows, openBatch(checkBatch(checkInput(sealed)), input.keys).rows);
    assert.equal((sealing.sealBatch!(input) as { headerHash: string }).headerHash, sealed.headerHash);
  });
});

/** What the build left, in the form of esbuild's metafile. */
function outputsOf(): Parameters<typeof sizeOf>[0]["outputs"] {
  const base = join(DIST, "browser");
  const outputs: Record<string, unknown> = {};
  for (const file of readdirSync(base, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(base, file), "utf8");
    const imports = [...text.matchAll(/(?:^|[;}\n])(?:import|export)[^;"'()]*?(?:from)?"(\.{1,2}\/[^"]+)"/g)].map(([, from]) => ({ path: join(dirname(join(base, file)), from!), kind: "import-statement" }));
    outputs[join(base, file)] = { bytes: Buffer.byteLength(text), imports, ...(file.includes("chunks/") ? {} : { entryPoint: file }) };
  }
  return outputs as Parameters<typeof sizeOf>[0]["outputs"];
}
