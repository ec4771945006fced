// The first step of every command: plain JavaScript for Node 20 with nothing installed. It installs the locked
// dependencies when the lockfile is not the installed one, finds a Node >= 24 and runs the given TypeScript file with it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installDependencies, root } from "./install.mjs";

/** The program of the node that runs TypeScript: this one when it is new enough, else the one that npm installed. */
export function findNode24() {
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  const local = join(root, "node_modules", ".bin", "node");
  if (existsSync(local)) return local;
  fail(
    `Node.js 24 or newer is needed and this is ${process.version} (no packaged Node for ${process.platform}-${process.arch}): install Node 24 and run the command again`,
  );
}

function fail(message) {
  process.stderr.write(`qoodblock: ${message}\n`);
  process.exit(1);
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) fail("usage: node scripts/bootstrap/run.mjs SCRIPT [ARGUMENT ...]");

try {
  await installDependencies();
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

const child = spawn(findNode24(), ["--disable-warning=ExperimentalWarning", script, ...args], {
  cwd: root,
  // The fourth channel tells the program that this process has died, whatever killed it.
  stdio: ["inherit", "inherit", "inherit", "ipc"],
  env: {
    ...process.env,
    INIT_CWD: process.env.INIT_CWD ?? process.cwd(),
    // A command starts up to a dozen programs with a thousand modules each: their code is compiled once.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, ".cache", "code"),
  },
});

// A terminal sends Ctrl-C to the whole group, the child has it already; a signal sent to this process alone is passed on.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}

// When npm above us is killed nobody tells us: being handed to another parent is the sign.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid !== parent) child.kill("SIGTERM");
}, 1000);
watch.unref();

child.on("error", (error) => fail(`cannot start ${script}: ${error.message}`));
child.on("exit", (code, signal) => {
  clearInterval(watch);
  process.exit(code ?? (signal === "SIGINT" ? 130 : 1));
});
