// Runs one foreign program (redis-server, anvil) and ends it when the process that asked for it is gone: the standard
// input of this guardian is a pipe from there, and a pipe closes however its writer dies.
// usage: node guardian.mjs COMMAND [ARGUMENT ...]
import { spawn } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit"], detached: true });
let ending = false;

function end() {
  if (ending) return;
  ending = true;
  child.kill("SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), 4000).unref();
}

child.on("error", (error) => {
  process.stderr.write(`${command}: ${error.message}\n`);
  process.exit(127);
});
child.on("spawn", () => process.send?.({ pid: child.pid }));
child.on("exit", (code, signal) => process.exit(ending ? 0 : (code ?? (signal === null ? 1 : 128))));
process.stdin.on("end", end).on("error", end).resume();
// A terminal's Ctrl-C reaches the whole group: the owner decides when the program may go.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", end);
