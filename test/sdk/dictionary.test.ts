/** The dictionary's JSON Schemas as they lie in the repository: against VSS 6.0, against real rows, and as they are published. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import canonicalize from "canonicalize";
import { CARVIO, SCHEMAS, SEARCH_FIELDS, TRIP_SUMMARY, VIN_CODE, checkSchemaFile, integerRange, rowCheck, rowOpener, rowValidator, schemaFile, schemaId, shippedSchemas } from "@qoodblock/sdk/dictionary";
import type { Row, Schema, SchemaJson } from "@qoodblock/sdk/dictionary";
import { CARCHAIN_EXAMPLE, readDrive, readTrip, tripSummaryRow, vinRow, violationRow } from "@qoodblock/sdk/drive";
import { isQoodError } from "@qoodblock/sdk/errors";
import { SCHEMA_FOLDER, dictionaryFiles } from "../../scripts/dictionary/files.ts";
import { CSV_SHAPES } from "../../sdk/drive/readers/shape.ts";
import { RECORDED, dataPath, needsData } from "../support/data.ts";
import { VSS_FILE, vssSignals } from "../support/vss.ts";

const root = join(import.meta.dirname, "../..");

/** The files, read as anybody would who has only them. */
const files = new Map(readdirSync(join(root, SCHEMA_FOLDER)).map((name) => [name.replace(".schema.json", ""), readFileSync(join(root, SCHEMA_FOLDER, name), "utf8")]));
const json = (id: string): SchemaJson => JSON.parse(files.get(id)!) as SchemaJson;

const validator = (id: string) => rowValidator(json(id));

const columns = [...files.keys()].flatMap((id) => json(id).prefixItems.map((column) => ({ id, column })));

const INTEGERS: Record<string, [number, number]> = {
  boolean: [0, 1],
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65_535],
  int16: [-32_768, 32_767],
  uint32: [0, 4_294_967_295],
  int32: [-2_147_483_648, 2_147_483_647],
};

describe("the dictionary's JSON Schemas", () => {
  it("are what the SDK's schemas give, one file a schema, with the pages' tables", () => {
    for (const [path, text] of dictionaryFiles(root)) assert.equal(readFileSync(join(root, path), "utf8"), text, `${path}: run node scripts/dictionary/main.ts`);
    assert.deepEqual([...files.keys()].sort(), SCHEMAS.map(schemaId).sort());
  });

  it("are JSON Schema, draft 2020-12, that a strict validator takes", () => {
    for (const [id] of files) {
      assert.equal(json(id).$schema, "https://json-schema.org/draft/2020-12/schema");
      assert.equal(typeof validator(id), "function");
    }
    assert.throws(() => rowValidator({ ...json("carobd@1"), minitems: 28 } as SchemaJson), (error) => isQoodError(error, "SCHEMA_FORM"));
    assert.match(validator("trip-gps@1")([0])!, /^the row must NOT have fewer than 7 items$/);
    assert.match(validator("trip-gps@1")([Date.UTC(2020, 0, 1), 1, 1, 2, 0, 0, 0])!, /^column 3 must be <= 1$/);
  });

  it("cover at least 60 signals of VSS 6.0", needsData(VSS_FILE), () => {
    const signals = vssSignals();
    const covered = new Set(columns.map(({ column }) => column.qood.vss.path).filter((path) => signals.has(path)));
    assert.equal(covered.size, 98);
  });

  it("name leaves of VSS 6.0 with their datatype and unit, in ranges that both allow", needsData(VSS_FILE), () => {
    const signals = vssSignals();
    for (const { id, column } of columns.filter(({ column }) => column.qood.vss.overlay === undefined)) {
      const { vss, min, max } = column.qood;
      const where = `${id} ${column.title} → ${vss.path}`;
      const signal = signals.get(vss.path);
      assert.ok(signal, where);
      assert.deepEqual([vss.datatype, vss.unit], [signal.datatype, signal.unit], where);
      const ends = [min, max].map((end) => end * Number(vss.factor));
      if (signal.min !== "") assert.ok(Math.min(...ends) >= Number(signal.min), where);
      if (signal.max !== "") assert.ok(Math.max(...ends) <= Number(signal.max), where);
      if (signal.allowed !== "") assert.deepEqual(vss.words?.filter((word) => !signal.allowed.split("|").includes(word)), [], where);
    }
  });

  it("fit the datatype that they open to, step by step", () => {
    for (const { id, column } of columns) {
      const { vss, min, max, decimals, unit } = column.qood;
      const where = `${id} ${column.title}`;
      const bits = INTEGERS[vss.datatype];
      if (bits !== undefined) assert.ok(decimals === 0 && vss.factor === "1" && min >= bits[0] && max <= bits[1], where);
      if (vss.datatype === "string") {
        const range = vss.words !== undefined ? vss.words.length - 1 : vss.base36 !== undefined ? 36 ** vss.base36 - 1 : undefined;
        if (range === undefined) assert.deepEqual([vss.unit, unit], ["iso8601", "ms"], where);
        else assert.deepEqual([column.minimum, column.maximum, decimals], [0, range, 0], where);
      } else {
        assert.ok(vss.words === undefined && vss.base36 === undefined, where);
        assert.ok(vss.factor !== "1" || unit === vss.unit, `${where}: ${unit} is not ${vss.unit}, and no factor says how`);
      }
      assert.equal(column.minimum, Math.round(min * 10 ** decimals), where);
      assert.equal(column.maximum, Math.round(max * 10 ** decimals), where);
    }
  });

  it("have paths of their own only where this list lets them, each with its reason, and never where VSS has a leaf", needsData(VSS_FILE), () => {
    const own = columns.filter(({ column }) => column.qood.vss.overlay !== undefined);
    for (const { id, column } of own) assert.ok(column.qood.vss.overlay!.length > 10, `${id} ${column.title}`);
    assert.deepEqual([...new Set(own.map(({ column }) => column.qood.vss.path))].sort(), [...OWN_PATHS, ...OTHER_PATHS].sort());
    const signals = vssSignals();
    assert.deepEqual([...OWN_PATHS, ...OTHER_PATHS].filter((path) => signals.has(path) || !/^(?:Vehicle\.QoodBlock|CF|DATEX2)\./.test(path)), []);
  });

  it("open switches, words and characters", () => {
    const open = (schema: Schema, values: Record<string, number>) => {
      const opened = rowOpener(schema, 1)(schema.columns.map(({ name }) => values[name] ?? null));
      return Object.keys(values).map((name) => opened[schema.columns.findIndex((column) => column.name === name)]);
    };
    const telemetry = SCHEMAS.find(({ name }) => name === "telemetry")!;
    assert.deepEqual(open(telemetry, { time: 0, ignition: 4, moving: 1, belt_driver: 0, tyre_pressure_rear_left: 230 }), ["1970-01-01T00:00:00.000Z", "ON", "true", "false", "230"]);
    assert.deepEqual(open(VIN_CODE, { wmi: 0, vds: 35, vis: 36 ** 8 - 1 }), ["000", "00000Z", "ZZZZZZZZ"]);
  });
});

