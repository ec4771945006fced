import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startStation, PREFIX, SECRET, NAME } from "../workers/support/gateway.ts";
import type { Gateway, Station } from "../workers/support/gateway.ts";
import { EVENT_TYPES } from "../../workers/shared/cloudevents/index.ts";
import { goodRow, START } from "../workers/support/fleet.ts";
import { answerOf, mistake } from "./support.ts";

describe("qood tsp token", () => {
  let station: Station;
  let gateway: Gateway;
  before(async () => {
    station = await startStation();
    gateway = await station.gateway();
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await station.stop();
  });
  const redis = (): string[] => ["--redis", station.engine.socket, "--redis-prefix", PREFIX];

  it("lets a source without a key send for the streams that it names, at gateways of its name and secret", async () => {
    const [source, other] = [await station.car({ devicePublicKey: null }), await station.car({ devicePublicKey: null })];
    const { handle } = source.config;
    const config = join(station.dir, "config.json");
    writeFileSync(join(station.dir, "secret"), `${SECRET}\n`);
    writeFileSync(config, JSON.stringify({ "qood-gateway": { name: NAME, tokenSecretFile: join(station.dir, "secret") } }));
    const made = (await answerOf(["tsp", "--config", config, ...redis(), "token", "--stream", handle, "--days", "2"], {})) as { token: string; streams: string[]; gateway: string; expires: string };
    assert.deepEqual([made.streams, made.gateway], [[handle], NAME]);
    assert.ok(Math.abs(Date.parse(made.expires) - Date.now() - 2 * 86_400_000) < 600_000);
    const post = async (stream: string): Promise<number> => {
      const body = { specversion: "1.0", id: "0", source: "urn:box", type: EVENT_TYPES.records, subject: stream, sequence: "0", datacontenttype: "application/json", data: { records: [goodRow(START)] } };
      return (await fetch(`${gateway.http}/v1/telemetry`, { method: "POST", body: JSON.stringify(body), headers: { authorization: `Bearer ${made.token}`, "content-type": "application/cloudevents+json" } })).status;
    };
    assert.deepEqual([await post(handle), await post(other.config.handle)], [200, 403]);
  });

  it("answers each mistake in one line", async () => {
    const { handle } = (await station.car({ devicePublicKey: null })).config;
    const token = (...more: string[]): string[] => ["tsp", ...redis(), "token", ...more];
    await mistake(token("--stream", handle), "TOKEN_SECRET", /has 0 characters, at least 32/, {});
    await mistake(token("--stream", handle), "TOKEN_SECRET", /has 5 characters/, { QOOD_TOKEN_SECRET: "short" });
    await mistake(token("--stream", `0x${"ab".repeat(32)}`), "STREAM_UNKNOWN", /is not registered/, { QOOD_TOKEN_SECRET: SECRET });
    await mistake(token("--stream", handle, "--days", "0"), "USAGE", /--days must be/, { QOOD_TOKEN_SECRET: SECRET });
  });
});
