import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CARCHAIN_EXAMPLE, DEFAULT_START_MS, REJECTIONS, openDrive, readDrive, surveyDrive } from "@qoodblock/sdk/drive";
import type { DriveOptions, Rejection } from "@qoodblock/sdk/drive";
import { isQoodError } from "@qoodblock/sdk/errors";
import { RECORDED, dataPath, needsData } from "../support/data.ts";
import { temporaryFolder } from "../support/folder.ts";
import { GENERATED_HEADER, GPS_HEADER, generatedRow, gpsRow, obdFile, trip } from "./samples.ts";

const folder = temporaryFolder();

/** Asserts that opening or reading a file fails with the code, in one line. */
async function fails(path: string, code: string, options: DriveOptions = {}): Promise<string> {
  let message = "";
  await assert.rejects(readDrive(path, options), (error: unknown) => {
    assert.ok(isQoodError(error, code), String(error));
    assert.ok(!error.message.includes("\n"), error.message);
    message = error.message;
    return true;
  });
  return message;
}

/** What became of each data row: its reason, or "row". */
async function fates(path: string): Promise<string[]> {
  const { rows, rejected } = await readDrive(path);
  return [...rows.map(({ line }) => ({ line, fate: "row" })), ...rejected.map(({ line, reason }) => ({ line, fate: reason }))].sort((a, b) => a.line - b.line).map(({ fate }) => fate);
}

const NONE: Record<Rejection, number> = { unparsable: 0, columns: 0, range: 0, backwards: 0, jump: 0 };

describe("recorded drives", () => {
  const expected: Record<string, [number, Record<Rejection, number>]> = {
    "carobd-drive1.csv": [2709, NONE],
    "carobd-idle3.csv": [1360, NONE],
    "carobd-live4.csv": [3178, NONE],
    "carobd-long5.csv": [4653, NONE],
    "carobd-ufpe3.csv": [808, NONE],
    "austin-bmw-can-10hz.csv": [2399, NONE],
  };
  for (const name of [...RECORDED.obd, ...RECORDED.gps]) {
    it(`${name}: every row accepted, none rejected for any reason`, needsData(name), async () => {
      const { rows, counts } = await readDrive(dataPath(name));
      assert.deepEqual([rows.length, counts], expected[name]);
    });
  }

  it("carOBD: keeps leading rows with the engine off, and repeated rows", needsData("carobd-live4.csv"), async () => {
    const { rows, drive } = await readDrive(dataPath("carobd-live4.csv"));
    assert.equal(drive.format, "obd");
    assert.equal(drive.hasPosition, false);
    const rpm = drive.schema.columns.findIndex(({ name }) => name === "engine_rpm");
    assert.equal(rows[0]!.values[rpm], 0);
    const repeated = rows.filter(({ values }, i) => i > 0 && values.slice(1).join() === rows[i - 1]!.values.slice(1).join());
    assert.ok(repeated.length > rows.length * 0.07 && repeated.length < rows.length * 0.18, String(repeated.length));
  });

  it("carOBD: integers times their step are the printed values, digit by digit", needsData(...RECORDED.obd), async () => {
    for (const name of RECORDED.obd) {
      const text = readFileSync(dataPath(name), "utf8").split("\r\n");
      const { rows, drive } = await readDrive(dataPath(name));
      for (const { line, values } of rows) {
        const cells = text[line - 1]!.split(",");
        values.slice(1).forEach((value, i) => assert.equal((value! / 10 ** drive.schema.columns[i + 1]!.decimals).toFixed(6), cells[i]!.trim().replace(/^-(0\.0+)$/, "$1")));
      }
    }
  });

  it("Austin: keeps its microseconds and its uneven steps, in US Central time", needsData("austin-bmw-can-10hz.csv"), async () => {
    const { rows, drive } = await readDrive(dataPath("austin-bmw-can-10hz.csv"));
    assert.equal(drive.format, "gps");
    assert.equal(drive.hasPosition, true);
    assert.equal(new Date(rows[0]!.values[0]!).toISOString(), "2018-04-08T15:31:37.006Z");
    assert.deepEqual(rows[0]!.values.slice(1), [694308316, 30327356, -97755968, 747, 61563, -3, 13, 2146, 0, -2]);
    const steps = new Set(rows.slice(1).map(({ values }, i) => values[0]! - rows[i]!.values[0]!));
    assert.ok(steps.size > 20);
  });

  it("CarChain: ten points, start and end timed, the rest spread evenly and labelled", async () => {
    const { rows, counts, drive } = await readDrive(CARCHAIN_EXAMPLE);
    assert.equal(drive.format, "carchain");
    assert.deepEqual([rows.length, counts], [10, NONE]);
    const times = rows.map(({ values }) => values[0]!);
    assert.equal(times[0], Date.parse("2016-05-11T07:14:28+08:00"));
    assert.equal(times[9], Date.parse("2016-05-11T09:46:23+08:00"));
    times.forEach((time, i) => assert.ok(Math.abs(time - (times[0]! + (i * (times[9]! - times[0]!)) / 9)) <= 0.5));
    assert.deepEqual(
      rows.map(({ values }) => values[3]),
      [0, 1, 1, 1, 1, 1, 1, 1, 1, 0],
    );
    assert.deepEqual(rows[1]!.values.slice(1), [1, 1, 1, 31251259, 121445600, 23]);
  });

  it("CarChain: the copy in the project is the published one", needsData("carchain-examples.json"), () => {
    assert.deepEqual(readFileSync(CARCHAIN_EXAMPLE), readFileSync(dataPath("carchain-examples.json")));
  });
});

