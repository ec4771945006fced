/** How a node tells what it has for a key: one question, then entries one after the other, each with its length before it. */
import { multiaddr } from "@multiformats/multiaddr";
import type { PeerId, Stream } from "@libp2p/interface";
import { u32 } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { MAX_ENTRY } from "./entry.ts";
import type { IndexNode } from "./node.ts";

/** The protocol of questions. */
export const EXCHANGE_PROTOCOL = "/qood/index/1.0.0";
/** A question is a key's digest. */
export const QUESTION = 32;
const QUESTION_MS = 5000;
const ANSWER_MS = 30_000;

/** Serves the entries of a key, as given by `entriesOf`. @returns what ends it */
export async function serveEntries(node: IndexNode, entriesOf: (digest: Uint8Array) => readonly Uint8Array[]): Promise<() => Promise<void>> {
  const answer = async (stream: Stream): Promise<void> => {
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const question = await readQuestion(stream);
      for (const entry of entriesOf(question)) {
        for (const part of [u32(entry.length), entry]) if (!stream.send(part)) await stream.onDrain({ signal });
      }
      await stream.close({ signal });
    } catch (error) {
      stream.abort(error as Error);
    }
  };
  await node.handle(EXCHANGE_PROTOCOL, (stream) => void answer(stream), { maxInboundStreams: 8 });
  return () => node.unhandle(EXCHANGE_PROTOCOL);
}

async function readQuestion(stream: Stream): Promise<Uint8Array> {
  const timer = setTimeout(() => stream.abort(new Error("no question came")), QUESTION_MS);
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of stream) {
      parts.push(chunk.subarray());
      length += chunk.byteLength;
      if (length >= QUESTION) break;
    }
  } finally {
    clearTimeout(timer);
  }
  if (length !== QUESTION) throw new QoodError("INDEX_QUESTION", `a question has ${QUESTION} bytes, not ${length}`);
  return Buffer.concat(parts);
}

/** Bounds of what one peer may answer. */
export interface AnswerLimits {
  readonly entries: number;
  readonly bytes: number;
  readonly ms: number;
}

/**
 * Asks one peer, dialling it at the addresses that the DHT gave. Entries come as they arrive; who sends more than the limits is cut off.
 * @throws QoodError INDEX_FLOOD where the peer sent too much; what libp2p throws where it cannot be reached
 */
export async function* askPeer(node: IndexNode, peer: { readonly id: PeerId; readonly multiaddrs: readonly string[] }, digest: Uint8Array, limits: AnswerLimits): AsyncGenerator<Uint8Array, void> {
  const signal = AbortSignal.timeout(limits.ms);
  const connection = await node.dial(peer.multiaddrs.length > 0 ? peer.multiaddrs.map((each) => multiaddr(each.includes("/p2p/") ? each : `${each}/p2p/${peer.id.toString()}`)) : peer.id, { signal });
  const stream = await connection.newStream(EXCHANGE_PROTOCOL, { signal });
  const onLate = (): void => stream.abort(new QoodError("INDEX_FLOOD", `the peer did not end its answer within ${limits.ms} ms`));
  signal.addEventListener("abort", onLate, { once: true });
  let whole = false;
  try {
    stream.send(digest);
    let buffer: Uint8Array = new Uint8Array();
    let [entries, bytes] = [0, 0];
    for await (const chunk of stream) {
      bytes += chunk.byteLength;
      if (bytes > limits.bytes) throw new QoodError("INDEX_FLOOD", `the peer sent more than ${limits.bytes} bytes`);
      buffer = Buffer.concat([buffer, chunk.subarray()]);
      for (let length = lengthOf(buffer); length !== undefined && buffer.length >= 4 + length; length = lengthOf(buffer)) {
        entries += 1;
        if (entries > limits.entries) throw new QoodError("INDEX_FLOOD", `the peer sent more than ${limits.entries} entries`);
        yield buffer.slice(4, 4 + length);
        buffer = buffer.subarray(4 + length);
      }
    }
    whole = true;
    await stream.close({ signal });
  } finally {
    signal.removeEventListener("abort", onLate);
    if (!whole) stream.abort(new QoodError("INDEX_ENOUGH", "no more is wanted"));
  }
}

function lengthOf(buffer: Uint8Array): number | undefined {
  if (buffer.length < 4) return undefined;
  const length = new DataView(buffer.buffer, buffer.byteOffset).getUint32(0);
  if (length === 0 || length > MAX_ENTRY) throw new QoodError("INDEX_FLOOD", `an entry has 1 to ${MAX_ENTRY} bytes, not ${length}`);
  return length;
}
