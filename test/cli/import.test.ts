import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Redis } from "ioredis";
import { decodeMessage, encodeMessage } from "@qoodblock/sdk/device";
import type { DeviceMessage } from "@qoodblock/sdk/device";
import { CAN_GPS, CAROBD } from "@qoodblock/sdk/dictionary";
import type { Schema } from "@qoodblock/sdk/dictionary";
import { readDrive } from "@qoodblock/sdk/drive";
import { decodeRow, encodeRow, schemaHash, streamHandle } from "@qoodblock/sdk/formats";
import { EVENT_TYPES } from "../../workers/shared/cloudevents/index.ts";
import { closeRedis, connectRedis, createAppender, deviceName, keys, listDeadLetters, readRange, readTelemetry, registerStream } from "../../workers/shared/queue/index.ts";
import type { StreamConfig } from "../../workers/shared/queue/index.ts";
import type { RedisEngine } from "../../workers/shared/engines/redis.ts";
import { testRedis } from "../workers/support/engines.ts";
import { bytes32, goodRow, makeCar, START } from "../workers/support/fleet.ts";
import { plainMistake, qood, start } from "./support.ts";

const data = (name: string): string => fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
const DRIVE = data("carobd-drive1.csv");

interface Result {
  readonly result: string;
  readonly records: number;
  readonly messages: number;
  readonly resumed: boolean;
  readonly deadLetters: Record<string, number>;
}

