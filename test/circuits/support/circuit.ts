/** The circuit under test as constraints, and honest deliveries to try on it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { addPoints, multiplyPoint, SUBGROUP_ORDER, type Point } from "@qoodblock/sdk/crypto";
import { deliveryKeyFromSecret, wrapKeys, type DeliveryKey, type Wrapping } from "@qoodblock/sdk/delivery";
import { wtns, type CircuitInput } from "snarkjs";
import { compileCircuit, type CompileOptions } from "../../../scripts/circuits/compile.ts";
import { cacheFolder, circuitsFolder, readInstance, type Instance } from "../../../scripts/circuits/instances.ts";
import { firstBroken, readConstraintSystem, type ConstraintSystem } from "../../../scripts/circuits/r1cs.ts";
import { readSymbols } from "../../../scripts/circuits/symbols.ts";

/** Sources of the circuit under test; the deletion script names a folder with one constraint less. */
export const sourcesUnderTest = process.env.QOOD_CIRCUITS ?? circuitsFolder;
if (!existsSync(sourcesUnderTest)) throw new Error(`no circuits in ${sourcesUnderTest}`);

/** Values of all signals by name (`main.bits.out[3]`). */
export type Signals = ReadonlyMap<string, bigint>;

/** A compiled circuit. */
export interface Circuit {
  readonly system: ConstraintSystem;
  readonly wasm: Uint8Array;
  readonly symbols: ReadonlyMap<string, number>;
}

/** Compiles (or finds compiled) and reads an instance. */
export async function loadCircuit(options: CompileOptions = { sources: sourcesUnderTest }, instance: Instance = readInstance("KeyDelivery1")): Promise<Circuit> {
  const compiled = await compileCircuit(instance, options);
  return { system: readConstraintSystem(compiled.r1cs), wasm: readFileSync(compiled.wasm), symbols: readSymbols(compiled.sym) };
}

/** The witness that the circuit's own program makes: one value a wire. @throws when an assertion in it fails */
export async function witnessOf(circuit: Circuit, input: CircuitInput): Promise<bigint[]> {
  const file = { type: "mem" as const, data: new Uint8Array() };
  await wtns.calculate(input, circuit.wasm, file);
  return wtns.exportJson(file);
}

/** Whether the constraints alone accept values for all signals, whoever made them. */
export function accepts(circuit: Circuit, signals: Signals): boolean {
  const wires = new Array<bigint | undefined>(circuit.system.wires).fill(undefined);
  wires[0] = 1n;
  for (const [name, wire] of circuit.symbols) {
    if (wire < 0) continue;
    const value = signals.get(name);
    if (value === undefined) throw new Error(`no value for ${name}`);
    // Signals that the compiler has put on one wire are equal by the circuit's own equations.
    if (wires[wire] !== undefined && wires[wire] !== value) return false;
    wires[wire] = value;
  }
  return firstBroken(circuit.system, wires.map((value) => value ?? 0n)) === -1;
}

/** A folder that is gone when the work is done; below the checkout, as the compiler finds no includes elsewhere. */
export async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, "work-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Numbers below 2^256 from a seed, the same on every run (splitmix64). */
export function seeded(seed: bigint): () => bigint {
  let state = seed;
  const next = (): bigint => {
    state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
    return z ^ (z >> 31n);
  };
  return () => (next() << 192n) | (next() << 128n) | (next() << 64n) | next();
}

/** A buyer's key from a seed. */
export function buyerOf(seed: bigint): DeliveryKey {
  return deliveryKeyFromSecret(1n + (seeded(seed)() % (SUBGROUP_ORDER - 1n)), "random");
}

/** An honest delivery of `count` keys from a seed. */
export function honestDelivery(seed: bigint, count = 1): Wrapping & { buyer: DeliveryKey } {
  const next = seeded(seed);
  const buyer = buyerOf(seed);
  const keys = Array.from({ length: count }, () => next() >> 4n);
  return { buyer, ...wrapKeys({ buyerKey: buyer.publicKey, context: next() >> 8n, keys, scalar: 1n + (next() >> 6n) }) };
}

/** A generator of the whole group of order 8·l (EIP-2494's G). */
export const FULL_GENERATOR: Point = [
  995203441582195749578291179787384436505546430278305826713579947235728471134n,
  5472060717959818805561601436314318772137091100104008585924551046643952123905n,
];

/** Order → a point of that order: 8, 4, 2 and 1, from l·G by doubling. */
export function smallOrderPoints(): Map<number, Point> {
  let point = addPoints(multiplyPoint(FULL_GENERATOR, SUBGROUP_ORDER - 1n), FULL_GENERATOR);
  const points = new Map<number, Point>();
  for (const order of [8, 4, 2, 1]) {
    points.set(order, point);
    point = addPoints(point, point);
  }
  return points;
}
