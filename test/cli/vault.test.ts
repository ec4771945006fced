import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { createVault, openVault, sealTo } from "../../workers/shared/vault/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { answerOf, linesOf, mistake, plainMistake, qood } from "./support.ts";

const temporary = temporaryFolder();
const file = temporary.path("tsp/vault.json");
const bytes = (label: string): Uint8Array => new Uint8Array(createHash("sha256").update(label).digest());
const handle = toHex(bytes("handle"));
const secretOf = (keyEpoch: number): Uint8Array => bytes(`secret ${keyEpoch}`);
const ENV = { QOOD_VAULT_PASSPHRASE: "a passphrase that nothing prints" };
const vault = (name: string, ...more: string[]): string[] => ["tsp", "vault", name, "--vault", file, ...more];

interface Facts {
  readonly vault: string;
  readonly publicKey: string;
  readonly formerKeys: string[];
  readonly streams: { handle: string; keyEpoch: number }[];
  readonly forgotten: { handle: string; keyEpoch: number; at: string }[];
}
const show = async (env: Readonly<Record<string, string>> = ENV, more: string[] = []): Promise<Facts> => (await answerOf(vault("show", ...more), env)) as Facts;

async function box(name: string, keyEpoch: number, publicKey?: string): Promise<string> {
  const to = publicKey ?? (await show()).publicKey;
  return temporary.file(name, JSON.stringify(await sealTo(fromHex(to), { handle: bytes("handle"), keyEpoch, secret: secretOf(keyEpoch) })));
}

