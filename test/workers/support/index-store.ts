import assert from "node:assert/strict";
import type { Store } from "../../../workers/shared/index/index.ts";

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
