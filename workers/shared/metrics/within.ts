import { setTimeout as wait } from "node:timers/promises";

/** Gives what `work` gives, or throws when it takes longer than `ms`; what is late is dropped. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const ending = new AbortController();
  const late = wait(ms, undefined, { signal: ending.signal, ref: false }).then(() => {
    throw new Error(`no answer within ${ms} ms`);
  });
  // When the work wins, the wait ends with an abort that nobody is waiting for any more.
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    ending.abort();
  }
}
