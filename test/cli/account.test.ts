import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { describe, it } from "node:test";
import { HDNodeWallet, Wallet } from "ethers";
import { temporaryFolder } from "../support/folder.ts";
import { PASSPHRASE, answerOf, mistake, plainMistake, qood } from "./support.ts";

const temporary = temporaryFolder();
const none: Readonly<Record<string, string>> = {};

/** Makes an account; gives its file and what was printed. */
async function newAccount(keystores: string, name: string): Promise<{ file: string; address: string; said: string }> {
  const run = await qood(["--json", "--keystores", keystores, "account", "new", name]);
  assert.equal(run.code, 0, run.stderr);
  return { file: `${keystores}/${name}.json`, address: (JSON.parse(run.stdout) as { address: string }).address, said: run.stdout + run.stderr };
}

describe("qood account", { concurrency: 2 }, () => {
  it("new makes a key file that wallets open, for its user alone, and prints nothing secret", async () => {
    const keystores = temporary.path("new");
    const { file, address, said } = await newAccount(keystores, "car-1");
    const stored = JSON.parse(readFileSync(file, "utf8")) as { version: number; address: string; Crypto: { kdf: string; kdfparams: { n: number } } };
    assert.equal(stored.version, 3);
    assert.equal(`0x${stored.address}`, address.toLowerCase());
    assert.equal(stored.Crypto.kdf, "scrypt");
    assert.ok(stored.Crypto.kdfparams.n >= 2 ** 17);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(keystores).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(keystores), ["car-1.json"]);

    const wallet = await Wallet.fromEncryptedJson(readFileSync(file, "utf8"), PASSPHRASE);
    assert.ok(wallet instanceof HDNodeWallet && wallet.mnemonic !== null);
    assert.equal(wallet.address, address);
    const phrase = wallet.mnemonic.phrase;
    assert.equal(phrase.split(" ").length, 12);
    // The words are all that is needed to have the account again.
    assert.equal(HDNodeWallet.fromPhrase(phrase).address, address);
    for (const secret of [PASSPHRASE, phrase, wallet.privateKey.slice(2), wallet.mnemonic.entropy.slice(2), wallet.mnemonic.computeSeed().slice(2)]) {
      assert.ok(!said.includes(secret));
      assert.ok(!readFileSync(file, "utf8").includes(secret));
    }
  });

  it("new overwrites nothing", async () => {
    const keystores = temporary.path("twice");
    const { file } = await newAccount(keystores, "a");
    const before = readFileSync(file);
    await mistake(["--keystores", keystores, "account", "new", "a"], "ACCOUNT_EXISTS", /a\.json exists already/);
    assert.deepEqual(readFileSync(file), before);
  });

  it("takes the passphrase from a file, before the environment", async () => {
    const keystores = temporary.path("sources");
    const file = temporary.file("passphrase", "from a file\nand a second line\n");
    await answerOf(["--keystores", keystores, "--passphrase-file", file, "account", "new", "a"], { QOOD_KEYSTORE_PASSPHRASE: "from the environment" });
    await answerOf(["--keystores", keystores, "account", "new", "b"], { QOOD_KEYSTORE_PASSPHRASE: "from the environment" });
    await Wallet.fromEncryptedJson(readFileSync(`${keystores}/a.json`, "utf8"), "from a file");
    await Wallet.fromEncryptedJson(readFileSync(`${keystores}/b.json`, "utf8"), "from the environment");
  });

  it("says that the passphrase is missing, and makes nothing", async () => {
    const keystores = temporary.path("none");
    const command = ["--keystores", keystores, "account", "new", "a"];
    await mistake(command, "PASSPHRASE_MISSING", /set QOOD_KEYSTORE_PASSPHRASE/, none);
    await mistake(["--passphrase-file", temporary.path("no such file"), ...command], "PASSPHRASE_MISSING", /no such file, cannot be read \(ENOENT\)/);
    await mistake(["--passphrase-file", temporary.file("blank", "\n"), ...command], "PASSPHRASE_MISSING", /no passphrase for/, none);
    assert.throws(() => statSync(keystores), { code: "ENOENT" });
  });

  it("refuses names that are no file's, a folder that is none, and forgotten arguments", async () => {
    const keystores = temporary.path("names");
    for (const name of ["../a", "A"]) await mistake(["--keystores", keystores, "account", "new", name], "ACCOUNT_NAME", /cannot be an account's name/);
    const file = temporary.file("a-file", "");
    await mistake(["--keystores", file, "account", "new", "a"], "KEYSTORES_UNUSABLE", /a-file/);
    await mistake(["--keystores", file, "account", "list"], "KEYSTORES_UNUSABLE", /a-file/);
    await mistake(["--keystores", keystores, "account", "new"], "USAGE", /missing required argument 'name'/);
    await plainMistake(["account"], /a command is needed/);
    await plainMistake(["accuont", "list"], /unknown command 'accuont'/);
  });

  it("list tells names and addresses without a passphrase, and passes other files over", async () => {
    const keystores = temporary.path("list");
    assert.deepEqual(await answerOf(["--keystores", keystores, "account", "list"], none), []);
    const [b, a] = [await newAccount(keystores, "b"), await newAccount(keystores, "a")];
    temporary.file("list/UTC--2026.json", "not an account's name");
    temporary.file("list/notes.txt", "");
    assert.deepEqual(await answerOf(["--keystores", keystores, "account", "list"], none), [{ name: "a", address: a.address }, { name: "b", address: b.address }]);
    const people = await qood(["--keystores", keystores, "account", "list"], none);
    assert.equal(people.stdout, `name     a\naddress  ${a.address}\n\nname     b\naddress  ${b.address}\n\n`);
  });

  it("names a key file that is damaged", async () => {
    const keystores = temporary.path("damaged");
    mkdirSync(keystores);
    for (const [name, text] of [["cut", '{"address": "14e7'], ["other", '{"name": "package"}'], ["null", "null"]] as const) {
      temporary.file(`damaged/${name}.json`, text);
      await mistake(["--keystores", keystores, "account", "list"], "ACCOUNT_DAMAGED", /\.json is no key file/, none);
    }
  });
});
