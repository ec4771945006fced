/**
 * Folders to try mutants in, all below `.cache/mutation`: the checkout's own contracts, artifacts and cache are never touched. A copy of what the
 * tests need is taken at the start, so that whoever edits meanwhile disturbs no run.
 */
import { spawn } from "node:child_process";
import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { QoodError } from "../../sdk/errors/index.ts";
import { isCompiled } from "../bootstrap/compile.ts";
import { all, type Node } from "./ast.ts";
import { sha256 } from "./mutants.ts";

/** The checkout's folder. */
export const root = join(import.meta.dirname, "../..");
/** Everything that a run leaves behind. */
export const stateFolder = join(root, ".cache", "mutation");

const COMPILED_FROM = ["contracts", "hardhat.config.ts", "package.json"];
const NEEDED_BY_TESTS = ["circuits", "scripts", "sdk", "test", "hardhat.config.ts", "package.json"];

/** What the compiler was given and what it found, for the sources as they were at the start. */
export interface Compiled {
  /** Folder with the artifacts of the unchanged contracts. */
  readonly folder: string;
  /** Compiler settings, without the selection of outputs, of every source with a contract that can be deployed, by the compiler's name. */
  readonly settings: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Contents by the compiler's name of a source (`project/contracts/…`). */
  readonly sources: ReadonlyMap<string, string>;
  readonly asts: ReadonlyMap<string, Node>;
}

/** The compiler's name of a source of this project. */
export const sourceName = (file: string): string => `project/${file}`;

function copy(names: readonly string[], to: string): void {
  for (const name of names) cpSync(join(root, name), join(to, name), { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** Hash over the names and contents of files of the checkout, those in folders included. */
export function hashOf(paths: readonly string[]): string {
  const files = paths.flatMap((path) => {
    if (!statSync(join(root, path)).isDirectory()) return [path];
    return readdirSync(join(root, path), { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [relative(root, join(entry.parentPath, entry.name))] : []));
  });
  return sha256(...files.sort().flatMap((file) => [file, readFileSync(join(root, file))]));
}

/**
 * Compiles the contracts as they are now, or finds them compiled.
 * @throws QoodError `CONTRACTS_DO_NOT_COMPILE` with the compiler's words
 */
export async function compileAll(say: (line: string) => void): Promise<Compiled> {
  const folder = join(stateFolder, "compiled", hashOf([...COMPILED_FROM, "package-lock.json"]).slice(0, 32));
  if (!existsSync(folder)) {
    prune(dirname(folder));
    const work = `${folder}.${process.pid}`;
    mkdirSync(work, { recursive: true });
    try {
      if (isCompiled() && isOfNow()) copy(["artifacts"], work);
      else {
        say("compiling the contracts (about a minute) …");
        copy(COMPILED_FROM, work);
        await build(work);
      }
      if (!existsSync(folder)) renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return read(folder);
}

const KEPT_MS = 3_600_000;

/** Removes what was compiled from former sources, and what killed processes have left; what is younger may be in use. */
function prune(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (Date.now() - statSync(join(folder, name)).mtimeMs > KEPT_MS) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether the checkout's artifacts, which others may have made since, are of the contracts as they are now. */
function isOfNow(): boolean {
  try {
    const { sources } = read(root);
    const files = readdirSync(join(root, "contracts"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".sol"));
    return files.every((file) => sources.get(sourceName(`contracts/${file}`)) === readFileSync(join(root, "contracts", file), "utf8"));
  } catch {
    return false;
  }
}

function build(folder: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "node_modules/hardhat/dist/src/cli.js"), "build", "--no-tests"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => void (output += chunk.toString());
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new QoodError("CONTRACTS_DO_NOT_COMPILE", `the contracts do not compile, so none can be mutated: ${output.slice(-2000).trim()}`));
    });
  });
}

function read(folder: string): Compiled {
  const infos = join(folder, "artifacts", "build-info");
  const [sources, asts, byInfo] = [new Map<string, string>(), new Map<string, Node>(), new Map<string, Record<string, unknown>>()];
  for (const file of readdirSync(infos)) {
    const info = JSON.parse(readFileSync(join(infos, file), "utf8")) as {
      id: string;
      input?: { sources: Record<string, { content: string }>; settings: Record<string, unknown> };
      output?: { sources: Record<string, { ast: Node }> };
    };
    // Of two different contents of a source none is taken for its own.
    for (const [name, { content }] of Object.entries(info.input?.sources ?? {})) sources.set(name, sources.has(name) && sources.get(name) !== content ? "" : content);
    for (const [name, { ast }] of Object.entries(info.output?.sources ?? {})) asts.set(name, ast);
    if (info.input === undefined) continue;
    const { outputSelection: _, ...settings } = info.input.settings;
    byInfo.set(info.id, settings);
  }
  // A source may have settings of its own: those that its artifacts were made with.
  const settings = new Map<string, Record<string, unknown>>();
  for (const file of readdirSync(join(folder, "artifacts", "contracts"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"))) {
    const { inputSourceName, buildInfoId } = JSON.parse(readFileSync(join(folder, "artifacts", "contracts", file), "utf8")) as { inputSourceName: string; buildInfoId: string };
    const [ast, made] = [asts.get(inputSourceName), byInfo.get(buildInfoId)];
    if (ast === undefined || made === undefined) throw new QoodError("MUTATION_SOURCE", `${file} in ${folder} is not of the compilation beside it`);
    const deployable = all(ast, "ContractDefinition").some((node) => node.contractKind === "contract" && node.abstract !== true);
    if (deployable) settings.set(inputSourceName, made);
  }
  return { folder, settings, sources, asts };
}

const LARGE_CONTRACTS = `import original from "./original.config.ts";
const { default: chain, ...others } = original.networks;
export default { ...original, networks: { ...others, default: { ...chain, allowUnlimitedContractSize: true } } };
`;

/** A folder in which tests run by themselves: the checkout's tests, SDK and keys, and artifacts that may be written over. */
export function makeSlot(compiled: Compiled, number: number): string {
  const folder = join(stateFolder, "slots", `${process.pid}-${number}`);
  mkdirSync(folder, { recursive: true });
  copy(NEEDED_BY_TESTS, folder);
  // Without the compiler's inputs and outputs: the chain then knows mutants as little as originals, so that its messages are alike for both.
  const infos = join(compiled.folder, "artifacts", "build-info");
  cpSync(join(compiled.folder, "artifacts"), join(folder, "artifacts"), { recursive: true, mode: constants.COPYFILE_FICLONE, filter: (path) => path !== infos });
  // Switches take code, and a contract near the limit would have no room for them.
  renameSync(join(folder, "hardhat.config.ts"), join(folder, "original.config.ts"));
  writeFileSync(join(folder, "hardhat.config.ts"), LARGE_CONTRACTS);
  // One SDK, whether it is named by path or by package. Every other package is found further up, in the checkout.
  mkdirSync(join(folder, "node_modules", "@qoodblock"), { recursive: true });
  symlinkSync(join(folder, "sdk"), join(folder, "node_modules", "@qoodblock", "sdk"));
  return folder;
}

/** Removes the slots of this process, and those that killed ones have left. */
export function removeSlots(): void {
  const slots = join(stateFolder, "slots");
  for (const name of existsSync(slots) ? readdirSync(slots) : []) {
    const pid = Number(name.split("-")[0]);
    if (pid === process.pid || !isAlive(pid)) rmSync(join(slots, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
