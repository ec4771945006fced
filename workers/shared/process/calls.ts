/** Calls between a process and its child over the channel that Node opens between them. */
import { QoodError } from "@qoodblock/sdk/errors";
import { startChild } from "./child.ts";
import type { ChildOptions, ChildProgram } from "./child.ts";
import { watchParent } from "./parent.ts";

interface Request {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string | null; readonly message: string; readonly details: Record<string, string | number | boolean | null> } }
  | { readonly id: number; readonly progress: string };

/** What a called function may say while it works. */
export type Say = (line: string) => void;

/** Functions that a child offers, by name. */
export type Handlers = Readonly<Record<string, (argument: never, say: Say) => Promise<unknown>>>;

/** Answers calls until the parent is gone or SIGTERM comes. */
export function serveCalls(handlers: Handlers): void {
  const answer = (reply: Reply): void => {
    if (process.connected) process.send?.(reply);
  };
  process.on("message", (message) => {
    const { id, method, argument } = message as Request;
    const handler = handlers[method];
    const work = handler === undefined ? Promise.reject(new QoodError("NO_SUCH_CALL", `this process has no call ${method}`)) : handler(argument as never, (line) => answer({ id, progress: line }));
    work.then(
      (result) => answer({ id, result }),
      (error: unknown) => {
        if (error instanceof QoodError) answer({ id, error: { code: error.code, message: error.message, details: { ...error.details } } });
        else answer({ id, error: { code: null, message: error instanceof Error ? (error.stack ?? error.message) : String(error), details: {} } });
      },
    );
  });
  const end = (): void => process.exit(0);
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  watchParent(end);
}

/** A child whose functions can be called. */
export interface CalledProgram extends ChildProgram {
  /**
   * Calls a function of the child.
   * @throws QoodError of the same code as there; CHILD_ENDED when the child dies before it has answered.
   */
  call<T>(method: string, argument: unknown, say?: Say): Promise<T>;
}

/** Starts a child that runs {@link serveCalls}. */
export async function startCalled(options: Omit<ChildOptions, "onMessage">): Promise<CalledProgram> {
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void; say: Say | undefined }>();
  let next = 0;
  const child = await startChild({
    ...options,
    onMessage(message) {
      const reply = message as Reply;
      const waiting = open.get(reply.id);
      if (waiting === undefined) return;
      if ("progress" in reply) {
        waiting.say?.(reply.progress);
        return;
      }
      open.delete(reply.id);
      if ("result" in reply) waiting.resolve(reply.result);
      else waiting.reject(reply.error.code === null ? new Error(reply.error.message) : new QoodError(reply.error.code, reply.error.message, { details: reply.error.details }));
    },
  });
  void child.ended.then((how) => {
    for (const { reject } of open.values()) reject(new QoodError("CHILD_ENDED", `${options.name} ended (${how}) before it had answered; its log is ${options.logFile}`));
    open.clear();
  });
  return {
    ...child,
    call<T>(method: string, argument: unknown, say?: Say): Promise<T> {
      const id = next++;
      return new Promise<T>((resolve, reject) => {
        open.set(id, { resolve: resolve as (value: unknown) => void, reject, say });
        child.send({ id, method, argument });
      });
    },
  };
}
