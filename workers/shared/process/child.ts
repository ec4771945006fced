import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { QoodError } from "@qoodblock/sdk/errors";

/** A program of this project that runs as a child process and ends with its parent (see `watchParent`). */
export interface ChildProgram {
  readonly name: string;
  readonly pid: number;
  /** Sends a message over the channel to it. */
  send(message: unknown): void;
  /** Resolves when the program ends, with its exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  /** The last lines of its log, for an error message. */
  logTail(): string;
  /** SIGTERM, after `graceMs` SIGKILL; waits for the end. */
  stop(graceMs?: number): Promise<void>;
}

/** What `startChild` needs to know. */
export interface ChildOptions {
  readonly name: string;
  /** Path of the script. */
  readonly script: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** File that its stdout and stderr are appended to. */
  readonly logFile: string;
  /** Called with every message that it sends over the channel. */
  readonly onMessage?: (message: unknown) => void;
}

/**
 * Starts a program of this project on the Node that runs this one.
 * @throws QoodError CHILD_START when it cannot be started at all.
 */
export async function startChild(options: ChildOptions): Promise<ChildProgram> {
  const log = openSync(options.logFile, "a");
  const cache = process.env.NODE_COMPILE_CACHE;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", options.script, ...options.args], {
    stdio: ["ignore", log, log, "ipc"],
    // Compiled code is no secret and nobody's setting: a child takes it from where this program does.
    env: cache === undefined ? options.env : { NODE_COMPILE_CACHE: cache, ...options.env },
    // A terminal's Ctrl-C would reach it together with us: who goes first is the parent's to decide.
    detached: true,
    serialization: "advanced",
  });
  closeSync(log);
  if (options.onMessage !== undefined) child.on("message", options.onMessage);
  const ended = new Promise<number | string>((resolve) => {
    child.on("exit", (code, signal) => {
      resolve(code ?? signal ?? 1);
    });
  });
  await Promise.race([once(child, "spawn"), once(child, "error").then(([error]) => Promise.reject(new QoodError("CHILD_START", `${options.name} could not be started: ${(error as Error).message}`)))]);
  return {
    name: options.name,
    pid: child.pid!,
    ended,
    send(message) {
      if (child.connected) child.send(message as object);
    },
    logTail() {
      return readFileSync(options.logFile, "utf8").trim().split("\n").slice(-20).join("\n");
    },
    async stop(graceMs = 8000) {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(force);
    },
  };
}
