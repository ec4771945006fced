/**
 * Makes the development keys: `node scripts/circuits/build.ts [--ptau FILE] [--check] [INSTANCE…]`.
 *
 * Compiles the named instances of circuits/circuits.json, or all, makes their phase 2 keys by a beacon alone and writes circuits/keys and contracts/verifiers.
 * Run again it gives the same bytes; with --check it writes nothing and compares instead.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { QoodError } from "@qoodblock/sdk/errors";
import { readKeyMetadata, type KeyMetadata } from "@qoodblock/sdk/proof";
import { curves, r1cs as r1csTools, zKey, type Logger } from "snarkjs";
import { compileCircuit, compilerVersion } from "./compile.ts";
import { keysFolder, readInstance, readInstances, root, type Instance } from "./instances.ts";
import { publicNames } from "./symbols.ts";
import { verifierContract, verifierPath } from "./verifier.ts";

const iterationsExponent = 10;
const problems: string[] = [];
// Without a logger snarkjs reports a wrong beacon to nobody.
const logger: Logger = { debug: () => undefined, info: () => undefined, warn: (line) => problems.push(line), error: (line) => problems.push(line) };

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Makes one key in memory. Returns every file it consists of: path → contents. */
async function makeKey(instance: Instance, ptauPath: string): Promise<Map<string, Uint8Array>> {
  const started = Date.now();
  const compiled = await compileCircuit(instance);
  const [r1cs, wasm, ptau] = [compiled.r1cs, compiled.wasm, ptauPath].map((path) => readFileSync(path)) as [Buffer, Buffer, Buffer];
  const info = await r1csTools.info(r1cs, logger);
  console.log(`${instance.name}: ${info.nConstraints} constraints; making its key …`);

  const beaconText = `QoodBlock development key ${instance.name}`;
  const initial = { type: "mem" as const, data: new Uint8Array() };
  const final = { type: "mem" as const, data: new Uint8Array() };
  await zKey.newZKey(r1cs, ptauPath, initial, logger);
  await zKey.beacon(initial, final, "development", sha256(beaconText), iterationsExponent, logger);
  if (!(await zKey.verifyFromR1cs(r1cs, ptauPath, final, logger)) || problems.length > 0) {
    throw new QoodError("KEY_NOT_MADE", `the key of ${instance.name} does not verify against its circuit and ${ptauPath}: ${problems.join("; ")}`);
  }
  const zkey = Buffer.from(final.data);
  const verificationKey = Buffer.from(json(await zKey.exportVerificationKey(zkey, logger)));

  const entry = (file: string, bytes: Uint8Array): KeyMetadata["zkey"] => ({ file, bytes: bytes.length, sha256: sha256(bytes) });
  const metadata: KeyMetadata = {
    format: 1,
    name: instance.name,
    purpose: "development",
    note: "A development key: its secrets are known. It proves nothing to anyone on a public network.",
    compiler: `circom2 ${compilerVersion} --O2`,
    constraints: info.nConstraints,
    wires: info.nVars,
    publicSignals: publicNames(compiled.sym, info.nPubInputs + info.nOutputs),
    r1cs: { sha256: sha256(r1cs) },
    ptau: { file: basename(ptauPath), sha256: sha256(ptau) },
    beacon: { name: "development", text: beaconText, sha256: sha256(beaconText), iterationsExponent },
    wasm: entry(`${instance.name}.wasm`, wasm),
    zkey: entry(`${instance.name}.zkey`, zkey),
    verificationKey: entry(`${instance.name}.vkey.json`, verificationKey),
  };
  const contract = await verifierContract(instance.name, zkey, metadata.zkey.sha256, metadata.purpose);
  console.log(`${instance.name}: key made and verified in ${((Date.now() - started) / 1000).toFixed(1)} s, sha256 ${metadata.zkey.sha256}`);
  return new Map([
    [join(keysFolder, metadata.wasm.file), wasm],
    [join(keysFolder, metadata.zkey.file), zkey],
    [join(keysFolder, metadata.verificationKey.file), verificationKey],
    [join(keysFolder, `${instance.name}.json`), Buffer.from(json(metadata))],
    [verifierPath(instance.name), Buffer.from(contract)],
  ]);
}

function write(path: string, contents: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { ptau: { type: "string", default: resolve(root, "../shared/ptau/dev-2-15.ptau") }, check: { type: "boolean", default: false } } });
  if (!existsSync(values.ptau)) throw new QoodError("PTAU_MISSING", `no powers-of-tau file at ${values.ptau}: name one with --ptau FILE`);
  const different: string[] = [];
  for (const instance of positionals.length > 0 ? positionals.map(readInstance) : readInstances()) {
    for (const [path, contents] of await makeKey(instance, values.ptau)) {
      if (existsSync(path) && readFileSync(path).equals(contents)) continue;
      different.push(relative(root, path));
      if (!values.check) write(path, contents);
    }
    if (!values.check) readKeyMetadata(keysFolder, instance.name);
  }
  if (values.check && different.length > 0) throw new QoodError("KEY_NOT_REPRODUCED", `made anew these files differ from the committed ones: ${different.join(", ")}`);
  console.log(different.length === 0 ? "every file is byte for byte as committed" : `written: ${different.join(", ")}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await (await curves.getCurveFromName("bn128")).terminate();
}
