/**
 * Found: a process that was killed while it wrote the vault left its lock, and the vault could not be written again until
 * somebody removed the file by hand.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createBoxKeys, sealTo } from "@qoodblock/workers/shared/vault/box.ts";
import { createVault, importBox, openVault } from "@qoodblock/workers/shared/vault/index.ts";
import { identify } from "@qoodblock/workers/shared/process/identity.ts";
import { takeLockFile } from "@qoodblock/workers/shared/process/lockFile.ts";
import { temporaryFolder } from "../support/folder.ts";

const temporary = temporaryFolder();
const cost = { N: 1024, r: 8, p: 1 };
const content = { handle: new Uint8Array(32).fill(7), keyEpoch: 0, secret: new Uint8Array(32).fill(9) };

describe("the lock of a vault whose writer was killed", () => {
  it("is taken over by the next writer", async () => {
    const file = temporary.path("vault.json");
    const publicKey = await createVault(file, "passphrase", cost);
    const script = `
      import { takeLockFile } from "@qoodblock/workers/shared/process/lockFile.ts";
      takeLockFile(${JSON.stringify(`${file}.lock`)});
      console.log("taken");
      setInterval(() => {}, 1000);`;
    const writer = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"], cwd: fileURLToPath(new URL("../..", import.meta.url)) });
    await once(writer.stdout, "data");
    const box = await sealTo(publicKey, content);
    await assert.rejects(importBox(file, "passphrase", box), { code: "VAULT_BUSY", message: new RegExp(`process ${writer.pid!} `) });
    const gone = once(writer, "exit");
    writer.kill("SIGKILL");
    await gone;
    await importBox(file, "passphrase", box);
    assert.equal((await openVault(file, "passphrase")).streams().length, 1);
    assert.ok(!existsSync(`${file}.lock`));
  });

  it("also when the file is empty, or names a process id that another program has now", () => {
    const lock = temporary.path("lock");
    writeFileSync(lock, "");
    assert.equal(takeLockFile(lock), undefined);
    const me = identify(process.pid)!;
    writeFileSync(lock, JSON.stringify({ ...me, started: `${me.started}0` }));
    assert.equal(takeLockFile(lock), undefined);
    assert.deepEqual(takeLockFile(lock), me);
  });

  it("and a box for another vault is still refused", async () => {
    const file = temporary.path("other.json");
    await createVault(file, "passphrase", cost);
    const { publicKey } = await createBoxKeys();
    await assert.rejects(importBox(file, "passphrase", await sealTo(publicKey, content)), { code: "BOX_RECIPIENT" });
    assert.ok(!existsSync(`${file}.lock`));
  });
});
