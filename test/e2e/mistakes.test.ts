import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { lastLine, runDemo } from "./support.ts";

const temporary = temporaryFolder();

describe("mistakes get one clear line and exit code 1", { concurrency: 2 }, () => {
  const mistakes: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    ["a missing file", () => ["--input", temporary.path("none.csv")], /none\.csv: no such file/],
    ["an empty file", () => ["--input", temporary.file("empty.csv", "")], /empty\.csv is empty/],
    ["a CSV of unknown shape", () => ["--input", temporary.file("odd.csv", "a,b\n1,2\n")], /odd\.csv has an unknown shape/],
    ["a file with no good row", () => ["--input", temporary.file("bad.csv", "time,seconds\n")], /bad\.csv/],
    ["an unknown option", () => ["--imput", "x"], /--imput/],
    ["a wrong number", () => ["--hours", "-3"], /--hours/],
    ["a wrong date", () => ["--start", "yesterday"], /--start/],
    ["two drives at once", () => ["--hours", "1", "--input", "x"], /exclude each other/],
  ];
  for (const [name, args, expected] of mistakes) {
    it(name, async () => {
      const state = temporary.path(`state-${name.replaceAll(" ", "-")}`);
      const run = await runDemo(["--state", state, ...args()]);
      assert.equal(run.code, 1, run.stderr);
      assert.match(lastLine(run.stderr), expected);
      assert.equal(run.stdout, "");
      assert.ok(!existsSync(state), "something was written");
    });
  }

  it("a state folder of another version", async () => {
    const state = temporary.path("other-version");
    mkdirSync(state);
    writeFileSync(`${state}/version.json`, '{"version":0}');
    const run = await runDemo(["--state", state]);
    assert.equal(run.code, 1);
    assert.match(lastLine(run.stderr), /version 0/);
  });

  it("a port that is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const run = await runDemo(["--state", temporary.path("port"), "--rpc-port", String(port)]);
    server.close();
    assert.equal(run.code, 1);
    assert.match(lastLine(run.stderr), new RegExp(`port ${port} cannot be used`));
  });

  it("no redis-server to be had", async () => {
    const run = await runDemo(["--state", temporary.path("no-redis")], { ...process.env, PATH: temporary.path("nothing"), QOOD_CACHE: temporary.path("cache") });
    assert.equal(run.code, 1);
    assert.match(lastLine(run.stderr), /apt-get install redis-server/);
  });
});
