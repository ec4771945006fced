/**
 * Forged assignments: values for every signal that satisfy all constraints but one.
 *
 * They come from an unguarded copy of the circuit, in which no equation is asserted and where a line can be made to lie; so a forger works too. The inputs
 * that have to fit what the unguarded circuit computes (R, commitment, c) are read off a first run.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Point } from "@qoodblock/sdk/crypto";
import type { KeyDeliveryStatement } from "@qoodblock/sdk/delivery";
import { circuitsFolder, root } from "../../../scripts/circuits/instances.ts";
import { circuitFiles, constraintLines, copySources, replaceLine, withoutEquations } from "../../../scripts/circuits/numbered.ts";
import { buyerOf, inTemporaryFolder, loadCircuit, smallOrderPoints, witnessOf, type Circuit, type Signals } from "./circuit.ts";

/** What a forger does: the secrets and the buyer's key that he starts from, a line that lies, public inputs that he changes at the end. */
export interface Forgery {
  readonly P?: Point;
  readonly r?: bigint;
  /** Number of an assignment that gets another value, or of the bits, which all become 0. */
  readonly lie?: number;
  readonly change?: (statement: KeyDeliveryStatement) => KeyDeliveryStatement;
}

const buyer = buyerOf(7n);

/** The buyer that all forgeries are meant for, where they do not name another key. */
export const victim = buyer;

/** One forgery for each numbered constraint: it breaks that one and no other. */
export const FORGERIES: ReadonlyMap<number, Forgery> = new Map<number, Forgery>([
  [1, { P: [buyer.publicKey[0], buyer.publicKey[1] + 1n] }],
  [2, { P: smallOrderPoints().get(8)! }],
  [3, { lie: 3 }],
  [4, { lie: 4 }],
  [5, { lie: 5 }],
  [6, { r: 0n }],
  [7, { change: (statement) => ({ ...statement, R: [statement.R[0] + 1n, statement.R[1]] }) }],
  [8, { change: (statement) => ({ ...statement, R: [statement.R[0], statement.R[1] + 1n] }) }],
  [9, { change: (statement) => ({ ...statement, commitments: [statement.commitments[0]! + 1n] }) }],
  [10, { change: (statement) => ({ ...statement, c: [statement.c[0]! + 1n] }) }],
]);

const generators = new Map<number, Promise<Circuit>>();

/** The unguarded circuit, with every signal kept, and with the given line lying (0: none). */
function unguarded(lie: number): Promise<Circuit> {
  let generator = generators.get(lie);
  generators.set(lie, (generator ??= inTemporaryFolder((folder) => buildUnguarded(folder, lie))));
  return generator;
}

async function buildUnguarded(folder: string, lie: number): Promise<Circuit> {
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
  return loadCircuit({ sources, library, level: 0 });
}

/** Computes a forgery: every signal's value, and the false statement that it would prove. */
export async function forge(forgery: Forgery): Promise<{ signals: Signals; statement: KeyDeliveryStatement }> {
  const circuit = await unguarded(forgery.lie ?? 0);
  const secrets = { context: 12345n, P: forgery.P ?? buyer.publicKey, r: forgery.r ?? 5n, k: [987654321n] };
  const first = await run(circuit, { ...secrets, commitment: [0n], R: [0n, 0n], c: [0n] });
  const fitting: KeyDeliveryStatement = {
    context: secrets.context,
    buyerKey: secrets.P,
    commitments: [first.get("main.commit[0].out")!],
    R: [first.get("main.toR.out[0]")!, first.get("main.toR.out[1]")!],
    c: [(secrets.k[0]! + first.get("main.pad[0].out")!) % circuit.system.prime],
  };
  const statement = forgery.change?.(fitting) ?? fitting;
  return { signals: await run(circuit, { ...secrets, commitment: statement.commitments, R: statement.R, c: statement.c }), statement };
}

async function run(circuit: Circuit, input: Readonly<Record<string, bigint | readonly bigint[]>>): Promise<Signals> {
  const witness = await witnessOf(circuit, input);
  return new Map([...circuit.symbols].map(([name, wire]) => [name, witness[wire]!]));
}
