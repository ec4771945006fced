import { createAppender, replayLetters } from "@qoodblock/workers/shared/queue/index.ts";
import type { DeadLetter } from "@qoodblock/workers/shared/queue/index.ts";
import { decodeMessage } from "@qoodblock/sdk/device";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Fed, Feeding } from "./attested.ts";
import { tell } from "./position.ts";
import type { Item } from "./source.ts";

const GROUP_MESSAGES = 64;
const GROUP_BYTES = 8 * 1024 * 1024;

type MessageItem = Extract<Item, { kind: "message" }>;

/** What a message's letter says of it, beside the fault; nothing where its bytes are none. */
function named(wire: Uint8Array): { stream?: string; counter?: number } {
  try {
    const { stream, counter } = decodeMessage(wire);
    return { stream, counter };
  } catch (error) {
    if (!isQoodError(error)) throw error;
    return {};
  }
}

/**
 * Feeds signed messages of a device into its stream. Their counters make them known wherever they come from, so what was stored
 * before a kill is a duplicate after it. A message that comes before its turn waits among the dead letters, whole, and is
 * replayed at the end of the file.
 */
export async function feedSigned(feeding: Feeding): Promise<Fed> {
  const { redis, prefix, stream, source, position } = feeding;
  const appender = createAppender(redis, prefix, { keepRefused: false });
  const fed: Fed = { records: 0, messages: 0 };
  let group: MessageItem[] = [];
  let letters: DeadLetter[] = [];
  let [bytes, seen] = [0, 0];
  const early = new Map<number, number>();

  async function flush(): Promise<void> {
    await feeding.makeRoom();
    const results = group.length === 0 ? [] : await appender.append(group.map(({ wire }) => wire), `${source.name}:${group[0]!.line}-${group.at(-1)!.line}`);
    for (const [i, { line, wire }] of group.entries()) {
      const result = results[i]!;
      if (result.status === "stored") {
        fed.messages += 1;
        fed.records += decodeMessage(wire).rows.length - result.dropped;
      } else if (result.status !== "duplicate") {
        const why = result.status === "early" ? { code: "MESSAGE_EARLY", reason: `it waits for message ${result.expected}` } : { code: result.code, reason: result.reason };
        if (result.status === "early") early.set(decodeMessage(wire).counter, decodeMessage(wire).rows.length);
        letters.push({ ...named(wire), ...why, origin: `${source.name}:${line}`, wire });
      }
    }
    await tell(redis, prefix, position, letters, seen, seen);
    [group, letters, bytes] = [[], [], 0];
  }

  for await (const item of feeding.items) {
    if (item.at <= position.next) continue;
    seen = item.at;
    if (item.kind === "message") {
      group.push(item);
      bytes += item.wire.length;
    } else if (item.kind === "fault") letters.push({ stream: stream.handle, code: item.code, reason: item.reason, origin: `${source.name}:${item.line}`, wire: new Uint8Array() });
    if (group.length >= GROUP_MESSAGES || bytes >= GROUP_BYTES || letters.length >= 1000) {
      await flush();
      feeding.onLine(item.line);
    }
  }
  if (seen > 0) await flush();
  await replayLetters(redis, prefix, { stream: stream.handle, code: "MESSAGE_EARLY", origin: `${source.name}:` }, ({ letter, outcome }) => {
    const waiting = position.faults.get("MESSAGE_EARLY") ?? 0;
    if ((outcome === "stored" || outcome === "duplicate") && letter.code === "MESSAGE_EARLY") position.faults.set("MESSAGE_EARLY", Math.max(0, waiting - 1));
    if (outcome !== "stored") return;
    fed.messages += 1;
    fed.records += early.get(letter.counter ?? -1) ?? 0;
  });
  return fed;
}
