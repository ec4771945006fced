import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A worker as a process of its own. */
export interface RunningWorker {
  readonly child: ChildProcess;
  /** What it said when it was ready. */
  readonly ready: Record<string, unknown>;
  /** SIGTERM; gives the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Everything it wrote to stderr. */
  errors(): string;
}

/** The text of a program's end, for those that are expected to end by themselves. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function forkWorker(path: string, args: readonly string[], env: Readonly<Record<string, string>>, imports: readonly string[] = []): { child: ChildProcess; out: () => string; err: () => string } {
  const child = fork(`${root}workers/${path}/main.ts`, [...args], { cwd: root, silent: true, env: { ...process.env, NODE_COMPILE_CACHE: `${root}.cache/code`, ...env }, execArgv: ["--disable-warning=ExperimentalWarning", ...imports.flatMap((file) => ["--import", file])] });
  let out = "";
  let err = "";
  child.stdout!.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return { child, out: () => out, err: () => err };
}

/** Runs a worker that is expected to end by itself (`--help`, a wrong setting). */
export async function runToEnd(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { child, out, err } = forkWorker(path, args, env);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: out(), stderr: err() };
}

/** Starts a worker and waits until it says that it is ready. @param imports - modules that it loads before all others */
export async function startWorker(path: string, args: readonly string[], env: Readonly<Record<string, string>> = {}, imports: readonly string[] = []): Promise<RunningWorker> {
  const { child, err } = forkWorker(path, [...args, "--follow-parent"], env, imports);
  const ended = once(child, "close") as Promise<[number | null]>;
  const ready = await Promise.race([once(child, "message").then(([message]) => (message as { ready: Record<string, unknown> }).ready), ended.then(() => undefined)]);
  if (ready === undefined) throw new Error(`${path} ended while starting: ${err()}`);
  return {
    child,
    ready,
    async stop() {
      child.kill("SIGTERM");
      return (await ended)[0];
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    errors: err,
  };
}
