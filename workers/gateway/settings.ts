import { z } from "zod";
import { chainSettings, processSettings, redisSettings } from "../shared/config/index.ts";

/** Settings of the gateway. */
export const schema = z.object({
  name: z.string().min(1).max(200).default("qood-gateway").describe("The gateway's name, as devices sign it into their logins: its public address, the same for all gateways behind it."),
  /** Of the device registry: devices sign it into their logins. */
  chainId: chainSettings.shape.chainId,
  http: z.string().default("127.0.0.1:8080").describe("Listen for HTTP here: host:port, a port of 127.0.0.1 (0: a free one), or `off`."),
  mqtt: z.string().default("127.0.0.1:1883").describe("Listen for MQTT 3.1.1 with the embedded broker here: host:port, a port of 127.0.0.1 (0: a free one), or `off`. Not used where --mqtt-url is given."),
  mqttUrl: z.string().regex(/^(mqtts?|wss?):\/\//, "must begin with mqtt://, mqtts://, ws:// or wss://").optional().describe("Take telemetry from this MQTT 5 broker instead of the embedded one; devices may speak 3.1.1 with it."),
  mqttConnections: z.int().min(1).max(64).default(4).describe("So many connections to that broker share the messages."),
  mqttClient: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/, "must be letters, digits, hyphens and underscores").default("1").describe("Tells this gateway's sessions at that broker from those of others; keep it over restarts."),
  mqttTrust: z.boolean().default(false).describe("That broker's access list says who may publish for streams without a device key; without it such messages want MQTT 5 and a token."),
  tlsCert: z.string().optional().describe("PEM file with this gateway's certificate: HTTP and MQTT are then spoken over TLS, and a device may show itself by a certificate of its registered key."),
  tlsKey: z.string().optional().describe("PEM file with the certificate's private key."),
  tokenSecretFile: z.string().optional().describe("File with the secret that tokens are signed with, at least 32 characters, the same for all gateways; without it QOOD_TOKEN_SECRET is read."),
  tokenSeconds: z.int().min(10).max(86_400).default(900).describe("A device's token counts for so many seconds."),
  deviceRecords: z.int().positive().default(2000).describe("Most records a second of one device."),
  accountRecords: z.int().positive().default(100_000).describe("Most records a second of all streams of one account, through this gateway."),
  loginsPerMinute: z.int().positive().default(60).describe("Most logins a minute from one address."),
  pendingBytes: z.int().min(1024 * 1024).default(64 * 1024 * 1024).describe("Messages that wait in this process for Redis have at most so many bytes together; what comes on top is turned away until there is room."),
  backlogBytes: z.int().positive().default(2 * 1024 * 1024 * 1024).describe("While Redis uses more memory than this, nothing more is taken in; it goes on by itself at nine tenths of it."),
  futureSeconds: z.int().nonnegative().default(300).describe("Rows dated more than so many seconds ahead of this machine's clock stay out."),
  ...redisSettings.shape,
  ...processSettings.shape,
});

/** See {@link schema}. */
export type Settings = z.output<typeof schema>;
