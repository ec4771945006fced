/** Compiles what one changed source changes, with a compiler that stays warm. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { all, text } from "./ast.ts";
import { type Compiled, sourceName } from "./workspace.ts";

interface Bytecode {
  object: string;
  linkReferences?: unknown;
  immutableReferences?: unknown;
}
interface Output {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<string, Record<string, { evm: { bytecode: Bytecode; deployedBytecode: Bytecode } }>>;
}

/** Codes of a contract. */
export interface Code {
  readonly bytecode: Bytecode;
  readonly deployedBytecode: Bytecode;
}
/** Contracts by `source:name`. */
export type Codes = ReadonlyMap<string, Code>;

/** What the optimiser does where it is in haste: enough for the stack, in less than half of the time. */
const HASTE = "dhfoDgvulfnTUtnIf:fDnTOc";

/** A compiler in a thread of its own. */
export class Compiler {
  readonly #compiled: Compiled;
  readonly #thread = new Worker(new URL("compiler-thread.ts", import.meta.url));
  readonly #imports = new Map<string, readonly string[]>();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
    for (const [name, ast] of compiled.asts) this.#imports.set(name, all(ast, "ImportDirective").map((node) => text(node, "absolutePath")));
  }

  /**
   * Sources whose contracts a source is part of, itself among them, in groups that are changed together: those that compile quickly first, since a factory and
   * what it makes are of one piece; then one by one those that take long; those that are for tests only last.
   */
  targets(file: string): string[][] {
    const names = [...this.#compiled.settings.keys()].filter((name) => this.#closure([name]).has(sourceName(file))).sort();
    const isMock = (name: string): boolean => name.includes("/mocks/");
    const isSlow = (name: string): boolean => !isMock(name) && this.#compiled.settings.get(name)!.viaIR === true;
    const slow = names.filter(isSlow).map((name) => [name]);
    return [names.filter((name) => !isMock(name) && !isSlow(name)), ...slow, names.filter(isMock)].filter(({ length }) => length > 0);
  }

  /**
   * Compiles the contracts of one source.
   * @param target the source, by the compiler's name
   * @param file what is changed, e.g. `contracts/tokens/QDD.sol`; `content` what stands in it instead of its own
   * @param roomy let the compiler keep in memory what the stack has no room for, as switches may ask for, and optimise in haste: what such codes do is compared
   * with each other alone. Assembly must be memory-safe then; that of this project which is not marked so leaves the contract at once
   * @returns the codes, without the trailing hash of the sources, or the compiler's first error
   */
  async compile(target: string, file: string, content: string, roomy = false): Promise<Codes | string> {
    const outputs = ["evm.bytecode.object", "evm.bytecode.linkReferences", "evm.deployedBytecode.object", "evm.deployedBytecode.linkReferences", "evm.deployedBytecode.immutableReferences"];
    const contentOf = (name: string): string => {
      const own = name === sourceName(file) ? content : this.#compiled.sources.get(name)!;
      return roomy && name.startsWith(sourceName("contracts/")) ? own.replaceAll("assembly {", 'assembly ("memory-safe") {') : own;
    };
    const settings = this.#compiled.settings.get(target)!;
    const output = await this.#run({
      language: "Solidity",
      sources: Object.fromEntries([...this.#closure([target])].map((name) => [name, { content: contentOf(name) }])),
      settings: { ...settings, ...(roomy && settings.viaIR === true ? { optimizer: { ...(settings.optimizer as object), details: { yul: true, yulDetails: { stackAllocation: true, optimizerSteps: HASTE } } } } : {}), metadata: { bytecodeHash: "none", appendCBOR: false }, outputSelection: { [target]: { "*": outputs } } },
    });
    const error = output.errors?.find(({ severity }) => severity === "error");
    if (error !== undefined) return error.formattedMessage;
    return new Map(Object.entries(output.contracts?.[target] ?? {}).map(([name, { evm }]) => [`${target}:${name}`, evm] as const));
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  /** The sources and all that they import. */
  #closure(names: readonly string[], into = new Set<string>()): Set<string> {
    for (const name of names) {
      if (into.has(name)) continue;
      into.add(name);
      this.#closure(this.#imports.get(name) ?? [], into);
    }
    return into;
  }

  #run(input: object): Promise<Output> {
    return new Promise((resolve, reject) => {
      this.#thread.once("message", (output: string) => {
        this.#thread.off("error", reject);
        resolve(JSON.parse(output) as Output);
      });
      this.#thread.once("error", reject);
      this.#thread.postMessage(JSON.stringify(input));
    });
  }
}

/** Whether the compiler made the same of both. */
export function areSame(one: Codes, other: Codes): boolean {
  return [...one].every(([name, code]) => other.get(name)?.bytecode.object === code.bytecode.object);
}

/** Writes codes over the artifacts in a folder. Returns what puts the former ones back. */
export function writeCodes(artifacts: string, codes: Codes): () => void {
  const former = [...codes].map(([name, { bytecode, deployedBytecode }]) => {
    const [source, contract] = name.slice("project/".length).split(":") as [string, string];
    const path = join(artifacts, source, `${contract}.json`);
    const content = readFileSync(path, "utf8");
    const artifact = {
      ...(JSON.parse(content) as object),
      ...{ bytecode: `0x${bytecode.object}`, linkReferences: bytecode.linkReferences ?? {} },
      ...{ deployedBytecode: `0x${deployedBytecode.object}`, deployedLinkReferences: deployedBytecode.linkReferences ?? {}, immutableReferences: deployedBytecode.immutableReferences ?? {} },
    };
    writeFileSync(path, JSON.stringify(artifact));
    return { path, content };
  });
  return () => {
    for (const { path, content } of former) writeFileSync(path, content);
  };
}
