/** Checking a whole ceremony, and writing what it was made for. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KeyMetadata } from "@qoodblock/sdk/proof";
import { zKey } from "snarkjs";
import { compileCircuit, compilerVersion } from "../circuits/compile.ts";
import { keysFolder, readInstance } from "../circuits/instances.ts";
import { verifierContract, verifierPath } from "../circuits/verifier.ts";
import { ensure, QoodError } from "../../sdk/errors/index.ts";
import { faultIn, initialKey, type Told } from "./engine.ts";
import { type CeremonyFolder, type CeremonyRecord, hashOf, keyFile, type Step, timestamp, writeWhole } from "./record.ts";
import { follows, readPtau } from "./steps.ts";
import { readHistory } from "./zkey.ts";

/** What a person calls a step. */
export function stepName(step: Step, number: number): string {
  return step.step === "initial" ? "the initial key" : step.step === "beacon" ? "the beacon" : `contribution ${number} by ${step.name}`;
}

/**
 * Checks everything: the circuit of this checkout gives the recorded constraints, these and the powers of tau the initial key, and each further key follows
 * from it by the contributions that are recorded.
 * @param right told each step that was found right
 * @throws QoodError `CEREMONY_CIRCUIT`, `CEREMONY_PTAU`, `CEREMONY_CHANGED`, `CEREMONY_INVALID`
 */
export async function verify(folder: CeremonyFolder, ptauPath: string, told: Told, right: (line: string) => void): Promise<CeremonyRecord> {
  const record = folder.record();
  const ptau = readPtau(ptauPath, record.ptau.sha256);
  ensure(ptau.blake2b === record.ptau.blake2b, "CEREMONY_PTAU", `the record's BLAKE2b hash of ${record.ptau.file} is wrong`);
  // What is quick comes first: files and histories, then the circuit, at last the curve points.
  const keys = record.steps.map((step, number) => recordedKey(folder, record, step, number));
  await verifyCircuit(folder, record, told);
  right(`${record.circuit.name}: ${record.circuit.constraints} constraints, the circuit of this checkout`);

  const [initial, ...more] = keys as [Buffer, ...Buffer[]];
  if (!initial.equals(await initialKey(folder.read(record.circuit.r1cs), ptau.bytes, told))) {
    throw new QoodError("CEREMONY_INVALID", `the initial key ${record.steps[0].key.file} is not the one of the circuit and ${record.ptau.file}`);
  }
  right("the initial key");

  for (const [i, key] of more.entries()) {
    const step = record.steps[i + 1]!;
    const name = stepName(step, i + 1);
    const fault = await faultIn(initial, ptau.bytes, key, told);
    if (fault !== undefined) throw new QoodError("CEREMONY_INVALID", `${name}: ${step.key.file} is wrong: ${fault}`);
    right(step.step === "beacon" ? `the beacon: ${step.source}, ${step.value}` : step.step === "contribution" ? `${name}, hash ${step.hash}` : name);
  }
  return record;
}

/** The key of a step, which must be the recorded file and carry the recorded contributions up to this step. */
function recordedKey(folder: CeremonyFolder, record: CeremonyRecord, step: Step, number: number): Buffer {
  const name = stepName(step, number);
  ensure(step.key.file === keyFile({ ...record, steps: record.steps.slice(0, number) }), "CEREMONY_INVALID", `${name}: ${step.key.file} is not the name of its key`);
  ensure(step.step !== "beacon" || number === record.steps.length - 1, "CEREMONY_INVALID", "the beacon is not the last step");
  const key = folder.read(step.key);
  const { circuitHash, contributions } = readHistory(key, step.key.file);
  ensure(circuitHash === record.steps[0].circuitHash, "CEREMONY_INVALID", `${name}: ${step.key.file} is of another circuit than is recorded`);
  const upToHere = { steps: record.steps.slice(0, number + 1) as CeremonyRecord["steps"] };
  ensure(follows(upToHere, contributions, 0), "CEREMONY_INVALID", `${name}: ${step.key.file} carries other contributions than are recorded up to it`);
  return key;
}

