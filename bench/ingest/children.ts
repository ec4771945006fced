/** The bench's own programs, each in a process of its own. */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order } from "./load.ts";

function start(script: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url));
  return fork(path, [...args], { serialization: "advanced", execArgv: ["--disable-warning=ExperimentalWarning"] });
}

/** Next message of a program. @throws Error when it ends instead */
async function next(child: ChildProcess): Promise<Record<string, unknown>> {
  const ending = new AbortController();
  try {
    const ended = once(child, "exit", { signal: ending.signal }).then(() => {
      throw new Error("a program of the bench has ended");
    });
    ended.catch(() => undefined);
    const [message] = (await Promise.race([once(child, "message", { signal: ending.signal }), ended])) as [Record<string, unknown>];
    if (typeof message["error"] === "string") throw new Error(message["error"]);
    return message;
  } finally {
    ending.abort();
  }
}

/** The cars. */
export interface Load {
  /** @returns what the order is answered by: seconds, or a count. */
  do(order: Order): Promise<number>;
  /** {@link Load.do} of an order that is answered by times: of each car, when each of its messages was sent. */
  times(order: Order): Promise<readonly (readonly number[])[]>;
  stop(): void;
}

/** Starts the cars' program. */
export function startLoad(): Load {
  const child = start("./load.ts", []);
  return {
    async do(order) {
      child.send(order);
      return (await next(child))["answer"] as number;
    },
    async times(order) {
      child.send(order);
      return (await next(child))["answer"] as number[][];
    },
    stop: () => void child.kill("SIGKILL"),
  };
}

/** Starts the bare broker. */
export async function startBroker(redisSocket: string, prefix: string): Promise<{ readonly url: string; stop(): void }> {
  const child = start("./broker.ts", [redisSocket, prefix]);
  const { ready } = await next(child);
  return { url: `mqtt://127.0.0.1:${String(ready)}`, stop: () => void child.kill("SIGKILL") };
}
