import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { before, describe, it } from "node:test";
import { verifyTypedData } from "ethers";
import { streamSecret } from "@qoodblock/sdk/keys";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { createVault, importBox, openVault } from "../../workers/shared/vault/index.ts";
import { temporaryFolder } from "../support/folder.ts";
import { testAccount } from "../workers/support/engines.ts";
import { answerOf, linesOf, mistake, qood, writeKeyFile } from "./support.ts";

const temporary = temporaryFolder();
const keystores = temporary.path("keystores");
const vaultFile = temporary.path("vault.json");
const VAULT_PASSPHRASE = "passphrase of the vault";
const handle: Hex = `0x${"1f".repeat(32)}`;
const wallet = testAccount(2);
const seed = Buffer.from(wallet.mnemonic!.computeSeed().slice(2), "hex");
const at = (...args: string[]): string[] => ["--keystores", keystores, ...args];
let vaultKey = "";

before(async () => {
  mkdirSync(keystores);
  writeKeyFile(keystores, "words", wallet, true);
  writeKeyFile(keystores, "bare", testAccount(6));
  vaultKey = toHex(await createVault(vaultFile, VAULT_PASSPHRASE, { N: 2 ** 12, r: 8, p: 1 }));
});

describe("qood owner|oem grant-stream", { concurrency: 2 }, () => {
  const grant = (role: string, out: string, more: readonly string[] = []): string[] => at(role, "grant-stream", "--account", "words", "--handle", handle, "--vault-key", vaultKey, "--out", out, ...more);

  it("seals the stream's secret to the vault, and to nobody else", async () => {
    // Independently of the SDK: HKDF-SHA256 of the words' BIP-39 seed, with the tag as salt, over handle and key epoch.
    const expected = (keyEpoch: number): Hex => {
      const info = Buffer.alloc(40);
      Buffer.from(handle.slice(2), "hex").copy(info);
      info.writeBigUInt64BE(BigInt(keyEpoch), 32);
      return toHex(new Uint8Array(hkdfSync("sha256", seed, "qood/stream/v1", info, 32)));
    };
    for (const [role, keyEpoch, more] of [["owner", 0, []], ["oem", 7, ["--key-epoch", "7"]]] as const) {
      const out = temporary.path(`box-${role}.json`);
      const run = await qood(grant(role, out, more));
      assert.equal(run.code, 0, run.stderr);
      assert.deepEqual(linesOf(run.stdout), { file: out, handle, keyEpoch: String(keyEpoch), sealedTo: vaultKey });
      assert.equal(statSync(out).mode & 0o777, 0o600);
      const text = readFileSync(out, "utf8");
      await importBox(vaultFile, VAULT_PASSPHRASE, JSON.parse(text));
      const secret = toHex(await (await openVault(vaultFile, VAULT_PASSPHRASE)).streamSecret(handle, keyEpoch));
      assert.equal(secret, expected(keyEpoch));
      assert.equal(secret, toHex(streamSecret(seed, handle, keyEpoch)));
      for (const said of [run.stdout, run.stderr, text]) assert.ok(!said.includes(secret.slice(2)));
    }
  });

  it("does not overwrite --out, and writes nothing on a mistake", async () => {
    const out = temporary.file("taken.json", "something else");
    await mistake(grant("owner", out), "FILE_EXISTS", /taken\.json exists already/);
    assert.equal(readFileSync(out, "utf8"), "something else");
    await mistake(grant("owner", temporary.path("no/folder.json")), "FILE_UNWRITABLE", /ENOENT/);
    const fresh = temporary.path("fresh.json");
    const change = (from: string, to: string): string[] => grant("owner", fresh).map((arg) => (arg === from ? to : arg));
    await mistake(change(handle, "0x12"), "USAGE", /--handle must be 0x and 64 hexadecimal digits/);
    // A point of small order would make the box readable by everybody.
    await mistake(change(vaultKey, `0x${"00".repeat(32)}`), "BOX_KEY", /cannot be sealed to/);
    await mistake(grant("owner", fresh, ["--key-epoch", "0x7"]), "USAGE", /--key-epoch must be a whole number/);
    await mistake(change("words", "bare"), "ACCOUNT_SEEDLESS", /holds a key and no words/);
    await mistake(change("words", "nobody"), "ACCOUNT_UNKNOWN", /no account nobody in .*: it holds bare, words/);
    await mistake(grant("owner", fresh), "PASSPHRASE_WRONG", /does not open account words/, { QOOD_KEYSTORE_PASSPHRASE: "another" });
    assert.throws(() => statSync(fresh), { code: "ENOENT" });
  });
});

describe("qood oem voucher", { concurrency: 2 }, () => {
  const VIN = "WBA8E9C50GK646135";
  const registry = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
  const owner = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
  const legal = `0x${"ab".repeat(32)}`;
  const voucher = (change: Readonly<Record<string, string>> = {}): string[] => {
    const flags = { account: "words", vin: VIN, owner, "legal-hash": legal, registry, "chain-id": "31337", deadline: "1900000000", ...change };
    return at("oem", "voucher", ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]));
  };

  it("is signed by the OEM, and names the car by a keyed tag only", async () => {
    const run = await qood(["--json", ...voucher()]);
    assert.equal(run.code, 0, run.stderr);
    const answer = JSON.parse(run.stdout) as { voucher: { oem: string; wmi: string; tag: string; owner: string; legalHash: string; deadline: number }; signature: string };
    const key = new Uint8Array(hkdfSync("sha256", seed, "qood/vin-tag/v1", "", 32));
    const tag = `0x${createHmac("sha256", key).update(VIN).digest("hex")}`;
    assert.deepEqual({ ...answer.voucher, owner: answer.voucher.owner.toLowerCase() }, { oem: wallet.address, wmi: "0x574241000000", tag, owner: owner.toLowerCase(), legalHash: legal, deadline: 1900000000 });
    const types = { Voucher: [["address", "oem"], ["bytes6", "wmi"], ["bytes32", "tag"], ["address", "owner"], ["bytes32", "legalHash"], ["uint64", "deadline"]].map(([type, name]) => ({ type: type!, name: name! })) };
    const domain = { name: "VehicleRegistry", version: "1", chainId: 31337, verifyingContract: registry };
    assert.equal(verifyTypedData(domain, types, answer.voucher, answer.signature), wallet.address);
    for (const said of [run.stdout, run.stderr]) for (const secret of [VIN, wallet.privateKey.slice(2), toHex(key).slice(2)]) assert.ok(!said.includes(secret));

    const other = (await answerOf(voucher({ vin: `${VIN.slice(0, 16)}6` }))) as typeof answer;
    assert.notEqual(other.voucher.tag, tag);
  });

  it("refuses what is no VIN, address, hash or number", async () => {
    for (const vin of ["WBA8E9C50GK64613", "WBA8E9C50GK64613I"]) await mistake(voucher({ vin }), "VIN_INVALID", /17 capital letters and digits without I, O and Q/);
    await mistake(voucher({ owner: owner.replace("C8", "c8") }), "ADDRESS", /--owner .* has a wrong checksum/);
    await mistake(voucher({ registry: "0x12" }), "ADDRESS", /--registry 0x12 is no address/);
    await mistake(voucher({ "legal-hash": "0x" }), "USAGE", /--legal-hash must be/);
    await mistake(voucher({ deadline: "tomorrow" }), "USAGE", /--deadline tomorrow is no time/);
    await mistake(at("oem", "voucher", "--account", "words"), "USAGE", /required option '--vin <vin>' not specified/);
  });
});
