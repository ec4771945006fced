import type { Store } from "../../../workers/shared/index/index.ts";

const END = Buffer.alloc(40, 0xff);

/** Everything in a store as text, so that two of them can be compared. */
export async function dump(store: Pick<Store, "ranges">): Promise<Record<string, string>> {
  const [entries] = await store.ranges([{ from: Buffer.from([0]), to: END }], Number.MAX_SAFE_INTEGER);
  return Object.fromEntries(entries!.map(({ key, value }) => [key.toString("latin1"), value.toString("utf8")]));
}
