import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "../log/index.ts";

/**
 * Does something again and again until the signal ends it. A fault is logged once, not at each try, and nothing is given up.
 * @returns when it has ended; never rejects
 */
export async function repeat(options: { readonly everyMs: number; readonly what: string; readonly signal: AbortSignal; readonly log: Logger }, step: () => Promise<void>): Promise<void> {
  const { everyMs, what, signal, log } = options;
  let said = "";
  const isEnding = (): boolean => signal.aborted;
  while (!isEnding()) {
    try {
      await step();
      said = "";
    } catch (error) {
      const text = (error as Error).message;
      if (text !== said && !isEnding()) log.error({ err: error }, `${what} is held up; trying on`);
      said = text;
    }
    await wait(everyMs, undefined, { signal }).catch(() => undefined);
  }
}
