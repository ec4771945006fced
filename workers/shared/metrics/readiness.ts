import { within } from "./within.ts";

const CHECK_MS = 5000;

/** Tells in one line what is wrong, or undefined when all is well. Throwing is as good as telling. */
export type Check = () => Promise<string | undefined>;

/** What a worker needs to do its work; asked by `/readyz`. */
export interface Readiness {
  /** Adds a check under a name; the same name again replaces it. */
  add(name: string, check: Check): void;
}

/** Which checks do not pass, each with its line. Empty when the worker is ready. */
export type Faults = Readonly<Record<string, string>>;

/** The worker's own side of its readiness. */
export interface ReadinessState extends Readiness {
  /** From now on the checks decide; before it the worker counts as not ready. */
  started(): void;
  /** From now on the worker counts as not ready. */
  ending(): void;
  /** Runs all checks; questions that come together get one answer. */
  faults(): Promise<Faults>;
}

/** @param checkMs - a check that says nothing for so long counts as failed */
export function createReadiness(checkMs = CHECK_MS): ReadinessState {
  const checks = new Map<string, Check>();
  let phase: "starting" | "running" | "ending" = "starting";
  let running: Promise<Faults> | undefined;

  async function ask(): Promise<Faults> {
    const found = await Promise.all(
      [...checks].map(async ([name, check]) => {
        const fault = await within(checkMs, (async () => check())()).catch((error: unknown) => (error instanceof Error ? error.message : String(error)).split("\n")[0]!);
        return [name, fault] as const;
      }),
    );
    const faults: Record<string, string> = {};
    if (phase !== "running") faults.worker = phase;
    for (const [name, fault] of found) if (fault !== undefined) faults[name] = fault;
    return faults;
  }

  return {
    add: (name, check) => void checks.set(name, check),
    started() {
      if (phase === "starting") phase = "running";
    },
    ending() {
      phase = "ending";
    },
    faults() {
      running ??= ask().finally(() => (running = undefined));
      return running;
    },
  };
}
