import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeMessage } from "@qoodblock/sdk/device";
import { CAROBD, TELEMETRY, schemaId } from "@qoodblock/sdk/dictionary";
import { decodeRow } from "@qoodblock/sdk/formats";
import { EVENT_MEDIA_TYPES, EVENT_TYPES, parseEvents, rowsOf } from "../../workers/shared/cloudevents/index.ts";
import type { TelemetryEvent } from "../../workers/shared/cloudevents/index.ts";
import { goodRow, makeCar, START } from "./support/fleet.ts";

const car = makeCar(1);
const STRUCTURED = "application/cloudevents+json";
const attested = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...{ specversion: "1.0", id: "1", source: "urn:tsp:gateway", type: EVENT_TYPES.records, subject: car.config.handle, time: "2026-03-01T08:00:00Z" },
  ...{ dataschema: `urn:qood:schema:${schemaId(CAROBD)}`, sequence: "17", data: { records: [goodRow(START)] } },
  ...change,
});
const one = (value: unknown): TelemetryEvent => parseEvents(JSON.stringify(value), STRUCTURED)[0]!;

describe("CloudEvents", () => {
  it("reads one event, a batch and lines, as text and as bytes", () => {
    const first = attested();
    const second = attested({ id: "2", sequence: 18 });
    const expected = { id: "1", source: "urn:tsp:gateway", type: EVENT_TYPES.records, stream: car.config.handle, time: "2026-03-01T08:00:00Z", schema: "carobd@1", sequence: 17, records: [goodRow(START)] };
    assert.deepEqual(one(first), expected);
    const both = [expected, { ...expected, id: "2", sequence: 18 }];
    const batch = JSON.stringify([first, second]);
    const lines = `${JSON.stringify(first)}\r\n\n${JSON.stringify(second)}\n`;
    assert.deepEqual(parseEvents(batch, "application/cloudevents-batch+json; charset=UTF-8"), both);
    assert.deepEqual(parseEvents(Buffer.from(batch), "application/json"), both);
    assert.deepEqual(parseEvents(Buffer.from(JSON.stringify(first)), "Application/JSON"), [expected]);
    for (const type of EVENT_MEDIA_TYPES.filter((each) => /jsonl|ndjson|lines/.test(each))) assert.deepEqual(parseEvents(lines, type), both);
  });

  it("gives a signed message back byte by byte", () => {
    const wire = encodeMessage(car.message(0, 3));
    const event = one({ specversion: "1.0", id: "9", source: "/car", type: EVENT_TYPES.message, subject: car.config.handle.toUpperCase().replace("0X", "0x"), datacontenttype: "application/cbor", data_base64: Buffer.from(wire).toString("base64"), sequence: null });
    assert.deepEqual(event, { id: "9", source: "/car", type: EVENT_TYPES.message, stream: car.config.handle, message: wire });
    assert.throws(() => rowsOf(event, CAROBD), { code: "EVENT_DATA" });
  });

  it("refuses what is no telemetry event, in one line that names event and attribute", () => {
    const refused: [unknown, string, RegExp][] = [
      [{ ...attested(), id: undefined }, "EVENT_ATTRIBUTE", /^the event: id is missing$/],
      [attested({ specversion: "0.3" }), "EVENT_ATTRIBUTE", /specversion must be "1\.0"/],
      [attested({ type: "com.example.other" }), "EVENT_ATTRIBUTE", /type must be org\.qoodblock/],
      [attested({ subject: "0x12" }), "EVENT_ATTRIBUTE", /subject must be a stream's handle/],
      [attested({ time: "yesterday" }), "EVENT_ATTRIBUTE", /time must match format/],
      [attested({ source: "not a uri" }), "EVENT_ATTRIBUTE", /source must match format/],
      [attested({ Bad_Name: 1 }), "EVENT_ATTRIBUTE", /invalid extension name: Bad_Name/],
      [attested({ nested: { a: 1 } }), "EVENT_ATTRIBUTE", /nested must be a text/],
      [attested({ dataschema: "urn:nothing" }), "EVENT_ATTRIBUTE", /dataschema must end in a schema's name@version/],
      [attested({ sequence: "-1" }), "EVENT_ATTRIBUTE", /sequence must be a whole number/],
      [attested({ data: { records: [] } }), "EVENT_DATA", /must be \{"records"/],
      [attested({ data: [goodRow(START)] }), "EVENT_DATA", /must be \{"records"/],
      [attested({ datacontenttype: "text/csv" }), "EVENT_DATA", /records are JSON, not text\/csv/],
      [attested({ type: EVENT_TYPES.message }), "EVENT_DATA", /data_base64/],
      [attested({ type: EVENT_TYPES.message, data_base64: "*" }), "EVENT_DATA", /data_base64/],
      ["a text", "EVENT_FORM", /JSON object/],
      [[attested()], "EVENT_FORM", /JSON object/],
    ];
    for (const [value, code, message] of refused) assert.throws(() => one(value), (error: { code: string; message: string }) => error.code === code && message.test(error.message) && !error.message.includes("\n"), JSON.stringify(value));
    assert.throws(() => parseEvents(JSON.stringify([attested(), 7]), "application/json"), { code: "EVENT_FORM", message: /^event 2: /, details: { event: 1 } });
    assert.throws(() => parseEvents(`${JSON.stringify(attested())}\n\n{"id`, "application/x-ndjson"), { code: "EVENT_JSON", message: "line 3: not JSON", details: { event: 1 } });
    assert.throws(() => parseEvents("{}", "text/plain"), { code: "EVENT_CONTENT_TYPE" });
    assert.throws(() => parseEvents(" \n", "application/json"), { code: "EVENT_EMPTY" });
    assert.throws(() => parseEvents("[]", "application/json"), { code: "EVENT_EMPTY" });
    assert.throws(() => parseEvents(Uint8Array.of(0x22, 0xff, 0x22), "application/json"), { code: "EVENT_JSON", message: /UTF-8/ });
    assert.throws(() => parseEvents(`${"[".repeat(200_000)}${"]".repeat(200_000)}`, STRUCTURED), { code: "EVENT_FORM" });
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.throws(() => parseEvents(JSON.stringify(attested()).replace("{", '{"__proto__":{"polluted":1},'), STRUCTURED), { code: "EVENT_ATTRIBUTE" });
  });

  it("reads records raw and named, exactly, and judges each by itself", () => {
    const records = [
      goodRow(START),
      { time: "2026-03-01T08:00:01.250Z", engine_rpm: 812.25, vehicle_speed: "50", throttle: "0.1234565", coolant_temperature: null },
      { time: START + 2000, control_module_voltage: 1e-3 },
      [START, 1],
      { time: START + 3000, warp: 9 },
      { time: START + 4000, vehicle_speed: "fast" },
      { time: START + 5000, vehicle_speed: 256 },
      { vehicle_speed: 5 },
      { time: "2026-03-01 08:00" },
      [START + 6000, "1", ...goodRow(START).slice(2)],
      [START + 7000, 0.5, ...goodRow(START).slice(2)],
      7,
      { time: START, vehicle_speed: JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown },
    ];
    const { rows, faults } = rowsOf({ ...one(attested()), records }, CAROBD);
    const place = (name: string): number => CAROBD.columns.findIndex((column) => column.name === name);
    const opened = rows.map((row) => decodeRow(row, CAROBD.columns.length));
    assert.deepEqual(opened[0], goodRow(START));
    assert.deepEqual(["time", "engine_rpm", "vehicle_speed", "throttle", "coolant_temperature"].map((name) => opened[1]![place(name)]), [START + 1250, 81225, 50, 123457, null]);
    assert.equal(opened[2]![place("control_module_voltage")], 1);
    assert.equal(rows.length, 3);
    assert.deepEqual(faults.map(({ index, reason }) => `${index} ${reason}`), ["3 columns", "4 columns", "5 unparsable", "6 range", "7 unparsable", "8 unparsable", "9 unparsable", "10 unparsable", "11 unparsable", "12 unparsable"]);
    const [flag] = rowsOf(one(attested({ dataschema: "telemetry@1", data: { records: [{ time: START, rain: 12, parking_brake: true }] } })), TELEMETRY).rows;
    assert.equal(decodeRow(flag!)[TELEMETRY.columns.findIndex(({ name }) => name === "parking_brake")], 1);
    assert.throws(() => rowsOf(one(attested()), TELEMETRY), { code: "EVENT_SCHEMA" });
  });
});
