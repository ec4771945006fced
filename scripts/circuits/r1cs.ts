/**
 * Reads a constraint system and checks assignments against it, without any witness program: what a verifier's key enforces and nothing else.
 * Format: github.com/iden3/r1csfile, version 1.
 */
import { readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";

/** Linear combination: coefficients by wire. */
type Combination = readonly (readonly [wire: number, coefficient: bigint])[];
/** a · b = c. */
type Constraint = readonly [a: Combination, b: Combination, c: Combination];

/** A constraint system over a prime field. Wire 0 is the constant 1; public signals follow. */
export interface ConstraintSystem {
  readonly prime: bigint;
  readonly wires: number;
  readonly constraints: readonly Constraint[];
}

class Reader {
  readonly #view: DataView;
  at: number;
  constructor(bytes: Uint8Array, at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }
  u32(): number {
    this.at += 4;
    return this.#view.getUint32(this.at - 4, true);
  }
  u64(): number {
    this.at += 8;
    return Number(this.#view.getBigUint64(this.at - 8, true));
  }
  element(size: number): bigint {
    let value = 0n;
    for (let i = size - 8; i >= 0; i -= 8) value = (value << 64n) | this.#view.getBigUint64(this.at + i, true);
    this.at += size;
    return value;
  }
}

/** Reads a file of the compiler. @throws QoodError `R1CS_MALFORMED` */
export function readConstraintSystem(path: string): ConstraintSystem {
  const bytes = readFileSync(path);
  if (bytes.subarray(0, 4).toString("latin1") !== "r1cs") throw new QoodError("R1CS_MALFORMED", `${path} is not a constraint system`);
  const sections = new Map<number, number>();
  const outer = new Reader(bytes, 8);
  for (let left = outer.u32(); left > 0; left -= 1) {
    const type = outer.u32();
    const length = outer.u64();
    sections.set(type, outer.at);
    outer.at += length;
  }
  const header = new Reader(bytes, sections.get(1)!);
  const size = header.u32();
  const prime = header.element(size);
  const wires = header.u32();
  header.at += 3 * 4 + 8;
  const count = header.u32();
  const body = new Reader(bytes, sections.get(2)!);
  const combination = (): Combination => Array.from({ length: body.u32() }, () => [body.u32(), body.element(size)] as const);
  return { prime, wires, constraints: Array.from({ length: count }, () => [combination(), combination(), combination()] as const) };
}

/** Index of the first of the (given) constraints that the assignment breaks, -1 if it satisfies them. */
export function firstBroken(system: ConstraintSystem, assignment: readonly bigint[], among?: readonly number[]): number {
  const { prime, constraints } = system;
  const value = (combination: Combination): bigint => {
    let sum = 0n;
    for (const [wire, coefficient] of combination) sum += coefficient * assignment[wire]!;
    return sum % prime;
  };
  const broken = (i: number): boolean => {
    const [a, b, c] = constraints[i]!;
    return (value(a) * value(b) - value(c)) % prime !== 0n;
  };
  if (among !== undefined) return among.find(broken) ?? -1;
  return constraints.findIndex((_, i) => broken(i));
}

/** For every wire the constraints in which it occurs. */
export function constraintsByWire(system: ConstraintSystem): number[][] {
  const byWire = Array.from({ length: system.wires }, (): number[] => []);
  system.constraints.forEach((constraint, i) => {
    for (const wire of new Set(constraint.flatMap((combination) => combination.map(([wire]) => wire)))) byWire[wire]!.push(i);
  });
  return byWire;
}
