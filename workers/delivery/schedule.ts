import { keys } from "../shared/queue/index.ts";
import type { DeliveryContext, Moment } from "./context.ts";
import { servePage } from "./serve.ts";

/** So many pages are looked at at the same time, and so many more of those that something has happened to. */
const AT_ONCE = 8;
const AT_ONCE_URGENT = 16;

/** Looks at every open page when its time has come. */
export interface Scheduler {
  step(): Promise<void>;
  /** Something has happened to a page: it is looked at next. */
  wake(id: string): void;
  /** Waits for the looks under way. */
  idle(): Promise<void>;
}

/** @param complain - is told each fault that a look has thrown; the page is tried again */
export function createScheduler(context: DeliveryContext, complain: (what: string, error: unknown) => void): Scheduler {
  const { redis, prefix, chain, settings } = context;
  const running = new Map<string, Promise<void>>();
  const notBefore = new Map<string, number>();
  const woken = new Set<string>();

  async function moment(): Promise<Moment> {
    const [now, head, final, finalTime] = await Promise.all([chain.now(), chain.provider.getBlockNumber(), chain.finalBlock(), chain.finalTime()]);
    return { now, head, final, finalTime };
  }

  async function look(id: string, at: Moment): Promise<void> {
    let again: number | undefined;
    try {
      again = await servePage(context, id, at);
    } catch (error) {
      complain(id, error);
      again = settings.retrySeconds * 1000;
    }
    if (again === undefined) notBefore.delete(id);
    else notBefore.set(id, Date.now() + again);
    running.delete(id);
  }

  return {
    wake(id) {
      woken.add(id);
    },
    async step() {
      const open = await redis.smembers(keys.openPages(prefix));
      const due = open.filter((id) => !running.has(id) && (woken.has(id) || Date.now() >= (notBefore.get(id) ?? 0)));
      if (due.length === 0) return;
      due.sort((a, b) => Number(woken.has(b)) - Number(woken.has(a)) || (notBefore.get(a) ?? 0) - (notBefore.get(b) ?? 0));
      const at = await moment();
      for (const id of due) {
        if (running.size >= (woken.has(id) ? AT_ONCE_URGENT : AT_ONCE)) break;
        woken.delete(id);
        running.set(id, look(id, at));
      }
    },
    async idle() {
      await Promise.all(running.values());
    },
  };
}
