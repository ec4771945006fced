import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What a run of the demo left behind. */
export interface DemoRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A demo that is running. */
export interface RunningDemo {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  readonly done: Promise<DemoRun>;
  /** Resolves when its progress says so, or at its end. */
  said(text: string | RegExp): Promise<void>;
}

/** Starts `npm run demo`'s program as npm's script does, without npm's own banner. */
export function startDemo(args: readonly string[], env: NodeJS.ProcessEnv = process.env): RunningDemo {
  const child = spawn(process.execPath, ["scripts/bootstrap/run.mjs", "scripts/demo/main.ts", ...args], { cwd: root, env: { ...env, INIT_CWD: root }, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  const listeners = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const listener of listeners) listener();
  });
  const done = new Promise<DemoRun>((resolve) => {
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout, stderr });
      for (const listener of listeners) listener();
    });
  });
  let ended = false;
  void done.then(() => (ended = true));
  return {
    pid: child.pid!,
    kill: (signal) => void child.kill(signal),
    done,
    said(text) {
      return new Promise((resolve) => {
        const look = (): void => {
          if (!ended && child.exitCode === null && !(typeof text === "string" ? stderr.includes(text) : text.test(stderr))) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      });
    },
  };
}

/** Runs the demo to its end. */
export function runDemo(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<DemoRun> {
  return startDemo(args, env).done;
}

/** Ids of living processes whose command line names this folder: what a run on it has left. */
export function processesOf(folder: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      } catch {
        return false;
      }
    });
}

/** The last line of stderr: the one clear line of a mistake. */
export function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
