import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import { encodeMessage } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { closeRedis, connectRedis, createAppender, deviceName, keys, listDeadLetters, readRange, readTelemetry, registerStream } from "../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { testRedis } from "./support/engines.ts";
import { bytes32, goodRow, makeCar, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";

describe("telemetry append", () => {
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  let cars = 0;
  const prefix = "test";
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-append-"));
    engine = await testRedis(dir);
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function newCar(): Promise<Car> {
    const car = makeCar((cars += 1));
    await registerStream(redis, prefix, car.config);
    return car;
  }
  const stored = async (car: Car): Promise<number[]> => (await readRange(redis, prefix, car.config.handle, deviceName(car.config.devicePublicKey), 0, 1_000_000)).map((each) => each.counter);

  it("stores a message once, however often and by however many gateways it is delivered", async () => {
    const car = await newCar();
    const messages = Array.from({ length: 20 }, (_, i) => car.message(i * 5, 5));
    const one = createAppender(redis, prefix);
    const two = createAppender(redis, prefix);
    assert.deepEqual(await one.append(messages, "first"), messages.map(() => ({ status: "stored", dropped: 0 })));
    for (let round = 0; round < 50; round += 1) {
      const answers = await Promise.all([one.append(messages, "again"), two.append([encodeMessage(messages[7]!)], "other")]);
      assert.ok(answers.flat().every(({ status }) => status === "duplicate"));
    }
    assert.deepEqual(await stored(car), Array.from({ length: 20 }, (_, i) => i));
    const next = car.message(100, 5);
    const both = (await Promise.all([one.append([next], "a"), two.append([next], "b")])).flat().map(({ status }) => status);
    assert.deepEqual(both.sort(), ["duplicate", "stored"]);
    assert.equal((await stored(car)).length, 21);
  });

  it("does not acknowledge a message that comes too early, and takes it when its turn has come", async () => {
    const car = await newCar();
    const [first, second, third] = [car.message(0, 2), car.message(2, 2), car.message(4, 2)];
    const appender = createAppender(redis, prefix);
    assert.deepEqual(await appender.append([third], "x"), [{ status: "early", expected: 0 }]);
    assert.deepEqual((await appender.append([first, third], "x")).map(({ status }) => status), ["stored", "early"]);
    assert.deepEqual((await appender.append([second, third], "x")).map(({ status }) => status), ["stored", "stored"]);
    assert.deepEqual(await stored(car), [0, 1, 2]);
  });

  it("refuses forged, foreign and malformed messages into the dead letters, with reason and origin", async () => {
    const car = await newCar();
    const appender = createAppender(redis, prefix);
    const good = car.message(0, 3);
    const forged = { ...good, rows: [good.rows[0]!, good.rows[1]!, encodeRow(goodRow(START + 9000))] };
    const flipped = { ...good, signature: good.signature!.map((byte, i) => (i === 40 ? byte ^ 1 : byte)) };
    const unsigned = { ...good, signature: null };
    const stranger = makeCar(999).message(0, 1);
    const garbage = encodeMessage(good).subarray(0, 50);
    const results = await appender.append([forged, flipped, unsigned, stranger, garbage, new Uint8Array(2_000_000)], "gate 7");
    assert.deepEqual(results.map((each) => (each.status === "refused" ? each.code : each.status)), [
      ...["MESSAGE_SIGNATURE", "MESSAGE_SIGNATURE", "MESSAGE_UNSIGNED", "STREAM_UNKNOWN"],
      ...[results[4]!.status === "refused" ? results[4]!.code : "", "MESSAGE_SIZE"],
    ]);
    assert.match(results[4]!.status === "refused" ? results[4]!.code : "", /^CBOR_/);
    assert.deepEqual(await stored(car), []);
    const letters = (await listDeadLetters(redis, prefix)).filter(({ origin }) => origin === "gate 7");
    assert.equal(letters.length, 6);
    assert.ok(letters.every(({ reason }) => reason.length > 0 && !reason.includes("\n")));
    assert.deepEqual((await appender.append([good], "gate 7")).map(({ status }) => status), ["stored"]);
  });

  it("leaves bad rows of a right message out of the batch and says why", async () => {
    const car = await newCar();
    const appender = createAppender(redis, prefix);
    const row = (time: number, change: (values: (number | null)[]) => (number | null)[] = (values) => values): Uint8Array => encodeRow(change(goodRow(time)));
    const midnight = Date.UTC(2026, 2, 2);
    const rows = [
      row(START),
      row(START + 1000, (values) => values.slice(0, 3)),
      row(START + 2000, ([time, ...rest]) => [time!, 2 ** 40, ...rest.slice(1)]),
      row(START - 1),
      Uint8Array.of(0x9f, 0x01, 0xff),
      row(START + 3000),
      row(midnight),
    ];
    const message = car.signer.sign(rows, bytes32("salt").subarray(0, 16));
    assert.deepEqual(await appender.append([message], "car"), [{ status: "stored", dropped: 5 }]);
    const [entry] = await readRange(redis, prefix, car.config.handle, deviceName(car.config.devicePublicKey), 0, 0);
    assert.deepEqual([entry!.dropped, entry!.kept, entry!.firstTime, entry!.lastTime], [[1, 2, 3, 4, 6], 2, START, START + 3000]);
    assert.deepEqual(entry!.wire, encodeMessage(message));
    const letters = (await listDeadLetters(redis, prefix)).filter(({ stream }) => stream === car.config.handle);
    assert.deepEqual(letters.map(({ row: index }) => index), [1, 2, 3, 4, 6]);
    assert.deepEqual(letters.map(({ code }) => code).map((code) => code.replace(/CBOR.*/, "CBOR")), ["ROW_COLUMNS", "ROW_RANGE", "ROW_TIME", "ROW_CBOR", "ROW_DAY"]);
  });

  it("marks the end of a trip once, behind the last message", async () => {
    const car = await newCar();
    const appender = createAppender(redis, prefix);
    await appender.endTrip(car.config.handle);
    await appender.append([car.message(0, 1), car.message(1, 1)], "x");
    await appender.endTrip(car.config.handle);
    await appender.endTrip(car.config.handle);
    await appender.append([car.message(2, 1)], "x");
    const device = deviceName(car.config.devicePublicKey);
    const all = await readTelemetry(redis, prefix, car.config.handle, device, { next: 0, afterTripEnd: true }, 100);
    assert.deepEqual(all.map(({ kind, counter }) => `${kind} ${counter}`), ["message 0", "message 1", "trip-end 1", "message 2"]);
    const later = await readTelemetry(redis, prefix, car.config.handle, device, { next: 2, afterTripEnd: false }, 100);
    assert.deepEqual(later.map(({ kind, counter }) => `${kind} ${counter}`), ["trip-end 1", "message 2"]);
    assert.ok((await redis.smembers(keys.active(prefix))).includes(car.config.handle));
  });

  it("loses no acknowledged message when Redis is killed", async () => {
    const car = await newCar();
    const appender = createAppender(redis, prefix);
    const results = await appender.append(Array.from({ length: 200 }, (_, i) => car.message(i, 1)), "x");
    assert.ok(results.every(({ status }) => status === "stored"));
    process.kill(engine.program.pid, "SIGKILL");
    await engine.program.ended;
    engine = await testRedis(dir);
    assert.equal((await stored(car)).length, 200);
    assert.deepEqual(await appender.append([car.message(200, 1)], "x"), [{ status: "stored", dropped: 0 }]);
  });

  it("refuses a stream whose handle does not stand for its rights", async () => {
    const { config } = makeCar(500);
    await assert.rejects(registerStream(redis, prefix, { ...config, vehicle: "7" }), { code: "STREAM_CONFIG" });
  });
});
