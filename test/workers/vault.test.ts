import assert from "node:assert/strict";
import { createCipheriv, createHash, scryptSync } from "node:crypto";
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { toHex } from "@qoodblock/sdk/bytes";
import { createVault, forgetSecret, importBox, importBoxes, openVault, readKeyfile, readPassphrase, rotateVault, sealTo, showVault, unlockOf } from "../../workers/shared/vault/index.ts";
import { createBoxKeys } from "../../workers/shared/vault/box.ts";
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
    log.info({ streamSecret: secret, deep: { list: [{ k: secret, mnemonic: secret }] }, raw: stream.secret, url: "redis://user:hunter2@host" }, "started at redis://user:hunter2@host and https://hunter2@kubo:5001/api");
    log.error({ err: Object.assign(new Error("no redis://user:hunter2@host"), { code: "X" }) });
    const text = readFileSync(out, "utf8");
    assert.ok(!text.includes(secret) && !text.includes("hunter2"));
    assert.ok(text.includes("https://***@kubo:5001/api") && text.includes("<32 bytes>") && text.includes("<redacted>"));
  });
});

/** A vault as version 1 of the program wrote it, made here by hand. */
function versionOne(content: object, passphrase: string): string {
  const kdf = { name: "scrypt", ...COST, salt: Buffer.from(bytes("salt")).subarray(0, 16).toString("hex") };
  const nonce = Buffer.from(bytes("nonce")).subarray(0, 12);
  const cipher = createCipheriv("aes-256-gcm", scryptSync(passphrase, Buffer.from(kdf.salt, "hex"), 32, COST), nonce);
  cipher.setAAD(Buffer.from(JSON.stringify(["qood-vault", 1, kdf, nonce.toString("hex")])));
  const data = Buffer.concat([cipher.update(JSON.stringify({ version: 1, ...content })), cipher.final()]);
  return JSON.stringify({ format: "qood-vault", version: 1, kdf, cipher: { name: "aes-256-gcm", nonce: nonce.toString("hex"), tag: cipher.getAuthTag().toString("hex") }, data: data.toString("hex") });
}

const envelopeOf = (file: string): { version: number; kdf: { name: string; salt: string }; cipher: { nonce: string } } => JSON.parse(readFileSync(file, "utf8")) as ReturnType<typeof envelopeOf>;
const rejectsWith = (code: string, words: RegExp) => (error: Error & { code: string }) => {
  assert.equal(error.code, code, error.message);
  assert.match(error.message, words);
  assert.ok(!error.message.includes("\n"));
  return true;
};

