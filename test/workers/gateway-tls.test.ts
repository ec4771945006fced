import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { toHex } from "@qoodblock/sdk/bytes";
import { encodeMessage, MessageSigner } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { goodRow, START } from "./support/fleet.ts";
import { connectMqtt, startStation } from "./support/gateway.ts";
import type { Gateway, Station } from "./support/gateway.ts";

/** A self-signed certificate with its key, both PEM, and the bare key of a device. */
async function certificate(name: string): Promise<{ cert: string; key: string; privateKey: Uint8Array; publicKey: Uint8Array }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({ serialNumber: "01", name: `CN=${name}`, notBefore: new Date(0), notAfter: new Date(4e12), signingAlgorithm: algorithm, keys });
  const jwk = await crypto.subtle.exportKey("jwk", keys.privateKey);
  const part = (text: string | undefined): Buffer => Buffer.from(text!, "base64url");
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { cert: made.toString("pem"), key, privateKey: new Uint8Array(part(jwk.d)), publicKey: new Uint8Array(Buffer.concat([part(jwk.x), part(jwk.y)])) };
}

describe("gateway over TLS", () => {
  let station: Station;
  let gateway: Gateway;
  before(async () => {
    station = await startStation();
    const own = await certificate("gateway.test");
    writeFileSync(join(station.dir, "cert.pem"), own.cert);
    writeFileSync(join(station.dir, "key.pem"), own.key);
    gateway = await station.gateway("--tls-cert", join(station.dir, "cert.pem"), "--tls-key", join(station.dir, "key.pem"));
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await station.stop();
  });

  it("knows a device by the certificate of its registered key, over HTTP and MQTT, and no other by any certificate", async () => {
    const [device, stranger] = [await certificate("device"), await certificate("stranger")];
    const car = await station.car({ devicePublicKey: toHex(device.publicKey) });
    const signer = new MessageSigner({ privateKey: device.privateKey, stream: car.config.handle, curve: "P-256" });
    const next = (): Uint8Array => encodeMessage(signer.sign([encodeRow(goodRow(START + signer.state.nextCounter * 1000))]));
    const post = (body: Uint8Array, shown?: { cert: string; key: string }): Promise<number> =>
      new Promise((resolve, reject) => {
        const options = { method: "POST", rejectUnauthorized: false, headers: { "content-type": "application/vnd.qood.message" }, ...(shown === undefined ? {} : { cert: shown.cert, key: shown.key }) };
        const sent = request(`${gateway.http}/v1/telemetry`, options, (answer) => {
          answer.resume();
          resolve(answer.statusCode!);
        });
        sent.on("error", reject);
        sent.end(body);
      });
    const first = next();
    assert.equal(await post(first), 401);
    assert.equal(await post(first, stranger), 403);
    assert.equal(await post(first, device), 200);
    await assert.rejects(connectMqtt(gateway.mqtt, { protocolVersion: 4 }));
    const client = await connectMqtt(gateway.mqtt, { protocolVersion: 4, cert: device.cert, key: device.key });
    await client.publishAsync(`v1/${car.config.handle}/carobd@1`, Buffer.from(next()), { qos: 1 });
    assert.deepEqual(await station.stored(car), [0, 1]);
    client.end(true);
  });
});
