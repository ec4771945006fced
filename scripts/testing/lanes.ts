/** Two lanes of suites at the same time, with their output kept apart. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { countTests } from "./count.ts";
import type { Count } from "./count.ts";
import type { Suite } from "./suites.ts";

/** What came of a suite. */
export interface Ran {
  readonly suite: Suite;
  readonly count: Count;
  readonly seconds: number;
}

/** Where output goes. */
export interface Sinks {
  readonly out: (chunk: string | Buffer) => void;
  readonly err: (chunk: string | Buffer) => void;
}

/** Suites that are running. */
export interface Lanes {
  /** In the suites' order; those that were not begun before {@link Lanes.stop} are missing. */
  readonly done: Promise<Ran[]>;
  /** Ends the running suites and begins no other. */
  stop(): void;
}

/** Shows one suite's output at a time, in the suites' order: the first that is not over live, the others when their turn comes. */
function inOrder(count: number, sinks: Sinks): { write(index: number, to: keyof Sinks, chunk: string | Buffer): void; end(index: number): void; flush(): void } {
  const kept = Array.from({ length: count }, (): [keyof Sinks, string | Buffer][] => []);
  const over = new Set<number>();
  let front = 0;
  const show = (index: number): void => {
    for (const [to, chunk] of kept[index]!.splice(0)) sinks[to](chunk);
  };
  return {
    write(index, to, chunk) {
      if (index === front) sinks[to](chunk);
      else kept[index]!.push([to, chunk]);
    },
    end(index) {
      over.add(index);
      while (over.has(front)) {
        front += 1;
        if (front < count) show(front);
      }
    },
    flush() {
      for (let index = front; index < count; index += 1) show(index);
    },
  };
}

/** Seconds after which a suite is held to hang: a file that never ends must not take the time of all others, and a slow machine is no fault. */
function hangsAfter({ budget }: Suite): number {
  return Math.max(600, 6 * budget);
}

/**
 * Runs every suite, those of one lane one after the other.
 *
 * @param limit - Seconds that a suite may take before it is ended and counts as failed.
 */
export function runLanes(suites: readonly Suite[], sinks: Sinks, limit: (suite: Suite) => number = hangsAfter): Lanes {
  const running = new Set<ChildProcess>();
  const printer = inOrder(suites.length, sinks);
  const results: (Ran | undefined)[] = suites.map(() => undefined);
  let stopped = false;

  function run(suite: Suite, index: number): Promise<Count> {
    const [command, ...args] = suite.command;
    return new Promise((resolve) => {
      const child = spawn(command === "node" ? process.execPath : command!, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...suite.env } });
      running.add(child);
      let output = "";
      let kill: NodeJS.Timeout | undefined;
      const hangs = setTimeout(() => {
        printer.write(index, "err", `${suite.name} has not ended in ${limit(suite)} s and is stopped: what was still running is said below\n`);
        child.kill("SIGTERM");
        kill = setTimeout(() => child.kill("SIGKILL"), 30_000);
      }, limit(suite) * 1000);
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        printer.write(index, "out", chunk);
      });
      child.stderr.on("data", (chunk: Buffer) => printer.write(index, "err", chunk));
      child.on("error", (error) => printer.write(index, "err", `${error.message}\n`));
      child.on("close", (code) => {
        running.delete(child);
        clearTimeout(hangs);
        clearTimeout(kill);
        resolve(countTests(suite.counts, output, code ?? 1));
      });
    });
  }

  async function runLane(lane: Suite["lane"]): Promise<void> {
    for (const [index, suite] of suites.entries()) {
      if (suite.lane !== lane || stopped) continue;
      printer.write(index, "out", `\n== ${suite.name}\n`);
      const started = Date.now();
      const count = await run(suite, index);
      results[index] = { suite, count, seconds: (Date.now() - started) / 1000 };
      printer.end(index);
    }
  }

  const lanes = [...new Set(suites.map(({ lane }) => lane))];
  return {
    done: Promise.all(lanes.map(runLane)).then(() => {
      printer.flush();
      return results.filter((result) => result !== undefined);
    }),
    stop() {
      stopped = true;
      for (const child of running) child.kill("SIGTERM");
    },
  };
}
