/**
 * What somebody can join who sees everything that the store shows, and has no seed: a linker over identifiers, which must find nothing,
 * and one over sizes and times, which finds what docs/privacy.md says it finds.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { encodeRow, streamHandle } from "@qoodblock/sdk/formats";
import { deductFrom, keyCoder, keyOf, putIotKV } from "@qoodblock/sdk/kv";
import type { DayWriter, KvRecord } from "@qoodblock/sdk/kv";
import { schemaHash } from "@qoodblock/sdk/dictionary";
import { DAY, DAY_MS, SEED, TRIP_GPS, trip, withLmdb } from "./support/drives.ts";

/** Long enough that two random texts of a few hundred kilobytes share none. */
const WINDOW = 8;
const CARS = [1n, 2n, 3n, 4n, 5n];
const DAYS = [DAY, DAY + 1, DAY + 2, DAY + 3];

/** Pairs of addresses that share a run of eight bytes anywhere in what is shown of them. */
function linkByIdentifiers(records: readonly { readonly address: string; readonly shown: Uint8Array }[]): Set<string> {
  const seen = new Map<string, Set<string>>();
  for (const { address, shown } of records) {
    const text = Buffer.from(shown).toString("latin1");
    for (let at = 0; at + WINDOW <= text.length; at += 1) {
      const window = text.slice(at, at + WINDOW);
      const at1 = seen.get(window);
      if (at1 === undefined) seen.set(window, new Set([address]));
      else at1.add(address);
    }
  }
  const links = new Set<string>();
  for (const addresses of seen.values()) {
    const sorted = [...addresses].sort();
    sorted.forEach((a, i) => sorted.slice(i + 1).forEach((b) => links.add(`${a} ${b}`)));
  }
  return links;
}

describe("what the store shows", () => {
  const opened = withLmdb();
  const writers: { readonly car: bigint; readonly day: number; readonly writer: DayWriter }[] = [];
  const records: KvRecord[] = [];
  const ofOneCar = (link: string): boolean => {
    const [a, b] = link.split(" ").map((address) => writers.find(({ writer }) => writer.address === address)!.car);
    return a === b;
  };
  /** Pairs of days of one car: what a linker wants to find. */
  const pairs = CARS.length * ((DAYS.length * (DAYS.length - 1)) / 2);

  before(async () => {
    for (const car of CARS) {
      for (const [i, day] of DAYS.entries()) {
        const writer = deductFrom(SEED, { vehicle: car, dataClass: "USER", day });
        writers.push({ car, day, writer });
        // A commuter: the same way at the same time every day, trips numbered one after the other.
        for (const ride of [0, 1]) await putIotKV(opened.store, writer, { format: TRIP_GPS, rows: trip(Number(car) * 1000 + 2 * i + ride, 28_800 + 3600 * ride, 60 * Number(car) + 20 * ride, day) });
      }
    }
    records.push(...(await opened.store.scan(undefined, 256)));
    assert.equal(records.length, 2 * CARS.length * DAYS.length);
  });
  after(() => opened.remove());

  it("holds no identifier that two addresses share", () => {
    assert.deepEqual(linkByIdentifiers(records.map(({ address, key, body }) => ({ address, shown: Buffer.concat([fromHex(address), key, body]) }))), new Set());
  });

  it("would hold them under a named handle: the same linker finds every pair", () => {
    const named = records.map(({ address, body }) => {
      const { car } = writers.find(({ writer }) => writer.address === address)!;
      const stream = streamHandle({ chainId: 1n, registry: `0x${"ab".repeat(20)}`, vehicle: car, epoch: 1, dataClass: "USER", privacy: "PRIVATE", schema: toHex(schemaHash(TRIP_GPS)) });
      return { address, shown: Buffer.concat([fromHex(stream), body]) };
    });
    const links = linkByIdentifiers(named);
    assert.equal(links.size, pairs);
    assert.ok([...links].every(ofOneCar));
  });

  it("holds nothing of the plaintext: no vehicle, format, time, number, nor a row", () => {
    const all = Buffer.concat(records.flatMap(({ key, body }) => [key, body]));
    const rows = trip(1000, 28_800, 60);
    const key = keyOf(TRIP_GPS, rows);
    const times = [DAY * DAY_MS + 28_800_000, ...key.slice(1)].map((time) => fromHex(`0x${time.toString(16).padStart(12, "0")}`));
    for (const text of [schemaHash(TRIP_GPS), Buffer.from("trip-gps"), Buffer.from("qood"), encodeRow(rows[0]!), ...times]) assert.equal(all.indexOf(text), -1, Buffer.from(text).toString("hex"));
    // The same number is another one on another day; order and distance within a day are what the store must have.
    const numbers = writers.slice(0, 2).map(({ writer }) => Buffer.from(keyCoder(writer, TRIP_GPS).encode([1, 2, 3])));
    assert.notDeepEqual(numbers[0], numbers[1]);
    const [first, second] = [1000, 1001].map((session) => Buffer.from(keyCoder(writers[0]!.writer, TRIP_GPS).encode([session, 0, 0])).readBigUInt64BE(8));
    assert.equal(second! - first!, 1n);
  });

  it("still tells a commuter by the sizes of the trips and their distance in time, as the docs say", () => {
    // Per address: ciphertext sizes, and how far apart the two trips lie by their keys.
    const habits = new Map<string, string>();
    for (const { writer } of writers) {
      const [a, b] = records.filter(({ address }) => address === writer.address);
      const apart = Buffer.from(b!.key).readBigUInt64BE(16) - Buffer.from(a!.key).readBigUInt64BE(16);
      habits.set(writer.address, `${apart} ${Math.round(a!.body.length / 512)}`);
    }
    const links: string[] = [];
    const addresses = [...habits.keys()].sort();
    addresses.forEach((a, i) => addresses.slice(i + 1).forEach((b) => habits.get(a) === habits.get(b) && links.push(`${a} ${b}`)));
    const right = links.filter(ofOneCar).length;
    // Far better than chance: of the 190 pairs of addresses, 30 are of one car.
    assert.ok(right >= pairs / 2 && right / links.length > 0.16 * 1.2, `${right} of ${pairs} pairs, ${links.length} named`);
  });

  it("costs who has no seed a look at every address, and the owner one derivation for a day", async () => {
    const { writer } = writers[7]!;
    const owner = deductFrom(SEED, { vehicle: writers[7]!.car, dataClass: "USER", day: writers[7]!.day });
    assert.equal(owner.address, writer.address);
    assert.equal((await opened.store.range(owner.address, new Uint8Array(1), new Uint8Array(24).fill(0xff), 9)).length, 2);
  });
});
