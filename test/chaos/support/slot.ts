import assert from "node:assert/strict";
import { once } from "node:events";
import type { RunningWorker } from "../../workers/support/processes.ts";

/** The place of one worker: it can be killed and started again there. */
export interface Slot {
  readonly name: string;
  readonly running: boolean;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP, or SIGCONT: as on a machine that is suspended. */
  freeze(on: boolean): void;
  /** Sets its clock so many milliseconds ahead, or back; a worker that is started anew has the right time. */
  setClock(ahead: number): Promise<void>;
  /** SIGTERM, which must end it cleanly. */
  stop(): Promise<void>;
  /** What all workers in this place have written to stderr. */
  errors(): string;
}

/** @param run - starts the worker and gives it when it is ready */
export function slotOf(name: string, run: () => Promise<RunningWorker>, first?: RunningWorker): Slot {
  let worker = first;
  let said = "";
  const take = (): RunningWorker | undefined => {
    const taken = worker;
    worker = undefined;
    return taken;
  };
  return {
    name,
    get running() {
      return worker !== undefined;
    },
    async start() {
      worker ??= await run();
    },
    async kill() {
      const taken = take();
      await taken?.kill();
      said += taken?.errors() ?? "";
    },
    freeze: (on) => void worker?.child.kill(on ? "SIGSTOP" : "SIGCONT"),
    async setClock(ahead) {
      if (worker === undefined) return;
      const answered = once(worker.child, "message") as Promise<[{ clock: number }]>;
      worker.child.send({ ahead });
      const [{ clock }] = await answered;
      assert.ok(Math.abs(clock - Date.now() - ahead) < 60_000, `${name} goes by ${new Date(clock).toISOString()}`);
    },
    async stop() {
      const taken = take();
      if (taken === undefined) return;
      assert.equal(await taken.stop(), 0, `${name}: ${taken.errors().slice(-2000)}`);
      said += taken.errors();
    },
    errors: () => said + (worker?.errors() ?? ""),
  };
}