async function verifyCircuit(folder: CeremonyFolder, { circuit }: CeremonyRecord, told: Told): Promise<void> {
  told("compiling the circuit");
  const compiled = await compileCircuit(readInstance(circuit.name));
  for (const [entry, path] of [[circuit.r1cs, compiled.r1cs], [circuit.wasm, compiled.wasm]] as const) {
    folder.read(entry);
    if (hashOf("sha256", readFileSync(path)) !== entry.sha256) {
      throw new QoodError("CEREMONY_CIRCUIT", `the circuit of this checkout, compiled by circom2 ${compilerVersion}, does not give ${entry.file} (made by ${circuit.compiler}): check out the sources of the ceremony`);
    }
  }
}

/** Where exported files go: the ceremony's own folder or another one, or this checkout. */
export interface Target {
  /** Path of a key file. */
  readonly key: (file: string) => string;
  /** Path of the verifier contract of an instance. */
  readonly verifier: (name: string) => string;
}
/** Into one folder. */
export const intoFolder = (out: string): Target => ({ key: (file) => join(out, file), verifier: (name) => join(out, `${name}Verifier.sol`) });
/** Into the places that provers and the deploy script read. */
export const intoCheckout: Target = { key: (file) => join(keysFolder, file), verifier: verifierPath };

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Verifies, then writes proving key, verification key, witness program, metadata (purpose `production`), the record and the verifier contract.
 * @returns the paths
 * @throws QoodError as {@link verify}, and `CEREMONY_OPEN` before the beacon
 */
export async function exportKey(folder: CeremonyFolder, ptauPath: string, target: Target, told: Told, right: (line: string) => void): Promise<string[]> {
  if (folder.record().steps.at(-1)!.step !== "beacon") throw new QoodError("CEREMONY_OPEN", `the ceremony in ${folder.path} was not closed by a beacon yet`);
  const { exported: _, ...record } = await verify(folder, ptauPath, told, right);
  const last = record.steps.at(-1)!;
  ensure(last.step === "beacon", "CEREMONY_OPEN", "the last step is no beacon");
  const { circuit } = record;
  const zkey = folder.read(last.key);
  const logger = { debug: told, info: told, warn: told, error: told };
  const verificationKey = Buffer.from(json(await zKey.exportVerificationKey(zkey, logger)));
  // What is published beside the key is the record without the line that its own export adds.
  const published = json(record);
  const entry = (file: string, bytes: Uint8Array) => ({ file, bytes: bytes.length, sha256: hashOf("sha256", bytes) });
  const metadata: KeyMetadata = {
    format: 1,
    name: circuit.name,
    purpose: "production",
    note: `A production key by a ceremony of ${record.steps.length - 2} contributions and a beacon: nobody can forge proofs unless all contributors kept their secrets and combine them. Every step stands in ${circuit.name}.ceremony.json, sha256 ${hashOf("sha256", published)}.`,
    compiler: circuit.compiler,
    constraints: circuit.constraints,
    wires: circuit.wires,
    publicSignals: circuit.publicSignals,
    r1cs: { sha256: circuit.r1cs.sha256 },
    ptau: { file: record.ptau.file, sha256: record.ptau.sha256 },
    beacon: { name: last.source, text: last.value, sha256: last.sha256, iterationsExponent: last.iterationsExponent },
    wasm: { ...circuit.wasm, file: `${circuit.name}.wasm` },
    zkey: entry(`${circuit.name}.zkey`, zkey),
    verificationKey: entry(`${circuit.name}.vkey.json`, verificationKey),
  };
  const contract = await verifierContract(circuit.name, zkey, metadata.zkey.sha256, metadata.purpose);
  // The metadata comes last: it is what readers look for, and then everything that it names is there.
  const files: [string, string | Uint8Array][] = [
    [target.verifier(circuit.name), contract],
    [target.key(metadata.wasm.file), folder.read(circuit.wasm)],
    [target.key(metadata.zkey.file), zkey],
    [target.key(metadata.verificationKey.file), verificationKey],
    [target.key(`${circuit.name}.ceremony.json`), published],
    [target.key(`${circuit.name}.json`), json(metadata)],
  ];
  for (const [path, bytes] of files) writeWhole(path, bytes);
  folder.save({ ...record, exported: { at: timestamp(), files: files.map(([path, bytes]) => entry(path.split("/").at(-1)!, Buffer.from(bytes))) } });
  return files.map(([path]) => path);
}
