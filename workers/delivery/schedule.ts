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
  /** When each page's time comes: by what has passed here in ms, or by the chain's clock in seconds, which may jump. */
  const due = new Map<string, { readonly passed: number; readonly chain: number }>();
  const woken = new Set<string>();

  async function momentAt(now: number): Promise<Moment> {
    const [head, final, finalTime] = await Promise.all([chain.provider.getBlockNumber(), chain.finalBlock(), chain.finalTime()]);
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
    if (again === undefined) due.delete(id);
    else due.set(id, { passed: performance.now() + again, chain: at.now + Math.ceil(again / 1000) });
    running.delete(id);
  }

  return {
    wake(id) {
      woken.add(id);
    },
    async step() {
      const open = await redis.smembers(keys.openPages(prefix));
      if (open.length === 0) return;
      const now = await chain.now();
      const isDue = (id: string): boolean => {
        const time = due.get(id);
        return woken.has(id) || time === undefined || performance.now() >= time.passed || now >= time.chain;
      };
      const next = open.filter((id) => !running.has(id) && isDue(id));
      if (next.length === 0) return;
      next.sort((a, b) => Number(woken.has(b)) - Number(woken.has(a)) || (due.get(a)?.passed ?? 0) - (due.get(b)?.passed ?? 0));
      const at = await momentAt(now);
      for (const id of next) {
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
