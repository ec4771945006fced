import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { keccak256, toUtf8Bytes } from "ethers";
import { latLngToCell } from "h3-js";
import {
  CAN_GPS,
  CAROBD,
  DICTIONARY_VERSION,
  GENERATED,
  SCHEMAS,
  TIME_COLUMN,
  TRIP_GPS,
  cellCollector,
  decimalOf,
  dictionaryTables,
  integerRange,
  mappingOf,
  rowCheck,
  rowOpener,
  schemaByHash,
  schemaHash,
  schemaId,
} from "@qoodblock/sdk/dictionary";
import type { RawColumn, Row, VssColumn } from "@qoodblock/sdk/dictionary";
import { isQoodError } from "@qoodblock/sdk/errors";
import { needsData } from "../support/data.ts";
import { vssLeaves, vssSignals } from "../support/vss.ts";

const INTEGER_BITS: Record<string, [number, number]> = {
  uint8: [0, 255],
  int8: [-128, 127],
  uint16: [0, 65535],
  int16: [-32768, 32767],
  uint32: [0, 4294967295],
  int32: [-2147483648, 2147483647],
};

function pairs(): { schema: string; raw: RawColumn; vss: VssColumn }[] {
  return SCHEMAS.flatMap((schema) => mappingOf(schema, DICTIONARY_VERSION).columns.map((vss, i) => ({ schema: schemaId(schema), raw: schema.columns[i]!, vss })));
}

/** A datatype holds a column if every one of its steps, converted, is a value of the type. */
function holds(datatype: string, raw: RawColumn, factor: string): boolean {
  const bits = INTEGER_BITS[datatype];
  if (bits === undefined) return true;
  return raw.decimals === 0 && factor === "1" && raw.min >= bits[0] && raw.max <= bits[1];
}

describe("schemas", () => {
  it("begin with the record's time, and name every column once", () => {
    for (const schema of SCHEMAS) {
      assert.equal(schema.columns[0], TIME_COLUMN);
      const names = schema.columns.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of names) assert.match(name, /^[a-z][a-z0-9_]*$/);
    }
  });

  it("carry all 27 PIDs of carOBD", () => {
    assert.equal(CAROBD.columns.length, 28);
  });

  it("have ranges that are exact safe integers on the wire", () => {
    for (const column of SCHEMAS.flatMap((schema) => schema.columns)) {
      const { min, max } = integerRange(column);
      assert.ok(Number.isSafeInteger(min) && Number.isSafeInteger(max) && min < max, column.name);
      assert.equal(min, Math.round(column.min * 10 ** column.decimals));
      assert.equal(max, Math.round(column.max * 10 ** column.decimals));
    }
  });

  it("are named by keccak256 of name@version", () => {
    for (const schema of SCHEMAS) {
      assert.equal(`0x${Buffer.from(schemaHash(schema)).toString("hex")}`, keccak256(toUtf8Bytes(`${schema.name}@${schema.version}`)));
      assert.equal(schemaByHash(schemaHash(schema)), schema);
    }
    assert.throws(() => schemaByHash(new Uint8Array(32)), (error) => isQoodError(error, "SCHEMA_UNKNOWN"));
  });

  it("are frozen: a change of a column is a new version", () => {
    const ids = SCHEMAS.map((schema) => [schemaId(schema), keccak256(toUtf8Bytes(JSON.stringify(schema.columns.map(({ description: _, ...column }) => column))))]);
    assert.deepEqual(ids, FROZEN_SCHEMAS);
  });
});

