/** What a hostile device tries. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { encodeMessage, MessageSigner, signLogin } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { EVENT_TYPES } from "../../../workers/shared/cloudevents/index.ts";
import { bytes32, goodRow } from "../../workers/support/fleet.ts";
import { connectMqtt, streamToken } from "../../workers/support/gateway.ts";
import { ask } from "./device.ts";
import type { Address, Device } from "./device.ts";

const JSON_EVENT = { "content-type": "application/cloudevents+json" };
const MESSAGE = { "content-type": "application/vnd.qood.message" };

/** A message of another car's stream, in the place that its own next one has, signed by the hostile device. */
function forged(hostile: Device, victim: Device): Uint8Array {
  const signer = new MessageSigner({ privateKey: bytes32(`device ${hostile.n}`), stream: victim.car.config.handle, state: victim.car.signer.state });
  return encodeMessage(signer.sign([encodeRow(goodRow(victim.clock))]));
}

/** What is tried over HTTP, with the status that must come back. */
export async function harmHttp(hostile: Device, victim: Device, { http }: Address): Promise<void> {
  const token = await hostile.login();
  const { handle, devicePublicKey: publicKey } = hostile.car.config;
  const event = { specversion: "1.0", id: "1", source: "urn:car", type: EVENT_TYPES.message, subject: handle, data_base64: "AA==" };
  const tries: [string, Uint8Array | string, Record<string, string>, number][] = [
    ["10 MB", new Uint8Array(10 * 1024 * 1024), MESSAGE, 413],
    ["a packed 64 MB", gzipSync(new Uint8Array(64 * 1024 * 1024)), { ...MESSAGE, "content-encoding": "gzip" }, 400],
    ["JSON a million deep", "[".repeat(1_000_000), JSON_EVENT, 400],
    ["whole JSON, deep", `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`, JSON_EVENT, 400],
    ["an object for an id", JSON.stringify({ ...event, id: { a: 1 } }), JSON_EVENT, 400],
    ["a number for the data", JSON.stringify({ ...event, data_base64: 7 }), JSON_EVENT, 400],
    ["a subject that is no stream", JSON.stringify({ ...event, subject: "__proto__" }), JSON_EVENT, 400],
    ["no message", bytes32("noise"), MESSAGE, 400],
    ["another car's stream", forged(hostile, victim), MESSAGE, 403],
    ["another car's own message", victim.wires[0]!, MESSAGE, 403],
  ];
  for (const [name, body, headers, status] of tries) {
    const said = await ask(`${http}/v1/telemetry`, body, { ...headers, authorization: `Bearer ${token}` }).catch((error: unknown) => error as Error);
    // Of what is too large the gateway reads no more: the line may break before the answer is read.
    if (said instanceof Error) assert.ok(status === 413 && said.message === "fetch failed", `${name}: ${said.message}`);
    else assert.equal(said.status, status, name);
  }
  const late = await streamToken([handle, victim.car.config.handle], -1);
  assert.equal((await ask(`${http}/v1/telemetry`, forged(hostile, victim), { ...MESSAGE, authorization: `Bearer ${late}` })).status, 401, "a token that is over");

  const json = { "content-type": "application/json" };
  const { nonce, deadline, gateway, chainId } = (await ask(`${http}/v1/devices/challenge`, JSON.stringify({ publicKey }), json)).body as { nonce: Hex; deadline: number; gateway: string; chainId: number };
  const answer = JSON.stringify({ publicKey, nonce, deadline, signature: toHex(signLogin(bytes32(`device ${hostile.n}`), { chainId, gateway, nonce, deadline })) });
  assert.equal((await ask(`${http}/v1/devices/token`, answer, json)).status, 200);
  assert.equal((await ask(`${http}/v1/devices/token`, answer, json)).status, 401, "a login sent twice");
}

/** What is tried over MQTT: none of it may be acknowledged. */
export async function harmMqtt(hostile: Device, victim: Device, { mqtt }: Address): Promise<void> {
  const topicOf = ({ car }: Device): string => `v1/${car.config.handle}/carobd@1`;
  const [own, other] = [topicOf(hostile), topicOf(victim)];
  const tries: [string, string, Buffer][] = [
    ["10 MB", own, Buffer.alloc(10 * 1024 * 1024)],
    ["deep JSON", own, Buffer.from("[".repeat(500_000))],
    ["noise", own, Buffer.from(bytes32("noise"))],
    ["another car's topic", other, Buffer.from(forged(hostile, victim))],
    ["another car's message under its own topic", own, Buffer.from(victim.wires[0]!)],
    ["another car's status", `v1/${victim.car.config.handle}/status`, Buffer.from('{"next":99}')],
  ];
  const password = await hostile.login();
  for (const [name, topic, payload] of tries) {
    const client = await connectMqtt(mqtt, { protocolVersion: 4, username: "car", password });
    client.on("error", () => undefined);
    const closed = new Promise<string>((resolve) => client.once("close", () => resolve("closed")));
    assert.equal(await Promise.race([client.publishAsync(topic, payload, { qos: 1 }).then(() => "acknowledged", () => "closed"), closed]), "closed", name);
    client.end(true);
  }
  await assert.rejects(connectMqtt(mqtt, { protocolVersion: 4, username: "car", password: await streamToken([hostile.car.config.handle], -1) }));
}