describe("rows and their JSON Schema", () => {
  for (const name of [...RECORDED.obd, ...RECORDED.gps]) {
    it(`${name}: every row is valid`, needsData(name), async () => {
      const { drive, rows } = await readDrive(dataPath(name));
      const validate = validator(schemaId(drive.schema));
      assert.ok(rows.length > 500);
      for (const { line, values } of rows) assert.equal(validate(values), undefined, `row ${line}`);
    });
  }

  it("each column of both formats has its own: 27 PIDs after the time, and 11 of CAN with GPS", () => {
    const header = (format: string) => CSV_SHAPES.find((shape) => shape.format === format)!.header;
    const titles = (id: string) => json(id).prefixItems.map(({ title }) => title);
    // "TINE" is the recordings' own spelling.
    assert.deepEqual(titles("carobd@1"), ["time", ...header("obd").map((name) => name.toLowerCase().replace("tine", "time"))]);
    assert.equal(titles("carobd@1").length, 28);
    const names = ["time", "elapsed", "latitude", "longitude", "distance", "speed", "steering_angle", "throttle", "engine_rpm", "lateral_acceleration", "longitudinal_acceleration"];
    assert.deepEqual(titles("can-gps@1"), names);
    assert.equal(header("gps").length, names.length);
  });

  it("the validator and the gateway's own check agree on every edge of every column", () => {
    for (const schema of SCHEMAS) {
      const validate = validator(schemaId(schema));
      const check = rowCheck(schema);
      const good: Row = schema.columns.map((column) => integerRange(column).min);
      const both = (row: Row, fine: boolean, what: string): void => {
        assert.equal(validate(row) === undefined, fine, `${schemaId(schema)}: ${what}`);
        assert.equal(check(row) === undefined, fine, `${schemaId(schema)}: ${what}`);
      };
      both(good, true, "lowest");
      both(good.slice(1), false, "a column less");
      both([...good, 0], false, "a column more");
      both(good.with(0, null), false, "no time");
      for (const [i, column] of schema.columns.entries()) {
        const { min, max } = integerRange(column);
        both(good.with(i, max), true, `${column.name} ${max}`);
        both(good.with(i, min - 1), false, `${column.name} ${min - 1}`);
        both(good.with(i, max + 1), false, `${column.name} ${max + 1}`);
        both(good.with(i, min + 0.5), false, `${column.name} ${min + 0.5}`);
        if (i > 0) both(good.with(i, null), true, `${column.name} absent`);
      }
    }
  });
});

