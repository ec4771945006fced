import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { identify, isAlive } from "@qoodblock/workers/shared/process/identity.ts";
import { openStateFolder } from "@qoodblock/workers/shared/process/state.ts";

describe("state folder", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "qood-state-"));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("is held by one process at a time", async () => {
    const path = join(folder, "one");
    const state = await openStateFolder(path);
    await assert.rejects(openStateFolder(path), { code: "STATE_IN_USE" });
    state.release();
    (await openStateFolder(path)).release();
    assert.deepEqual(readdirSync(path).sort(), ["run", "version.json"]);
  });

  it("takes over the lock of a dead process, and of a living one that only has its id", async () => {
    const path = join(folder, "two");
    (await openStateFolder(path)).release();
    const me = identify(process.pid)!;
    writeFileSync(join(path, "lock.json"), JSON.stringify({ pid: me.pid, started: `${me.started}0` }));
    const state = await openStateFolder(path);
    state.release();
  });

  it("ends the children that a killed run has left, and no other process", async () => {
    const path = join(folder, "three");
    const first = await openStateFolder(path);
    const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    try {
      first.note("left", left.pid!);
      writeFileSync(join(path, "run", "reused.json"), JSON.stringify({ pid: other.pid, started: "1" }));
      first.release();
      const gone = once(left, "exit");
      const second = await openStateFolder(path);
      await gone;
      assert.deepEqual(second.tookOver, ["left"]);
      assert.ok(isAlive(identify(other.pid!)!));
      second.release();
    } finally {
      left.kill("SIGKILL");
      other.kill("SIGKILL");
    }
  });

  it("refuses a folder of another version, and one that is not its own", async () => {
    const old = join(folder, "old");
    (await openStateFolder(old)).release();
    writeFileSync(join(old, "version.json"), '{"version":99}');
    await assert.rejects(openStateFolder(old), { code: "STATE_VERSION", message: /version 99/ });
    writeFileSync(join(folder, "file"), "x");
    await assert.rejects(openStateFolder(folder), { code: "STATE_FOREIGN" });
    await assert.rejects(openStateFolder(join(folder, "file")), { code: "STATE_FOREIGN" });
  });
});
