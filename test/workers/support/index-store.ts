import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { PostgresEngine } from "../../../workers/shared/engines/postgres.ts";
import type { Store, StoreSettings } from "../../../workers/shared/index/index.ts";
import { testPostgres } from "./engines.ts";

const END = Buffer.alloc(40, 0xff);

/** Everything in a store as text, so that two of them can be compared. */
export async function dump(store: Pick<Store, "ranges">): Promise<Record<string, string>> {
  const [entries] = await store.ranges([{ from: Buffer.from([0]), to: END }], Number.MAX_SAFE_INTEGER);
  return Object.fromEntries(entries!.map(({ key, value }) => [key.toString("latin1"), value.toString("utf8")]));
}

/** Two dumps are the same; else the first few keys by which they differ are told, and not all that they hold. */
export function assertSame(actual: Record<string, string>, expected: Record<string, string>, message = "the stores differ"): void {
  const names = [...new Set([...Object.keys(actual), ...Object.keys(expected)])];
  const different = names.filter((name) => actual[name] !== expected[name]);
  assert.deepEqual(different.slice(0, 5).map((name) => [name, actual[name], expected[name]]), [], message);
}

/** Runs one suite over both engines, in folders of its own; to be called inside of a `describe`. */
export function onBothEngines(suite: (engine: string, settings: () => StoreSettings) => void): void {
  const [dir, pgDir] = ["qood-index-", "qood-pg-"].map((name) => mkdtempSync(join(tmpdir(), name))) as [string, string];
  let postgres: PostgresEngine;
  before(async () => {
    postgres = await testPostgres(pgDir);
  });
  after(async () => {
    await postgres.stop();
    for (const each of [dir, pgDir]) rmSync(each, { recursive: true, force: true });
  });
  suite("LMDB", () => ({ store: dir }));
  suite("PostgreSQL", () => ({ database: postgres.url }));
}