describe("vault: ways to open it", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-vault-"));
  });
  after(() => rmSync(dir, { recursive: true, force: true }));
  const handle = toHex(bytes("handle"));

  it("reads version 1 as it lies, and writes version 2 at the first change", async () => {
    const file = join(dir, "one.json");
    const pair = await createBoxKeys();
    const old = versionOne({ boxPublic: toHex(pair.publicKey), boxPrivate: toHex(pair.privateKey), deliverySecret: toHex(bytes("delivery")), streams: { [`${handle}:3`]: toHex(bytes("secret")) } }, "pass");
    writeFileSync(file, old);
    const vault = await openVault(file, "pass");
    assert.deepEqual([vault.publicKey, vault.deliverySecret, await vault.streamSecret(handle, 3)], [pair.publicKey, bytes("delivery"), bytes("secret")]);
    assert.equal(readFileSync(file, "utf8"), old);
    await importBox(file, "pass", await sealTo(pair.publicKey, { handle: bytes("handle"), keyEpoch: 4, secret: bytes("next") }));
    assert.equal(envelopeOf(file).version, 2);
    assert.deepEqual([await vault.streamSecret(handle, 3), await vault.streamSecret(handle, 4), vault.deliverySecret], [bytes("secret"), bytes("next"), bytes("delivery")]);
  });

  it("opens by a keyfile, or by the same bytes as a raw key, and by nothing else", async () => {
    const file = join(dir, "key.json");
    const keyfile = join(dir, "keyfile");
    writeFileSync(keyfile, bytes("key material"), { mode: 0o600 });
    const publicKey = await createVault(file, readKeyfile(keyfile));
    assert.equal(envelopeOf(file).kdf.name, "hkdf-sha256");
    for (const text of [Buffer.from(bytes("key material")).toString("hex"), toHex(bytes("key material")), Buffer.from(bytes("key material")).toString("base64"), `${Buffer.from(bytes("key material")).toString("base64url")}\n`]) {
      assert.deepEqual((await openVault(file, unlockOf({}, { QOOD_VAULT_KEY: text }))).publicKey, publicKey);
    }
    assert.deepEqual((await openVault(file, unlockOf({ vaultKeyfile: keyfile }, { QOOD_VAULT_PASSPHRASE: "of something else" }))).publicKey, publicKey);
    await assert.rejects(openVault(file, { key: bytes("another") }), rejectsWith("VAULT_PASSPHRASE", /wrong key/));
    await assert.rejects(openVault(file, "passphrase"), rejectsWith("VAULT_UNLOCK", /opens by a keyfile or raw key, not by a passphrase/));
    const other = join(dir, "passphrase.json");
    await createVault(other, "passphrase", COST);
    await assert.rejects(openVault(other, { key: bytes("key material") }), rejectsWith("VAULT_UNLOCK", /opens by a passphrase/));
  });

  it("refuses a keyfile that others can read, a short one, a folder, and a choice that would have to be guessed", () => {
    const keyfile = join(dir, "open");
    writeFileSync(keyfile, bytes("key material"));
    for (const mode of [0o640, 0o604, 0o620, 0o660]) {
      chmodSync(keyfile, mode);
      assert.throws(() => readKeyfile(keyfile), rejectsWith("VAULT_KEYFILE", new RegExp(`open to others \\(mode ${mode.toString(8)}\\): chmod 600 `)));
    }
    chmodSync(keyfile, 0o400);
    assert.equal(readKeyfile(keyfile).key.length, 32);
    const short = join(dir, "short");
    writeFileSync(short, bytes("key material").subarray(1), { mode: 0o600 });
    assert.throws(() => readKeyfile(short), rejectsWith("VAULT_KEYFILE", /has 31 bytes/));
    assert.throws(() => readKeyfile(dir), rejectsWith("VAULT_KEYFILE", /is no file/));
    assert.throws(() => readKeyfile(join(dir, "none")), rejectsWith("VAULT_KEYFILE", /ENOENT/));
    assert.throws(() => unlockOf({ vaultKeyfile: keyfile, vaultPassphraseFile: short }, {}), rejectsWith("VAULT_UNLOCK", /name one of them/));
    assert.throws(() => unlockOf({}, { QOOD_VAULT_KEY: "aa".repeat(32), QOOD_VAULT_PASSPHRASE: "p" }), rejectsWith("VAULT_UNLOCK", /both set/));
    for (const text of ["aa".repeat(31), "not a key, whatever it is meant to be, of any sort", "QUJD"]) {
      assert.throws(() => unlockOf({}, { QOOD_VAULT_KEY: text }), (error: Error & { code: string }) => rejectsWith("VAULT_KEY", /32 to 4096 random bytes/)(error) && !error.message.includes(text));
    }
    assert.equal(unlockOf({}, { QOOD_VAULT_PASSPHRASE: "p" }), "p");
    assert.throws(() => unlockOf({}, {}), { code: "PASSPHRASE_MISSING" });
  });
});

