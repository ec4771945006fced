import { setTimeout as wait } from "node:timers/promises";

/** A program that has been started. */
export interface Running {
  readonly pid: number;
  /** Resolves when it has ended, with what is known of why. */
  readonly ended: Promise<string>;
  /** What it said of itself once it was ready: addresses, ports. */
  readonly ready: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

/** How a part is. */
export interface PartState {
  readonly state: "starting" | "ready" | "waiting" | "ended";
  readonly pid: number | null;
  readonly restarts: number;
  readonly ready: Readonly<Record<string, unknown>>;
}

/** A part of the process tree that is started again when it fails. */
export interface Part {
  readonly name: string;
  state(): PartState;
  /** Ends it for good and waits for that. */
  stop(): Promise<void>;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** What has run for so long is not failing at its start: the next wait is short again. */
const HEALTHY_MS = 60_000;

/**
 * Starts a part and keeps it going: when it ends by itself it is started again, after a wait that doubles each time.
 * @param start - starts it once, and resolves when it is ready. Its first failure is the caller's: a wrong setting does not get right by trying.
 * @param onChange - told of each change; `why` where something went wrong.
 * @param signal - aborted when everything ends: nothing is started again, and a start under way is given up by `start` itself.
 */
export async function supervise(name: string, start: () => Promise<Running>, onChange: (state: PartState, why?: string) => void, signal: AbortSignal): Promise<Part> {
  let current: PartState = { state: "starting", pid: null, restarts: 0, ready: {} };
  const change = (next: Partial<PartState>, why?: string): void => {
    current = { ...current, ...next };
    onChange(current, why);
  };
  change({});
  let running = await start();
  change({ state: "ready", pid: running.pid, ready: running.ready });

  const isOver = (): boolean => signal.aborted;

  async function keep(): Promise<void> {
    let delay = FIRST_WAIT_MS;
    for (;;) {
      const since = performance.now();
      let why = `ended (${await running.ended})`;
      if (performance.now() - since >= HEALTHY_MS) delay = FIRST_WAIT_MS;
      let next: Running | undefined;
      while (next === undefined) {
        if (isOver()) return;
        change({ state: "waiting", pid: null }, why);
        await wait(delay, undefined, { signal }).catch(() => undefined);
        delay = Math.min(2 * delay, LONGEST_WAIT_MS);
        if (isOver()) return;
        change({ state: "starting", restarts: current.restarts + 1 });
        next = await start().catch((error: unknown) => {
          why = (error as Error).message;
          return undefined;
        });
      }
      running = next;
      // The end came while it was being started: nobody else knows of it.
      if (isOver()) {
        await running.stop();
        return;
      }
      change({ state: "ready", pid: running.pid, ready: running.ready });
    }
  }
  const keeping = keep();
  return {
    name,
    state: () => current,
    async stop() {
      await running.stop();
      await keeping;
      change({ state: "ended", pid: null });
    },
  };
}
