/** The numbered constraints of the circuits' sources: finding them, and taking them out one at a time. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { root } from "./instances.ts";

/** Library components that constrain their input: each use is numbered. */
export const CHECKS: readonly string[] = ["BabyCheck", "Num2Bits"];
/** Components that compute; what they compute is guarded by the numbered lines that use it. */
export const COMPUTES: readonly string[] = ["BabyDbl", "BatchKey", "BuyerKey", "Commitment", "EscalarMulAny", "EscalarMulFix", "Poseidon"];

/** A line of circuit source that constrains something of its own. */
export interface ConstraintLine {
  /** Path below circuits/. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  readonly text: string;
  /** An equation, an assignment onto an output, or a component that checks its input. */
  readonly kind: "equation" | "output" | "check";
  /** The number in brackets at its end, if it has one. */
  readonly number?: number;
}

/** All circuit sources below a folder, as paths in it. */
export function circuitFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".circom")).sort();
}

/** Every line in a folder's sources that constrains something, numbered or not. */
export function constraintLines(folder: string): ConstraintLine[] {
  return circuitFiles(folder).flatMap((file) => {
    const lines = readFileSync(join(folder, file), "utf8").split("\n");
    const outputs = new Set(lines.map((line) => /^\s*signal output (\w+)/.exec(line)?.[1]).filter((name) => name !== undefined));
    return lines.flatMap((text, i): ConstraintLine[] => {
      const kind = kindOf(text, outputs);
      if (kind === undefined) return [];
      const number = /\/\/ \[(\d+)\]$/.exec(text)?.[1];
      return [{ file, line: i + 1, text, kind, ...(number === undefined ? {} : { number: Number(number) }) }];
    });
  });
}

function kindOf(line: string, outputs: ReadonlySet<string>): ConstraintLine["kind"] | undefined {
  const code = line.replace(/\/\/.*$/, "");
  if (/^\s*\*|^\s*\/\*/.test(line)) return undefined;
  if (code.includes("===")) return "equation";
  if (outputs.has(/^\s*(\w+)(?:\[[^\]]*\])* <==/.exec(code)?.[1] ?? "")) return "output";
  if (CHECKS.includes(/= (\w+)\(/.exec(code)?.[1] ?? "")) return "check";
  return undefined;
}

/** The numbers listed in a circuit's header comment with what each says. */
export function listedConstraints(path: string): Map<number, string> {
  const listed = new Map<number, string>();
  for (const [, number, text] of readFileSync(path, "utf8").matchAll(/^ \* {2}\[(\d+)\] +(.*?)(?: {2,}\S+)?$/gm)) listed.set(Number(number), text!);
  return listed;
}

/** Copies the sources of a folder to another, which is emptied first. */
export function copySources(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  for (const file of circuitFiles(from)) {
    mkdirSync(join(to, file, ".."), { recursive: true });
    cpSync(join(from, file), join(to, file));
  }
}

/** Puts another line in the place of a constraint's, in a copy of the sources. */
export function replaceLine(folder: string, constraint: ConstraintLine, by: string): void {
  const path = join(folder, constraint.file);
  const lines = readFileSync(path, "utf8").split("\n");
  lines[constraint.line - 1] = by;
  writeFileSync(path, lines.join("\n"));
}

/**
 * Takes one numbered constraint out of a copy of the sources: an equation's line goes, an assignment onto an output no longer constrains, a check becomes
 * its own twin without constraints.
 */
export function deleteConstraint(folder: string, number: number): ConstraintLine {
  const constraint = constraintLines(folder).find((line) => line.number === number);
  if (constraint === undefined) throw new QoodError("NO_SUCH_CONSTRAINT", `no line of the circuits has the number [${number}]`);
  const { text, kind } = constraint;
  if (kind === "equation") replaceLine(folder, constraint, "");
  else if (kind === "output") replaceLine(folder, constraint, text.replace("<==", "<--"));
  else {
    const name = /= (\w+)\(/.exec(text)![1]!;
    replaceLine(folder, constraint, text.replace(`${name}(`, `Unchecked${name}(`));
    const path = join(folder, constraint.file);
    writeFileSync(path, `${readFileSync(path, "utf8")}\n${uncheckedTwin(name)}\n`);
  }
  return constraint;
}

/** A library template without its constraints, under another name. */
function uncheckedTwin(name: string): string {
  const library = join(root, "node_modules", "circomlib", "circuits");
  for (const file of circuitFiles(library)) {
    const found = new RegExp(`^template ${name}\\(.*?^}`, "ms").exec(readFileSync(join(library, file), "utf8"));
    if (found !== null) return withoutEquations(found[0]).replaceAll("<==", "<--").replace(`template ${name}`, `template Unchecked${name}`);
  }
  throw new QoodError("NO_SUCH_CONSTRAINT", `the library has no template ${name}`);
}

/** Source text in which every equation of one line has gone. */
export function withoutEquations(source: string): string {
  return source.replace(/^(?!\s*\*).*===.*;.*$/gm, "");
}
