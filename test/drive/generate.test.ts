import assert from "node:assert/strict";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { before, describe, it } from "node:test";
import { readDrive, writeGeneratedDrive } from "@qoodblock/sdk/drive";
import { isQoodError } from "@qoodblock/sdk/errors";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder();
const HOURS = 26;

interface Sample {
  time: number;
  latitude: number;
  longitude: number;
  heading: number;
  /** m/s */
  speed: number;
  acceleration: number;
  rpm: number;
  gear: number;
  accelerator: number;
  odometer: number;
  coolant: number;
}

/** Reads the generator's CSV by plain means, without the reader under test. */
async function* samples(path: string): AsyncGenerator<Sample> {
  let first = true;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (first) {
      first = false;
      continue;
    }
    const [time, ...cells] = line.split(",");
    const [latitude, longitude, heading, speed, acceleration, rpm, gear, accelerator, odometer, coolant] = cells.map(Number) as [number, number, number, number, number, number, number, number, number, number];
    yield { time: Date.parse(time!), latitude, longitude, heading, speed: speed / 3.6, acceleration, rpm, gear, accelerator, odometer, coolant };
  }
}

/** Distance and bearing on a plane that touches the Earth between the two points: not the generator's formula. */
function between(a: Sample, b: Sample): { metres: number; bearing: number } {
  const north = ((b.latitude - a.latitude) * Math.PI * 6371008.8) / 180;
  const east = ((b.longitude - a.longitude) * Math.PI * 6371008.8 * Math.cos((((a.latitude + b.latitude) / 2) * Math.PI) / 180)) / 180;
  return { metres: Math.hypot(north, east), bearing: ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360 };
}

function turn(from: number, to: number): number {
  return ((((to - from) % 360) + 540) % 360) - 180;
}

