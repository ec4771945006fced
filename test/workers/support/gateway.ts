import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import type { IClientOptions, MqttClient } from "mqtt";
import type { Redis } from "ioredis";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { signLogin } from "@qoodblock/sdk/device";
import type { Curve } from "@qoodblock/sdk/crypto";
import { registerStream } from "../../../workers/shared/queue/index.ts";
import { closeRedis, connectRedis, deviceName, readRange } from "../../../workers/shared/queue/index.ts";
import type { StreamConfig } from "../../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../../workers/shared/engines/redis.ts";
import { createTokens } from "../../../workers/gateway/auth/tokens.ts";
import { testRedis } from "./engines.ts";
import { bytes32, CHAIN_ID, makeCar } from "./fleet.ts";
import type { Car } from "./fleet.ts";
import { startWorker } from "./processes.ts";
import type { RunningWorker } from "./processes.ts";

/** The secret that the tests' gateways sign tokens with. */
export const SECRET = "the token secret of the tests' gateways";
export const PREFIX = "gate";
export const NAME = "gateway.test";

/** Redis alone: what a gateway lives on. */
export interface Station {
  readonly dir: string;
  readonly engine: RedisEngine;
  readonly redis: Redis;
  /** A gateway as a process of its own, on free ports. */
  gateway(...flags: string[]): Promise<Gateway>;
  /** A car whose stream is registered. */
  car(change?: Partial<StreamConfig>): Promise<Car>;
  /** Counters of the messages that are stored for it. */
  stored(car: Car): Promise<number[]>;
  stop(): Promise<void>;
}

/** A running gateway. */
export interface Gateway extends RunningWorker {
  readonly http: string;
  readonly mqtt: string;
}

/** Starts a station. */
export async function startStation(): Promise<Station> {
  const dir = mkdtempSync(join(tmpdir(), "qood-gate-"));
  const engine = await testRedis(join(dir, "redis"));
  const redis = connectRedis(engine.socket);
  let cars = 100;
  return {
    ...{ dir, engine, redis },
    async gateway(...flags) {
      const worker = await startWorker("gateway", ["--redis", engine.socket, "--redis-prefix", PREFIX, "--chain-id", String(CHAIN_ID), "--name", NAME, "--http", "0", "--mqtt", "0", "--log-level", "warn", ...flags], { QOOD_TOKEN_SECRET: SECRET });
      const secure = worker.ready.tls === true;
      return { ...worker, http: `http${secure ? "s" : ""}://127.0.0.1:${String(worker.ready.http)}`, mqtt: `mqtt${secure ? "s" : ""}://127.0.0.1:${String(worker.ready.mqtt)}` };
    },
    async car(change = {}) {
      const car = makeCar((cars += 1));
      const config = { ...car.config, ...change };
      await registerStream(redis, PREFIX, config);
      return { ...car, config };
    },
    stored: async ({ config }) => (await readRange(redis, PREFIX, config.handle, deviceName(config.devicePublicKey), 0, 1_000_000)).map(({ counter }) => counter),
    async stop() {
      await closeRedis(redis);
      await engine.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Sends JSON. */
export async function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Logs car number `n` of the fleet in, as its device does. */
export async function login(gateway: Pick<Gateway, "http">, car: Car, curve: Curve = "secp256k1", privateKey = privateKeyOf(car)): Promise<string> {
  const publicKey = car.config.devicePublicKey!;
  const asked = await postJson(`${gateway.http}/v1/devices/challenge`, { publicKey });
  const { nonce, deadline, gateway: name, chainId } = asked.body as { nonce: Hex; deadline: number; gateway: string; chainId: number };
  const signature = toHex(signLogin(privateKey, { chainId, gateway: name, nonce, deadline }, curve));
  const answer = await postJson(`${gateway.http}/v1/devices/token`, { publicKey, nonce, deadline, signature });
  if (answer.status !== 200) throw new Error(`login refused: ${JSON.stringify(answer.body)}`);
  return answer.body.token as string;
}

/** The key of a car's device: vehicle ids of the fleet are 1000 + n. */
export const privateKeyOf = (car: Car): Uint8Array => bytes32(`device ${Number(car.config.vehicle) - 1000}`);

/** A token for named streams, as the TSP makes it for sources without a key. */
export async function streamToken(streams: readonly string[], seconds = 900): Promise<string> {
  return (await createTokens(new TextEncoder().encode(SECRET), NAME).issue({ kind: "streams", streams: new Set(streams) }, seconds)).token;
}

/** A connected MQTT client; rejects where the broker refuses it. */
export function connectMqtt(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  return mqtt.connectAsync(url, { reconnectPeriod: 0, connectTimeout: 10_000, rejectUnauthorized: false, ...options }, false);
}