describe("CarChain's records", () => {
  const examples = JSON.parse(readFileSync(CARCHAIN_EXAMPLE, "utf8")) as Record<"trip-gps" | "carvio" | "VIN_CODE", { key: object; value: object }>;
  const opened = (schema: Schema, row: Row) => {
    assert.equal(validator(schemaId(schema))(row), undefined);
    return rowOpener(schema, 1)(row);
  };

  it("a trip becomes its summary", async () => {
    const row = tripSummaryRow(await readTrip(CARCHAIN_EXAMPLE));
    // Ten speeds that sum to 387; from 07:14:28 to 09:46:23 in China.
    assert.deepEqual(opened(TRIP_SUMMARY, row), ["2016-05-11T01:46:23.000Z", "1", "1", "2016-05-10T23:14:28.000Z", "9115", "10", null, "38.7", "52", null, null]);
  });

  it("a violation becomes a row, and one of an unknown kind is refused", () => {
    const row = violationRow(examples.carvio);
    assert.deepEqual(opened(CARVIO, row), ["2018-03-09T16:00:00.000Z", "1", "1", "true", "31.250885", "121.44662", "vioparking", "200", "0"]);
    const changed = (change: object) => ({ ...examples.carvio, value: { ...examples.carvio.value, ...change } });
    assert.equal(rowOpener(CARVIO, 1)(violationRow(changed({ datetime: 20180310093000, price: 0.5 })))[0], "2018-03-10T01:30:00.000Z");
    for (const change of [{ viotype: "viounknown" }, { datetime: 20181310 }, { point: 256 }, { price: "200" }, { loc: { lat: 91, lng: 0 } }]) {
      assert.throws(() => violationRow(changed(change)), (error) => isQoodError(error, "INPUT_SHAPE"), JSON.stringify(change));
    }
  });

  it("a VIN becomes three numbers, and its characters come back", () => {
    const at = Date.UTC(2024, 0, 15);
    assert.deepEqual(opened(VIN_CODE, vinRow(examples.VIN_CODE, at)), ["2024-01-15T00:00:00.000Z", "1", "LBV", "NU7904", "9SB81546"]);
    for (const VIN of ["LBVNU79049SB8154", "LBVNU79049SB8154O", "lbvnu79049sb81546"]) {
      assert.throws(() => vinRow({ ...examples.VIN_CODE, value: { VIN } }, at), (error) => isQoodError(error, "INPUT_SHAPE"), VIN);
    }
    assert.throws(() => vinRow(examples.VIN_CODE, 0), (error) => isQoodError(error, "INPUT_SHAPE"));
  });
});

describe("published schemas", () => {
  const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

  it("are the files of the repository in canonical form", () => {
    for (const { words, bytes } of shippedSchemas()) {
      const text = files.get(`${words.name}@${words.version}`)!;
      assert.equal(Buffer.from(bytes).toString(), canonicalize(JSON.parse(text)));
      assert.equal(words.fileHash, `0x${sha256(bytes).toString("hex")}`);
    }
  });

  it("have the digest of one raw chunk in a dag-pb node of UnixFS", () => {
    const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]);
    const field = (tag: number, bytes: readonly number[]): number[] => [tag, ...varint(bytes.length), ...bytes];
    for (const { words, bytes } of shippedSchemas()) {
      assert.ok(bytes.length < 2 ** 20);
      const size = varint(bytes.length);
      const link = [...field(0x0a, [1, 0x55, 0x12, 0x20, ...sha256(bytes)]), ...field(0x12, []), 0x18, ...size];
      const node = Uint8Array.from([...field(0x12, link), ...field(0x0a, [0x08, 2, 0x18, ...size, 0x20, ...size])]);
      assert.equal(words.digest, `0x${sha256(node).toString("hex")}`);
      checkSchemaFile(bytes, sha256(node));
      assert.throws(() => checkSchemaFile(bytes.slice(1), sha256(node)), (error) => isQoodError(error, "SCHEMA_FILE"));
    }
  });

  it("are frozen: on a chain a schema's file never changes", () => {
    assert.deepEqual(shippedSchemas().map(({ words, cid }) => [`${words.name}@${words.version}`, words.fields, cid]), FROZEN_FILES);
  });

  it("publish the time, and the cell only where there is a position", () => {
    for (const schema of SCHEMAS) {
      const hasPosition = schema.columns.some(({ name }) => name === "latitude");
      assert.equal(schemaFile(schema).words.fields, SEARCH_FIELDS.time | (hasPosition ? SEARCH_FIELDS.cell : 0), schemaId(schema));
    }
  });
});

