/** Runs the circom compiler, once for the same input. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { includedSources } from "./includes.ts";
import { cacheFolder, circuitsFolder, mainComponent, root, type Instance } from "./instances.ts";

const require = createRequire(import.meta.url);
const compilerFolder = dirname(require.resolve("circom2/package.json"));

/** Version of the compiler's package, which fixes the compiler. */
export const compilerVersion = (JSON.parse(readFileSync(join(compilerFolder, "package.json"), "utf8")) as { version: string }).version;

/** The file with the main component: named unlike any circuit, since includes are looked for beside it first. */
const mainFile = "main";

/** How to compile. */
export interface CompileOptions {
  /** Folder of the circuit's sources; the project's own by default. */
  readonly sources?: string;
  /** Folder that holds `circomlib/circuits`; the installed one by default. */
  readonly library?: string;
  /** 2 removes all linear constraints (what keys are made from), 0 keeps every signal (what tests look into). */
  readonly level?: 0 | 2;
}

/** Paths of the compiler's outputs. */
export interface Compiled {
  readonly r1cs: string;
  readonly wasm: string;
  readonly sym: string;
}

/**
 * Compiles an instance into the cache, or finds it there: outputs are named by the hash of its sources, the compiler's version and the options.
 * @throws QoodError `CIRCUIT_DOES_NOT_COMPILE` with the compiler's words.
 */
export async function compileCircuit(instance: Instance, options: CompileOptions = {}): Promise<Compiled> {
  const sources = options.sources ?? circuitsFolder;
  const library = options.library ?? join(root, "node_modules");
  const level = options.level ?? 2;
  const main = mainComponent(instance);
  const hash = createHash("sha256").update(`${compilerVersion}\0${level}\0${mainFile}\0${main}\0`);
  for (const { path, name } of includedSources(instance.file, sources, library)) hash.update(`${name}\0`).update(readFileSync(path)).update("\0");
  const folder = join(cacheFolder, hash.digest("hex").slice(0, 32));
  const compiled: Compiled = {
    r1cs: join(folder, `${mainFile}.r1cs`),
    wasm: join(folder, `${mainFile}_js`, `${mainFile}.wasm`),
    sym: join(folder, `${mainFile}.sym`),
  };
  if (existsSync(folder)) return compiled;
  // Another process may compile the same at this moment: each works in a folder of its own, and the first to finish gives its name.
  const work = `${folder}.${process.pid}.${randomBytes(4).toString("hex")}`;
  mkdirSync(work, { recursive: true });
  try {
    writeFileSync(join(work, `${mainFile}.circom`), main);
    await runCompiler([join(work, `${mainFile}.circom`), "--r1cs", "--wasm", "--sym", `--O${level}`, "-l", sources, "-l", library, "-o", work]);
    try {
      renameSync(work, folder);
    } catch (error) {
      if (!existsSync(folder)) throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return compiled;
}

function runCompiler(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(compilerFolder, "cli.js"), ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new QoodError("CIRCUIT_DOES_NOT_COMPILE", `circom ended with ${String(code)}: ${output.trim()}`));
    });
  });
}
