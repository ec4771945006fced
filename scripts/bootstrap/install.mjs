// Installs the dependencies of the lockfile once: `npm ci` runs again only when the lockfile has changed.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const stamp = join(root, "node_modules", ".qoodblock-installed");

function lockfileHash() {
  return createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
}

function installed() {
  return existsSync(stamp) && readFileSync(stamp, "utf8").trim() === lockfileHash();
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    // npm's own output goes to stderr: the stdout of a command is its result.
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", 2, 2] });
    const pass = (signal) => child.kill(signal);
    process.on("SIGINT", pass).on("SIGTERM", pass);
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      if (code === 0) resolve();
      else reject(new Error(`installing the dependencies failed (npm ci: ${signal ?? `exit ${code}`}); the lines above say why`));
    });
  });
}

/** Only one process at a time installs; a lock left by a dead one is taken over. */
async function withLock(work) {
  const lock = join(root, ".cache", "install.lock");
  mkdirSync(dirname(lock), { recursive: true });
  // A link appears with its whole content: a lock is never seen empty.
  const mine = `${lock}.${process.pid}`;
  for (;;) {
    try {
      writeFileSync(mine, String(process.pid));
      linkSync(mine, lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    } finally {
      rmSync(mine, { force: true });
    }
    let alive = false;
    try {
      const holder = Number(readFileSync(lock, "utf8"));
      alive = holder > 0 && process.kill(holder, 0);
    } catch {
      // Given free this moment, or its holder is dead.
    }
    if (!alive) rmSync(lock, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 500));
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Makes `node_modules` what the lockfile says; does nothing when it already is. */
export async function installDependencies() {
  if (installed()) return;
  await withLock(async () => {
    if (installed()) return;
    process.stderr.write("installing the locked dependencies (npm ci, about a minute) …\n");
    const started = Date.now();
    const npm = process.env.npm_execpath;
    const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
    if (npm?.endsWith(".js")) await run(process.execPath, [npm, ...args]);
    else await run("npm", args);
    writeFileSync(stamp, `${lockfileHash()}\n`);
    process.stderr.write(`dependencies installed in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
  });
}
