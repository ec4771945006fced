import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isQoodError } from "@qoodblock/sdk/errors";
import { parseStart } from "@qoodblock/sdk/drive";
import { parseCalendar, parseCarchainTime, parseInstant, zoneReader } from "../../sdk/drive/time.ts";
import { central, china } from "../../scripts/demo/check/clock.ts";

const read = zoneReader("America/Chicago");
const chicago = (text: string): number | undefined => {
  const calendar = parseCalendar(text);
  return calendar === undefined ? undefined : read(calendar);
};

describe("US Central time", () => {
  const cases: [string, string | undefined][] = [
    ["2018-04-08 10:31:37.005628", "2018-04-08T15:31:37.006Z"],
    ["2018-01-08 10:31:37", "2018-01-08T16:31:37.000Z"],
    ["2018-03-11 01:59:59.999", "2018-03-11T07:59:59.999Z"],
    // Clocks go from 02:00 to 03:00: the hour between does not exist.
    ["2018-03-11 02:00:00", undefined],
    ["2018-03-11 02:59:59.999", undefined],
    ["2018-03-11 03:00:00", "2018-03-11T08:00:00.000Z"],
    // Clocks go from 02:00 to 01:00: the hour before occurs twice and is read as the first.
    ["2018-11-04 00:59:59", "2018-11-04T05:59:59.000Z"],
    ["2018-11-04 01:30:00", "2018-11-04T06:30:00.000Z"],
    ["2018-11-04 02:00:00", "2018-11-04T08:00:00.000Z"],
    ["2005-04-03 03:00:00", "2005-04-03T08:00:00.000Z"],
    ["2005-10-30 02:00:00", "2005-10-30T08:00:00.000Z"],
  ];
  for (const [local, instant] of cases) {
    it(`${local} is ${instant ?? "no time"}, for reader and checker`, () => {
      const ms = chicago(local);
      assert.equal(ms === undefined ? undefined : new Date(ms).toISOString(), instant);
      const checked = central(local);
      assert.equal(checked === undefined ? undefined : new Date(Math.round(checked)).toISOString(), instant);
    });
  }

  it("agrees between the zone database and the law at every hour of the months of change, 2001 to 2030", () => {
    for (let hour = Date.UTC(2001, 0, 1); hour < Date.UTC(2031, 0, 1); hour += 3_600_000) {
      if (![2, 3, 9, 10].includes(new Date(hour).getUTCMonth())) continue;
      const text = new Date(hour).toISOString().slice(0, 19);
      assert.equal(chicago(text), central(text), text);
    }
  });
});

describe("calendar", () => {
  it("knows which days and hours there are", () => {
    for (const text of ["2018-02-29 00:00:00", "2018-13-01 00:00:00", "2018-04-31 00:00:00", "2018-04-01 24:00:00", "2018-04-01 10:60:00", "2018-04-01", "10:00:00", "0018-04-01 10:00:00"]) {
      assert.equal(parseCalendar(text), undefined, text);
    }
    assert.equal(parseCalendar("2020-02-29T00:00:00"), Date.UTC(2020, 1, 29));
  });

  it("reads instants only with their zone", () => {
    assert.equal(parseInstant("2024-01-15T12:00:00.250Z"), Date.UTC(2024, 0, 15, 12, 0, 0, 250));
    assert.equal(parseInstant("2024-01-15T12:00:00"), undefined);
  });
});

describe("CarChain's times", () => {
  it("are eight hours ahead of UTC", () => {
    for (const reader of [parseCarchainTime, china]) {
      assert.equal(reader(20160511071428), Date.parse("2016-05-10T23:14:28Z"));
      assert.equal(reader(20160231000000), undefined);
      assert.equal(reader(2016051107142), undefined);
    }
  });
});

describe("parseStart", () => {
  it("takes an instant or a date", () => {
    assert.equal(parseStart("2023-07-01"), Date.UTC(2023, 6, 1));
    assert.equal(parseStart("2023-07-01T10:00:00+02:00"), Date.UTC(2023, 6, 1, 8));
  });
  it("refuses everything else in one line", () => {
    for (const text of ["yesterday", "", "2023-07-01T10:00:00", "2023-02-30T10:00:00Z", "1999-12-31", "2023"]) {
      assert.throws(() => parseStart(text), (error) => isQoodError(error, "START_INVALID") && !error.message.includes("\n"), text);
    }
  });
});