/** Below `Vehicle.QoodBlock`, where VSS 6.0 has nothing that says the same in the same steps; the reasons stand in the files. */
const OWN_PATHS = [
  "Time",
  ...["RunTime", "ThrottlePosition", "EngineLoad", "LongTermFuelTrim1", "ShortTermFuelTrim1", "FuelLevel", "ThrottlePositionB"].map((name) => `OBD.${name}`),
  ...["AcceleratorPositionD", "AcceleratorPositionE", "ThrottleActuator", "CommandedEquivalenceRatio", "BarometricPressure"].map((name) => `OBD.${name}`),
  ...["RelativeThrottlePosition", "IntakeTemperature", "TimingAdvance", "Catalyst.Bank1.Temperature1", "Catalyst.Bank1.Temperature2"].map((name) => `OBD.${name}`),
  ...["ControlModuleVoltage", "CommandedEVAP", "RunTimeMIL", "TimeSinceDTCCleared", "DistanceWithMIL", "WarmupsSinceDTCClear"].map((name) => `OBD.${name}`),
  "SteeringWheelAngle",
  ...["Elapsed", "Distance", "SessionId", "VehicleData", "IsTimeSpread", "Points", "TopSpeed", "EnergyUsed"].map((name) => `Trip.${name}`),
  ...["Id", "VehicleData", "IsDayOnly", "Latitude", "Longitude", "Kind", "Price", "Points"].map((name) => `Violation.${name}`),
  ...["VehicleData", "VDS", "VIS"].map((name) => `VIN.${name}`),
].map((name) => `Vehicle.QoodBlock.${name}`);

/** Of feeds that come from no car: CF standard names, and elements of DATEX II. */
const OTHER_PATHS = [
  ...["latitude", "longitude", "altitude", "air_temperature", "dew_point_temperature", "relative_humidity", "air_pressure_at_mean_sea_level"].map((name) => `CF.${name}`),
  ...["wind_speed", "wind_speed_of_gust", "wind_from_direction", "lwe_thickness_of_precipitation_amount", "visibility_in_air", "cloud_area_fraction"].map((name) => `CF.${name}`),
  ...["PointCoordinates.latitude", "PointCoordinates.longitude", "RoadSurfaceConditionInformation.weatherRelatedRoadConditionType"].map((name) => `DATEX2.${name}`),
  ...["roadSurfaceTemperature", "friction", "waterFilmThickness", "iceLayerThickness", "depthOfSnow"].map((name) => `DATEX2.RoadSurfaceConditionMeasurements.${name}`),
  ...["Visibility.minimumVisibilityDistance", "TrafficSpeed.averageVehicleSpeed", "TrafficFlow.vehicleFlow", "TrafficConcentration.occupancy"].map((name) => `DATEX2.${name}`),
];

/** Search fields and CID of each file. */
const FROZEN_FILES = [
  ["carobd@1", 1, "bafybeidrdyyjswkipyj4755o5o3ywtwkitag2ts2w2ehgmfx6rtsfheufu"],
  ["can-gps@1", 3, "bafybeia6inf7gk4ic7vpekmtn5lrqthacmhud6emkqfd3d65hsv37qijja"],
  ["trip-gps@1", 3, "bafybeihhe7ptfwsuigwqlq36c45sz5inr5vcsy45wh2qi7hauhqog3t7mu"],
  ["generated-drive@1", 3, "bafybeia5b7q4phpfqbktwpxdz3g7xuz6gxzxln4f6ykzn3sugaklr5nzwa"],
  ["telemetry@1", 3, "bafybeihyj6kby6ppclr6raicbcoe3p3vtohpd3gioqfbjz2uebmbp7umuq"],
  ["ev-battery@1", 1, "bafybeia5rr3fvha4z6lvgmbclcxaoi42ibhuzeg53wig6a7wzuuaep2ywq"],
  ["trip-summary@1", 1, "bafybeieva32itpaqcxubrwh26vsexiugxcpuordra4qjezxdgpflq6cqxm"],
  ["carvio@1", 3, "bafybeicgdyi3eweo4fswgslf2wyd3th6hw73fz5q2nxjdlk44ws2q3epei"],
  ["vin-code@1", 1, "bafybeigi5pxlroo6fiznq4wnwcrav3pugfsveg6ao67im5e4n6xnjs47tq"],
  ["weather-observation@1", 3, "bafybeidum6fff7l4ipqqil6uq5zt2zc7xjcijevrpyapmept7a4ia2xmpq"],
  ["road-state@1", 3, "bafybeidnva24mvwmfrqpizsmtgbwz44lstppems5cd55g4sj2tsyhl2ti4"],
];