describe("qood tsp vault", () => {
  let publicKey = "";
  before(async () => {
    // At a low cost of the passphrase, so that the commands below do not wait for it.
    publicKey = toHex(await createVault(file, ENV.QOOD_VAULT_PASSPHRASE, { N: 2 ** 12, r: 8, p: 1 }));
  });

  it("is made with a public key of its own", async () => {
    const made = temporary.path("new/vault.json");
    const run = await qood(["tsp", "vault", "create", "--vault", made], ENV);
    assert.equal(run.code, 0, run.stderr);
    const said = linesOf(run.stdout);
    assert.deepEqual(said, { vault: made, publicKey: toHex((await openVault(made, ENV.QOOD_VAULT_PASSPHRASE)).publicKey) });
    assert.equal(statSync(made).mode & 0o777, 0o600);
  });

  it("overwrites nothing, and answers each mistake in one line", async () => {
    const before = readFileSync(file, "utf8");
    await mistake(vault("create"), "VAULT_EXISTS", /exists: a vault is never overwritten/, ENV);
    await mistake(vault("show"), "PASSPHRASE_MISSING", /set QOOD_VAULT_PASSPHRASE, or name a file/, {});
    await mistake(vault("show"), "VAULT_PASSPHRASE", /wrong passphrase/, { QOOD_VAULT_PASSPHRASE: "wrong" });
    await mistake(vault("show"), "VAULT_UNLOCK", /opens by a passphrase, not by a keyfile/, { QOOD_VAULT_KEY: "ab".repeat(32) });
    await mistake(["tsp", "vault", "show", "--vault", temporary.path("none.json")], "VAULT_MISSING", /make it first/, ENV);
    await plainMistake(vault("import", temporary.path("none.box")), /cannot be read/, ENV);
    await mistake(vault("rotate"), "USAGE", /say what is to change/, ENV);
    await mistake(vault("forget", "--handle", "0x12", "--key-epoch", "0", "--yes"), "USAGE", /--handle must be/, ENV);
    await mistake(vault("forget", "--handle", handle, "--key-epoch", "-1", "--yes"), "USAGE", /--key-epoch must be/, ENV);
    await mistake(vault("forget", "--handle", handle, "--key-epoch", "0", "--yes"), "VAULT_NO_SECRET", /nothing to forget/, ENV);
    assert.equal(readFileSync(file, "utf8"), before);
  });

  it("imports what principals sealed, all or nothing, and lists it without a secret", async () => {
    const boxes = [await box("0.box", 0), await box("1.box", 1)];
    await mistake(vault("import", ...boxes, temporary.file("bad.box", "{}")), "BOX_FORMAT", /no sealed stream secret/, ENV);
    assert.deepEqual((await show()).streams, []);
    assert.deepEqual(await answerOf(vault("import", ...boxes), ENV), boxes.map((each, keyEpoch) => ({ file: each, handle, keyEpoch })));
    const run = await qood(vault("show"), ENV);
    assert.deepEqual(linesOf(run.stdout), { vault: file, publicKey, formerKeys: "[]", streams: JSON.stringify([{ handle, keyEpoch: 0 }, { handle, keyEpoch: 1 }]), forgotten: "[]" });
    for (const secret of [secretOf(0), secretOf(1), (await openVault(file, ENV.QOOD_VAULT_PASSPHRASE)).deliverySecret]) assert.ok(!run.stdout.includes(toHex(secret).slice(2)));
  });

  it("forgets a secret only when it is meant, and takes it again only when told so", async () => {
    const forget = vault("forget", "--handle", handle.toUpperCase().replace("0X", "0x"), "--key-epoch", "0");
    await mistake(forget, "VAULT_CONFIRM", /for ever: open deals of it can no longer be served; add --yes/, ENV);
    assert.equal((await show()).streams.length, 2);
    assert.deepEqual(await answerOf([...forget, "--yes"], ENV), { vault: file, handle, keyEpoch: 0, forgotten: "now" });
    assert.deepEqual(await answerOf([...forget, "--yes"], ENV), { vault: file, handle, keyEpoch: 0, forgotten: "before" });
    const facts = await show();
    assert.deepEqual(facts.streams, [{ handle, keyEpoch: 1 }]);
    assert.deepEqual(facts.forgotten.map(({ handle: of, keyEpoch }) => ({ handle: of, keyEpoch })), [{ handle, keyEpoch: 0 }]);
    await mistake(vault("import", temporary.path("0.box")), "VAULT_FORGOTTEN", /erased on purpose/, ENV);
    await answerOf(vault("import", "--again", temporary.path("0.box")), ENV);
    assert.deepEqual((await show()).streams.map(({ keyEpoch }) => keyEpoch).sort(), [0, 1]);
  });

  it("rotates to another passphrase, to a keyfile and to a new key pair", async () => {
    const { deliverySecret } = await openVault(file, ENV.QOOD_VAULT_PASSPHRASE);
    assert.deepEqual(await answerOf(vault("rotate"), { ...ENV, QOOD_NEW_VAULT_PASSPHRASE: "second" }), { vault: file, opensAnew: true, publicKey, formerKeys: [] });
    await mistake(vault("show"), "VAULT_PASSPHRASE", /wrong passphrase/, ENV);
    const keyfile = temporary.path("keyfile");
    writeFileSync(keyfile, bytes("key material"), { mode: 0o644 });
    await mistake(vault("rotate", "--vault-passphrase-file", temporary.file("second", "second\n"), "--new-keyfile", keyfile), "VAULT_KEYFILE", /open to others/, {});
    chmodSync(keyfile, 0o600);
    await answerOf(vault("rotate", "--vault-passphrase-file", temporary.path("second"), "--new-keyfile", keyfile), {});
    const early = await box("early.box", 2, publicKey);
    const rotated = (await answerOf(vault("rotate", "--vault-keyfile", keyfile, "--new-box-key"), {})) as Facts;
    assert.notEqual(rotated.publicKey, publicKey);
    assert.deepEqual(rotated.formerKeys, [publicKey]);
    await answerOf(vault("import", "--vault-keyfile", keyfile, early), {});
    await answerOf(vault("rotate", "--vault-keyfile", keyfile, "--drop-former"), {});
    await mistake(vault("import", "--vault-keyfile", keyfile, await box("late.box", 3, publicKey)), "BOX_RECIPIENT", /have it sealed again/, {});
    const opened = await openVault(file, { key: bytes("key material") });
    assert.deepEqual([opened.deliverySecret, await opened.streamSecret(handle, 2)], [deliverySecret, secretOf(2)]);
    assert.deepEqual((await show({ QOOD_VAULT_KEY: Buffer.from(bytes("key material")).toString("hex") })).publicKey, rotated.publicKey);
  });
});