describe("rejection, reason by reason", () => {
  it("obd", async () => {
    const file = folder.file(
      "obd.csv",
      obdFile([
        { cells: { 0: "10" }, fate: "row" },
        { cells: { 0: "10", 1: "x" }, fate: "unparsable" },
        { cells: { 0: "" }, fate: "unparsable" },
        { cells: { 0: "10", 1: '"800"' }, fate: "unparsable" },
        { cells: { 0: "10", 5: "" }, fate: "row" },
        { cells: { 0: "10" }, cut: 1, fate: "columns" },
        { cells: { 0: "10" }, more: ", 1.0,", fate: "columns" },
        { cells: { 0: "10", 1: "20000" }, fate: "range" },
        { cells: { 0: "10", 5: "-40.6" }, fate: "range" },
        { cells: { 0: "70000" }, fate: "range" },
        { cells: { 0: "9" }, fate: "backwards" },
        { cells: { 0: "12" }, fate: "row" },
        { cells: { 0: "11" }, fate: "backwards" },
        { cells: { 0: "12" }, fate: "row" },
      ]),
    );
    assert.deepEqual(await fates(file), ["row", "unparsable", "unparsable", "unparsable", "row", "columns", "columns", "range", "range", "range", "backwards", "row", "backwards", "row"]);
  });

  it("obd: a row without the trailing comma is as good, lines may end in LF, blank lines are no rows", async () => {
    const text = obdFile([{ cells: { 0: "10" } }, { cells: { 0: "11" } }]).replaceAll(",\r\n", "\n");
    assert.deepEqual(await fates(folder.file("obd-lf.csv", `${text}\n  \n`)), ["row", "row"]);
  });

  it("gps", async () => {
    const cases: [string, string][] = [
      [gpsRow({}), "row"],
      [gpsRow({ Speed: "fast" }), "unparsable"],
      [gpsRow({ Time: "2018-04-08 25:31:37" }), "unparsable"],
      [gpsRow({ Time: "" }), "unparsable"],
      [`${gpsRow({})},`, "columns"],
      [gpsRow({}).split(",").slice(1).join(), "columns"],
      [gpsRow({ Latitude: "90.0000006" }), "range"],
      [gpsRow({ Time: "1999-04-08 10:31:37" }), "range"],
      [gpsRow({ Time: "2018-04-08 10:31:36.9" }), "backwards"],
      // 0.002° of latitude are 222 m: too far in no time, near enough after 1.3 s.
      [gpsRow({ Latitude: "30.002" }), "jump"],
      [gpsRow({ Time: "2018-04-08 10:31:38.3", Latitude: "30.002" }), "row"],
      // Judged from the last accepted row, not from the one before.
      [gpsRow({ Time: "2018-04-08 10:31:38.3", Latitude: "30.005" }), "jump"],
      [gpsRow({ Time: "2018-04-08 10:31:38.3", Latitude: "30.0025" }), "row"],
      // Without a position there is no jump, and the next one is measured from the last that was known.
      [gpsRow({ Time: "2018-04-08 10:31:39", Latitude: "" }), "row"],
      [gpsRow({ Time: "2018-04-08 10:31:39", Latitude: "30.005" }), "jump"],
    ];
    const file = folder.file("gps.csv", `${GPS_HEADER}\n${cases.map(([row]) => row).join("\n")}\n`);
    assert.deepEqual(
      await fates(file),
      cases.map(([, fate]) => fate),
    );
  });

  it("generated", async () => {
    const cases: [string, string][] = [
      [generatedRow({}), "row"],
      [generatedRow({ time: "2024-01-15T12:00:00" }), "unparsable"],
      [generatedRow({ gear: "D" }), "unparsable"],
      [`${generatedRow({})},1`, "columns"],
      [generatedRow({ heading: "360.1" }), "range"],
      [generatedRow({ time: "2024-01-15T11:59:59.999Z" }), "backwards"],
      [generatedRow({ longitude: "-97.7" }), "jump"],
      [generatedRow({ time: "2024-01-15T12:00:01.000Z" }), "row"],
    ];
    const file = folder.file("generated.csv", `${GENERATED_HEADER}\n${cases.map(([row]) => row).join("\n")}\n`);
    assert.deepEqual(
      await fates(file),
      cases.map(([, fate]) => fate),
    );
  });

  it("carchain (its times are made, so they cannot run backwards)", async () => {
    const points = [{ lat: 31.25, lng: 121.44 }, { lat: "?", lng: 121.44 }, { lat: 31.25 }, "point", { lat: 95, lng: 121.44 }, { lat: -31.25, lng: 121.44 }, { lat: 31.26, lng: null }, { lat: 31.26, lng: 121.45 }];
    const file = folder.file("trip.json", JSON.stringify(trip({ GPS: points, SPEED: "1,2,3,4,5,6,7,x,9" })));
    assert.deepEqual(await fates(file), ["row", "unparsable", "columns", "columns", "range", "jump", "row", "unparsable", "columns"]);
  });

  it("says where and why, in one line", async () => {
    const file = folder.file("why.csv", `${GPS_HEADER}\n${gpsRow({})}\n${gpsRow({ "Engine RPM": "20000" })}\n${gpsRow({ "Engine RPM": "many\tturns" })}\n`);
    const { rejected, counts } = await readDrive(file);
    assert.deepEqual(
      rejected.map(({ line, detail }) => [line, detail]),
      [
        [3, "engine_rpm 20000 is outside 0 to 16383 rpm"],
        [4, 'engine_rpm "many\\tturns" cannot be read'],
      ],
    );
    assert.deepEqual(counts, { ...NONE, range: 1, unparsable: 1 });
    assert.deepEqual(Object.keys(counts), [...REJECTIONS]);
  });
});

