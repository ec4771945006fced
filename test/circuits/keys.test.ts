/** The committed key files: their hashes, where they come from, the contract made from them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { publicSignalNames } from "@qoodblock/sdk/delivery";
import { loadProofArtifacts, POSSESSION_SIGNALS, readKeyMetadata, SEGMENT_KEY_SIGNALS } from "@qoodblock/sdk/proof";
import { curves } from "snarkjs";
import { compileCircuit, compilerVersion } from "../../scripts/circuits/compile.ts";
import { keysFolder, readInstances, root, type Instance } from "../../scripts/circuits/instances.ts";
import { verifierContract, verifierPath } from "../../scripts/circuits/verifier.ts";
import { inTemporaryFolder, loadCircuit } from "./support/circuit.ts";

const ptau = resolve(root, "../shared/ptau/dev-2-15.ptau");
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");

after(async () => (await curves.getCurveFromName("bn128")).terminate());

/** The public signals as the SDK names them. */
function signalNames({ template, parameters }: Instance): readonly string[] {
  if (template === "KeyDelivery") return publicSignalNames(parameters[0]!);
  return template === "SegmentKey" ? SEGMENT_KEY_SIGNALS : POSSESSION_SIGNALS;
}

for (const instance of readInstances()) {
  const { name } = instance;

  test(`${name}: hashes are right and the metadata says development`, () => {
    const { metadata, wasm, zkey, verificationKey } = loadProofArtifacts(keysFolder, name);
    assert.equal(metadata.purpose, "development");
    assert.deepEqual([wasm.length, zkey.length], [metadata.wasm.bytes, metadata.zkey.bytes]);
    assert.equal(metadata.beacon.sha256, createHash("sha256").update(metadata.beacon.text).digest("hex"));
    assert.deepEqual(metadata.publicSignals, signalNames(instance));
    assert.equal(verificationKey.nPublic, metadata.publicSignals.length);
  });

  test(`${name}: the key is of the circuit as it is now`, async () => {
    const metadata = readKeyMetadata(keysFolder, name);
    const compiled = await compileCircuit(instance);
    assert.equal(metadata.compiler, `circom2 ${compilerVersion} --O2`);
    assert.equal(sha256(compiled.r1cs), metadata.r1cs.sha256, "circuits have changed: run scripts/circuits/build.ts");
    assert.equal(sha256(compiled.wasm), metadata.wasm.sha256, "circuits have changed: run scripts/circuits/build.ts");
    const { system } = await loadCircuit({}, instance);
    assert.deepEqual([system.constraints.length, system.wires], [metadata.constraints, metadata.wires]);
  });

  test(`${name}: the verifier contract is the one that the key gives`, async () => {
    const { metadata, zkey } = loadProofArtifacts(keysFolder, name);
    assert.equal(readFileSync(verifierPath(name), "utf8"), await verifierContract(name, zkey, metadata.zkey.sha256, metadata.purpose));
  });

  test(`${name}: a changed, a missing and a foreign key file are one clear error each`, async () => {
    await inTemporaryFolder((folder) => {
      cpSync(keysFolder, folder, { recursive: true });
      appendFileSync(join(folder, `${name}.zkey`), "x");
      assert.throws(() => loadProofArtifacts(folder, name), { code: "KEY_FILE_WRONG_HASH", message: /^key file .*\.zkey has the wrong hash: sha256 [0-9a-f]{64} expected, [0-9a-f]{64} found; get it again from the repository$/ });
      rmSync(join(folder, `${name}.zkey`));
      assert.throws(() => loadProofArtifacts(folder, name), { code: "KEY_FILE_MISSING" });
      writeFileSync(join(folder, `${name}.json`), "{}");
      assert.throws(() => loadProofArtifacts(folder, name), { code: "KEY_METADATA_INVALID", message: /^[^\n]*$/ });
      return Promise.resolve();
    });
  });
}

const skip = existsSync(ptau) || process.env.CI === "true" ? false : `no powers of tau at ${ptau}`;
// One key is made anew here; the long tests set QOOD_KEYS to make all.
const names = process.env.QOOD_KEYS === "all" ? readInstances().map(({ name }) => name) : ["KeyDelivery1"];
test(`the key script run again gives the same bytes: ${names.join(", ")}`, { skip }, () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "scripts", "circuits", "build.ts"), "--check", ...names], { cwd: root, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /every file is byte for byte as committed/);
  for (const name of names) assert.match(stdout, new RegExp(`^${name}: key made and verified`, "m"));
});

test("every key comes from the same powers of tau, has a beacon of its own, and no file lies about that is no instance's", () => {
  const all = readInstances().map(({ name }) => readKeyMetadata(keysFolder, name));
  assert.equal(new Set(all.map((metadata) => metadata.ptau.sha256)).size, 1);
  assert.equal(new Set(all.map((metadata) => metadata.beacon.sha256)).size, all.length);
  const files = all.flatMap(({ name, wasm, zkey, verificationKey }) => [`${name}.json`, wasm.file, zkey.file, verificationKey.file]);
  assert.deepEqual(readdirSync(keysFolder).filter((file) => file !== ".gitattributes").sort(), files.sort());
  assert.deepEqual(readdirSync(join(root, "contracts", "verifiers")).sort(), readInstances().map(({ name }) => `${name}Verifier.sol`).sort());
});
