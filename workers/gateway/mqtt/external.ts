import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import mqtt from "mqtt";
import type { IPublishPacket, MqttClient } from "mqtt";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../../shared/log/index.ts";
import type { Access } from "../auth/access.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { Positions } from "../positions.ts";
import type { Streams } from "../streams.ts";
import type { Session } from "./session.ts";
import { parseTopic, STATUS, statusTopic } from "./topics.ts";

/** Connections to a broker of the TSP's own. */
export interface ExternalBroker {
  /** Connections that are up now. */
  connections(): number;
  tell(stream: string): Promise<void>;
  close(): Promise<void>;
}

/** What they stand on. */
export interface ExternalContext {
  readonly session: Session;
  readonly streams: Streams;
  readonly positions: Positions;
  readonly tokens: Tokens;
  readonly log: Logger;
}

/** How the broker is reached. */
export interface ExternalOptions {
  readonly url: string;
  readonly connections: number;
  /** Name of this gateway's sessions at the broker, the same after a restart. */
  readonly clientId: string;
  /** The broker's own access list counts for streams without a device key. */
  readonly trust: boolean;
}

/** All gateways of a TSP share the messages: a subscription that MQTT 5 alone has. */
const SHARED = "$share/qood/v1/+/+";
/** What came before may be on its way over another connection: looked for so often, at this distance. */
const [EARLY_TRIES, EARLY_MS] = [20, 50];
const SESSION_SECONDS = 7 * 86_400;
const [OK, UNSPECIFIED, NOT_AUTHORIZED] = [0, 128, 135];

/**
 * Takes telemetry from a broker by shared subscriptions of persistent sessions: a message is acknowledged to the broker when it lies in
 * the telemetry store, so what the gateway does not take stays with the broker. The broker itself has acknowledged to the device; a
 * device knows what is durable by the counter in its stream's status.
 * @param signal - ends the waiting for a broker that is not there
 * @returns when the broker has taken the subscriptions: from then on it keeps what comes
 */
export async function connectBroker(context: ExternalContext, options: ExternalOptions, signal: AbortSignal): Promise<ExternalBroker> {
  const { session, streams, positions, tokens, log } = context;
  const ending = new AbortController();

  /** A token in the user properties (MQTT 5), else what messages say by themselves, else the broker's word where it is trusted. */
  async function accessOf(packet: IPublishPacket, stream: string): Promise<Access> {
    const token = packet.properties?.userProperties?.token;
    if (typeof token === "string") return tokens.read(token);
    if (options.trust) return { kind: "streams", streams: new Set([stream]) };
    return { kind: "signed" };
  }

  async function tell(stream: string): Promise<void> {
    const text = JSON.stringify(await positions.of(await streams.find(stream)));
    await speaker.publishAsync(statusTopic(stream), text, { qos: 1, retain: true });
  }

  async function take(topic: string, payload: Buffer, packet: IPublishPacket): Promise<number> {
    const parsed = parseTopic(topic);
    // The gateways' own words come back by the wildcard.
    if (parsed === undefined || parsed.word === STATUS || payload.length === 0) return OK;
    try {
      const access = await accessOf(packet, parsed.stream);
      for (let tries = 0; ; tries += 1) {
        if ((await session.publish({ topic, payload, access, origin: "mqtt broker" }, ending.signal)) === "done") return OK;
        if (tries === EARLY_TRIES || ending.signal.aborted) break;
        await wait(EARLY_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
      await tell(parsed.stream);
      return UNSPECIFIED;
    } catch (error) {
      if (!isQoodError(error)) log.error({ err: error }, "a message could not be taken");
      else log.debug({ err: error, topic }, "a message was turned away");
      return isQoodError(error) && error.code.startsWith("ACCESS") ? NOT_AUTHORIZED : UNSPECIFIED;
    }
  }

  function connect(i: number, subscribed: () => void): MqttClient {
    const client = mqtt.connect(options.url, {
      ...{ clientId: `${options.clientId}-${i}`, clean: false, protocolVersion: 5, reconnectPeriod: 1000, connectTimeout: 10_000 },
      properties: { sessionExpiryInterval: SESSION_SECONDS, receiveMaximum: 100 },
      customHandleAcks: (topic, payload, packet, done) => {
        void take(topic, payload, packet as IPublishPacket).then((code) => {
          // Ending: unacknowledged, so the broker sends it again to whoever comes next.
          if (!ending.signal.aborted || code === OK) done(code);
        });
      },
    });
    let said = "";
    client.on("error", (error) => {
      if (error.message !== said) log.warn({ err: error }, "the broker cannot be reached; trying on");
      said = error.message;
    });
    client.on("connect", () => {
      said = "";
      client.subscribe(SHARED, { qos: 1 }, (error) => {
        if (error === null) subscribed();
        else log.error({ err: error }, "ALARM: the broker refuses the gateway's subscription; no telemetry comes in");
      });
    });
    return client;
  }

  const clients: MqttClient[] = [];
  const listening = Array.from({ length: options.connections }, (_, i) => new Promise<void>((resolve) => clients.push(connect(i, resolve))));
  // On its own: a connection that waits to acknowledge reads nothing else, not even that its own message was taken.
  const speaker = mqtt.connect(options.url, { clientId: `${options.clientId}-speaker`, protocolVersion: 5, reconnectPeriod: 1000, connectTimeout: 10_000 });
  speaker.on("error", (error) => log.debug({ err: error }, "the broker cannot be reached"));
  await Promise.race([Promise.all(listening), once(signal, "abort")]);
  return {
    connections: () => clients.filter(({ connected }) => connected).length,
    tell,
    async close() {
      ending.abort();
      await Promise.all([...clients, speaker].map((client) => client.endAsync(true)));
    },
  };
}