describe("mapping, version 1", () => {
  it("has one entry a column, in order, each path once", () => {
    for (const schema of SCHEMAS) {
      const { columns } = mappingOf(schema, 1);
      assert.deepEqual(
        columns.map(({ column }) => column),
        schema.columns.map(({ name }) => name),
      );
      assert.equal(new Set(columns.map(({ path }) => path)).size, columns.length);
    }
  });

  it("uses VSS paths with VSS's datatype, unit and range", needsData("vss-6.0-signals.csv"), () => {
    const signals = vssSignals();
    assert.equal(vssLeaves().length, 616);
    let checked = 0;
    for (const { schema, raw, vss } of pairs().filter((pair) => pair.vss.overlay === undefined)) {
      const where = `${schema} ${raw.name} → ${vss.path}`;
      const signal = signals.get(vss.path);
      assert.ok(signal, `${where} is not a signal of VSS 6.0`);
      assert.deepEqual([vss.datatype, vss.unit], [signal.datatype, signal.unit], where);
      assert.ok(holds(signal.datatype, raw, vss.factor), `${where}: ${signal.datatype} cannot hold the column`);
      const factor = Number(vss.factor);
      const ends = [raw.min * factor, raw.max * factor];
      if (signal.min !== "") assert.ok(Math.min(...ends) >= Number(signal.min), where);
      if (signal.max !== "") assert.ok(Math.max(...ends) <= Number(signal.max), where);
      checked += 1;
    }
    assert.equal(checked, 126);
  });

  it("says of every overlay path why, keeps it below Vehicle.QoodBlock or another standard, and clear of VSS", needsData("vss-6.0-signals.csv"), () => {
    const signals = vssSignals();
    for (const { raw, vss } of pairs().filter((pair) => pair.vss.overlay !== undefined)) {
      assert.match(vss.path, /^(?:Vehicle\.QoodBlock\.[A-Za-z0-9.]+|CF\.[a-z_]+|DATEX2\.[A-Za-z]+\.[A-Za-z]+)$/);
      assert.ok(!signals.has(vss.path));
      assert.ok(vss.overlay!.length > 10, vss.path);
      assert.ok(vss.unit === "iso8601" || holds(vss.datatype, raw, vss.factor), vss.path);
    }
    assert.ok(![...signals.keys()].some((path) => path.startsWith("Vehicle.QoodBlock")));
  });

  it("converts units by exact factors only where the units differ", () => {
    for (const { raw, vss } of pairs()) {
      decimalOf(vss.factor);
      if (vss.unit === "iso8601") assert.equal(raw.unit, "ms");
      else assert.equal(vss.factor === "1", raw.unit === vss.unit, `${raw.name}: ${raw.unit} → ${vss.unit}`);
    }
    const factor = (name: string): string => mappingOf(CAN_GPS, 1).columns.find(({ column }) => column === name)!.factor;
    assert.equal(factor("speed"), "1.609344");
    assert.equal(factor("longitudinal_acceleration"), "9.80665");
  });

  it("opens rows exactly, without floating point", () => {
    const row: Row = [Date.UTC(2018, 3, 8, 15, 31, 37, 6), 694308316, 30327356, -97755968, 747, 61563, -3, 13, 2146, 1, null];
    assert.deepEqual(rowOpener(CAN_GPS, 1)(row), [
      "2018-04-08T15:31:37.006Z",
      ...["694.308316", "30.327356", "-97.755968", "12.02179968", "99.076044672", "-0.3", "13", "2146", "-0.0980665"],
      null,
    ]);
  });

  it("refuses a version, and a schema, that it does not know", () => {
    assert.throws(() => mappingOf(CAROBD, 2), (error) => isQoodError(error, "DICTIONARY_UNKNOWN"));
    assert.throws(() => mappingOf({ ...CAROBD, version: "2" }, 1), (error) => isQoodError(error, "DICTIONARY_UNKNOWN"));
  });
});

describe("the dictionary's README", () => {
  it("holds the tables of the version in force", () => {
    const readme = readFileSync(fileURLToPath(new URL("../../sdk/dictionary/README.md", import.meta.url)), "utf8");
    const [, found] = /<!-- tables -->\n([\s\S]*)<!-- end of tables -->/.exec(readme)!;
    assert.equal(found, dictionaryTables(DICTIONARY_VERSION), "print dictionaryTables(DICTIONARY_VERSION) between the markers");
  });
});

