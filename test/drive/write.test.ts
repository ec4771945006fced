import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CAROBD, GENERATED, TRIP_GPS } from "@qoodblock/sdk/dictionary";
import type { Row } from "@qoodblock/sdk/dictionary";
import { CARCHAIN_EXAMPLE, csvHeader, readDrive, writeRecords } from "@qoodblock/sdk/drive";
import { isQoodError } from "@qoodblock/sdk/errors";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
const [csvPath, geoJsonPath] = [folder.path("records.csv"), folder.path("track.geojson")];
const target = { schema: TRIP_GPS, dictionaryVersion: 1, csvPath, geoJsonPath };

function tripRow(second: number, latitude: number | null, longitude: number | null): Row {
  return [Date.UTC(2024, 0, 1, 0, 0, second), 1, 1, 0, latitude, longitude, 50];
}

interface Feature {
  type: string;
  geometry: { type: string; coordinates: number[][] };
  properties: Record<string, unknown>;
}

async function features(rows: Row[]): Promise<Feature[]> {
  await writeRecords(rows, target);
  const json = JSON.parse(readFileSync(geoJsonPath, "utf8")) as { type: string; features: Feature[] };
  assert.equal(json.type, "FeatureCollection");
  return json.features;
}

describe("records CSV", () => {
  it("has VSS names with units, exact decimals, ISO times and empty cells for absent values", async () => {
    const { rows } = await readDrive(CARCHAIN_EXAMPLE);
    const values = rows.map((row) => row.values);
    values[2] = values[2]!.with(6, null);
    assert.deepEqual(await writeRecords(values, target), { records: 10, geoJson: true });
    const lines = readFileSync(csvPath, "utf8").split("\n");
    assert.equal(
      lines[0],
      [
        ...["Vehicle.QoodBlock.Time [iso8601]", "Vehicle.QoodBlock.Trip.SessionId", "Vehicle.QoodBlock.Trip.VehicleData"],
        ...["Vehicle.QoodBlock.Trip.IsTimeSpread", "Vehicle.CurrentLocation.Latitude [degrees]", "Vehicle.CurrentLocation.Longitude [degrees]", "Vehicle.Speed [km/h]"],
      ].join(),
    );
    assert.equal(lines[1], "2016-05-10T23:14:28.000Z,1,1,0,31.250885,121.44662,0");
    assert.equal(lines[2], "2016-05-10T23:31:20.778Z,1,1,1,31.251259,121.4456,23");
    assert.match(lines[3]!, /,31\.25419,121\.485504,$/);
    assert.equal(lines.length, 12);
    assert.equal(lines[11], "");
  });

  it("names every column once", () => {
    for (const schema of [CAROBD, GENERATED, TRIP_GPS]) {
      const header = csvHeader(schema, 1);
      assert.equal(new Set(header).size, schema.columns.length);
      assert.ok(!header.join("").includes(","));
    }
  });

  it("appears whole or not at all", async () => {
    const path = folder.path("broken.csv");
    async function* broken(): AsyncGenerator<Row> {
      for (let i = 0; i < 5000; i++) yield tripRow(i, 31_000_000, 121_000_000);
      await Promise.reject(new Error("the third segment is missing"));
    }
    const geo = folder.path("broken.geojson");
    await assert.rejects(writeRecords(broken(), { ...target, csvPath: path, geoJsonPath: geo }), /third segment/);
    for (const file of [path, geo]) for (const name of [file, `${file}.partial`]) assert.ok(!existsSync(name), name);
  });

  it("leaves the old file in place when the new one fails", async () => {
    await writeRecords([tripRow(0, 1, 1)], target);
    const before = readFileSync(csvPath, "utf8");
    const twoThenNothing = function* (): Generator<Row> {
      yield tripRow(1, 2, 2);
      throw new Error("gone");
    };
    await assert.rejects(writeRecords(twoThenNothing(), target), /gone/);
    assert.equal(readFileSync(csvPath, "utf8"), before);
  });

  it("is not begun for a dictionary version that is not known", async () => {
    const path = folder.path("unknown.csv");
    await assert.rejects(writeRecords([], { ...target, csvPath: path, dictionaryVersion: 9 }), (error) => isQoodError(error, "DICTIONARY_UNKNOWN"));
    assert.ok(!existsSync(`${path}.partial`));
  });
});

describe("GeoJSON", () => {
  it("is one LineString, longitude first, rows without position left out", async () => {
    const [line, ...more] = await features([tripRow(0, 31_250_885, 121_446_620), tripRow(1, null, 121_446_620), tripRow(2, 31_250_900, 121_446_700)]);
    assert.equal(more.length, 0);
    assert.deepEqual(line!.geometry, {
      type: "LineString",
      coordinates: [
        [121.44662, 31.250885],
        [121.4467, 31.2509],
      ],
    });
    assert.deepEqual(line!.properties, { schema: "trip-gps@1", dictionaryVersion: 1, positions: 2, firstTime: "2024-01-01T00:00:00.000Z", lastTime: "2024-01-01T00:00:02.000Z" });
  });

  it("is a Point for one position and empty for none: a LineString needs two", async () => {
    const [point] = await features([tripRow(0, 31_000_000, 121_000_000)]);
    assert.deepEqual(point!.geometry, { type: "Point", coordinates: [121, 31] });
    assert.deepEqual(await features([tripRow(0, null, null)]), []);
  });

  it("is cut at the 180th meridian, both ways", async () => {
    const parts = await features([tripRow(0, -17_000_000, 179_999_000), tripRow(1, -17_002_000, -179_999_000), tripRow(2, -17_000_000, 179_999_000)]);
    assert.deepEqual(
      parts.map(({ geometry }) => geometry.coordinates),
      [
        [
          [179.999, -17],
          [180, -17.001],
        ],
        [
          [-180, -17.001],
          [-179.999, -17.002],
          [-180, -17.001],
        ],
        [
          [180, -17.001],
          [179.999, -17],
        ],
      ],
    );
  });

  it("stays valid when a track stands on the meridian itself", async () => {
    const parts = await features([tripRow(0, 0, 180_000_000), tripRow(1, 0, -179_999_000), tripRow(2, 0, -180_000_000), tripRow(3, 0, 179_999_000)]);
    for (const { geometry } of parts) assert.ok(geometry.type === "Point" || geometry.coordinates.length >= 2);
    assert.ok(parts.length >= 3);
  });

  it("is not made for a schema without position", async () => {
    const path = folder.path("none.geojson");
    const row: Row = [Date.UTC(2024, 0, 1), ...CAROBD.columns.slice(1).map(() => 0)];
    assert.deepEqual(await writeRecords([row], { schema: CAROBD, dictionaryVersion: 1, csvPath: folder.path("obd.csv"), geoJsonPath: path }), { records: 1, geoJson: false });
    assert.ok(!existsSync(path) && !existsSync(`${path}.partial`));
  });
});
