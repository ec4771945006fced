import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import type { MqttClient } from "mqtt";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { encodeMessage, signLogin } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { EVENT_TYPES } from "../../../workers/shared/cloudevents/index.ts";
import { bytes32, goodRow, START } from "../../workers/support/fleet.ts";
import type { Car } from "../../workers/support/fleet.ts";
import { connectMqtt } from "../../workers/support/gateway.ts";
import type { Chance } from "./chance.ts";

/** A gateway as a device reaches it. */
export interface Address {
  readonly http: string;
  readonly mqtt: string;
}

/** A row as numbers. */
export type Row = readonly (number | null)[];

/** An answer by HTTP. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A device gives an attempt up after so long, and the whole after so long without any progress. */
const ATTEMPT_MS = 4000;
const PATIENCE_MS = 120_000;
const PAUSE_MS = 40;
/** So many messages a request or so many publishes on their way. */
const MOST = 20;

/** Asks a gateway. */
export async function ask(url: string, body: Uint8Array | string | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(url, { method: body === undefined ? "GET" : "POST", headers, signal: AbortSignal.timeout(ATTEMPT_MS), ...(body === undefined ? {} : { body: body as BodyInit }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/**
 * A car's device as a real one works: it signs what it measures, keeps it until it is acknowledged, asks after every fault where the
 * stream stands and sends from there. It knows what was acknowledged to it; that is one end of the count.
 */
export class Device {
  readonly car: Car;
  readonly n: number;
  /** Messages before this one were acknowledged. */
  acknowledged = 0;
  /** How often something went wrong on the way. */
  faults = 0;
  way: "http" | "mqtt";
  /** In place of the gateways' own MQTT. */
  mqttVia: string | undefined;
  readonly wires: Uint8Array[] = [];
  readonly #kept: Row[] = [];
  readonly #gateways: () => readonly Address[];
  readonly #chance: Chance;
  #second = 0;
  #token: string | undefined;
  #client: MqttClient | undefined;
  #unsure = true;
  #at = 0;

  constructor(options: { readonly car: Car; readonly n: number; readonly way: "http" | "mqtt"; readonly gateways: () => readonly Address[]; readonly chance: Chance }) {
    this.car = options.car;
    this.n = options.n;
    this.way = options.way;
    this.#gateways = options.gateways;
    this.#chance = options.chance;
    this.#at = options.n;
  }

  /** The rows that must come out of the batches, in order: those of all messages recorded, without what had to stay out. */
  get expected(): readonly Row[] {
    return this.#kept;
  }

  /** Time of the next row that {@link drive} makes. */
  get clock(): number {
    return START + this.#second * 1000;
  }

  /** Moves that time on, or back. */
  wind(seconds: number): void {
    this.#second += seconds;
  }

  /** Signs a message of any rows, and says which of them are to be kept. */
  record(rows: readonly Row[], kept: readonly Row[] = rows): void {
    const message = this.car.signer.sign(rows.map((row) => encodeRow([...row])), bytes32(`salt ${this.n} ${this.wires.length}`).subarray(0, 16));
    this.wires.push(encodeMessage(message));
    this.#kept.push(...kept);
  }

  /** Measures so many rows, one a second, into one message. */
  drive(rows: number): void {
    this.record(Array.from({ length: rows }, (_, i) => goodRow(this.clock + i * 1000)));
    this.#second += rows;
  }

  /** Sends until everything that was recorded is acknowledged, whatever happens on the way. */
  async flush(): Promise<void> {
    let [last, since, why] = [this.acknowledged, Date.now(), ""];
    while (this.acknowledged < this.wires.length) {
      if (this.acknowledged > last) [last, since] = [this.acknowledged, Date.now()];
      if (Date.now() - since > PATIENCE_MS) throw new Error(`car ${this.n} got nothing acknowledged for ${PATIENCE_MS} ms behind message ${last}: ${why}`);
      try {
        if (this.#unsure) await this.#ask();
        const wires = this.wires.slice(this.acknowledged, this.acknowledged + MOST);
        if (wires.length > 0) await (this.way === "mqtt" ? this.#publish(wires) : this.#post(wires));
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        why = (error as Error).message;
        this.faults += 1;
        this.leave();
        await wait(PAUSE_MS);
      }
    }
  }

  /** Ends its connection, as a car does in a tunnel; the next gateway is tried. */
  leave(): void {
    this.#unsure = true;
    this.#at += 1;
    this.#client?.end(true);
    this.#client = undefined;
  }

  /** A token of its own by its key. */
  async login(): Promise<string> {
    const { http } = this.#gateway();
    const publicKey = this.car.config.devicePublicKey!;
    const json = { "content-type": "application/json" };
    const asked = await ask(`${http}/v1/devices/challenge`, JSON.stringify({ publicKey }), json);
    const { nonce, deadline, gateway, chainId } = asked.body as { nonce: Hex; deadline: number; gateway: string; chainId: number };
    const signature = toHex(signLogin(bytes32(`device ${this.n}`), { chainId, gateway, nonce, deadline }));
    const answer = await ask(`${http}/v1/devices/token`, JSON.stringify({ publicKey, nonce, deadline, signature }), json);
    if (answer.status !== 200) throw new Error(`login: ${JSON.stringify(answer.body)}`);
    return answer.body.token as string;
  }

  #gateway(): Address {
    const all = this.#gateways();
    return all[this.#at % all.length]!;
  }

  #acknowledge(before: number): void {
    this.acknowledged = Math.max(this.acknowledged, before);
  }

  async #ask(): Promise<void> {
    this.#token ??= await this.login();
    const { status, body } = await ask(`${this.#gateway().http}/v1/streams/${this.car.config.handle}`, undefined, { authorization: `Bearer ${this.#token}` });
    if (status === 401) this.#token = undefined;
    if (status !== 200) throw new Error(`asking for the position: ${JSON.stringify(body)}`);
    // It has thrown away what was acknowledged: nobody may ask for that again.
    assert.ok((body.next as number) >= this.acknowledged, `car ${this.n}: messages up to ${this.acknowledged} were acknowledged, and the gateway asks for ${String(body.next)}`);
    this.#acknowledge(body.next as number);
    this.#unsure = false;
  }

  async #post(wires: readonly Uint8Array[]): Promise<void> {
    const first = this.acknowledged;
    const one = wires.length === 1 || this.#chance.below(2) === 0;
    const event = (wire: Uint8Array, i: number): string => JSON.stringify({ specversion: "1.0", id: String(first + i), source: "urn:car", type: EVENT_TYPES.message, subject: this.car.config.handle, data_base64: Buffer.from(wire).toString("base64") });
    const body = one ? wires[0]! : wires.map(event).join("\n");
    const { status, body: said } = await ask(`${this.#gateway().http}/v1/telemetry`, body, { authorization: `Bearer ${this.#token ?? ""}`, "content-type": one ? "application/vnd.qood.message" : "application/x-ndjson" });
    if (status === 401) this.#token = undefined;
    const results = (said.results ?? []) as { status: string; code?: string }[];
    results.forEach((result, i) => {
      assert.notEqual(result.status, "refused", `car ${this.n}: message ${first + i} was refused: ${JSON.stringify(result)}`);
      if (result.status === "stored" || result.status === "duplicate") this.#acknowledge(first + i + 1);
    });
    if (status !== 200) throw new Error(`sending: ${JSON.stringify(said).slice(0, 300)}`);
  }

  async #publish(wires: readonly Uint8Array[]): Promise<void> {
    const first = this.acknowledged;
    if (this.#client === undefined) {
      this.#token ??= await this.login();
      this.#client = await connectMqtt(this.mqttVia ?? this.#gateway().mqtt, { protocolVersion: 4, username: "car", password: this.#token, connectTimeout: ATTEMPT_MS });
      this.#client.on("error", () => undefined);
    }
    const client = this.#client;
    const topic = `v1/${this.car.config.handle}/carobd@1`;
    let fail: (error: Error) => void = () => undefined;
    const failed = new Promise<never>((_, reject) => (fail = reject));
    const onClose = (): void => fail(new Error("the connection was closed"));
    client.once("close", onClose);
    const late = setTimeout(() => fail(new Error("no acknowledgement came")), ATTEMPT_MS);
    try {
      if (!client.connected) onClose();
      const sent = wires.map((wire, i) => client.publishAsync(topic, Buffer.from(wire), { qos: 1 }).then(() => this.#acknowledge(first + i + 1)));
      for (const each of sent) each.catch(() => undefined);
      await Promise.race([Promise.all(sent), failed]);
    } finally {
      clearTimeout(late);
      client.off("close", onClose);
    }
  }
}