for (const seed of [1, 77]) {
  describe(`a generated drive of ${HOURS} hours, seed ${seed}`, () => {
    const path = folder.path(`drive-${seed}.csv`);
    const facts = {
      rows: 0,
      fromSpeed: 0,
      fromPositions: 0,
      odometer: [NaN, NaN] as [number, number],
      days: new Set<string>(),
      topSpeed: 0,
      standing: 0,
      acceleration: [0, 0] as [number, number],
      lateral: 0,
      jerk: 0,
      worst: { speed: 0, step: 0, bearing: 0, coupled: 0 },
      ratios: new Map<number, [number, number]>(),
      idleFaults: 0,
      farthest: 0,
    };

    before(async () => {
      assert.deepEqual(await writeGeneratedDrive(path, { hours: HOURS, seed }), { rows: HOURS * 3600 });
      let last: Sample | undefined;
      let start: Sample | undefined;
      for await (const now of samples(path)) {
        facts.rows += 1;
        facts.days.add(new Date(now.time).toISOString().slice(0, 10));
        facts.topSpeed = Math.max(facts.topSpeed, now.speed);
        if (now.speed === 0) facts.standing += 1;
        if (now.gear === 0 ? now.speed !== 0 || now.rpm !== 800 : now.speed === 0) facts.idleFaults += 1;
        // Where the clutch is closed the engine turns at a fixed ratio to the wheels.
        if (now.gear > 0 && now.rpm > 810 && now.speed > 1.5) {
          const ratio = now.rpm / now.speed;
          const [low, high] = facts.ratios.get(now.gear) ?? [ratio, ratio];
          facts.ratios.set(now.gear, [Math.min(low, ratio), Math.max(high, ratio)]);
        }
        start ??= now;
        facts.farthest = Math.max(facts.farthest, between(start, now).metres);
        if (last === undefined) facts.odometer[0] = now.odometer;
        else {
          assert.equal(now.time - last.time, 1000);
          const way = between(last, now);
          const mean = (last.speed + now.speed) / 2;
          facts.fromSpeed += mean;
          facts.fromPositions += way.metres;
          facts.worst.step = Math.max(facts.worst.step, Math.abs(way.metres - mean));
          facts.worst.speed = Math.max(facts.worst.speed, Math.abs(now.speed - last.speed - now.acceleration));
          const yaw = turn(last.heading, now.heading);
          if (way.metres > 3) facts.worst.bearing = Math.max(facts.worst.bearing, Math.abs(turn(last.heading + yaw / 2, way.bearing)));
          if (way.metres === 0) facts.worst.coupled = Math.max(facts.worst.coupled, Math.abs(yaw));
          facts.lateral = Math.max(facts.lateral, (mean * Math.abs(yaw) * Math.PI) / 180);
          facts.jerk = Math.max(facts.jerk, now.acceleration - last.acceleration);
          facts.acceleration = [Math.min(facts.acceleration[0], now.acceleration), Math.max(facts.acceleration[1], now.acceleration)];
        }
        facts.odometer[1] = now.odometer;
        last = now;
      }
    });

    it("has one row a second and crosses midnight", () => {
      assert.equal(facts.rows, HOURS * 3600);
      assert.deepEqual([...facts.days], ["2024-01-15", "2024-01-16"]);
    });

    it("goes as far as its speed says, in all and in every second", () => {
      assert.ok(Math.abs(facts.fromPositions / facts.fromSpeed - 1) < 0.002, `${facts.fromPositions} m by position, ${facts.fromSpeed} m by speed`);
      assert.ok(Math.abs((facts.odometer[1] - facts.odometer[0]) / facts.fromSpeed - 1) < 0.0005);
      assert.ok(facts.worst.step < 0.15, `${facts.worst.step} m in one second`);
      assert.ok(facts.fromSpeed > 500_000, "a day's drive goes somewhere");
      assert.ok(facts.farthest < 150_000, `${facts.farthest} m from the start`);
    });

    it("moves where it heads, and turns only when it moves", () => {
      assert.ok(facts.worst.bearing < 1, `${facts.worst.bearing}°`);
      assert.equal(facts.worst.coupled, 0);
    });

    it("keeps to what tyres, engine and brakes can do", () => {
      assert.ok(facts.topSpeed > 25 && facts.topSpeed < 38, `${facts.topSpeed} m/s`);
      assert.ok(facts.acceleration[0] > -4 && facts.acceleration[0] < -1, String(facts.acceleration));
      assert.ok(facts.acceleration[1] < 3 && facts.acceleration[1] > 1, String(facts.acceleration));
      assert.ok(facts.jerk < 3.5, String(facts.jerk));
      assert.ok(facts.worst.speed < 0.02, "acceleration is the change of speed");
      assert.ok(facts.lateral < 3, `${facts.lateral} m/s² sideways`);
    });

    it("turns engine and wheels at one ratio a gear, falling from gear to gear", () => {
      assert.deepEqual([...facts.ratios.keys()].sort(), [1, 2, 3, 4, 5, 6]);
      const means = [1, 2, 3, 4, 5, 6].map((gear) => {
        const [low, high] = facts.ratios.get(gear)!;
        assert.ok(high / low < 1.01, `gear ${gear}: ${low} to ${high}`);
        return (low + high) / 2;
      });
      means.slice(1).forEach((mean, i) => assert.ok(mean < means[i]! * 0.9));
      assert.equal(facts.idleFaults, 0);
      assert.ok(facts.standing > facts.rows * 0.01, "it waits now and then");
    });

    it("is accepted whole by the reader", async () => {
      const { rows, rejected, drive } = await readDrive(path);
      assert.deepEqual([drive.format, rows.length, rejected.length], ["generated", HOURS * 3600, 0]);
    });
  });
}

describe("writeGeneratedDrive", () => {
  it("gives the same bytes for the same seed, others for another", async () => {
    const make = async (name: string, seed: number): Promise<string> => {
      await writeGeneratedDrive(folder.path(name), { hours: 0.25, seed, startMs: Date.UTC(2024, 11, 31, 23, 50) });
      return readFileSync(folder.path(name), "utf8");
    };
    const first = await make("a.csv", 5);
    assert.equal(await make("b.csv", 5), first);
    assert.notEqual(await make("c.csv", 6), first);
    assert.equal(first.split("\n").length, 902);
    assert.match(first, /\n2025-01-01T00:00:00\.000Z,/);
  });

  it("takes 1 row as the least and refuses what is no length", async () => {
    assert.deepEqual(await writeGeneratedDrive(folder.path("one.csv"), { hours: 1 / 3600 }), { rows: 1 });
    for (const hours of [0, -1, NaN, Infinity, 1e6]) {
      await assert.rejects(writeGeneratedDrive(folder.path("none.csv"), { hours }), (error) => isQoodError(error, "HOURS_INVALID"));
    }
    assert.ok(!existsSync(folder.path("none.csv")) && !existsSync(folder.path("none.csv.partial")));
    assert.ok(statSync(folder.path("one.csv")).size > 0);
  });
});
