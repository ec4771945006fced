/** The circuits of this project and where they lie: circuits/circuits.json, checked. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { QoodError } from "@qoodblock/sdk/errors";

/** The checkout's folder. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Sources, instances and committed keys. */
export const circuitsFolder = join(root, "circuits");
/** Proving keys, verification keys, witness programs and their hashes, all committed. */
export const keysFolder = join(circuitsFolder, "keys");
/** Build outputs that nobody commits. */
export const cacheFolder = join(root, ".cache", "circuits");

/** One template with its parameters: what a key is made for. */
export interface Instance {
  readonly name: string;
  /** Source file in circuits/. */
  readonly file: string;
  readonly template: string;
  readonly parameters: readonly number[];
  /** The template's inputs that are public. */
  readonly public: readonly string[];
}

/** All instances. */
export function readInstances(): Instance[] {
  const parsed = JSON.parse(readFileSync(join(circuitsFolder, "circuits.json"), "utf8")) as Record<string, Omit<Instance, "name">>;
  return Object.entries(parsed).map(([name, instance]) => ({ name, ...instance }));
}

/** Names of the circuits: one for each source file that an instance is made from, without its ending. */
export function circuitNames(): string[] {
  return [...new Set(readInstances().map(({ file }) => file.replace(/\.circom$/, "")))];
}

/** The instance of that name. @throws QoodError `UNKNOWN_CIRCUIT` */
export function readInstance(name: string): Instance {
  const found = readInstances().find((instance) => instance.name === name);
  if (found === undefined) throw new QoodError("UNKNOWN_CIRCUIT", `no circuit instance named ${name} in circuits/circuits.json`);
  return found;
}

/** The text of a main component for an instance; `file` as the compiler shall find it. */
export function mainComponent(instance: Instance): string {
  return [
    "pragma circom 2.1.0;",
    `include "${instance.file}";`,
    `component main {public [${instance.public.join(", ")}]} = ${instance.template}(${instance.parameters.join(", ")});`,
    "",
  ].join("\n");
}