describe("times of carOBD", () => {
  const times = async (seconds: string[], options: DriveOptions = {}): Promise<number[]> => {
    const { rows, drive } = await readDrive(folder.file("times.csv", obdFile(seconds.map((second) => ({ cells: { 0: second } })))), options);
    assert.equal(drive.format, "obd");
    return rows.map(({ values }) => values[0]! - (options.startMs ?? DEFAULT_START_MS));
  };

  it("spreads the rows of one second evenly over it", async () => {
    assert.deepEqual(await times(["0", "0", "0", "1", "3", "3"]), [0, 333, 667, 1000, 3000, 3500]);
  });

  it("takes only accepted rows of the second into account", async () => {
    assert.deepEqual(await times(["5", "4", "5", "x", "6"]), [5000, 5500, 6000]);
  });

  it("takes the start given", async () => {
    assert.deepEqual(await times(["0", "2"], { startMs: Date.UTC(2020, 1, 29) }), [0, 2000]);
  });
});

describe("inputs that are none", () => {
  it("missing file, folder", async () => {
    await fails(folder.path("nowhere.csv"), "INPUT_MISSING");
    await fails(folder.path("."), "INPUT_MISSING");
  });

  it("empty file", async () => {
    await fails(folder.file("empty.csv", ""), "INPUT_EMPTY");
    await fails(folder.file("blank.csv", " \r\n\n"), "INPUT_EMPTY");
  });

  it("unknown shape", async () => {
    await fails(folder.file("other.csv", "a,b,c\n1,2,3\n"), "INPUT_SHAPE");
    await fails(folder.file("other.json", '{"a":1}'), "INPUT_SHAPE");
    await fails(folder.file("broken.json", '{"trip-gps":'), "INPUT_SHAPE");
    await fails(folder.file("binary.csv", Uint8Array.from({ length: 20000 }, (_, i) => (i * 7919) % 256)), "INPUT_SHAPE");
    await fails(folder.file("backwards.json", JSON.stringify(trip({}, { START_TIME: 20160511094623, END_TIME: 20160511071428 }))), "INPUT_SHAPE");
    await fails(folder.file("notime.json", JSON.stringify(trip({}, { START_TIME: 20161311094623 }))), "INPUT_SHAPE");
  });

  it("a line that never ends", async () => {
    await fails(folder.file("endless.csv", `${GPS_HEADER}\n${gpsRow({})}\n${"1".repeat(200_000)}`), "INPUT_SHAPE");
  });

  it("another format than the one asked for", async () => {
    const message = await fails(CARCHAIN_EXAMPLE, "INPUT_SHAPE", { format: "obd" });
    assert.match(message, /carchain, not obd/);
    assert.equal((await openDrive(CARCHAIN_EXAMPLE, { format: "carchain" })).format, "carchain");
  });

  it("no good row: says what the first fault was", async () => {
    assert.match(await fails(folder.file("bad.csv", `${GPS_HEADER}\n1,2\n`), "INPUT_NO_GOOD_ROW"), /row 2: columns/);
    assert.match(await fails(folder.file("header.csv", `${GPS_HEADER}\n`), "INPUT_NO_GOOD_ROW"), /no rows/);
    await fails(folder.file("nopoints.json", JSON.stringify(trip({ len: 0, GPS: [], SPEED: "" }))), "INPUT_NO_GOOD_ROW");
  });

  it("a byte order mark is no fault", async () => {
    assert.deepEqual(await fates(folder.file("bom.csv", `\uFEFF${GPS_HEADER}\n${gpsRow({})}\n`)), ["row"]);
  });
});

