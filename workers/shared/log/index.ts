import { pino } from "pino";
import type { Logger } from "pino";
import { scrub } from "./scrub.ts";

export type { Logger } from "pino";

/** Where a program writes its log and how much of it. */
export interface LogOptions {
  readonly name: string;
  readonly level: string;
  /** Appended to; stderr without it. stdout is never used: it belongs to the program's answer. */
  readonly file?: string | undefined;
  /** Called for each line that begins with ALARM: it needs a person. */
  readonly onAlarm?: () => void;
}

/** Whether what a log method is called with has a message that begins with ALARM. */
function isAlarm(args: readonly unknown[]): boolean {
  const message = typeof args[0] === "string" ? args[0] : args[1];
  return typeof message === "string" && message.startsWith("ALARM");
}

/** A logger whose lines hold no secrets and no bytes, whatever is handed to it (see {@link scrub}). */
export function createLog(options: LogOptions): Logger {
  const destination = options.file === undefined ? pino.destination({ dest: 2, sync: true }) : pino.destination({ dest: options.file, mkdir: true, sync: true });
  return pino(
    {
      name: options.name,
      level: options.level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), bindings: (bindings) => scrub(bindings) as Record<string, unknown> },
      serializers: { err: (error: unknown) => scrub(error) },
      hooks: {
        // Before pino looks at them: it would take a message out of an error that has not been scrubbed.
        logMethod(args, method) {
          if (isAlarm(args)) options.onAlarm?.();
          method.apply(this, args.map((each) => scrub(each)) as Parameters<typeof method>);
        },
      },
    },
    destination,
  );
}
