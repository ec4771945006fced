/** Records for tests: one car, or a fleet, that writes trips under the addresses of its days. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TRIP_GPS } from "@qoodblock/sdk/dictionary";
import type { Row } from "@qoodblock/sdk/formats";
import { mnemonicToSeed } from "@qoodblock/sdk/keys";
import { deductFrom } from "@qoodblock/sdk/kv";
import type { DayWriter, KvStore } from "@qoodblock/sdk/kv";
import { checkedStore } from "../../../workers/shared/kv/index.ts";
import { openLmdbStore } from "../../../workers/shared/kv/lmdb.ts";
import { bytesOf, PHRASE } from "../../sdk/support.ts";

/** The owner's seed. */
export const SEED = mnemonicToSeed(PHRASE);
/** 2026-03-01. */
export const DAY = 20_513;
export const DAY_MS = 86_400_000;
export const VEHICLE = 77n;

/** Points of a trip, one a second from `second` of the day. */
export function trip(session: number, second: number, count: number, day = DAY): Row[] {
  return Array.from({ length: count }, (_, i) => [day * DAY_MS + (second + i) * 1000, session, 1, 0, 52_500_000 + 10 * i + (session % 1000), 13_400_000 - 7 * i, 50 + (i % 30)]);
}

/** Repeatable random bytes, others at each call. */
export function randomBy(label: string): (length: number) => Uint8Array {
  let calls = 0;
  return (length) => bytesOf(`${label} ${(calls += 1)}`, length);
}

/** The writer of a day. */
export const writerOf = (day = DAY, vehicle = VEHICLE): DayWriter => deductFrom(SEED, { vehicle, dataClass: "USER", day });

/** A store of the calling test file's own, and what removes it. */
export function withLmdb(): { readonly store: KvStore; remove(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), "qood-kv-"));
  const store = checkedStore(openLmdbStore(folder));
  return {
    store,
    async remove() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything that comes, in order. */
export async function listOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export { TRIP_GPS };
