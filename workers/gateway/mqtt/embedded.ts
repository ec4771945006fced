import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import type { Client } from "aedes";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../../shared/log/index.ts";
import { MESSAGE_LIMITS } from "../../shared/queue/index.ts";
import { checkAccess } from "../auth/access.ts";
import type { Access } from "../auth/access.ts";
import { accessOfCertificate } from "../auth/certificate.ts";
import type { Tokens } from "../auth/tokens.ts";
import type { TlsOptions } from "../listen.ts";
import type { Positions } from "../positions.ts";
import type { Streams } from "../streams.ts";
import { BoundedFrames } from "./frames.ts";
import type { Session } from "./session.ts";
import { parseTopic, STATUS, statusTopic } from "./topics.ts";

/** A broker in this process. */
export interface EmbeddedBroker {
  readonly port: number;
  /** Clients connected now. */
  connections(): number;
  /** Tells the device of a stream where it stands, if it listens. */
  tell(stream: string): Promise<void>;
  close(): Promise<void>;
}

/** What it stands on. */
export interface BrokerContext {
  readonly session: Session;
  readonly streams: Streams;
  readonly positions: Positions;
  readonly tokens: Tokens;
  readonly log: Logger;
}

/** Connections at a time. */
const MAX_CONNECTIONS = 20_000;
/** A packet holds one message, with its topic and what else the protocol says. */
const MAX_PACKET = Math.ceil((MESSAGE_LIMITS.bytes * 4) / 3) + 64 * 1024;
const BAD_LOGIN = 4;

/** One client's access, and what ends with its connection. */
interface Party {
  readonly access: Access;
  readonly gone: AbortController;
}

/**
 * Starts the embedded broker: aedes, MQTT 3.1.1. It passes nothing on from device to device: what is published goes into the telemetry
 * store before it is acknowledged, and the only topic to listen on is a stream's own status.
 * @throws QoodError GATEWAY_LISTEN
 */
export async function startBroker(context: BrokerContext, listen: { readonly host: string; readonly port: number }, tls: TlsOptions | undefined): Promise<EmbeddedBroker> {
  const { session, streams, positions, tokens, log } = context;
  const parties = new WeakMap<Client, Party>();

  async function login(client: Client, password: Buffer | undefined): Promise<Access> {
    if (password !== undefined && password.length > 0) return tokens.read(password.toString("utf8"));
    const access = accessOfCertificate((client.conn as BoundedFrames).socket);
    if (access === undefined) throw new QoodError("ACCESS_TOKEN", "log in first: send a token as the password, or show the device's certificate");
    return access;
  }

  async function mayListen(client: Client, topic: string): Promise<boolean> {
    const parsed = parseTopic(topic);
    const party = parties.get(client);
    if (parsed?.word !== STATUS || party === undefined) return false;
    try {
      checkAccess(party.access, await streams.find(parsed.stream));
      return true;
    } catch {
      return false;
    }
  }

  const broker = await Aedes.createBroker({
    concurrency: 1000,
    authenticate: (client, _username, password, done) => {
      login(client, password as Buffer | undefined).then(
        (access) => {
          parties.set(client, { access, gone: new AbortController() });
          done(null, true);
        },
        (error: unknown) => done(Object.assign(error as Error, { returnCode: BAD_LOGIN }), null),
      );
    },
    authorizePublish: (client, packet, done) => {
      // The gateway's own words on a stream's status.
      if (client === null) {
        done(null);
        return;
      }
      const party = parties.get(client);
      if (party === undefined || packet.qos === 2 || Buffer.byteLength(packet.payload) === 0) {
        done(new QoodError("ACCESS_TOPIC", "publish with quality of service 1, and something in it"));
        return;
      }
      const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
      session.publish({ topic: packet.topic, payload, access: party.access, origin: `mqtt ${client.id}` }, party.gone.signal).then(
        (outcome) => {
          if (outcome === "done") {
            done(null);
            return;
          }
          // MQTT 3.1.1 has no way to refuse one message: the device is told where to go on, and let go.
          void tell(parseTopic(packet.topic)!.stream).finally(() => done(new QoodError("MESSAGE_EARLY", "messages before this one are missing")));
        },
        (error: unknown) => {
          if (!isQoodError(error)) log.error({ err: error }, "a message could not be taken");
          done(error as Error);
        },
      );
    },
    authorizeSubscribe: (client, subscription, done) => {
      void mayListen(client, subscription.topic).then((allowed) => done(null, allowed ? subscription : null));
    },
  });

  async function tell(stream: string): Promise<void> {
    const payload = Buffer.from(JSON.stringify(await positions.of(await streams.find(stream))));
    await new Promise<void>((resolve) => broker.publish({ cmd: "publish", topic: statusTopic(stream), payload, qos: 1, retain: true, dup: false }, () => resolve()));
  }

  broker.on("subscribe", (subscriptions) => {
    for (const { topic } of subscriptions) {
      const parsed = parseTopic(topic);
      if (parsed?.word === STATUS) void tell(parsed.stream).catch((error: unknown) => log.warn({ err: error }, "a device could not be told its stream's status"));
    }
  });
  broker.on("clientDisconnect", (client) => parties.get(client)?.gone.abort());
  broker.on("clientError", (client, error) => {
    parties.get(client)?.gone.abort();
    log.debug({ client: client.id, err: error }, "a device's connection was ended");
  });

  const accept = (socket: Socket): void => void broker.handle(new BoundedFrames(socket, MAX_PACKET));
  const server: Server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept);
  server.maxConnections = MAX_CONNECTIONS;
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new QoodError("GATEWAY_LISTEN", `MQTT cannot listen on ${listen.host}:${listen.port}: ${error.message}`)));
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => broker.connectedClients,
    tell,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
      await closed;
    },
  };
}