describe("vault: rotation and forgetting", () => {
  let dir: string;
  let file: string;
  const handle = toHex(bytes("handle"));
  const boxFor = async (keyEpoch: number, secret = `secret ${keyEpoch}`): Promise<unknown> => sealTo((await openVault(file, "first")).publicKey, { handle: bytes("handle"), keyEpoch, secret: bytes(secret) });
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "qood-vault-"));
    file = join(dir, "vault.json");
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  it("changes the passphrase in one step: old or new, never both, and what was handed out in deals stays", async () => {
    await createVault(file, "first", COST);
    await importBoxes(file, "first", [await boxFor(0), await boxFor(1)]);
    let passphrase = "first";
    const [fixed, asking] = [await openVault(file, "first"), await openVault(file, () => passphrase)];
    const { deliverySecret, publicKey } = fixed;
    const before = envelopeOf(file);
    await rotateVault(file, "first", { to: "second" });
    const rotated = envelopeOf(file);
    assert.ok(rotated.kdf.salt !== before.kdf.salt && rotated.cipher.nonce !== before.cipher.nonce);
    await assert.rejects(openVault(file, "first"), { code: "VAULT_PASSPHRASE" });
    const vault = await openVault(file, "second");
    assert.deepEqual([vault.deliverySecret, vault.publicKey, await vault.streamSecret(handle, 1)], [deliverySecret, publicKey, bytes("secret 1")]);
    // Who opened it with the old passphrase is shut out; who reads the passphrase anew goes on when it is there.
    await assert.rejects(fixed.streamSecret(handle, 0), { code: "VAULT_PASSPHRASE" });
    await assert.rejects(asking.streamSecret(handle, 0), { code: "VAULT_PASSPHRASE" });
    passphrase = "second";
    assert.deepEqual(await asking.streamSecret(handle, 0), bytes("secret 0"));
    await rotateVault(file, "second", { to: { key: bytes("key material") } });
    assert.deepEqual(await (await openVault(file, { key: bytes("key material") })).streamSecret(handle, 0), bytes("secret 0"));
    await assert.rejects(rotateVault(file, "second", { to: "third" }), { code: "VAULT_UNLOCK" });
    await assert.rejects(rotateVault(file, { key: bytes("key material") }, { to: "" }), { code: "VAULT_EMPTY_PASSPHRASE" });
    await rotateVault(file, { key: bytes("key material") }, { to: "first", cost: COST });
    assert.deepEqual(readdirSync(dir), ["vault.json"]);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it("changes the key pair: boxes under way are still opened until the old pair is dropped", async () => {
    const early = await boxFor(5);
    const old = (await showVault(file, "first")).publicKey;
    const open = await openVault(file, "first");
    const facts = await rotateVault(file, "first", { newBoxKey: true });
    assert.notEqual(facts.publicKey, old);
    assert.deepEqual(facts.formerKeys, [old]);
    await importBox(file, "first", early);
    assert.deepEqual(await open.streamSecret(handle, 5), bytes("secret 5"));
    assert.equal(toHex(open.publicKey), facts.publicKey);
    await importBox(file, "first", await boxFor(6));
    assert.deepEqual(await rotateVault(file, "first", { dropFormer: true }), { ...(await showVault(file, "first")), formerKeys: [] });
    await assert.rejects(importBox(file, "first", early), { code: "BOX_RECIPIENT" });
    await assert.rejects(importBox(file, "first", { to: facts.publicKey }), { code: "BOX_FORMAT" });
  });

  it("erases a secret for ever: from the file, from the old file's bytes, and from every process that has the vault open", async () => {
    const box = await boxFor(0);
    const open = await openVault(file, "first");
    const following = await openVault(file, "first", { followMs: 10 });
    assert.equal(following.streams().length, 4);
    assert.deepEqual(await open.streamSecret(handle, 0), bytes("secret 0"));
    const before = envelopeOf(file);
    const old = openSync(file, "r");
    const leftOver = `${file}.99999.part`;
    writeFileSync(leftOver, readFileSync(file));
    const left = openSync(leftOver, "r");
    assert.equal(await forgetSecret(file, "first", { handle, keyEpoch: 0 }), true);
    for (const descriptor of [old, left]) {
      const content = Buffer.alloc(100_000, 1);
      const length = readSync(descriptor, content, 0, content.length, 0);
      closeSync(descriptor);
      assert.ok(length > 500 && content.subarray(0, length).every((byte) => byte === 0), "the old bytes can still be read");
    }
    assert.ok(!existsSync(leftOver));
    const after = envelopeOf(file);
    assert.ok(after.kdf.salt !== before.kdf.salt && after.cipher.nonce !== before.cipher.nonce);
    const asOf = /was erased from the vault at \d{4}-\d\d-\d\dT.*Z: nothing can be sealed/;
    await assert.rejects(open.streamSecret(handle, 0), rejectsWith("VAULT_FORGOTTEN", asOf));
    await assert.rejects((await openVault(file, "first")).streamSecret(handle, 0), rejectsWith("VAULT_FORGOTTEN", asOf));
    while (following.streams().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual((await following.look()).map(({ keyEpoch }) => keyEpoch), [1, 5, 6]);
    following.close();
    assert.deepEqual(following.streams(), []);
    assert.deepEqual(await open.streamSecret(handle, 1), bytes("secret 1"));

    assert.equal(await forgetSecret(file, "first", { handle, keyEpoch: 0 }), false);
    await assert.rejects(forgetSecret(file, "first", { handle, keyEpoch: 9 }), { code: "VAULT_NO_SECRET" });
    await assert.rejects(importBox(file, "first", box), rejectsWith("VAULT_FORGOTTEN", /erased on purpose at .*: grant a new key epoch/));
    // All or none: the good box before the forgotten one is not taken either.
    await assert.rejects(importBoxes(file, "first", [await boxFor(7), box]), { code: "VAULT_FORGOTTEN" });
    const { streams, forgotten } = await showVault(file, "first");
    assert.deepEqual(streams.map(({ keyEpoch }) => keyEpoch), [1, 5, 6]);
    assert.deepEqual(forgotten.map(({ handle: of, keyEpoch }) => [of, keyEpoch]), [[handle, 0]]);
    await importBox(file, "first", box, { again: true });
    assert.deepEqual(await open.streamSecret(handle, 0), bytes("secret 0"));
    assert.deepEqual((await showVault(file, "first")).forgotten, []);
  });

  it("gives away no zeroed secret while it is being changed under many readers", async () => {
    const open = await openVault(file, "first");
    let reads = 0;
    let done = false;
    const readers = Array.from({ length: 4 }, async () => {
      while (!done) {
        assert.deepEqual(await open.streamSecret(handle, 1), bytes("secret 1"));
        reads += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (let i = 0; i < 5; i += 1) await rotateVault(file, "first", {});
    done = true;
    await Promise.all(readers);
    assert.ok(reads > 20, `${reads} reads`);
  });
});
