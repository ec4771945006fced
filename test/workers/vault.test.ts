import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import { createVault, importBox, openVault, readPassphrase, sealTo } from "../../workers/shared/vault/index.ts";
import { createLog } from "../../workers/shared/log/index.ts";

const COST = { N: 2 ** 12, r: 8, p: 1 };
const bytes = (label: string): Uint8Array => new Uint8Array(createHash("sha256").update(label).digest());

describe("vault", () => {
  let dir: string;
  let file: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-vault-"));
    file = join(dir, "vault.json");
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  const stream = { handle: bytes("handle"), keyEpoch: 3, secret: bytes("secret") };

  it("takes a stream secret sealed to its public key and gives it back, also to a process that opened it earlier", async () => {
    const publicKey = await createVault(file, "correct horse", COST);
    const early = await openVault(file, "correct horse");
    assert.deepEqual(early.publicKey, publicKey);
    await assert.rejects(early.streamSecret(toHex(stream.handle), 3), { code: "VAULT_NO_SECRET" });
    const box = await sealTo(publicKey, stream);
    assert.ok(!JSON.stringify(box).includes(Buffer.from(stream.secret).toString("hex")));
    assert.deepEqual(await importBox(file, "correct horse", JSON.parse(JSON.stringify(box))), { handle: toHex(stream.handle), keyEpoch: 3 });
    assert.deepEqual(await early.streamSecret(toHex(stream.handle), 3), stream.secret);
    assert.deepEqual(early.streams(), [{ handle: toHex(stream.handle), keyEpoch: 3 }]);
    assert.equal((await openVault(file, "correct horse")).deliverySecret.length, 32);
  });

  it("holds nothing readable in its file", async () => {
    const text = readFileSync(file, "utf8");
    const vault = await openVault(file, "correct horse");
    for (const secret of [stream.secret, vault.deliverySecret]) {
      assert.ok(!text.includes(Buffer.from(secret).toString("hex")) && !text.includes(Buffer.from(secret).toString("base64")));
    }
    assert.ok(!text.includes(Buffer.from(stream.handle).toString("hex")));
  });

  it("answers a wrong passphrase and a changed file with one line", async () => {
    await assert.rejects(openVault(file, "wrong"), (error: Error & { code: string }) => {
      assert.equal(error.code, "VAULT_PASSPHRASE");
      assert.ok(!error.message.includes("\n"));
      return true;
    });
    const envelope = JSON.parse(readFileSync(file, "utf8")) as { kdf: { N: number }; data: string };
    const other = join(dir, "changed.json");
    writeFileSync(other, JSON.stringify({ ...envelope, data: `${envelope.data.slice(0, -1)}${envelope.data.endsWith("0") ? "1" : "0"}` }));
    await assert.rejects(openVault(other, "correct horse"), { code: "VAULT_PASSPHRASE" });
    writeFileSync(other, JSON.stringify({ ...envelope, kdf: { ...envelope.kdf, N: 2 ** 30 } }));
    await assert.rejects(openVault(other, "correct horse"), { code: "VAULT_FORMAT" });
    await assert.rejects(openVault(join(dir, "none.json"), "x"), { code: "VAULT_MISSING" });
    await assert.rejects(createVault(file, "x", COST), { code: "VAULT_EXISTS" });
    assert.ok(!existsSync(`${file}.lock`));
  });

  it("refuses a box that was changed, renamed, meant for another vault, or that would replace a secret", async () => {
    const vault = await openVault(file, "correct horse");
    const box = await sealTo(vault.publicKey, stream);
    await importBox(file, "correct horse", box);
    await assert.rejects(importBox(file, "correct horse", { ...box, keyEpoch: 4 }), { code: "BOX_DAMAGED" });
    await assert.rejects(importBox(file, "correct horse", { ...box, handle: toHex(bytes("other")) }), { code: "BOX_DAMAGED" });
    await assert.rejects(importBox(file, "correct horse", { ...box, box: `0x00${box.box.slice(4)}` }), { code: "BOX_DAMAGED" });
    await assert.rejects(importBox(file, "correct horse", { ...box, extra: 1 }), { code: "BOX_FORMAT" });
    const second = join(dir, "second.json");
    await createVault(second, "p", COST);
    await assert.rejects(importBox(second, "p", box), { code: "BOX_RECIPIENT" });
    await assert.rejects(importBox(file, "correct horse", await sealTo(vault.publicKey, { ...stream, secret: bytes("new") })), { code: "VAULT_CONFLICT" });
    await assert.rejects(sealTo(new Uint8Array(32), stream), { code: "BOX_KEY" });
  });

  it("reads its passphrase from a file or the environment", () => {
    const from = { what: "the vault", variable: "P", env: { P: "from env" } };
    assert.equal(readPassphrase({ ...from, file: undefined }), "from env");
    writeFileSync(join(dir, "pass"), "from file\nmore\n");
    assert.equal(readPassphrase({ ...from, file: join(dir, "pass") }), "from file");
    assert.throws(() => readPassphrase({ ...from, env: {}, file: undefined }), { code: "PASSPHRASE_MISSING" });
  });

  it("is not written to a log, under whatever name it is handed over", () => {
    const out = join(dir, "log.json");
    const log = createLog({ name: "test", level: "info", file: out });
    const secret = Buffer.from(stream.secret).toString("hex");
    log.info({ streamSecret: secret, deep: { list: [{ k: secret, mnemonic: secret }] }, raw: stream.secret, url: "redis://user:hunter2@host" }, "started at redis://user:hunter2@host");
    log.error({ err: Object.assign(new Error("no redis://user:hunter2@host"), { code: "X" }) });
    const text = readFileSync(out, "utf8");
    assert.ok(!text.includes(secret) && !text.includes("hunter2"));
    assert.ok(text.includes("<32 bytes>") && text.includes("<redacted>"));
  });
});
