/** The steps of a ceremony. Each writes a new key beside the former ones and then the record, so that a step that was killed has not happened. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { compileCircuit, compilerVersion } from "../circuits/compile.ts";
import { readInstance } from "../circuits/instances.ts";
import { publicNames } from "../circuits/symbols.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import { beaconKey, contributedKey, faultIn, initialKey, sizesOf, type Told } from "./engine.ts";
import { type CeremonyFolder, type CeremonyRecord, hashOf, keyFile, readNamed, type Step, timestamp, writeWhole } from "./record.ts";
import { type Contribution, readHistory } from "./zkey.ts";

/** Reads the powers of tau and compares the hash that was published. @throws QoodError `CEREMONY_FILE`, `CEREMONY_PTAU` */
export function readPtau(path: string, published: string): { bytes: Buffer; sha256: string; blake2b: string } {
  const bytes = readNamed(path, "the powers-of-tau file");
  const found = { sha256: hashOf("sha256", bytes), blake2b: hashOf("blake2b512", bytes) };
  const algorithm = published.length === 64 ? "sha256" : "blake2b";
  if (found[algorithm] !== published.toLowerCase()) {
    throw new QoodError("CEREMONY_PTAU", `${path} has another hash than was published: ${algorithm} ${published.toLowerCase()} expected, ${found[algorithm]} found`);
  }
  return { bytes, ...found };
}

/** Compiles the circuit and makes the initial key. Does nothing where that was done. @throws QoodError `CEREMONY_BEGUN` where the folder is another ceremony's */
export async function init(folder: CeremonyFolder, given: { circuit: string; ptau: string; ptauHash: string }, told: Told): Promise<CeremonyRecord> {
  const ptau = readPtau(given.ptau, given.ptauHash);
  const instance = readInstance(given.circuit);
  const begun = folder.find();
  if (begun !== undefined) {
    if (begun.circuit.name === instance.name && begun.ptau.sha256 === ptau.sha256) return begun;
    throw new QoodError("CEREMONY_BEGUN", `in ${folder.path} a ceremony of ${begun.circuit.name} with ${begun.ptau.file} has begun: take another folder`);
  }
  told("compiling the circuit");
  const compiled = await compileCircuit(instance);
  const r1cs = readFileSync(compiled.r1cs);
  const sizes = await sizesOf(r1cs);
  const circuit: CeremonyRecord["circuit"] = {
    name: instance.name,
    compiler: `circom2 ${compilerVersion} --O2`,
    ...{ constraints: sizes.constraints, wires: sizes.wires, publicSignals: publicNames(compiled.sym, sizes.publicSignals) },
    r1cs: folder.write(`${instance.name}.r1cs`, r1cs),
    wasm: folder.write(`${instance.name}.wasm`, readFileSync(compiled.wasm)),
  };
  const key = await initialKey(r1cs, ptau.bytes, told);
  const entry = folder.write(keyFile({ circuit, steps: [] }), key);
  const record: CeremonyRecord = {
    format: "qood/ceremony/v1",
    circuit,
    ptau: { file: basename(given.ptau), sha256: ptau.sha256, blake2b: ptau.blake2b },
    steps: [{ step: "initial", at: timestamp(), key: entry, circuitHash: readHistory(key, entry.file).circuitHash }],
  };
  folder.save(record);
  return record;
}

/** The last key, where more may be added. @throws QoodError `CEREMONY_CLOSED` */
function lastKey(folder: CeremonyFolder, record: CeremonyRecord): Buffer {
  const last = record.steps.at(-1)!;
  if (last.step === "beacon") throw new QoodError("CEREMONY_CLOSED", `the ceremony in ${folder.path} was closed by its beacon: nothing can be added`);
  return folder.read(last.key);
}

function append(folder: CeremonyFolder, record: CeremonyRecord, key: Buffer, step: (common: Pick<Step, "at" | "key">) => Exclude<Step, { step: "initial" }>): Step {
  const added = step({ key: folder.write(keyFile(record), key), at: timestamp() });
  const [initial, ...more] = record.steps;
  folder.save({ ...record, steps: [initial, ...more, added] });
  return added;
}

