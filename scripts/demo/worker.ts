import { join } from "node:path";
import { QoodError } from "@qoodblock/sdk/errors";
import { startChild } from "@qoodblock/workers/shared/process/child.ts";
import type { ChildProgram } from "@qoodblock/workers/shared/process/child.ts";
import type { StateFolder } from "@qoodblock/workers/shared/process/state.ts";
import type { Stack } from "@qoodblock/workers/shared/process/stack.ts";

/** A worker that has said that it is ready, with what it said. */
export interface StartedWorker {
  readonly program: ChildProgram;
  readonly ready: Readonly<Record<string, unknown>>;
}

const workers = new URL("../../workers/", import.meta.url).pathname;

/** Settings as flags: `keyEpoch: 3` becomes `--key-epoch 3`. */
function flags(settings: Readonly<Record<string, string | number | boolean>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
}

/**
 * Starts a worker of this project as a process of its own and waits until it is ready.
 * @param folder - the worker's folder in `workers/`.
 * @throws QoodError WORKER_START with the last line of its log.
 */
export async function startWorker(options: {
  readonly name: string;
  readonly folder: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly logs: string;
  readonly state: StateFolder;
  readonly stack: Stack;
}): Promise<StartedWorker> {
  const logFile = join(options.logs, `${options.name}.log`);
  let isReady: (ready: Record<string, unknown>) => void = () => undefined;
  const ready = new Promise<Record<string, unknown>>((resolve) => (isReady = resolve));
  const program = await startChild({
    name: options.name,
    script: join(workers, options.folder, "main.ts"),
    args: flags({ ...options.settings, followParent: true }),
    env: { PATH: process.env.PATH ?? "", ...options.secrets },
    logFile,
    onMessage(message) {
      const said = (message as { ready?: Record<string, unknown> }).ready;
      if (said !== undefined) isReady(said);
    },
  });
  const { name, state, stack } = options;
  state.note(name, program.pid);
  stack.push(name, async () => {
    await program.stop();
    state.forget(name);
  });
  const first = await Promise.race([ready, program.ended]);
  if (typeof first !== "object") {
    // What a worker has to say to a person is no JSON.
    const words = program.logTail().split("\n").findLast((line) => line !== "" && !line.startsWith("{"));
    throw new QoodError("WORKER_START", words ?? `the worker ${options.name} ended while starting (${first}); its log ${logFile} tells why`);
  }
  return { program, ready: first };
}
