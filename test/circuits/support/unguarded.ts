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

/** An instance unguarded, with every signal kept, and with the line of the given number lying (0: none): its value is one more, or its bits are all 0. */
export function unguarded(instance: string, lie = 0): Promise<Circuit> {
  const key = `${instance} ${lie}`;
  let generator = generators.get(key);
  generators.set(key, (generator ??= inTemporaryFolder((folder) => build(folder, instance, lie))));
  return generator;
}

async function build(folder: string, instance: string, lie: number): Promise<Circuit> {
  const sources = join(folder, "circuits");
  const library = join(folder, "library");
  copySources(circuitsFolder, sources);
  mkdirSync(join(library, "circomlib"), { recursive: true });
  cpSync(join(root, "node_modules", "circomlib", "circuits"), join(library, "circomlib", "circuits"), { recursive: true });
  const liar = constraintLines(sources).find(({ number }) => number === lie);
  if (liar?.kind === "output") replaceLine(sources, liar, liar.text.replace(/<== (.*);/, "<-- $1 + 1;"));
  if (liar?.kind === "check") {
    const bitify = join(library, "circomlib", "circuits", "bitify.circom");
    writeFileSync(bitify, readFileSync(bitify, "utf8").replace("out[i] <-- (in >> i) & 1;", "out[i] <-- 0;"));
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
