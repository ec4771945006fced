/**
 * Circuits without their guards, for forgers: no equation is asserted and a line can be made to lie. They compute values for every signal that satisfy all
 * constraints but those that the forger breaks on purpose.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { circuitsFolder, readInstance, root } from "../../../scripts/circuits/instances.ts";
import { circuitFiles, constraintLines, copySources, replaceLine, withoutEquations } from "../../../scripts/circuits/numbered.ts";
import { inTemporaryFolder, loadCircuit, witnessOf, type Circuit, type Signals } from "./circuit.ts";

const generators = new Map<string, Promise<Circuit>>();

/** What an unguarded circuit gets wrong. */
export interface Lies {
  /** Number of the line that lies: its value is one more, or its bits are all 0. */
  readonly lie?: number | undefined;
  /** Bits are none: the first is the whole number, the others 0. They make the number, all the same. */
  readonly lump?: boolean | undefined;
}

/** An instance unguarded, with every signal kept. */
export function unguarded(instance: string, { lie, lump = false }: Lies = {}): Promise<Circuit> {
  const key = JSON.stringify([instance, lie, lump]);
  let generator = generators.get(key);
  generators.set(key, (generator ??= inTemporaryFolder((folder) => build(folder, instance, { lie, lump }))));
  return generator;
}

async function build(folder: string, instance: string, { lie, lump }: Lies): Promise<Circuit> {
  const sources = join(folder, "circuits");
  const library = join(folder, "library");
  copySources(circuitsFolder, sources);
  mkdirSync(join(library, "circomlib"), { recursive: true });
  cpSync(join(root, "node_modules", "circomlib", "circuits"), join(library, "circomlib", "circuits"), { recursive: true });
  const liar = lie === undefined ? undefined : constraintLines(sources).find(({ number }) => number === lie);
  if (liar?.kind === "output") replaceLine(sources, liar, liar.text.replace(/<== (.*);/, "<-- $1 + 1;"));
  if (liar?.kind === "check" || lump) {
    const bitify = join(library, "circomlib", "circuits", "bitify.circom");
    writeFileSync(bitify, readFileSync(bitify, "utf8").replace("out[i] <-- (in >> i) & 1;", lump ? "out[i] <-- i == 0 ? in : 0;" : "out[i] <-- 0;"));
  }
  for (const tree of [sources, join(library, "circomlib", "circuits")]) {
    for (const file of circuitFiles(tree)) writeFileSync(join(tree, file), withoutEquations(readFileSync(join(tree, file), "utf8")));
  }
  return loadCircuit({ sources, library, level: 0 }, readInstance(instance));
}

/** Values of all signals for the given inputs. */
export async function signalsOf(circuit: Circuit, input: Readonly<Record<string, bigint | readonly bigint[]>>): Promise<Signals> {
  const witness = await witnessOf(circuit, input);
  return new Map([...circuit.symbols].map(([name, wire]) => [name, witness[wire]!]));
}
