import { readFileSync } from "node:fs";
import { execFileSync } from "node:child_process";

/** A process as it can be found again: its id alone is used anew by the system, the pair with the start time is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the system's own notation: clock ticks since boot on Linux, a date elsewhere. */
  readonly started: string;
}

/** The start time of a live process, or undefined when there is none with this id (a zombie counts as none). */
export function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // The command name stands in brackets and may hold blanks: fields are counted from behind the last bracket.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
    }
    const line = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return line === "" ? undefined : line;
  } catch {
    return undefined;
  }
}

/** This process, or the one given, as it is alive now. */
export function identify(pid: number): ProcessIdentity | undefined {
  const started = startTimeOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** True while exactly this process, not a later one with the same id, is alive. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.started;
}

/**
 * Ends a process: SIGTERM, then SIGKILL after `graceMs`.
 * @returns true if it was alive.
 */
export async function endProcess(identity: ProcessIdentity, graceMs = 5000): Promise<boolean> {
  if (!isAlive(identity)) return false;
  signal(identity, "SIGTERM");
  const deadline = Date.now() + graceMs;
  while (isAlive(identity)) {
    if (Date.now() > deadline) signal(identity, "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return true;
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(identity.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
