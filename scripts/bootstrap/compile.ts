import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const stamp = join(root, ".cache", "compiled");

/** Hash over all that decides the compiler's output: the sources, its settings, and the locked compiler; 0x-less hex. */
export function contractsHash(): string {
  const hash = createHash("sha256");
  const files = readdirSync(join(root, "contracts"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sol"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, join(root, "hardhat.config.ts"), join(root, "package-lock.json")]) {
    hash.update(`${file.slice(root.length)}\0`).update(readFileSync(file)).update("\0");
  }
  return hash.digest("hex");
}

/** Whether the contracts were compiled by {@link ensureCompiled} since their sources have changed. */
export function isCompiled(): boolean {
  return existsSync(join(root, "artifacts")) && existsSync(stamp) && readFileSync(stamp, "utf8") === contractsHash();
}

/**
 * Compiles the contracts when their sources have changed since the last time; says so before it does, as it takes a while.
 * @throws Error with the compiler's last lines.
 */
export async function ensureCompiled(say: (line: string) => void): Promise<void> {
  if (isCompiled()) return;
  const hash = contractsHash();
  say("compiling the contracts (one to two minutes) …");
  const started = Date.now();
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "node_modules/hardhat/dist/src/cli.js"), "build", "--no-tests"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const stop = (): void => {
      child.kill("SIGTERM");
    };
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
    child.on("error", reject);
    child.on("close", (code) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
      if (code === 0) resolve();
      else reject(new Error(`the contracts do not compile:\n${output.slice(-4000)}`));
    });
  });
  mkdirSync(join(root, ".cache"), { recursive: true });
  writeFileSync(stamp, hash);
  say(`contracts compiled in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}
