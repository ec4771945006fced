import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { QoodError } from "@qoodblock/sdk/errors";

/** A foreign program that ends when this process does, even by SIGKILL. */
export interface GuardedProgram {
  readonly name: string;
  /** Process ids of the guardian and of the program itself. */
  readonly guardian: number;
  readonly pid: number;
  /** Resolves with the last output when the program ends. */
  readonly ended: Promise<string>;
  /** Ends the program (SIGTERM, after four seconds SIGKILL) and waits for it. */
  stop(): Promise<void>;
}

/** What `startGuarded` needs to know. */
export interface GuardedOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Called with every chunk of the program's stdout and stderr. */
  readonly onOutput?: (text: string) => void;
}

const guardianScript = fileURLToPath(new URL("./guardian.mjs", import.meta.url));

/**
 * Starts a program under a guardian.
 * @throws QoodError ENGINE_START when it cannot be started.
 */
export async function startGuarded(options: GuardedOptions): Promise<GuardedProgram> {
  const child = spawn(process.execPath, [guardianScript, options.command, ...options.args], {
    stdio: ["pipe", "pipe", "pipe", "ipc"],
    env: options.env ?? process.env,
  });
  let tail = "";
  const collect = (chunk: Buffer): void => {
    const text = chunk.toString();
    tail = (tail + text).slice(-2000);
    options.onOutput?.(text);
  };
  child.stdout!.on("data", collect);
  child.stderr!.on("data", collect);
  // Its reader may be gone before us; the exit event tells all there is to know.
  child.stdin!.on("error", () => undefined);
  const ended = once(child, "close").then(() => tail.trim());
  const started = await Promise.race([
    once(child, "message").then(([message]) => (message as { pid: number }).pid),
    ended.then(() => undefined),
  ]);
  if (started === undefined) throw new QoodError("ENGINE_START", `${options.name} could not be started: ${tail.trim()}`);
  return {
    name: options.name,
    guardian: child.pid!,
    pid: started,
    ended,
    async stop() {
      child.stdin!.end();
      await ended;
    },
  };
}
