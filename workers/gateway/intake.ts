import { QoodError } from "@qoodblock/sdk/errors";
import type { Appender, AppendResult, Incoming } from "../shared/queue/index.ts";

/** Brings messages into Redis: what comes while one group is on its way is the next group. */
export interface Intake {
  /**
   * Resolves when each message is stored in Redis, or is known never to be.
   * @param bytes - size of the messages together
   * @throws QoodError GATEWAY_BUSY (too much waits here), GATEWAY_STORE (Redis failed: nothing may be acknowledged), GATEWAY_ENDING
   */
  submit(messages: readonly Incoming[], bytes: number, origin: string): Promise<AppendResult[]>;
  /** What waits. */
  readonly pendingBytes: number;
  /** Takes nothing more and waits for what was taken. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly messages: readonly Incoming[];
  readonly bytes: number;
  readonly origin: string;
  readonly resolve: (results: AppendResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** Most messages of one group: enough for the round trip to weigh nothing, few enough to keep the event loop free. */
const GROUP = 256;

/**
 * @param maxBytes - bound of what may wait
 * @param isFull - says why nothing can be taken in now, or undefined
 */
export function createIntake(appender: Appender, options: { readonly maxBytes: number; readonly isFull: () => string | undefined }): Intake {
  const waiting: Waiting[] = [];
  let pendingBytes = 0;
  let running: Promise<void> | undefined;
  let ending = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group: Waiting[] = [];
      for (let count = 0; waiting.length > 0 && count < GROUP; ) {
        const next = waiting.shift()!;
        group.push(next);
        count += next.messages.length;
      }
      try {
        const results = await appender.append(group.flatMap(({ messages }) => messages), group.flatMap(({ messages, origin }) => messages.map(() => origin)));
        let at = 0;
        for (const { messages, resolve } of group) resolve(results.slice(at, (at += messages.length)));
      } catch (error) {
        const failed = new QoodError("GATEWAY_STORE", "the telemetry store does not take data now: send again", { cause: error });
        for (const { reject } of group) reject(failed);
      }
      for (const { bytes } of group) pendingBytes -= bytes;
    }
    running = undefined;
  }

  return {
    submit(messages, bytes, origin) {
      if (ending) return Promise.reject(new QoodError("GATEWAY_ENDING", "the gateway is ending: send again"));
      const full = pendingBytes + bytes > options.maxBytes && pendingBytes > 0 ? "too much waits to be stored" : options.isFull();
      if (full !== undefined) return Promise.reject(new QoodError("GATEWAY_BUSY", `${full}: send again later`));
      return new Promise((resolve, reject) => {
        waiting.push({ messages, bytes, origin, resolve, reject });
        pendingBytes += bytes;
        running ??= run();
      });
    },
    get pendingBytes() {
      return pendingBytes;
    },
    async stop() {
      ending = true;
      await running;
    },
  };
}
