import { setTimeout as wait } from "node:timers/promises";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { parseEvents } from "../../shared/cloudevents/index.ts";
import type { Access } from "../auth/access.ts";
import { checkAccess } from "../auth/access.ts";
import type { Online } from "../online.ts";
import type { Stats } from "../stats.ts";
import type { Streams } from "../streams.ts";
import type { Telemetry } from "../telemetry.ts";
import { ONLINE, parseTopic, STATUS } from "./topics.ts";

/** What both brokers hand messages to. */
export interface Session {
  /**
   * Takes one published message.
   * @param gone - says that nobody waits for the answer any more
   * @returns `done`: it may be acknowledged; `early`: not before what is missing has come
   * @throws QoodError why it is not taken, and will not be if it comes again
   */
  publish(message: { readonly topic: string; readonly payload: Uint8Array; readonly access: Access; readonly origin: string }, gone: AbortSignal): Promise<"done" | "early">;
}

/** What passes when it is waited for. */
const PASSING = ["GATEWAY_BUSY", "GATEWAY_STORE", "RATE_DEVICE", "RATE_ACCOUNT"];
const RETRY_MS = 250;
/** `{` and `[` begin JSON; a device's message begins with neither. */
const JSON_START = [0x7b, 0x5b];

/** See {@link Session}. */
export function createSession(options: { readonly telemetry: Telemetry; readonly streams: Streams; readonly online: Online; readonly stats: Stats }): Session {
  const { telemetry, streams, online, stats } = options;

  async function take(message: Parameters<Session["publish"]>[0]): Promise<"done" | "early"> {
    const { payload, access, origin } = message;
    const topic = parseTopic(message.topic);
    if (topic === undefined) throw new QoodError("ACCESS_TOPIC", `nothing is taken under the topic ${message.topic.slice(0, 120)}: publish to v1/<stream>/<schema>`);
    if (topic.word === STATUS) throw new QoodError("ACCESS_TOPIC", "a stream's status is not a device's to publish");
    if (topic.word === ONLINE) {
      checkAccess(access, await streams.find(topic.stream));
      if (!(await online.note(topic.stream, payload))) throw new QoodError("EVENT_DATA", "online is 0 or 1");
      return "done";
    }
    const events = JSON_START.includes(payload[0] ?? 0) ? parseEvents(payload, "application/json") : [payload];
    const results = await telemetry.take({ access, origin, topic: { stream: topic.stream, schema: topic.word } }, events);
    return results.some(({ status }) => status === "early") ? "early" : "done";
  }

  return {
    async publish(message, gone) {
      for (;;) {
        try {
          return await take(message);
        } catch (error) {
          if (!isQoodError(error)) throw error;
          stats.turnedAway(error.code);
          if (!PASSING.includes(error.code) || gone.aborted) throw error;
          // Unacknowledged, and nothing more is read from this sender: the pressure goes back to where the data comes from.
          await wait(Math.min(Number(error.details.waitMs ?? RETRY_MS), 5000), undefined, { signal: gone }).catch(() => undefined);
        }
      }
    },
  };
}
