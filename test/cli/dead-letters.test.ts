import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Redis } from "ioredis";
import { encodeMessage } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { closeRedis, connectRedis, createAppender, deadLetter, deviceName, findLetters, keys, letterMessage, letterTotals, listDeadLetters, readRange, registerStream, replayLetters } from "../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { testRedis } from "../workers/support/engines.ts";
import { bytes32, goodRow, makeCar, START } from "../workers/support/fleet.ts";
import type { Car } from "../workers/support/fleet.ts";
import { qood, start } from "./support.ts";

describe("qood tsp streams and dead-letters", () => {
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  let [cars, prefixes] = [700, 0];
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-letters-"));
    engine = await testRedis(dir);
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const newPrefix = (): string => `letters-${(prefixes += 1)}`;
  const newCar = (): Car => makeCar((cars += 1));
  const stored = async (prefix: string, { config }: Car): Promise<number[]> => (await readRange(redis, prefix, config.handle, deviceName(config.devicePublicKey), 0, 1_000_000)).map(({ counter }) => counter);
  const letters = (prefix: string): ReturnType<typeof listDeadLetters> => listDeadLetters(redis, prefix, 1_000_000);
  async function tsp<T>(prefix: string, ...args: string[]): Promise<T> {
    const run = await qood(["--json", "tsp", "--redis", engine.socket, ...args, "--redis-prefix", prefix], {});
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    return JSON.parse(run.stdout) as T;
  }
  type Letters = { id: string; code: string; replay: string; counter: number | null; origin: string; tries: number }[];

  it("registers streams from flags and from files, and shows where they stand", async () => {
    const prefix = newPrefix();
    const car = newCar();
    const { config } = car;
    const flags = ["--vehicle", config.vehicle, "--schema", "carobd@1", "--device-key", config.devicePublicKey!, "--registry", config.registry, "--chain-id", "31337"];
    const [added] = await tsp<{ handle: string }[]>(prefix, "streams", "add", ...flags);
    assert.equal(added!.handle, config.handle);
    const other = newCar().config;
    const file = join(dir, "streams.json");
    writeFileSync(file, JSON.stringify([{ ...other, handle: undefined, schema: "carobd@1", devicePublicKey: null }]));
    await tsp(prefix, "streams", "add", "--file", file);
    await createAppender(redis, prefix).append([car.message(0, 2), car.message(2, 2)], "x");
    await redis.hset(keys.status(prefix), other.handle, JSON.stringify({ state: "revoked", since: "2026-03-01", reason: "the owner said so", of: "1" }));
    await redis.hset(keys.sequence(prefix, config.handle), { next: "3", open: "2", [`planned:${deviceName(config.devicePublicKey)}`]: "1" });
    await redis.hset(keys.batch(prefix, config.handle, 2), "status", "sealed");
    const listed = await tsp<Record<string, unknown>[]>(prefix, "streams", "list");
    const mine = listed.find(({ handle }) => handle === config.handle)!;
    assert.deepEqual([mine.device, mine.next, mine.waiting, mine.sequence, mine.openBatch, mine.status, mine.class], [deviceName(config.devicePublicKey), 2, 1, 3, "2 sealed", "active", "USER/ORDINARY"]);
    const theirs = listed.find(({ handle }) => handle === other.handle)!;
    assert.deepEqual([theirs.device, theirs.status, theirs.openBatch], ["tsp", "revoked, since 2026-03-01, the owner said so", null]);
    const shown = await tsp<Record<string, unknown>>(prefix, "streams", "show", config.handle.slice(0, 14));
    assert.deepEqual([shown.vehicle, shown.keyEpoch, shown.schema], [config.vehicle, 0, "carobd@1"]);
    const wrong = await qood(["tsp", "streams", "show", "0x1234", "--redis", engine.socket], {});
    assert.deepEqual([wrong.code, wrong.stdout], [1, ""]);
    assert.match(wrong.stderr, /^qood: stream 0x1234 is not registered: .*\n$/);
    const nowhere = await qood(["tsp", "streams", "list", "--redis", join(dir, "none.sock")], {});
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /^qood: no Redis answers at .*none\.sock/);
  });

  it("lists, filters and counts what was refused, and says what can be replayed", async () => {
    const prefix = newPrefix();
    const [car, stranger] = [newCar(), newCar()];
    await registerStream(redis, prefix, car.config);
    const appender = createAppender(redis, prefix);
    const late = car.signer.sign([encodeRow(goodRow(START)), encodeRow(goodRow(START - 1))], bytes32("s").subarray(0, 16));
    await appender.append([late, stranger.message(0, 1), Uint8Array.of(1, 2, 3)], "gate 1");
    await appender.append([stranger.message(1, 1)], "gate 2");
    const all = await tsp<Letters>(prefix, "dead-letters", "list");
    const kinds = new Map(all.map(({ code, replay }) => [code, replay]));
    assert.deepEqual([...kinds.keys()].map((code) => code.replace(/^CBOR_.*/, "CBOR")).sort(), ["CBOR", "ROW_TIME", "STREAM_UNKNOWN"]);
    assert.equal(kinds.get("STREAM_UNKNOWN"), "yes");
    assert.match(kinds.get("ROW_TIME")!, /^no, a row of a stored message/);
    assert.match(all.find((each) => each.code.startsWith("CBOR"))!.replay, /^no, no message of a device/);
    const pick = async (...args: string[]): Promise<number> => (await tsp<Letters>(prefix, "dead-letters", "list", ...args)).length;
    assert.deepEqual(
      [await pick("--stream", stranger.config.handle), await pick("--code", "STREAM_UNKNOWN"), await pick("--code", "ROW_*"), await pick("--origin", "gate 2"), await pick("--limit", "1"), await pick("--since", "1h"), await pick("--since", "2100-01-01T00:00:00Z")],
      [2, 2, 1, 1, 1, 4, 0],
    );
    const count = await tsp<{ letters: number; replayable: number; lost: number; counts: Record<string, number> }>(prefix, "dead-letters", "count", "--by", "origin");
    assert.deepEqual([count.letters, count.replayable, count.lost, count.counts], [4, 2, 0, { "gate 1": 3, "gate 2": 1 }]);
    const wrong = await qood(["tsp", "dead-letters", "list", "--since", "soon", "--redis", engine.socket], {});
    assert.deepEqual([wrong.code, /--since soon is neither/.test(wrong.stderr)], [1, true]);
  });

  it("replays what was refused for want of a registration, in order, whole messages of a MiB too, and nothing twice", async () => {
    const prefix = newPrefix();
    const car = newCar();
    // As many rows as a message can hold: what is cut could not be replayed.
    const messages: DeviceMessage[] = [car.message(0, 2), car.message(2, 9000), car.message(9002, 1)];
    assert.ok(encodeMessage(messages[1]!).length > 900_000);
    for (const message of [...messages, messages[0]!]) await createAppender(redis, prefix).append([message], "gate");
    assert.equal((await letters(prefix)).length, 4);
    const vain = await tsp<{ stored: number; refused: number; stays: { code: string }[] }>(prefix, "dead-letters", "replay");
    assert.deepEqual([vain.stored, vain.refused, vain.stays.map(({ code }) => code)], [0, 4, Array.from({ length: 4 }, () => "STREAM_UNKNOWN")]);
    assert.deepEqual((await letters(prefix)).map(({ tries }) => tries), [1, 1, 1, 1], "replaying in vain makes no new letters");
    await registerStream(redis, prefix, car.config);
    const done = await tsp<{ stored: number; duplicate: number; refused: number }>(prefix, "dead-letters", "replay");
    assert.deepEqual([done.stored, done.duplicate, done.refused], [3, 1, 0]);
    assert.deepEqual(await stored(prefix, car), [0, 1, 2]);
    const kept = await readRange(redis, prefix, car.config.handle, deviceName(car.config.devicePublicKey), 1, 1);
    assert.deepEqual(kept[0]!.wire, encodeMessage(messages[1]!));
    assert.deepEqual(await letterTotals(redis, prefix), { letters: 0, bytes: 0, lost: 0 });
    assert.deepEqual(await Promise.all([keys.deadLetterMessages(prefix), keys.deadLetterTries(prefix)].map((key) => redis.exists(key))), [0, 0]);
  });

  it("leaves with its reason what is refused again, comes too early, or is not the message that was stored", async () => {
    const prefix = newPrefix();
    const car = newCar();
    const [first, , third] = [car.message(0, 1), car.message(1, 1), car.message(2, 1)];
    const forged = { ...first, signature: first.signature!.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
    const other = { ...car.message(3, 1), counter: 0 };
    await createAppender(redis, prefix).append([forged, third, other], "gate");
    await registerStream(redis, prefix, car.config);
    const summary = await tsp<{ stored: number; refused: number; stays: { counter: number; code: string; reason: string }[] }>(prefix, "dead-letters", "replay");
    assert.deepEqual([summary.stored, summary.refused], [0, 3]);
    assert.deepEqual(new Map(summary.stays.map(({ counter, code }) => [code, counter])), new Map([["MESSAGE_SIGNATURE", 0], ["MESSAGE_EARLY", 2]]));
    assert.equal(summary.stays.find(({ code }) => code === "MESSAGE_EARLY")!.reason, "message 2 waits for message 0");
    await createAppender(redis, prefix).append([first], "gate");
    await replayLetters(redis, prefix, {});
    assert.deepEqual((await letters(prefix)).map(({ counter, code, tries }) => [counter, code, tries]), [[0, "MESSAGE_COUNTER_TAKEN", 2], [2, "MESSAGE_EARLY", 2], [0, "MESSAGE_COUNTER_TAKEN", 2]]);
  });

  it("makes way for messages that come before their turn by those that it stores", async () => {
    const prefix = newPrefix();
    const car = newCar();
    const messages = Array.from({ length: 12 }, (_, i) => car.message(i, 1));
    for (const message of messages.toReversed()) await createAppender(redis, prefix).append([message], `from ${message.counter % 3}`);
    await registerStream(redis, prefix, car.config);
    assert.deepEqual(await replayLetters(redis, prefix, {}), { stored: 12, duplicate: 0, refused: 0, kept: 0 });
    assert.deepEqual(await stored(prefix, car), messages.map(({ counter }) => counter));
  });

  it("goes on after a kill in the middle: every message once, no letter left", async () => {
    const prefix = newPrefix();
    const car = newCar();
    const messages = Array.from({ length: 600 }, (_, i) => car.message(i, 1));
    // Each of an origin of its own, so that the replay takes as many round trips.
    for (const message of messages) await createAppender(redis, prefix).append([message], `gate ${message.counter}`);
    await registerStream(redis, prefix, car.config);
    const running = start(["tsp", "dead-letters", "replay", "--redis", engine.socket, "--redis-prefix", prefix], {});
    const chain = keys.chain(prefix, car.config.handle, deviceName(car.config.devicePublicKey));
    while (Number((await redis.hget(chain, "next")) ?? 0) < 50) await new Promise((resolve) => setImmediate(resolve));
    running.child.kill("SIGKILL");
    assert.equal((await running.end).signal, "SIGKILL");
    const before = await stored(prefix, car);
    assert.ok(before.length >= 50 && before.length < 600, `killed in the middle: ${before.length}`);
    const left = (await letters(prefix)).length;
    assert.ok(left >= 600 - before.length);
    const summary = await tsp<{ stored: number; duplicate: number; refused: number }>(prefix, "dead-letters", "replay");
    assert.deepEqual([summary.stored, summary.stored + summary.duplicate, summary.refused], [600 - before.length, left, 0]);
    assert.deepEqual(await stored(prefix, car), messages.map(({ counter }) => counter));
    assert.equal((await letterTotals(redis, prefix)).letters, 0);
  });

  it("holds what letters take of Redis within bounds, the oldest first, and counts what was pushed out", async () => {
    const prefix = newPrefix();
    const { stream } = makeCar(1).message(0, 1);
    const put = async (count: number, size: number, limits: { letters: number; bytes: number }): Promise<void> => {
      const pipeline = redis.pipeline();
      for (let i = 0; i < count; i += 1) deadLetter(pipeline, prefix, { stream, counter: i, code: "X", reason: "r", origin: "o", wire: new Uint8Array(size).fill(i) }, limits);
      const answers = (await pipeline.exec())!;
      assert.ok(answers.every(([error]) => error === null), String(answers.find(([error]) => error !== null)));
    };
    await put(30, 1000, { letters: 20, bytes: 1_000_000 });
    assert.deepEqual(await letterTotals(redis, prefix), { letters: 20, bytes: 20_000, lost: 10 });
    assert.deepEqual((await letters(prefix)).map(({ counter }) => counter), Array.from({ length: 20 }, (_, i) => i + 10));
    await put(1, 15_000, { letters: 20, bytes: 18_000 });
    assert.deepEqual(await letterTotals(redis, prefix), { letters: 4, bytes: 18_000, lost: 27 });
    await put(1, 50_000, { letters: 20, bytes: 18_000 });
    assert.deepEqual(await letterTotals(redis, prefix), { letters: 1, bytes: 50_000, lost: 31 });
    for await (const { id, whole } of findLetters(redis, prefix)) assert.deepEqual([whole, (await letterMessage(redis, prefix, id))!.length], [true, 50_000]);
    assert.equal(await redis.hlen(keys.deadLetterMessages(prefix)), 1);
  });
});
