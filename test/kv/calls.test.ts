/** CarChain's key-value calls over an embedded store. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isQoodError } from "@qoodblock/sdk/errors";
import { CARVIO, TELEMETRY, TRIP_SUMMARY, VIN_CODE } from "@qoodblock/sdk/dictionary";
import { DEAL_FLAGS } from "@qoodblock/sdk/market";
import type { Row } from "@qoodblock/sdk/formats";
import type { SellOrder } from "@qoodblock/sdk/market";
import { dayPath, deductFrom, dHashOf, getKV, getKVRange, INF_MAX, keyParts, openRecord, putIotKV, putSealed, putWalKV, readerOf, sealRecord, send } from "@qoodblock/sdk/kv";
import type { KvStore } from "@qoodblock/sdk/kv";
import { DAY, DAY_MS, listOf, randomBy, SEED, TRIP_GPS, trip, VEHICLE, withLmdb, writerOf } from "./support/drives.ts";

const code = (wanted: string) => (error: unknown): boolean => isQoodError(error, wanted);

describe("the key-value calls", () => {
  let opened: ReturnType<typeof withLmdb>;
  let store: KvStore;
  before(() => {
    opened = withLmdb();
    ({ store } = opened);
  });
  after(() => opened.remove());

  it("name their keys as the dictionary does", () => {
    assert.deepEqual([TRIP_GPS, TRIP_SUMMARY, CARVIO, VIN_CODE, TELEMETRY].map(keyParts), [
      ["session_id", "start_time", "end_time"],
      ["session_id", "start_time", "end_time"],
      ["carvio_id", "start_time", "end_time"],
      ["start_time", "end_time"],
      ["start_time", "end_time"],
    ]);
  });

  it("write a trip once, and read it back with the columns that were asked for, without the device", async () => {
    const rows = trip(5, 100, 50);
    const written = await putIotKV(store, writerOf(), { format: TRIP_GPS, rows });
    assert.deepEqual([written.outcome, written.key], ["written", [5, rows[0]![0], rows.at(-1)![0]]]);
    // The owner has the seed and nothing of the device.
    const owner = readerOf(deductFrom(SEED, { vehicle: VEHICLE, dataClass: "USER", day: DAY }));
    assert.ok(!("privateKey" in owner));
    const whole = await getKV(store, owner, TRIP_GPS, written.key);
    assert.deepEqual([whole?.rows, whole?.origin, whole?.dHash], [rows, "DEVICE_SIGNED", written.dHash]);
    const some = await getKV(store, owner, TRIP_GPS, written.key, ["speed", "time"]);
    assert.deepEqual([some?.columns, some?.rows], [["speed", "time"], rows.map((row) => [row[6], row[0]])]);
    assert.equal(await getKV(store, owner, TRIP_GPS, [6, ...written.key.slice(1)]), undefined);
    await assert.rejects(getKV(store, owner, TRIP_GPS, written.key, ["vin"]), code("KV_COLUMN"));
    await assert.rejects(getKV(store, owner, TRIP_GPS, [5]), code("KV_KEY"));
    // Other rows under the same key: the first, the last and the number are the same.
    const others = rows.map((row, i) => (i === 1 ? row.with(6, 250) : row));
    await assert.rejects(putIotKV(store, writerOf(), { format: TRIP_GPS, rows: others }), code("KV_KEY_TAKEN"));
    assert.deepEqual((await getKV(store, owner, TRIP_GPS, written.key))?.rows, rows);
  });

  it("take the same record twice as once, so that a device that heard no answer asks again", async () => {
    const sealed = sealRecord(writerOf(), { format: TRIP_GPS, rows: trip(9, 5000, 3) }, true);
    assert.deepEqual([(await putSealed(store, sealed)).outcome, (await putSealed(store, sealed)).outcome], ["written", "same"]);
  });

  it("store what the wallet writes as nobody's measurement", async () => {
    const day = DAY + 1;
    const rows = [[day * DAY_MS + 1, 7, 13_000, 99, 12_345]];
    const { key } = await putWalKV(store, writerOf(day), { format: VIN_CODE, rows });
    const read = await getKV(store, readerOf(writerOf(day)), VIN_CODE, key);
    assert.deepEqual([read?.origin, read?.rows], ["TSP_ATTESTED", rows]);
    // Another format of the same address has its own keys.
    assert.deepEqual(await listOf(getKVRange(store, readerOf(writerOf(day)), TRIP_GPS, [], [])), []);
  });

  it("read a range in order, each bound inclusive and open where it is left out or INF_MAX", async () => {
    const day = DAY + 2;
    const writer = writerOf(day);
    const sessions = [30, 2, 7, 2 ** 32 - 1, 8, 300];
    for (const [i, session] of sessions.entries()) await putIotKV(store, writer, { format: TRIP_GPS, rows: trip(session, 1000 * i, 4, day) });
    await putIotKV(store, writer, { format: TRIP_GPS, rows: trip(7, 9000, 4, day) });
    const read = async (start: number[], end: number[]): Promise<unknown[]> => (await listOf(getKVRange(store, writer, TRIP_GPS, start, end, ["session_id"]))).map(({ rows }) => rows[0]?.[0]);
    assert.deepEqual(await read([], [INF_MAX]), [2, 7, 7, 8, 30, 300, 2 ** 32 - 1]);
    assert.deepEqual(await read([7], [30]), [7, 7, 8, 30]);
    assert.deepEqual(await read([7, day * DAY_MS + 9_000_000], [7, INF_MAX]), [7]);
    assert.deepEqual(await read([31], [299]), []);
    assert.deepEqual(await read([300], []), [300, 2 ** 32 - 1]);
    await assert.rejects(read([INF_MAX], []), code("KV_KEY"));
    await assert.rejects(read([1, 2, 3, 4], []), code("KV_KEY"));
    await assert.rejects(read([-1], []), code("KV_KEY"));
  });

  it("refuse rows that are not of the day, not of the format or not of one record", () => {
    const writer = writerOf();
    const put = (rows: readonly Row[]) => () => sealRecord(writer, { format: TRIP_GPS, rows }, true);
    assert.throws(put(trip(1, 86_399, 2)), code("KV_DAY"));
    assert.throws(put([trip(1, 1, 1)[0]!.with(6, 401)]), code("KV_ROW"));
    assert.throws(put([...trip(1, 1, 1), ...trip(2, 2, 1)]), code("KV_KEY"));
    assert.throws(put([trip(1, 1, 1)[0]!.with(1, null)]), code("KV_KEY"));
    assert.throws(put([]), code("KV_KEY"));
  });

  it("find a day by one derivation, hardened at every step, and another for each vehicle, class and day", () => {
    const places = [10, 11].flatMap((day) => [1n, 2n].flatMap((vehicle) => (["OEM", "USER", "DISPUTED"] as const).map((dataClass) => ({ vehicle, dataClass, day }))));
    assert.equal(new Set(places.map((place) => deductFrom(SEED, place).address)).size, 12);
    assert.deepEqual(deductFrom(SEED, places[0]!), deductFrom(SEED, places[0]!));
    for (const place of places) assert.match(dayPath(SEED, place), /^m(\/\d{1,10}'){4}$/);
    const other = SEED.with(0, SEED[0]! ^ 1);
    assert.notEqual(deductFrom(other, places[0]!).address, deductFrom(SEED, places[0]!).address);
    // Which indices are used the seed alone says: not the next ones, so nobody who has one child tries its neighbours.
    assert.notEqual(dayPath(SEED, places[0]!).split("/")[3], dayPath(other, places[0]!).split("/")[3]);
  });

  it("open nothing with another day's secret, and refuse what a store has changed", async () => {
    const day = DAY + 3;
    const writer = writerOf(day);
    const sealed = sealRecord(writer, { format: TRIP_GPS, rows: trip(3, 60, 40, day) }, true, randomBy("changed"));
    const { record } = sealed;
    assert.equal(dHashOf(record), sealed.dHash);
    assert.equal(openRecord(writer, TRIP_GPS, record).rows.length, 40);
    assert.throws(() => openRecord({ ...writer, secret: writerOf(day + 1).secret }, TRIP_GPS, record), code("KV_SECRET"));
    assert.throws(() => openRecord(writer, VIN_CODE, record), code("KV_RECORD"));
    assert.throws(() => openRecord({ ...writer, address: writerOf(day + 1).address }, TRIP_GPS, record), code("KV_RECORD"));
    for (let at = 0; at < record.body.length; at += 97) {
      const body = Uint8Array.from(record.body);
      body[at]! ^= 1;
      assert.throws(() => openRecord(writer, TRIP_GPS, { ...record, body }), (error) => isQoodError(error), `byte ${at}`);
      await assert.rejects(store.put({ ...record, body }), (error) => isQoodError(error), `byte ${at}`);
    }
    const moved = { ...record, key: record.key.with(23, record.key[23]! ^ 1) };
    await assert.rejects(store.put(moved), code("KV_SIGNATURE"));
    // A store that answers with a record from elsewhere is found out.
    await store.put(record);
    const liar: KvStore = { ...store, get: () => Promise.resolve(moved), range: () => Promise.resolve([record]) };
    await assert.rejects(getKV(liar, writer, TRIP_GPS, sealed.key), code("KV_RECORD"));
    await assert.rejects(listOf(getKVRange(liar, writer, TRIP_GPS, [4], [])), code("KV_RECORD"));
  });

  it("send: dup and resell become the flags of a sell order", () => {
    const order = { flags: DEAL_FLAGS.provenOnly, repeatable: false } as Omit<SellOrder, "royaltyBps">;
    const flags = (dup: boolean, resell: boolean): number => send(order, { dup, resell }).flags;
    assert.deepEqual([flags(true, false), flags(true, true), flags(false, false), flags(false, true)], [8, 8 + 2, 8 + 16, 8 + 18]);
    assert.equal(send(order, { dup: true, resell: true, royaltyBps: 250 }).royaltyBps, 250);
    assert.equal(send({ ...order, flags: 18 }, { dup: true, resell: false }).flags, 0);
    assert.throws(() => send(order, { dup: true, resell: false, royaltyBps: 1 }), code("SEND_ROYALTY"));
    assert.throws(() => send({ ...order, repeatable: true }, { dup: false, resell: false }), code("SEND_REPEATABLE"));
  });
});
