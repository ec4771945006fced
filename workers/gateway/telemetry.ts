import { randomBytes } from "node:crypto";
import { peekMessage } from "@qoodblock/sdk/device";
import { schemaOf } from "../shared/queue/index.ts";
import type { AppendResult, Incoming } from "../shared/queue/index.ts";
import { QoodError } from "@qoodblock/sdk/errors";
import type { RowFault } from "@qoodblock/sdk/dictionary";
import { rowsOf } from "../shared/cloudevents/index.ts";
import type { TelemetryEvent } from "../shared/cloudevents/index.ts";
import { checkAccess } from "./auth/access.ts";
import type { Access } from "./auth/access.ts";
import type { Intake } from "./intake.ts";
import type { Limits } from "./limits.ts";
import type { Stats } from "./stats.ts";
import type { KnownStream, Streams } from "./streams.ts";

/** Where a message came from. */
export interface Sender {
  readonly access: Access;
  /** For dead letters: `mqtt car-7`, `http 10.0.0.3`. */
  readonly origin: string;
  /** What the topic says: stream and schema; absent for HTTP. */
  readonly topic?: { readonly stream: string; readonly schema: string };
}

/** The one way in for telemetry, whatever brought it. */
export interface Telemetry {
  /**
   * Takes events of any streams that the sender reaches; all are checked before any is stored.
   * @returns one result an event, when each is durable or known never to be
   * @throws QoodError STREAM_*, ACCESS_*, EVENT_*, RATE_*, GATEWAY_*, CBOR_* and MESSAGE_SHAPE where a message does not even say its stream
   */
  take(sender: Sender, events: readonly (TelemetryEvent | Uint8Array)[]): Promise<AppendResult[]>;
}

interface Ready {
  readonly stream: KnownStream;
  readonly incoming: Incoming;
  readonly records: number;
  readonly bytes: number;
}

/** Unsigned records as the message that the TSP attests. A record that cannot be read stays in its place as what was sent. */
function attested(event: TelemetryEvent, { config }: KnownStream): Incoming {
  if (event.sequence === undefined) throw new QoodError("EVENT_SEQUENCE", `event ${event.id} of stream ${config.handle} has no sequence: number the stream's events from 0`);
  const { rows, faults } = rowsOf(event, schemaOf(config));
  const wrong = new Map<number, RowFault>(faults.map(({ index, reason, detail }) => [index, { reason, detail }]));
  const good = rows.values();
  const all = event.records!.map((record, index) => (wrong.has(index) ? new TextEncoder().encode(JSON.stringify(record)) : good.next().value!));
  return { stream: config.handle, counter: event.sequence, salt16: new Uint8Array(randomBytes(16)), rows: all, signature: null, faults: wrong };
}

/** See {@link Telemetry}. */
export function createTelemetry(options: { readonly streams: Streams; readonly limits: Limits; readonly intake: Intake; readonly stats: Stats }): Telemetry {
  const { streams, limits, intake, stats } = options;

  async function openFor(sender: Sender, handle: string, schema: string | undefined): Promise<KnownStream> {
    const stream = await streams.open(handle);
    checkAccess(sender.access, stream);
    if (stream.config.deviceSealed) throw new QoodError("STREAM_SEALED", `stream ${handle} is sealed by its device: POST its batches to /v1/sealed`);
    const { topic } = sender;
    if (topic !== undefined && topic.stream !== stream.config.handle) throw new QoodError("ACCESS_STREAM", `a message of stream ${stream.config.handle} came under the topic of ${topic.stream}`);
    const said = topic?.schema ?? schema;
    if (said !== undefined && said !== stream.schema) throw new QoodError("EVENT_SCHEMA", `stream ${stream.config.handle} takes records of ${stream.schema}, not of ${said.slice(0, 80)}`);
    return stream;
  }

  async function prepare(sender: Sender, event: TelemetryEvent | Uint8Array): Promise<Ready> {
    const wire = event instanceof Uint8Array ? event : event.message;
    if (wire !== undefined) {
      const { stream: handle, rows } = peekMessage(wire);
      if (!(event instanceof Uint8Array) && event.stream !== undefined && event.stream !== handle) throw new QoodError("EVENT_DATA", `event ${event.id} holds a message of another stream than its subject`);
      const stream = await openFor(sender, handle, event instanceof Uint8Array ? undefined : event.schema);
      return { stream, incoming: wire, records: rows, bytes: wire.length };
    }
    const records = event as TelemetryEvent;
    const handle = records.stream ?? sender.topic?.stream;
    if (handle === undefined) throw new QoodError("EVENT_DATA", `event ${records.id} names no stream: its subject must be the stream's handle`);
    const stream = await openFor(sender, handle, records.schema);
    if (stream.config.devicePublicKey !== null) throw new QoodError("MESSAGE_UNSIGNED", `stream ${handle} takes messages that its device has signed, not bare records`);
    const incoming = attested(records, stream) as Exclude<Incoming, Uint8Array>;
    return { stream, incoming, records: incoming.rows.length, bytes: incoming.rows.reduce((sum, { length }) => sum + length, 0) };
  }

  return {
    async take(sender, events) {
      const ready: Ready[] = [];
      for (const event of events) ready.push(await prepare(sender, event));
      for (const { stream, records } of ready) await limits.take(stream, records);
      const results = await intake.submit(ready.map(({ incoming }) => incoming), ready.reduce((sum, { bytes }) => sum + bytes, 0), sender.origin);
      results.forEach((result, at) => stats.message(result, ready[at]!.records, ready[at]!.bytes));
      return results;
    },
  };
}
