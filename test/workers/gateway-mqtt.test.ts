import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { IClientOptions, MqttClient } from "mqtt";
import { encodeMessage } from "@qoodblock/sdk/device";
import { EVENT_TYPES } from "../../workers/shared/cloudevents/index.ts";
import { keys, writeStatus } from "../../workers/shared/queue/index.ts";
import { goodRow, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { connectMqtt, login, PREFIX, startStation, streamToken } from "./support/gateway.ts";
import type { Gateway, Station } from "./support/gateway.ts";
import { startMosquitto } from "./support/mosquitto.ts";
import type { Mosquitto } from "./support/mosquitto.ts";
import { until } from "./support/world.ts";

const SCHEMA = "carobd@1";
const topicOf = (car: Car, word = SCHEMA): string => `v1/${car.config.handle}/${word}`;

/** The next time that something happens to a client. */
const onceOf = (client: MqttClient, event: "close" | "message"): Promise<unknown[]> => new Promise((resolve) => client.once(event, (...args: unknown[]) => resolve(args)));
/** Publishes, and waits until that is acknowledged or the connection is gone. */
async function tryPublish(client: MqttClient, topic: string, payload: Buffer | string): Promise<"acknowledged" | "closed"> {
  if (!client.connected) return "closed";
  const closed = onceOf(client, "close").then(() => "closed" as const);
  return Promise.race([client.publishAsync(topic, payload, { qos: 1 }).then(() => "acknowledged" as const, () => "closed" as const), closed]);
}

/** The brokers that telemetry may come through. */
interface Way {
  readonly name: string;
  /** MQTT version of the devices. */
  readonly version: 4 | 5;
  readonly flags: (mosquitto: Mosquitto) => string[];
  readonly url: (gateway: Gateway, mosquitto: Mosquitto) => string;
}

const ways: readonly Way[] = [
  { name: "the embedded broker, MQTT 3.1.1", version: 4, flags: () => [], url: ({ mqtt }) => mqtt },
  { name: "mosquitto, MQTT 3.1.1", version: 4, flags: ({ url }) => ["--mqtt-url", url, "--mqtt-trust"], url: (_, { url }) => url },
  { name: "mosquitto, MQTT 5", version: 5, flags: ({ url }) => ["--mqtt-url", url, "--mqtt-trust"], url: (_, { url }) => url },
];

for (const way of ways) {
  describe(`telemetry through ${way.name}`, () => {
    let station: Station;
    let gateway: Gateway;
    let mosquitto: Mosquitto;
    const clients: MqttClient[] = [];
    before(async () => {
      station = await startStation();
      mosquitto = await startMosquitto(join(station.dir, "mosquitto"));
      gateway = await station.gateway("--logins-per-minute", "1000", ...way.flags(mosquitto));
    });
    after(async () => {
      for (const client of clients) client.end(true);
      assert.equal(await gateway.stop(), 0);
      await mosquitto.stop();
      await station.stop();
    });

    async function device(car: Car, options: IClientOptions = {}): Promise<MqttClient> {
      const client = await connectMqtt(way.url(gateway, mosquitto), { protocolVersion: way.version, username: "device", password: await login(gateway, car), ...options });
      clients.push(client);
      return client;
    }
    const storedAll = (car: Car, count: number): Promise<void> => until(`${count} messages to be stored`, async () => (await station.stored(car)).length === count);

    it("stores what is published with QoS 1, in order and once, however often it comes", async () => {
      const car = await station.car();
      const client = await device(car);
      const wires = Array.from({ length: 40 }, (_, i) => Buffer.from(encodeMessage(car.message(i, 1))));
      await Promise.all(wires.map((wire) => client.publishAsync(topicOf(car), wire, { qos: 1 })));
      await storedAll(car, 40);
      for (let i = 0; i < 100; i += 1) await client.publishAsync(topicOf(car), wires[7]!, { qos: 1 });
      await client.publishAsync(topicOf(car), Buffer.from(encodeMessage(car.message(40, 1))), { qos: 1 });
      await storedAll(car, 41);
      assert.deepEqual(await station.stored(car), Array.from({ length: 41 }, (_, i) => i));
    });

    it("takes CloudEvents, one or many records a message", async () => {
      const source = await station.car({ devicePublicKey: null });
      const client = await connectMqtt(way.url(gateway, mosquitto), { protocolVersion: way.version, username: "box", password: await streamToken([source.config.handle]) });
      clients.push(client);
      const event = (sequence: number, count: number): object => ({
        ...{ specversion: "1.0", id: String(sequence), source: "urn:box", type: EVENT_TYPES.records, subject: source.config.handle, sequence: String(sequence), datacontenttype: "application/json" },
        data: { records: Array.from({ length: count }, (_, i) => goodRow(START + (sequence * 100 + i) * 1000)) },
      });
      await client.publishAsync(topicOf(source), JSON.stringify(event(0, 1)), { qos: 1 });
      await client.publishAsync(topicOf(source), JSON.stringify([event(1, 50), event(2, 3)]), { qos: 1 });
      await storedAll(source, 3);
    });

    it("tells a device where its stream stands, keeps that, and notes who is connected by last will", async () => {
      const car = await station.car();
      const will = { topic: topicOf(car, "online"), payload: Buffer.from("0"), qos: 1 as const, retain: true };
      const client = await device(car, { will, clean: true });
      await client.publishAsync(topicOf(car, "online"), "1", { qos: 1, retain: true });
      const online = async (): Promise<boolean | undefined> => {
        const text = await station.redis.hget(keys.online(PREFIX), car.config.handle);
        return text === null ? undefined : (JSON.parse(text) as { online: boolean }).online;
      };
      await until("the car to be online", async () => (await online()) === true);
      // A message too early: the device is told where to go on, also one that listens only later.
      const [first, second] = [Buffer.from(encodeMessage(car.message(0, 1))), Buffer.from(encodeMessage(car.message(1, 1)))];
      if ((await tryPublish(client, topicOf(car), second)) === "acknowledged") client.stream.destroy();
      await until("the car to be offline", async () => (await online()) === false);
      const again = await device(car);
      const told = onceOf(again, "message");
      await again.subscribeAsync(topicOf(car, "status"), { qos: 1 });
      assert.deepEqual(JSON.parse(String((await told)[1])), { next: 0, status: "active", reason: "" });
      await again.publishAsync(topicOf(car), first, { qos: 1 });
      await again.publishAsync(topicOf(car), second, { qos: 1 });
      await storedAll(car, 2);
    });

    it("keeps what was published while the gateway was away, or leaves it unacknowledged", async () => {
      const car = await station.car();
      const wires = Array.from({ length: 5 }, (_, i) => Buffer.from(encodeMessage(car.message(i, 1))));
      const client = await device(car);
      await client.publishAsync(topicOf(car), wires[0]!, { qos: 1 });
      await storedAll(car, 1);
      await gateway.kill();
      const outcomes = await Promise.all(wires.slice(1).map((wire) => tryPublish(client, topicOf(car), wire)));
      gateway = await station.gateway("--logins-per-minute", "1000", ...way.flags(mosquitto));
      if (outcomes.includes("closed")) {
        const again = await device(car);
        for (const wire of wires.slice(1)) await again.publishAsync(topicOf(car), wire, { qos: 1 });
      }
      await storedAll(car, 5);
      assert.deepEqual(await station.stored(car), [0, 1, 2, 3, 4]);
    });

    it("stores nothing that came under another car's topic, another schema or for a closed stream", async () => {
      const [car, other] = [await station.car(), await station.car()];
      const client = await device(car);
      const say = async (topic: string, payload: Buffer | string): Promise<unknown> => tryPublish(client.connected ? client : await device(car), topic, payload);
      const mine = Buffer.from(encodeMessage(car.message(0, 1)));
      await say(topicOf(other), mine);
      await say(topicOf(car, "trip-gps@1"), mine);
      await say(topicOf(car, "status"), '{"next":99}');
      await say(`v1/${car.config.handle}`, mine);
      await say("v2/anything", mine);
      await say(topicOf(car), "[[[[");
      await say(topicOf(car), Buffer.alloc(0));
      await writeStatus(station.redis.multi(), PREFIX, other.config.handle, { state: "device-out", reason: "retired", since: new Date(0).toISOString(), of: "" }).exec();
      await until("the gateway to know", async () => {
        const answer = await fetch(`${gateway.http}/v1/streams/${other.config.handle}`, { headers: { authorization: `Bearer ${await streamToken([other.config.handle])}` } });
        return ((await answer.json()) as { status: string }).status === "device-out";
      });
      await say(topicOf(other), Buffer.from(encodeMessage(other.message(0, 1))));
      // A marker behind all of it, over the same way.
      const marker = await station.car();
      const last = await device(marker);
      await last.publishAsync(topicOf(marker), Buffer.from(encodeMessage(marker.message(0, 1))), { qos: 1 });
      await storedAll(marker, 1);
      assert.deepEqual([await station.stored(car), await station.stored(other)], [[], []]);
    });
  });
}

describe("what the embedded broker alone decides", () => {
  let station: Station;
  let gateway: Gateway;
  before(async () => {
    station = await startStation();
    gateway = await station.gateway("--logins-per-minute", "1000");
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await station.stop();
  });

  it("lets nobody in without a token that counts, and nobody listen to another's stream", async () => {
    const [car, other] = [await station.car(), await station.car()];
    for (const password of [undefined, "", "wrong", await streamToken([car.config.handle], -1)]) {
      await assert.rejects(connectMqtt(gateway.mqtt, { protocolVersion: 4, username: "x", ...(password === undefined ? {} : { password }) }), /Bad username|Not authorized|Connection refused/);
    }
    const client = await connectMqtt(gateway.mqtt, { protocolVersion: 4, username: "x", password: await login(gateway, car) });
    const granted = await client.subscribeAsync([topicOf(car, "status"), topicOf(other, "status"), topicOf(car), "#", "v1/+/status"], { qos: 1 }).catch((error: unknown) => error as Error);
    // The first failure code makes the client reject; which of them were granted shows in what comes.
    assert.ok(granted instanceof Error || granted.filter(({ qos }) => qos !== 128).length === 1, JSON.stringify(granted));
    client.end(true);
  });

  it("cuts a packet that announces too much, before it is gathered", async () => {
    const { port } = new URL(gateway.mqtt);
    const car = await station.car();
    const token = await login(gateway, car);
    // CONNECT by hand, then a PUBLISH of 200 MB that never comes.
    const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);
    const body = Buffer.concat([text("MQTT"), Buffer.from([4, 0xc2, 0, 60]), text("hostile"), text("x"), text(token)]);
    const length = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...length(value >> 7)]);
    const socket = connectSocket(Number(port), "127.0.0.1");
    socket.write(Buffer.concat([Buffer.from([0x10, ...length(body.length)]), body]));
    const [connack] = (await once(socket, "data")) as [Buffer];
    assert.deepEqual([connack[0], connack[3]], [0x20, 0]);
    const closed = once(socket, "close");
    socket.on("error", () => undefined);
    socket.write(Buffer.from([0x32, ...length(200_000_000)]));
    await closed;
    // The largest message that is allowed still passes.
    const client = await connectMqtt(gateway.mqtt, { protocolVersion: 4, username: "x", password: token });
    const large = car.message(0, 5000);
    await client.publishAsync(topicOf(car), Buffer.from(encodeMessage(large)), { qos: 1 });
    assert.deepEqual(await station.stored(car), [0]);
    client.end(true);
  });
});

