import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { toHex } from "@qoodblock/sdk/bytes";
import type { Hex } from "@qoodblock/sdk/bytes";
import { encodeMessage, MessageSigner, signLogin } from "@qoodblock/sdk/device";
import { encodeRow } from "@qoodblock/sdk/formats";
import { deviceName, keys, listDeadLetters, readRange, registerStream, writeStatus } from "../../workers/shared/queue/index.ts";
import { EVENT_TYPES } from "../../workers/shared/cloudevents/index.ts";
import { bytes32, goodRow, START } from "./support/fleet.ts";
import type { Car } from "./support/fleet.ts";
import { login, NAME, postJson, PREFIX, privateKeyOf, startStation, streamToken } from "./support/gateway.ts";
import type { Gateway, Station } from "./support/gateway.ts";
import { until } from "./support/world.ts";

const MESSAGE = "application/vnd.qood.message";

describe("gateway over HTTP", () => {
  let station: Station;
  let gateway: Gateway;
  before(async () => {
    station = await startStation();
    gateway = await station.gateway("--logins-per-minute", "1000");
  });
  after(async () => {
    assert.equal(await gateway.stop(), 0);
    await station.stop();
  });

  async function send(token: string, body: Uint8Array | string, headers: Record<string, string>): Promise<{ status: number; code: string; results: { status: string; expected?: number; code?: string; dropped?: number }[]; retryAfter: string | null }> {
    const response = await fetch(`${gateway.http}/v1/telemetry`, { method: "POST", body: body as BodyInit, headers: { authorization: `Bearer ${token}`, ...headers } });
    const answer = (await response.json()) as { code?: string; results?: never[] };
    return { status: response.status, code: answer.code ?? "", results: answer.results ?? [], retryAfter: response.headers.get("retry-after") };
  }
  const message = (token: string, wire: Uint8Array): ReturnType<typeof send> => send(token, wire, { "content-type": MESSAGE });
  const event = (car: Car, wire: Uint8Array, id = "1"): object => ({ specversion: "1.0", id, source: "urn:car", type: EVENT_TYPES.message, subject: car.config.handle, data_base64: Buffer.from(wire).toString("base64") });

  it("takes a device's signed messages one by one, says what became of each, and tells where the stream stands", async () => {
    const car = await station.car();
    const token = await login(gateway, car);
    const [first, second] = [encodeMessage(car.message(0, 5)), encodeMessage(car.message(5, 5))];
    assert.deepEqual(await message(token, second).then(({ status, results }) => ({ status, results })), { status: 409, results: [{ status: "early", expected: 0 }] });
    assert.deepEqual((await message(token, first)).results, [{ status: "stored", dropped: 0 }]);
    assert.deepEqual((await message(token, first)).results, [{ status: "duplicate" }]);
    assert.deepEqual((await message(token, second)).results, [{ status: "stored", dropped: 0 }]);
    assert.deepEqual(await station.stored(car), [0, 1]);
    const where = await fetch(`${gateway.http}/v1/streams/${car.config.handle}`, { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual(await where.json(), { next: 2, status: "active", reason: "" });
  });

  for (const [encoding, pack] of [["identity", (x: Buffer) => x], ["gzip", gzipSync], ["zstd", zstdCompressSync]] as const) {
    it(`takes JSON lines packed as ${encoding}, a batch and an event in binary mode`, async () => {
      const car = await station.car();
      const token = await login(gateway, car);
      const wires = Array.from({ length: 6 }, (_, i) => encodeMessage(car.message(i * 10, 10)));
      const lines = wires.slice(0, 3).map((wire, i) => JSON.stringify(event(car, wire, String(i)))).join("\n");
      const sent = await send(token, pack(Buffer.from(lines)), { "content-type": "application/x-ndjson", "content-encoding": encoding });
      assert.deepEqual(sent.results.map(({ status }) => status), ["stored", "stored", "stored"]);
      const batch = await send(token, pack(Buffer.from(JSON.stringify([event(car, wires[3]!), event(car, wires[4]!)]))), { "content-type": "application/cloudevents-batch+json", "content-encoding": encoding });
      assert.deepEqual([batch.status, batch.results.length], [200, 2]);
      const binary = { "content-type": MESSAGE.replace("message", "bytes"), "ce-specversion": "1.0", "ce-id": "5", "ce-source": "urn:car", "ce-type": EVENT_TYPES.message, "ce-subject": car.config.handle };
      assert.deepEqual((await send(token, pack(Buffer.from(wires[5]!)), { ...binary, "content-encoding": encoding })).results, [{ status: "stored", dropped: 0 }]);
      assert.deepEqual(await station.stored(car), [0, 1, 2, 3, 4, 5]);
    });
  }

  it("takes bare records for a stream that the TSP attests, keeps a bad one out with its place, and refuses them for a signed one", async () => {
    const source = await station.car({ devicePublicKey: null });
    const signed = await station.car();
    const token = await streamToken([source.config.handle, signed.config.handle]);
    const records = (car: Car, sequence: number | undefined, rows: unknown[]): object => ({
      ...{ specversion: "1.0", id: String(sequence), source: "urn:box", type: EVENT_TYPES.records, subject: car.config.handle, datacontenttype: "application/json", data: { records: rows } },
      ...(sequence === undefined ? {} : { sequence: String(sequence) }),
    });
    const rows = [goodRow(START), { time: START + 1000, nonsense: 3 }, goodRow(START + 2000)];
    const post = (body: object): ReturnType<typeof send> => send(token, JSON.stringify(body), { "content-type": "application/cloudevents+json" });
    assert.deepEqual((await post(records(source, 0, rows))).results, [{ status: "stored", dropped: 1 }]);
    assert.deepEqual((await post(records(source, 0, rows))).results, [{ status: "duplicate" }]);
    assert.deepEqual((await post(records(source, 2, rows))).results, [{ status: "early", expected: 1 }]);
    // All bad: the place in the chain is kept all the same, else nothing could follow.
    assert.deepEqual((await post(records(source, 1, [{ nonsense: 1 }]))).results, [{ status: "stored", dropped: 1 }]);
    const [kept] = await readRange(station.redis, PREFIX, source.config.handle, deviceName(null), 0, 0);
    assert.deepEqual([kept!.kept, kept!.dropped], [2, [1]]);
    const letters = (await listDeadLetters(station.redis, PREFIX)).filter(({ stream }) => stream === source.config.handle);
    assert.deepEqual(letters.map(({ code, row }) => [code, row]), [["ROW_COLUMNS", 1], ["ROW_COLUMNS", 0]]);
    assert.match(letters[0]!.reason, /no column "nonsense"/);
    assert.match(letters[0]!.origin, /^http 127\.0\.0\.1/);
    assert.equal((await post(records(signed, 0, rows))).code, "MESSAGE_UNSIGNED");
    assert.equal((await post(records(source, undefined, rows))).code, "EVENT_SEQUENCE");
  });

  it("keeps rows out that are dated ahead, run behind or fall on the next day, each with its reason", async () => {
    const source = await station.car({ devicePublicKey: null });
    const token = await streamToken([source.config.handle]);
    const midnight = Date.UTC(2026, 2, 2);
    const rows = [goodRow(midnight - 2000), goodRow(midnight - 3000), goodRow(midnight + 1000), goodRow(Date.now() + 3_600_000), goodRow(midnight - 1000)];
    const body = { specversion: "1.0", id: "0", source: "urn:box", type: EVENT_TYPES.records, subject: source.config.handle, sequence: "0", datacontenttype: "application/json", data: { records: rows } };
    assert.deepEqual((await send(token, JSON.stringify(body), { "content-type": "application/cloudevents+json" })).results, [{ status: "stored", dropped: 3 }]);
    const letters = (await listDeadLetters(station.redis, PREFIX)).filter(({ stream }) => stream === source.config.handle);
    assert.deepEqual(letters.map(({ code, row }) => [code, row]), [["ROW_TIME", 1], ["ROW_DAY", 2], ["ROW_FUTURE", 3]]);
    // What a wrong clock sent does not stand in the way of what comes after.
    const [stored] = await readRange(station.redis, PREFIX, source.config.handle, "tsp", 0, 0);
    assert.equal(stored!.lastTime, midnight - 1000);
  });

  it("answers a challenge once, to the device's own signature, for this gateway and in time", async () => {
    const [car, other] = [await station.car(), await station.car()];
    const publicKey = car.config.devicePublicKey!;
    const ask = async (): Promise<{ nonce: Hex; deadline: number; gateway: string; chainId: number }> => (await postJson(`${gateway.http}/v1/devices/challenge`, { publicKey })).body as never;
    const answer = async (challenge: Awaited<ReturnType<typeof ask>>, key = privateKeyOf(car), change: object = {}): Promise<[number, unknown]> => {
      const signature = toHex(signLogin(key, { ...challenge, ...change }));
      const { status, body } = await postJson(`${gateway.http}/v1/devices/token`, { publicKey, nonce: challenge.nonce, deadline: challenge.deadline, signature });
      return [status, body.code];
    };
    const challenge = await ask();
    assert.equal((await answer(challenge))[0], 200);
    assert.deepEqual(await answer(challenge), [401, "ACCESS_LOGIN"]);
    assert.deepEqual(await answer(await ask(), privateKeyOf(other)), [401, "ACCESS_LOGIN"]);
    assert.deepEqual(await answer(await ask(), privateKeyOf(car), { gateway: "another.gateway" }), [401, "ACCESS_LOGIN"]);
    assert.deepEqual(await answer(await ask(), privateKeyOf(car), { chainId: 1 }), [401, "ACCESS_LOGIN"]);
    assert.deepEqual(await answer({ ...(await ask()), nonce: toHex(bytes32("made up")) }), [401, "ACCESS_LOGIN"]);
    const later = await ask();
    assert.deepEqual(await answer({ ...later, deadline: later.deadline + 3600 }), [401, "ACCESS_LOGIN"]);
    // A nonce is spent by a wrong answer too.
    const spent = await ask();
    await answer(spent, privateKeyOf(other));
    assert.deepEqual(await answer(spent), [401, "ACCESS_LOGIN"]);
  });

  it("lets a token reach its own device's streams only, while it lasts, and none that was not made here", async () => {
    const [car, other] = [await station.car(), await station.car()];
    const token = await login(gateway, car);
    const wire = encodeMessage(other.message(0, 1));
    assert.deepEqual(await message(token, wire).then(({ status, code }) => [status, code]), [403, "ACCESS_STREAM"]);
    const expired = await streamToken([other.config.handle], -1);
    assert.deepEqual(await message(expired, wire).then(({ status, code }) => [status, code]), [401, "ACCESS_TOKEN"]);
    const [head, , tail] = token.split(".");
    const forged = [head, Buffer.from(JSON.stringify({ streams: [other.config.handle], iss: NAME, aud: NAME, exp: 4_000_000_000 })).toString("base64url"), tail].join(".");
    const unsigned = [Buffer.from('{"alg":"none"}').toString("base64url"), forged.split(".")[1], ""].join(".");
    for (const wrong of [forged, unsigned, "", "x".repeat(10_000)]) assert.equal((await message(wrong, wire)).status, 401);
    assert.equal((await message(await streamToken([other.config.handle]), wire)).status, 200);
    assert.deepEqual(await station.stored(car), []);
  });

  it("turns hostile bodies away in one line each and stores nothing of them", async () => {
    const car = await station.car();
    const token = await login(gateway, car);
    const json = { "content-type": "application/cloudevents+json" };
    const good = event(car, encodeMessage(car.message(0, 1)));
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const cases: [string | Uint8Array, Record<string, string>, number, string][] = [
      [new Uint8Array(10 * 1024 * 1024), { "content-type": MESSAGE }, 413, "BODY_SIZE"],
      [bomb, { "content-type": MESSAGE, "content-encoding": "gzip" }, 400, "BODY_PACKED"],
      [Buffer.from("not gzip"), { "content-type": MESSAGE, "content-encoding": "gzip" }, 400, "BODY_PACKED"],
      ["x", { "content-type": MESSAGE, "content-encoding": "br" }, 415, "BODY_ENCODING"],
      ["x", { "content-type": "text/html" }, 415, "EVENT_CONTENT_TYPE"],
      ["[".repeat(1_000_000), json, 400, "EVENT_JSON"],
      [`${"[".repeat(100_000)}${"]".repeat(100_000)}`, { "content-type": "application/json" }, 400, "EVENT_FORM"],
      [JSON.stringify({ ...good, specversion: "0.3" }), json, 400, "EVENT_ATTRIBUTE"],
      [JSON.stringify({ ...good, id: { a: 1 } }), json, 400, "EVENT_ATTRIBUTE"],
      [JSON.stringify({ ...good, data_base64: "%%%" }), json, 400, "EVENT_DATA"],
      [JSON.stringify({ ...good, subject: toHex(bytes32("nobody's")) }), json, 400, "EVENT_DATA"],
      [new Uint8Array([0x86, 1, 0x58]), { "content-type": MESSAGE }, 400, ""],
      [new Uint8Array(), { "content-type": MESSAGE }, 400, ""],
    ];
    for (const [body, headers, status, code] of cases) {
      const answer = await send(token, body, headers).catch((error: unknown) => error as Error);
      // What is far too large is refused before it has been read: the line may break under the sender before the answer is seen.
      if (answer instanceof Error) {
        assert.deepEqual([status, answer.message], [413, "fetch failed"]);
        continue;
      }
      assert.equal(answer.status, status, JSON.stringify(answer));
      if (code !== "") assert.equal(answer.code, code);
      else assert.match(answer.code, /^CBOR_|^MESSAGE_SHAPE/);
    }
    assert.deepEqual(await station.stored(car), []);
    const unknown = encodeMessage({ ...car.message(0, 1), stream: toHex(bytes32("unknown stream")) });
    assert.deepEqual(await message(token, unknown).then(({ status, code }) => [status, code]), [404, "STREAM_UNKNOWN"]);
    const forged = { ...car.message(0, 1), counter: 0, salt16: new Uint8Array(16) };
    const refused = await message(token, encodeMessage(forged));
    assert.deepEqual([refused.status, refused.results[0]!.code], [422, "MESSAGE_SIGNATURE"]);
  });

  it("takes nothing more for a stream that the chain has closed, and says why", async () => {
    const car = await station.car();
    const token = await login(gateway, car);
    const first = encodeMessage(car.message(0, 1));
    assert.equal((await message(token, first)).status, 200);
    for (const [state, code] of [["transferred", "STREAM_TRANSFERRED"], ["revoked", "STREAM_REVOKED"], ["device-out", "STREAM_DEVICE_OUT"]] as const) {
      await writeStatus(station.redis.multi(), PREFIX, car.config.handle, { state, reason: `because of ${state}`, since: new Date(0).toISOString(), of: "" }).exec();
      await until(`the gateway to know that the stream is ${state}`, async () => (await message(token, first)).code === code);
      assert.equal((await message(token, encodeMessage(car.message(1, 1)))).status, 410);
    }
    assert.equal((await station.redis.hget(keys.chain(PREFIX, car.config.handle, deviceName(car.config.devicePublicKey)), "next")), "1");
  });

  it("takes up a new device key of a stream without a restart", async () => {
    const car = await station.car();
    assert.equal((await message(await login(gateway, car), encodeMessage(car.message(0, 1)))).status, 200);
    const next = await station.car();
    const config = { ...car.config, devicePublicKey: next.config.devicePublicKey };
    await registerStream(station.redis, PREFIX, config);
    const token = await login(gateway, next);
    const wire = encodeMessage(new MessageSigner({ privateKey: privateKeyOf(next), stream: car.config.handle }).sign([encodeRow(goodRow(START + 60_000))]));
    await until("the new key to count", async () => (await message(token, wire)).status === 200);
    assert.deepEqual(await station.stored({ ...car, config }), [0]);
    const [stored] = await readRange(station.redis, PREFIX, config.handle, deviceName(config.devicePublicKey), 0, 0);
    assert.equal(stored!.firstTime, START + 60_000);
  });
});

describe("limits of the gateway", () => {
  let station: Station;
  before(async () => {
    station = await startStation();
  });
  after(() => station.stop());

  it("holds a device, an account and an address to their rates", async () => {
    const gateway = await station.gateway("--device-records", "50", "--account-records", "60", "--logins-per-minute", "7");
    const [car, twin, other] = [await station.car({ account: "fleet-1" }), await station.car({ account: "fleet-1" }), await station.car()];
    const token = await streamToken([car, twin, other].map(({ config }) => config.handle));
    const post = async (from: Car, count: number): Promise<{ status: number; code?: string; retry: string | null }> => {
      const response = await fetch(`${gateway.http}/v1/telemetry`, { method: "POST", body: encodeMessage(from.message(from.signer.state.nextCounter * 100, count)) as BodyInit, headers: { authorization: `Bearer ${token}`, "content-type": MESSAGE } });
      return { status: response.status, code: ((await response.json()) as { code?: string }).code!, retry: response.headers.get("retry-after") };
    };
    assert.equal((await post(car, 50)).status, 200);
    // Within the same second; should the machine have slept in between, the second is a new one, so three are sent.
    const more = await Promise.all([post(car, 50), post(car, 50), post(car, 50)]);
    assert.ok(more.some(({ status, code, retry }) => status === 429 && code === "RATE_DEVICE" && Number(retry) >= 1), JSON.stringify(more));
    const shared = await Promise.all([post(twin, 40), post(other, 50), post(twin, 10)]);
    assert.ok(shared.some(({ code }) => code === "RATE_ACCOUNT"), JSON.stringify(shared));
    assert.equal(shared[1].status, 200);
    const logins = await Promise.all(Array.from({ length: 8 }, () => postJson(`${gateway.http}/v1/devices/challenge`, { publicKey: car.config.devicePublicKey })));
    assert.equal(logins.filter(({ status }) => status === 429).length, 1);
    assert.equal(await gateway.stop(), 0);
  });

  it("turns everything away while the backlog is at its limit, and goes on by itself when it is worked off", async () => {
    const used = Number(/used_memory:(\d+)/.exec(await station.redis.info("memory"))![1]);
    const gateway = await station.gateway("--backlog-bytes", String(used + 8 * 1024 * 1024));
    const car = await station.car();
    const token = await streamToken([car.config.handle]);
    const wire = encodeMessage(car.message(0, 5));
    const post = async (): Promise<number> => (await fetch(`${gateway.http}/v1/telemetry`, { method: "POST", body: wire as BodyInit, headers: { authorization: `Bearer ${token}`, "content-type": MESSAGE } })).status;
    await station.redis.set("ballast", Buffer.alloc(16 * 1024 * 1024));
    await until("the gateway to see the backlog", async () => (await post()) === 429);
    await station.redis.del("ballast");
    await until("the gateway to go on", async () => (await post()) === 200);
    assert.deepEqual(await station.stored(car), [0]);
    assert.equal(await gateway.stop(), 0);
  });

  it("bounds what waits while Redis does not answer, acknowledges nothing of it, and loses nothing that it acknowledged", async () => {
    const gateway = await station.gateway("--pending-bytes", String(1024 * 1024));
    const cars = await Promise.all(Array.from({ length: 8 }, () => station.car()));
    const token = await streamToken(cars.map(({ config }) => config.handle));
    const post = async (wire: Uint8Array): Promise<number> => (await fetch(`${gateway.http}/v1/telemetry`, { method: "POST", body: wire as BodyInit, headers: { authorization: `Bearer ${token}`, "content-type": MESSAGE } })).status;
    for (const car of cars) assert.equal(await post(encodeMessage(car.message(0, 1))), 200);
    process.kill(station.engine.program.pid, "SIGSTOP");
    let sent: Promise<number>[];
    try {
      sent = cars.flatMap((car) => [car.message(10, 4000), car.message(4010, 4000)]).map((message) => post(encodeMessage(message)));
      // What finds no room is told so at once; what found it waits.
      const turnedAway = await Promise.race(sent.map((each) => each.then((status) => status)));
      assert.equal(turnedAway, 429);
    } finally {
      process.kill(station.engine.program.pid, "SIGCONT");
    }
    const statuses = await Promise.all(sent);
    const acknowledged = statuses.filter((status) => status === 200).length;
    const stored = (await Promise.all(cars.map((car) => station.stored(car)))).flat().length;
    assert.ok(acknowledged >= 1 && statuses.includes(429), JSON.stringify(statuses));
    assert.equal(stored, cars.length + acknowledged);
    assert.equal(await gateway.stop(), 0);
  });
});