describe("qood tsp import", () => {
  let dir: string;
  let engine: RedisEngine;
  let redis: Redis;
  let streams = 0;
  const prefix = "import";
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "qood-import-test-"));
    engine = await testRedis(dir);
    redis = connectRedis(engine.socket);
  });
  after(async () => {
    await closeRedis(redis);
    await engine.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A stream that the TSP attests. */
  async function attested(schema: Schema = CAROBD): Promise<StreamConfig> {
    const { config } = makeCar(1);
    const vehicle = String(90_000 + (streams += 1));
    const hash = schemaHash(schema.name, schema.version);
    const handle = streamHandle({ chainId: 31337n, registry: config.registry, vehicle: BigInt(vehicle), epoch: 1, dataClass: "USER", privacy: "ORDINARY", schema: hash });
    return registerStream(redis, prefix, { ...config, vehicle, schema: hash, handle, devicePublicKey: null });
  }
  const at = (): string[] => ["--redis", engine.socket, "--redis-prefix", prefix];
  async function bring(stream: StreamConfig, ...args: string[]): Promise<Result> {
    const run = await qood(["--json", "tsp", "import", ...args, "--stream", stream.handle, ...at()], {});
    assert.deepEqual([run.code, run.stderr], [0, ""]);
    return (JSON.parse(run.stdout) as Result[])[0]!;
  }
  /** Every row that is kept in the stream, in order; messages must be without gap. */
  async function held({ handle, devicePublicKey }: StreamConfig): Promise<(number | null)[][]> {
    const messages = await readRange(redis, prefix, handle, deviceName(devicePublicKey), 0, 1_000_000);
    assert.deepEqual(messages.map(({ counter }) => counter), messages.map((_, i) => i));
    return messages.flatMap(({ wire, dropped }) => decodeMessage(wire).rows.filter((_, i) => !dropped.includes(i)).map((row) => [...decodeRow(row)]));
  }
  const lettersOf = async ({ handle }: StreamConfig): Promise<{ code: string; origin: string }[]> => (await listDeadLetters(redis, prefix, 100_000)).filter(({ stream }) => stream === handle).map(({ code, origin }) => ({ code, origin }));
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(dir, name), content);
    return join(dir, name);
  };
  const event = (change: Record<string, unknown>): string => JSON.stringify({ specversion: "1.0", id: String(Math.random()), source: "urn:test", type: EVENT_TYPES.records, ...change });
  const signedEvent = (message: DeviceMessage): string => event({ type: EVENT_TYPES.message, subject: message.stream, data_base64: Buffer.from(encodeMessage(message)).toString("base64") });

  for (const [path, schema] of [[DRIVE, CAROBD], [data("austin-bmw-can-10hz.csv"), CAN_GPS]] as const) {
    it(`takes every accepted row of ${path.split("/").at(-1)!} once, and each rejected line into the dead letters`, async () => {
      const stream = await attested(schema);
      const { rows, rejected } = await readDrive(path);
      const imported = await bring(stream, path, "--end-trip", "--schema", `${schema.name}@1`);
      assert.deepEqual([imported.result, imported.records, imported.resumed], ["imported", rows.length, false]);
      assert.deepEqual(await held(stream), rows.map(({ values }) => values));
      assert.deepEqual((await lettersOf(stream)).map(({ origin, code }) => `${origin} ${code}`), rejected.map(({ line, reason }) => `${path.split("/").at(-1)!}:${line} ROW_${reason.toUpperCase()}`));
      const last = (await readTelemetry(redis, prefix, stream.handle, "tsp", { next: imported.messages, afterTripEnd: false }, 10)).at(-1);
      assert.deepEqual(last, { kind: "trip-end", counter: imported.messages - 1 });
      const again = await bring(stream, path);
      assert.equal(again.result, "already imported");
      assert.equal((await held(stream)).length, rows.length);
    });
  }

  it("takes CloudEvents, plain and packed, raw and named, and each bad line with its place", async () => {
    const day = Date.UTC(2026, 2, 2);
    const lines = [
      event({ data: { records: [goodRow(START), { time: START + 1000, vehicle_speed: 50 }] } }),
      "{\"half",
      event({ data: { records: [goodRow(START + 2000), [1, 2], goodRow(START + 3000)] }, dataschema: "urn:qood:schema:carobd@1" }),
      "",
      event({ data: { records: [goodRow(START + 1)] } }),
      event({ data: { records: [goodRow(START + 4000)] }, dataschema: "urn:qood:schema:telemetry@1" }),
      event({ data: { records: [goodRow(START + 4000)] }, subject: `0x${"12".repeat(32)}` }),
      event({ data: { records: [goodRow(day - 1), goodRow(day), goodRow(day)] } }),
    ].join("\n");
    const times = [START, START + 1000, START + 2000, START + 3000, day - 1, day, day];
    const packings = { "plain.jsonl": Buffer.from(lines), "packed.jsonl.gz": gzipSync(lines), "packed.jsonl.zst": zstdCompressSync(lines) };
    for (const [name, content] of Object.entries(packings)) {
      const stream = await attested();
      const imported = await bring(stream, file(name, content));
      const deadLetters = { EVENT_JSON: 1, ROW_COLUMNS: 1, ROW_TIME: 1, EVENT_SCHEMA: 1, EVENT_STREAM: 1 };
      assert.deepEqual([imported.records, imported.deadLetters], [7, deadLetters]);
      assert.deepEqual((await held(stream)).map(([time]) => time), times);
      assert.deepEqual((await lettersOf(stream)).map(({ origin, code }) => `${origin} ${code}`), ["2 EVENT_JSON", "3 ROW_COLUMNS", "5 ROW_TIME", "6 EVENT_SCHEMA", "7 EVENT_STREAM"].map((what) => `${name}:${what}`));
    }
    const csv = await attested();
    assert.equal((await bring(csv, file("drive.csv.gz", gzipSync(readFileSync(DRIVE))))).records, (await readDrive(DRIVE)).rows.length);
  });

  it("goes on after kills in the middle, however messages are cut then: every row once, every fault once", async () => {
    const stream = await attested();
    // With faults all over the file.
    const lines = readFileSync(DRIVE, "utf8").split("\n");
    const broken = file("broken.csv", lines.map((line, i) => (i > 0 && i % 50 === 0 ? line.replace(/^[^,]*/, "x") : line)).join("\n"));
    const { rows, rejected } = await readDrive(broken);
    assert.ok(rejected.length > 20 && rows.length > 2000);
    const chain = keys.chain(prefix, stream.handle, "tsp");
    let kills = 0;
    for (const [share, size] of [[0.2, "1"], [0.5, "2"], [0.7, "3"]] as const) {
      const running = start(["tsp", "import", broken, "--stream", stream.handle, "--message-rows", size, ...at()], {});
      const key = keys.imported(prefix, stream.handle, "*");
      for (;;) {
        const [found] = await redis.keys(key);
        if (found !== undefined && Number((await redis.hget(found, "next")) ?? 0) >= share * rows.length) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      running.child.kill("SIGKILL");
      if ((await running.end).signal === "SIGKILL") kills += 1;
      const so = (await held(stream)).length;
      assert.ok(so >= share * rows.length * 0.9 && so < rows.length, `${so} of ${rows.length} rows when killed`);
    }
    assert.equal(kills, 3);
    await plainMistake(["tsp", "import", broken, "--stream", stream.handle, "--start", "2025-01-01", ...at()], /was begun with --start 2024-01-15T12:00:00\.000Z: go on with the same/, {});
    const imported = await bring(stream, broken, "--message-rows", "40");
    assert.deepEqual([imported.result, imported.resumed, imported.records], ["imported", true, rows.length]);
    assert.deepEqual(await held(stream), rows.map(({ values }) => values));
    assert.deepEqual((await lettersOf(stream)).map(({ origin }) => origin), rejected.map(({ line }) => `broken.csv:${line}`));
    assert.equal(Object.values(imported.deadLetters).reduce((sum, count) => sum + count, 0), rejected.length);
    assert.equal(Number(await redis.hget(chain, "next")), (await readRange(redis, prefix, stream.handle, "tsp", 0, 1_000_000)).length);
  });

  it("shares a stream with another import of the same file and with a gateway, and still stores every row once", async () => {
    const stream = await attested();
    const { rows } = await readDrive(DRIVE);
    const args = ["--json", "tsp", "import", DRIVE, "--stream", stream.handle, "--message-rows", "4", ...at()];
    const both = [start(args, {}), start(args, {})];
    const appender = createAppender(redis, prefix);
    // Rows of its own, which are told apart by their second value.
    const mark = 64_000;
    let sent = 0;
    const ended = { yes: false };
    const all = Promise.all(both.map(({ end }) => end)).finally(() => (ended.yes = true));
    while (!ended.yes) {
      const next = Number((await redis.hget(keys.chain(prefix, stream.handle, "tsp"), "next")) ?? 0);
      const time = Number((await redis.hget(keys.chain(prefix, stream.handle, "tsp"), "time")) ?? rows[0]!.values[0]!);
      if (time < rows[0]!.values[0]!) continue;
      const row = encodeRow([time, mark, ...goodRow(time).slice(2)]);
      const [result] = await appender.append([{ stream: stream.handle, counter: next, salt16: bytes32(`s ${sent}`).subarray(0, 16), rows: [row], signature: null }], "gateway");
      if (result!.status === "stored") sent += 1;
    }
    const runs = await all;
    assert.deepEqual(runs.map(({ code, stderr }) => [code, stderr]), [[0, ""], [0, ""]]);
    const kept = await held(stream);
    assert.deepEqual(kept.filter((row) => row[1] !== mark), rows.map(({ values }) => values));
    assert.equal(kept.length - rows.length, sent);
    assert.ok(sent > 0);
  });

  it("takes a device's signed messages, whatever their order and however often, and keeps those that wait", async () => {
    const car = makeCar(801);
    await registerStream(redis, prefix, car.config);
    const messages = Array.from({ length: 200 }, (_, i) => car.message(i * 2, 2));
    const forged = { ...messages[3]!, signature: messages[4]!.signature };
    const first = [...messages.slice(0, 60).toReversed(), messages[7]!, ...messages.slice(60, 150), ...messages.slice(151)];
    const path = file("signed.jsonl", [signedEvent(forged), ...first.map(signedEvent), event({ data: { records: [goodRow(START)] } })].join("\n"));
    const imported = await bring(car.config, path);
    assert.deepEqual([imported.messages, imported.records], [150, 300]);
    // The forged one waited for its turn like the others, and was judged then.
    const codes = new Map<string, number>();
    for (const { code } of await lettersOf(car.config)) codes.set(code, (codes.get(code) ?? 0) + 1);
    assert.deepEqual(Object.fromEntries(codes), { MESSAGE_SIGNATURE: 1, MESSAGE_EARLY: 49, EVENT_UNSIGNED: 1 });
    assert.equal((await held(car.config)).length, 300);
    assert.equal((await bring(car.config, file("rest.jsonl", signedEvent(messages[150]!)))).messages, 1);
    const replayed = await qood(["--json", "tsp", "dead-letters", "replay", "--code", "MESSAGE_EARLY", "--stream", car.config.handle, ...at()], {});
    assert.equal((JSON.parse(replayed.stdout) as { stored: number }).stored, 49);
    assert.deepEqual(await held(car.config), messages.flatMap(({ rows }) => rows.map((row) => [...decodeRow(row)])));
    // The same messages in another file are known by their counters.
    const again = await bring(car.config, file("again.jsonl", messages.map(signedEvent).join("\n")));
    assert.deepEqual([again.result, again.messages, again.deadLetters], ["imported", 0, {}]);
  });

  it("refuses in one line what it cannot take, before anything is stored", async () => {
    const stream = await attested();
    const car = makeCar(802);
    await registerStream(redis, prefix, car.config);
    const to = (path: string, handle: string, ...more: string[]): string[] => ["tsp", "import", path, "--stream", handle, ...more, ...at()];
    const { handle } = stream;
    await plainMistake(to(file("other.txt", "hello, world\n1,2\n"), handle), /other\.txt has an unknown shape; expected a carOBD CSV/, {});
    await plainMistake(to(file("cut.csv.gz", gzipSync(readFileSync(DRIVE)).subarray(0, 5000)), handle), /cut\.csv\.gz is a packed file that is cut off or damaged/, {});
    await plainMistake(to(join(dir, "none.csv"), handle), /none\.csv: no such file/, {});
    await plainMistake(to(data("austin-bmw-can-10hz.csv"), handle), /holds records of can-gps@1 and stream 0x[0-9a-f]{64} takes carobd@1/, {});
    const csv = file("mine.csv", readFileSync(DRIVE));
    await plainMistake(to(csv, car.config.handle), /bare rows and stream .* takes messages that its device has signed/, {});
    assert.equal((await held(stream)).length, 0);
    assert.deepEqual(await lettersOf(stream), []);
    const newer = file("newer.jsonl", event({ data: { records: [goodRow(START)] } }));
    await bring(stream, newer);
    const late = await qood(to(csv, handle), {});
    assert.deepEqual([late.code, late.stdout], [1, ""]);
    assert.match(late.stderr, /begins at 2024-01-15T12:.* and the stream already holds 1 messages up to 2026-03-01T08:00:00\.000Z: give the drive's own time with --start/);
    const { rows, rejected } = await readDrive(DRIVE);
    const shoved = await bring(stream, csv, "--late");
    assert.deepEqual([shoved.records, shoved.deadLetters.ROW_TIME, (await lettersOf(stream)).length], [0, rows.length, rows.length + rejected.length]);
    const started = await bring(stream, DRIVE, "--start", "2026-03-02");
    assert.equal(started.result, "already imported", "the content counts, not the name");
  });

  it("tells a person what it does, and a program nothing but the result", async () => {
    const stream = await attested();
    const run = await qood(["tsp", "import", DRIVE, "--stream", stream.handle.slice(0, 20), ...at()], {});
    assert.equal(run.code, 0);
    assert.match(run.stderr, /carobd-drive1\.csv: the file carries no date/);
    for (const word of ["result", "records", "messages", "deadLetters", "recordsPerSecond"]) assert.match(run.stdout, new RegExp(`^${word} `, "m"));
  });
});
