/** snarkjs's phase 2, with every file in memory and every fault an error: it returns, logs or prints some of them instead. */
import { randomBytes } from "node:crypto";
import { curves, type Logger, r1cs as r1csTools, zKey } from "snarkjs";
import { QoodError } from "../../sdk/errors/index.ts";

/** Told what is going on, in snarkjs's words. */
export type Told = (line: string) => void;

// Whether snarkjs may have started threads in this process.
let threads = false;

/** Faults that snarkjs speaks of while `work` runs. Those of a verification it prints to the console. */
async function listening<T>(told: Told, work: (logger: Logger) => Promise<T>): Promise<{ result: T | undefined; problems: string[] }> {
  threads = true;
  const problems: string[] = [];
  const problem = (line: string): void => void problems.push(line.trim());
  const print = console.log;
  console.log = (line: unknown) => problem(String(line));
  try {
    return { result: await work({ debug: told, info: () => undefined, warn: problem, error: problem }), problems };
  } catch (error) {
    return { result: undefined, problems: [...problems, error instanceof Error ? error.message : String(error)] };
  } finally {
    console.log = print;
  }
}

async function made(what: string, told: Told, work: (into: { type: "mem"; data: Uint8Array }, logger: Logger) => Promise<unknown>): Promise<Buffer> {
  const into = { type: "mem" as const, data: new Uint8Array() };
  const { result, problems } = await listening(told, (logger) => work(into, logger));
  if (result === undefined || result === false || result === -1 || problems.length > 0) {
    throw new QoodError("CEREMONY_FAILED", `${what}: ${problems.join("; ") || "snarkjs refused without a word"}`);
  }
  return Buffer.from(into.data);
}

/** The key before any contribution; the same for the same circuit and powers of tau. @throws QoodError `CEREMONY_FAILED` */
export function initialKey(r1cs: Uint8Array, ptau: Uint8Array, told: Told): Promise<Buffer> {
  return made("the initial key cannot be made", told, (into, logger) => zKey.newZKey(r1cs, ptau, into, logger));
}

/**
 * A key with one more secret in it. The secret comes from the operating system, twice, and from the text; it is in this process's memory only.
 * @throws QoodError `CEREMONY_FAILED`
 */
export function contributedKey(key: Uint8Array, name: string, text: string, told: Told): Promise<Buffer> {
  // snarkjs mixes 64 bytes of its own; a text must be there, else it asks for one on the terminal.
  return made("the contribution cannot be made", told, (into, logger) => zKey.contribute(key, into, name, `${randomBytes(64).toString("hex")}${text}`, logger));
}

/** A key closed by a public value that nobody knew before. @throws QoodError `CEREMONY_FAILED` */
export function beaconKey(key: Uint8Array, name: string, value: string, iterationsExponent: number, told: Told): Promise<Buffer> {
  return made("the beacon cannot be applied", told, (into, logger) => zKey.beacon(key, into, name, value, iterationsExponent, logger));
}

/** Why a key does not follow from the initial one by the contributions that it names; undefined where it does. */
export async function faultIn(initial: Uint8Array, ptau: Uint8Array, key: Uint8Array, told: Told): Promise<string | undefined> {
  const { result, problems } = await listening(told, (logger) => zKey.verifyFromInit(initial, ptau, key, logger));
  if (result === true && problems.length === 0) return undefined;
  return problems.join("; ") || "it does not verify";
}

/** Sizes of a compiled circuit. */
export async function sizesOf(r1cs: Uint8Array): Promise<{ constraints: number; wires: number; publicSignals: number }> {
  threads = true;
  const info = await r1csTools.info(r1cs, { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined });
  return { constraints: info.nConstraints, wires: info.nVars, publicSignals: info.nPubInputs + info.nOutputs };
}

/** Ends snarkjs's threads if there are any, without which the process does not end. */
export async function closeEngine(): Promise<void> {
  if (!threads) return;
  threads = false;
  await (await curves.getCurveFromName("bn128")).terminate();
}