describe("rowCheck", () => {
  const check = rowCheck(TRIP_GPS);
  const good: Row = [Date.UTC(2020, 0, 1), 1, 1, 0, 31250885, 121446620, 50];

  it("accepts the ends of every range and absent values", () => {
    assert.equal(check(good), undefined);
    assert.equal(check([good[0]!, null, null, null, null, null, null]), undefined);
    for (const [i, column] of TRIP_GPS.columns.entries()) {
      const { min, max } = integerRange(column);
      for (const edge of [min, max]) assert.equal(check(good.with(i, edge)), undefined);
      for (const beyond of [min - 1, max + 1]) assert.equal(check(good.with(i, beyond))?.reason, "range");
    }
  });

  it("names a wrong count, a missing time and what is not an integer", () => {
    assert.equal(check(good.slice(1))?.reason, "columns");
    assert.equal(check([...good, 1])?.reason, "columns");
    assert.equal(check(good.with(0, null))?.reason, "unparsable");
    assert.equal(check(good.with(6, 1.5))?.reason, "unparsable");
    assert.equal(check(good.with(6, NaN))?.reason, "unparsable");
    assert.equal(check(good.with(6, Infinity))?.reason, "range");
  });
});

describe("cellCollector", () => {
  const row = (latitude: number | null, longitude: number | null): Row => [0, 1, 1, 0, latitude, longitude, 50];

  it("gives distinct sorted cells, and nothing for a schema without position", () => {
    const cells = cellCollector(TRIP_GPS)!;
    for (const point of [row(31250885, 121446620), row(30267200, -97743100), row(31250885, 121446620), row(null, null)]) cells.add(point);
    assert.deepEqual(cells.cells(), [latLngToCell(31.250885, 121.44662, 6), latLngToCell(30.2672, -97.7431, 6)].sort());
    assert.equal(cellCollector(CAROBD), undefined);
    assert.ok(cellCollector(GENERATED, 4));
  });

  it("refuses a resolution that would show where someone lives", () => {
    assert.throws(() => cellCollector(TRIP_GPS, 7), RangeError);
    assert.throws(() => cellCollector(TRIP_GPS, -1), RangeError);
  });
});

/** keccak256 of the JSON of each schema's columns without descriptions. */
const FROZEN_SCHEMAS: [string, string][] = [
  ["carobd@1", "0xe9c9480fc8c24451e4322e1982582a13a658808a880e457a936871f76fbbf621"],
  ["can-gps@1", "0xffdf61fc26ef3204881ec69fee585bafc31ce735458e0a062a08da3823e8a109"],
  ["trip-gps@1", "0xc84c29ff81810f08cfd6b7f0dad40ddb6ae09ca8e6c4a05c52f6ab7933c94aa3"],
  ["generated-drive@1", "0x5b7e2a463aba223b81009a5ab0958a3f1cf3425f3f132485ec1640e1fc4f0825"],
  ["telemetry@1", "0x6da7eb2bbec09dc5bb5c9e8ab9677a7aa97c92e092ec1a58dc30c97d1b75b854"],
  ["ev-battery@1", "0xeccee45c2ef649266352927d2dba879c03bddc16caf6043dc6b2f79575bdf790"],
  ["trip-summary@1", "0x5e886df448c00e24fafe18a3f7c74893f5e0ba195f81b172a38e2278e5ec1d23"],
  ["carvio@1", "0x98efcd62564056c0f96b3a863bd0933c3aed654fdaa1a0f95e0942e053f7e126"],
  ["vin-code@1", "0xe8a2c4f76245f27992b5612252daa34ea22194bdba35cc7b428c5d2ca957d9cb"],
  ["weather-observation@1", "0x8789336c2adb36fd9ac27d1f9dc4c214418df56ac72401fab85cf96baa8745bb"],
  ["road-state@1", "0x8230b302d1c04d12a115618f6a0d6999d1c8c47382f5d1fd49e85831110d8f41"],
];
