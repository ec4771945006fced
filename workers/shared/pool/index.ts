import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { QoodError } from "@qoodblock/sdk/errors";

/**
 * A bounded set of child processes that each do one task at a time: what computes for long stays off the event loop,
 * which has locks to renew. Tasks and answers go over a pipe between the two processes and are kept nowhere.
 */
export interface Pool<Task, Answer> {
  /** @throws QoodError CHILD_ENDED when the child breaks down; it is replaced for the next task. */
  run(task: Task): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * @param script - answers each message with one, and ends when its channel closes.
 * @param size - the most children; they are started when first needed and kept warm.
 */
export function createPool<Task extends object, Answer>(script: URL, size: number, args: readonly string[] = []): Pool<Task, Answer> {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const waiting: (() => void)[] = [];
  let closing = false;

  function start(): ChildProcess {
    // A child's own group: a terminal's Ctrl-C is for the parent to act on.
    const child = fork(script, [...args], { serialization: "advanced", detached: true, execArgv: ["--disable-warning=ExperimentalWarning"] });
    all.add(child);
    child.on("exit", () => {
      all.delete(child);
      const at = idle.indexOf(child);
      if (at >= 0) idle.splice(at, 1);
      waiting.shift()?.();
    });
    // A child that could not be started or spoken to is seen by its exit.
    child.on("error", () => undefined);
    return child;
  }
  async function take(): Promise<ChildProcess> {
    for (;;) {
      if (closing) throw new QoodError("CHILD_ENDED", "the pool is closed");
      const free = idle.pop();
      if (free !== undefined) return free;
      if (all.size < size) return start();
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    async run(task) {
      const child = await take();
      const answer = await new Promise<Answer>((resolve, reject) => {
        const onMessage = (message: unknown): void => {
          child.off("exit", onExit);
          resolve(message as Answer);
        };
        const onExit = (code: number | null, signal: string | null): void => {
          child.off("message", onMessage);
          reject(new QoodError("CHILD_ENDED", `a child process ended (${code ?? signal ?? "unknown"}) before it had answered`));
        };
        child.once("message", onMessage);
        child.once("exit", onExit);
        child.send(task, (error) => {
          // A broken pipe means an ended child, which the exit tells.
          if (error !== null && child.exitCode === null && child.connected) reject(new QoodError("CHILD_ENDED", `a child process cannot be spoken to: ${error.message}`));
        });
      });
      idle.push(child);
      waiting.shift()?.();
      return answer;
    },
    async close() {
      closing = true;
      for (const resolve of waiting.splice(0)) resolve();
      await Promise.all(
        [...all].map(
          (child) =>
            new Promise<void>((resolve) => {
              if (child.exitCode !== null || child.signalCode !== null) {
                resolve();
                return;
              }
              child.once("exit", () => resolve());
              child.kill("SIGKILL");
            }),
        ),
      );
    },
  };
}
