/** Tells a person what is going on and measures it. */
export interface Progress {
  /** Says one line. */
  readonly say: (line: string) => void;
  /**
   * Runs a step: its name at the start, its time at the end, and every two seconds in between that it still runs.
   * The time is added to `ms[key]`.
   */
  readonly step: <T>(key: string, title: string, work: (update: (detail: string) => void) => Promise<T>) => Promise<T>;
  /** Milliseconds of every step so far. */
  readonly ms: Readonly<Record<string, number>>;
}

/**
 * @param out - where the lines go: stderr, so that stdout stays for results.
 */
export function createProgress(out: NodeJS.WritableStream & { isTTY?: boolean }): Progress {
  const ms: Record<string, number> = {};
  const began = Date.now();
  const stamp = (): string => `${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  `;
  const say = (line: string): void => {
    out.write(`${stamp()}${line}\n`);
  };
  return {
    ms,
    say,
    async step(key, title, work) {
      const started = performance.now();
      say(`${title} …`);
      let detail = "";
      const alive = setInterval(() => say(`  … ${title}: ${detail === "" ? "still at it" : detail}`), 2000);
      try {
        return await work((text) => (detail = text));
      } finally {
        clearInterval(alive);
        const took = Math.round(performance.now() - started);
        ms[key] = (ms[key] ?? 0) + took;
      }
    },
  };
}
