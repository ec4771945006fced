/** Searches beside a plain filter over the same documents, for many random questions, on both engines. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isQoodError } from "@qoodblock/sdk/errors";
import { Batch, bulkDocuments, facets, openStore, putDocument, removeDocument, search } from "../../workers/shared/index/index.ts";
import type { Document, Query, Store, StoreSettings } from "../../workers/shared/index/index.ts";
import { dump, onBothEngines } from "./support/index-store.ts";
import { randomBy } from "./support/random.ts";

const DAY = 86_400_000;
const random = randomBy(7);
const pick = (n: number): number => Math.floor(random() * n);
const START = Date.UTC(2026, 0, 1);

/** Stretches of minutes, of weeks and of months, with values that are common, rare and several at once. */
function makeDocument(i: number): Document {
  const from = START + pick(100 * DAY);
  const cells = Array.from({ length: 1 + pick(3) }, () => `c${pick(20)}`);
  return { id: `d${i}`, terms: { kind: [`k${pick(3)}`], owner: [`o${pick(40)}`], cell: cells }, from, to: from + pick([DAY / 24, 20 * DAY, 90 * DAY][pick(3)]!), price: String(pick(1000)), body: { i } };
}

function makeQuery(): Query {
  const filters = [
    ...(random() < 0.5 ? [{ field: "cell", values: Array.from({ length: 1 + pick(4) }, () => `c${pick(22)}`) }] : []),
    ...(random() < 0.4 ? [{ field: "owner", values: [`o${pick(42)}`] }] : []),
    ...(random() < 0.4 ? [{ field: "kind", values: [`k${pick(3)}`] }] : []),
  ];
  const from = START + pick(120 * DAY) - 10 * DAY;
  return {
    ...{ kind: "thing", filters },
    ...(random() < 0.4 ? { from, to: from + pick(40 * DAY) } : random() < 0.3 ? { to: from } : {}),
    ...(random() < 0.3 ? { leastPrice: BigInt(pick(500)), mostPrice: BigInt(500 + pick(500)) } : {}),
  };
}

function plain(documents: readonly Document[], query: Query): string[] {
  const { from = 0, to = Number.MAX_SAFE_INTEGER, leastPrice = 0n, mostPrice = 2n ** 200n } = query;
  return documents
    .filter((each) => each.to >= from && each.from <= to && BigInt(each.price!) >= leastPrice && BigInt(each.price!) <= mostPrice)
    .filter((each) => query.filters.every(({ field, values }) => each.terms[field]!.some((value) => values.includes(value))))
    .sort((a, b) => b.to - a.to || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
}

function suite(engine: string, settings: () => StoreSettings): void {
  describe(`search on ${engine}`, () => {
    let store: Store;
    const documents = Array.from({ length: 600 }, (_, i) => makeDocument(i));
    before(async () => {
      store = await openStore(settings(), "catalog");
      await store.claim();
      await store.load(bulkDocuments(documents.map((each) => ["thing", each] as const)));
    });
    after(() => store.close());

    it("gives what a filter over all of them gives, in order and once, whatever the page's size", async () => {
      let [some, none] = [0, 0];
      for (let n = 0; n < 120; n += 1) {
        const query = makeQuery();
        const limit = 1 + pick(40);
        const found: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await search(store, query, limit, cursor);
          assert.ok(page.items.length <= limit);
          found.push(...page.items.map(({ id }) => id));
          cursor = page.next;
        } while (cursor !== undefined);
        const expected = plain(documents, query);
        assert.deepEqual(found, expected, JSON.stringify(query, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value)));
        if (expected.length > 0) some += 1;
        else none += 1;
      }
      assert.ok(some > 40 && none > 5, `${some} with answers, ${none} without`);
    });

    it("counts values, all of them and among what matches", async () => {
      const all = await facets(store, { kind: "thing", filters: [] }, ["kind", "cell"]);
      const count = (list: readonly Document[], field: string, value: string): number => list.filter(({ terms }) => terms[field]!.includes(value)).length;
      assert.equal(all.complete, true);
      for (const value of ["k0", "k1", "k2"]) assert.equal(all.fields["kind"]![value], count(documents, "kind", value));
      assert.equal(all.fields["cell"]!["c7"], count(documents, "cell", "c7"));
      const some = await facets(store, { kind: "thing", filters: [{ field: "kind", values: ["k1"] }] }, ["cell"]);
      assert.equal(some.fields["cell"]!["c7"], count(documents.filter(({ terms }) => terms["kind"]!.includes("k1")), "cell", "c7"));
    });

    it("refuses a cursor that it has not given", async () => {
      for (const cursor of ["x", "%%%", ""]) await assert.rejects(search(store, { kind: "thing", filters: [] }, 5, cursor), (error) => isQoodError(error, "QUERY_CURSOR"));
    });

    it("leaves nothing behind of what is replaced and removed", async () => {
      await store.clear();
      const empty = await dump(store);
      for (const change of [0, 1]) {
        const batch = new Batch(store);
        for (const each of documents.slice(0, 50)) await putDocument(batch, "thing", { ...each, terms: { ...each.terms, cell: [`c${change}`] }, to: each.to + change });
        await store.commit(batch.changes());
      }
      assert.equal((await facets(store, { kind: "thing", filters: [] }, ["cell"])).fields["cell"]!["c1"], 50);
      assert.deepEqual((await search(store, { kind: "thing", filters: [{ field: "cell", values: ["c0"] }] }, 5)).items, []);
      const batch = new Batch(store);
      for (const { id } of documents.slice(0, 50)) await removeDocument(batch, "thing", id);
      await store.commit(batch.changes());
      assert.deepEqual(await dump(store), empty);
    });

    it("bounds the work of a page: one that finds nothing in time says where to go on", async () => {
      await store.load(bulkDocuments(Array.from({ length: 5000 }, (_, i) => ["many", { ...makeDocument(i), price: i === 0 ? "1" : "5", terms: { kind: ["same"] } }] as const)));
      const query: Query = { kind: "many", filters: [{ field: "kind", values: ["same"] }], mostPrice: 1n };
      let [pages, found] = [0, 0];
      for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
        const page = await search(store, query, 10, cursor);
        pages += 1;
        found += page.items.length;
        cursor = page.next;
      }
      assert.deepEqual([pages, found], [3, 1]);
    });
  });
}

describe("searching the index", () => {
  onBothEngines(suite);
});