describe("what only MQTT 5 can do", () => {
  let station: Station;
  let gateway: Gateway;
  let mosquitto: Mosquitto;
  before(async () => {
    station = await startStation();
    mosquitto = await startMosquitto(join(station.dir, "mosquitto"));
    gateway = await station.gateway("--mqtt-url", mosquitto.url);
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await mosquitto.stop();
    await station.stop();
  });

  it("carries a token in the user properties, so that records without a device's signature need no trust in the broker", async () => {
    const source = await station.car({ devicePublicKey: null });
    const client = await connectMqtt(mosquitto.url, { protocolVersion: 5 });
    const event = (sequence: number): string =>
      JSON.stringify({ specversion: "1.0", id: String(sequence), source: "urn:box", type: EVENT_TYPES.records, subject: source.config.handle, sequence: String(sequence), datacontenttype: "application/json", data: { records: [goodRow(START + sequence * 1000)] } });
    await client.publishAsync(topicOf(source), event(0), { qos: 1 });
    await client.publishAsync(topicOf(source), event(0), { qos: 1, properties: { userProperties: { token: await streamToken([source.config.handle], -1) } } });
    await client.publishAsync(topicOf(source), event(0), { qos: 1, properties: { userProperties: { token: await streamToken([source.config.handle]) } } });
    await until("the record with the token to be stored", async () => (await station.stored(source)).length === 1);
    // What a device has signed needs neither.
    const car = await station.car();
    await client.publishAsync(topicOf(car), Buffer.from(encodeMessage(car.message(0, 1))), { qos: 1 });
    await until("the signed message to be stored", async () => (await station.stored(car)).length === 1);
    assert.deepEqual(await station.stored(source), [0]);
    client.end(true);
  });
});