/** Adds a contribution made here. @throws QoodError `CEREMONY_CLOSED`, `CEREMONY_CHANGED`, `CEREMONY_FAILED` */
export async function contribute(folder: CeremonyFolder, name: string, text: string, told: Told): Promise<Step> {
  const record = folder.record();
  const key = await contributedKey(lastKey(folder, record), name, text, told);
  const { hash } = readHistory(key, "the new key").contributions.at(-1)!;
  return append(folder, record, key, (common) => ({ step: "contribution", ...common, name, hash }));
}

/** Adds a contribution to a key that stands by itself, for a contributor elsewhere. @throws QoodError `CEREMONY_FILE`, `CEREMONY_KEY_MALFORMED`, `CEREMONY_CLOSED` */
export async function contributeTo(from: string, to: string, name: string, text: string, told: Told): Promise<Contribution & { number: number; sha256: string }> {
  if (existsSync(to)) throw new QoodError("CEREMONY_FILE", `${to} is there already: name another file with --to`);
  const former = readNamed(from, "the key");
  if (readHistory(former, from).contributions.at(-1)?.type === "beacon") throw new QoodError("CEREMONY_CLOSED", `${from} was closed by a beacon: nothing can be added`);
  const key = await contributedKey(former, name, text, told);
  const { contributions } = readHistory(key, to);
  writeWhole(to, key);
  return { ...contributions.at(-1)!, number: contributions.length, sha256: hashOf("sha256", key) };
}

/** Whether a key's history is that of the record, and so many contributions more. */
export function follows(record: Pick<CeremonyRecord, "steps">, history: readonly Contribution[], more: number): boolean {
  const [, ...steps] = record.steps;
  if (history.length !== steps.length + more) return false;
  return steps.every((step, i) => {
    const found = history[i]!;
    if (step.step !== found.type || step.hash !== found.hash) return false;
    if (step.step === "contribution") return step.name === found.name;
    return found.beacon?.value === step.sha256 && found.beacon.iterationsExponent === step.iterationsExponent && step.sha256 === hashOf("sha256", step.value);
  });
}

/** Takes a key that a contributor has sent back, after checking it. @throws QoodError `CEREMONY_NOT_NEXT`, `CEREMONY_INVALID`, `CEREMONY_PTAU`, `CEREMONY_CLOSED` */
export async function add(folder: CeremonyFolder, file: string, ptauPath: string, told: Told): Promise<Step> {
  const record = folder.record();
  lastKey(folder, record);
  const ptau = readPtau(ptauPath, record.ptau.sha256);
  const key = readNamed(file, "the key");
  const { contributions } = readHistory(key, file);
  const latest = contributions.at(-1);
  if (!follows(record, contributions, 1) || latest?.type !== "contribution") {
    throw new QoodError("CEREMONY_NOT_NEXT", `${file} is not ${record.steps.at(-1)!.key.file} with one contribution more: send that file to the contributor again`);
  }
  if (!/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(latest.name)) throw new QoodError("CEREMONY_NOT_NEXT", `the contribution in ${file} bears no name that can be printed`);
  const fault = await faultIn(folder.read(record.steps[0].key), ptau.bytes, key, told);
  if (fault !== undefined) throw new QoodError("CEREMONY_INVALID", `the contribution in ${file} is wrong: ${fault}`);
  return append(folder, record, key, (common) => ({ step: "contribution", ...common, name: latest.name, hash: latest.hash }));
}

/** Closes the ceremony by a public value. @throws QoodError `CEREMONY_TOO_FEW`, `CEREMONY_CLOSED`, `CEREMONY_CHANGED`, `CEREMONY_FAILED` */
export async function beacon(folder: CeremonyFolder, given: { value: string; source: string; iterationsExponent: number }, told: Told): Promise<Step> {
  const record = folder.record();
  const former = lastKey(folder, record);
  if (record.steps.length < 2) throw new QoodError("CEREMONY_TOO_FEW", "there is no contribution yet: a key by a beacon alone is a development key");
  const sha256 = hashOf("sha256", given.value);
  const key = await beaconKey(former, "beacon", sha256, given.iterationsExponent, told);
  const { hash } = readHistory(key, "the new key").contributions.at(-1)!;
  return append(folder, record, key, (common) => ({ step: "beacon", ...common, ...given, sha256, hash }));
}
