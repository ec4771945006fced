import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";

/** How to start a program: its path and what its environment must add. */
export interface DebianProgram {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program that Debian has, with the packages that must be unpacked for it where it is not installed. */
export interface Wanted {
  /** As found on the PATH. */
  readonly name: string;
  /** Where it lies in its package. */
  readonly file: string;
  /** Its package and those libraries that a bare Debian lacks. */
  readonly packages: readonly string[];
  /** Code of the error where it cannot be had. */
  readonly code: string;
}

function onPath(name: string, path: string): string | undefined {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

function unpacked(folder: string, { file }: Wanted): DebianProgram | undefined {
  const command = join(folder, file);
  const lib = join(folder, "usr", "lib");
  if (!existsSync(command) || !existsSync(lib)) return undefined;
  const libraries = readdirSync(lib).filter((entry) => entry.endsWith("-linux-gnu")).map((entry) => join(lib, entry));
  return { command, env: { LD_LIBRARY_PATH: [...libraries, process.env.LD_LIBRARY_PATH ?? ""].filter((part) => part !== "").join(delimiter) } };
}

function run(command: string, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, LC_ALL: "C" } });
    let errors = "";
    child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-1000)));
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(errors.trim().split("\n").at(-1) ?? `${command} ended with ${code ?? "a signal"}`));
    });
  });
}

/** Downloads the Debian packages and unpacks them into `folder`; the system's own lists and packages stay as they are. */
async function unpackDebian(folder: string, wanted: Wanted): Promise<void> {
  const { packages } = wanted;
  const work = mkdtempSync(join(tmpdir(), "qood-debian-"));
  try {
    try {
      await run("apt-get", ["download", ...packages], work);
    } catch {
      // The system's package lists are missing or old: fetch fresh ones into a folder of our own.
      const lists = join(work, "lists");
      const cache = join(work, "cache");
      mkdirSync(join(lists, "partial"), { recursive: true });
      mkdirSync(join(cache, "archives", "partial"), { recursive: true });
      const own = ["-o", `Dir::State::lists=${lists}`, "-o", `Dir::Cache=${cache}`, "-o", "APT::Sandbox::User="];
      await run("apt-get", [...own, "update"], work);
      await run("apt-get", [...own, "download", ...packages], work);
    }
    const target = join(work, "root");
    for (const file of readdirSync(work).filter((entry) => entry.endsWith(".deb"))) {
      await run("dpkg", ["-x", file, target], work);
    }
    mkdirSync(join(folder, ".."), { recursive: true });
    const ready = `${folder}.${process.pid}`;
    await run("cp", ["-a", target, ready], work);
    try {
      renameSync(ready, folder);
    } catch (error) {
      rmSync(ready, { recursive: true, force: true });
      if (unpacked(folder, wanted) === undefined) throw error;
    }
    writeFileSync(join(folder, "README"), `Unpacked from the Debian packages ${packages.join(", ")}; may be removed at any time.\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Finds a program: on the PATH, else unpacked in `cache`, else Debian's packages are unpacked there first.
 * @throws QoodError of the wanted code, with the way to install it
 */
export async function findDebian(wanted: Wanted, cache: string, options: { readonly path?: string; readonly onProgress?: (text: string) => void } = {}): Promise<DebianProgram> {
  const { name, code } = wanted;
  const installed = onPath(name, options.path ?? process.env.PATH ?? "");
  if (installed !== undefined) return { command: installed, env: {} };
  const folder = join(cache, wanted.packages[0]!.replace(/-server$/, ""));
  const ready = unpacked(folder, wanted);
  if (ready !== undefined) return ready;
  options.onProgress?.(`${name} is not installed: unpacking Debian's packages into the cache folder …`);
  let reason = "";
  try {
    await unpackDebian(folder, wanted);
  } catch (error) {
    reason = ` (${(error as Error).message})`;
  }
  const program = unpacked(folder, wanted);
  if (program === undefined) {
    throw new QoodError(code, `${name} is not on the PATH and Debian's packages could not be had${reason}: install it, on Debian with \`apt-get install ${wanted.packages[0]!}\``);
  }
  return program;
}

/** See {@link findDebian}. @throws QoodError REDIS_MISSING */
export function findRedis(cache: string, options: Parameters<typeof findDebian>[2] = {}): Promise<DebianProgram> {
  return findDebian({ name: "redis-server", file: "usr/bin/redis-server", packages: ["redis-server", "redis-tools", "libjemalloc2", "liblzf1"], code: "REDIS_MISSING" }, cache, options);
}