describe("a drive", () => {
  it("can be read again, and left in the middle", async () => {
    const drive = await openDrive(folder.file("again.csv", `${GPS_HEADER}\n${`${gpsRow({})}\n`.repeat(5000)}`));
    for await (const event of drive.events()) {
      assert.equal(event.kind, "row");
      break;
    }
    let count = 0;
    for await (const event of drive.events()) count += event.kind === "row" ? 1 : 0;
    assert.equal(count, 5000);
  });

  it("is surveyed in one pass: counts, times, cells, examples of what was rejected", async () => {
    const bad = `${gpsRow({ Speed: "?" })}\n`.repeat(12);
    const file = folder.file("survey.csv", `${GPS_HEADER}\n${gpsRow({})}\n${bad}${gpsRow({ Time: "2018-04-08 10:31:39" })}\n`);
    const survey = await surveyDrive(await openDrive(file));
    assert.deepEqual([survey.total, survey.accepted, survey.rejected], [14, 2, { ...NONE, unparsable: 12 }]);
    assert.equal(survey.examples.length, 10);
    assert.equal(survey.lastMs - survey.firstMs, 2000);
    assert.equal(survey.cells?.length, 1);
    const obd = await surveyDrive(await openDrive(folder.file("survey-obd.csv", obdFile([{ cells: { 0: "0" } }]))));
    assert.ok(!("cells" in obd));
    await assert.rejects(surveyDrive(await openDrive(folder.file("survey-none.csv", `${GPS_HEADER}\n1\n`))), (error) => isQoodError(error, "INPUT_NO_GOOD_ROW"));
  });

  it("says in its notes what was assumed", async () => {
    const obd = folder.file("notes.csv", obdFile([{ cells: { 0: "0" } }]));
    assert.match((await openDrive(obd)).notes.join("; "), /no date.*--start.*no position/);
    assert.match((await openDrive(CARCHAIN_EXAMPLE, { startMs: DEFAULT_START_MS })).notes.join("; "), /spread evenly.*--start has no effect/);
  });
});
