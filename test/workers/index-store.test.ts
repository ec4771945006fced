/** One conformance suite over both engines of the index store, and over the journal on each. */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isQoodError } from "@qoodblock/sdk/errors";
import { Batch, createJournal, key, openStore, under } from "../../workers/shared/index/index.ts";
import type { BlockRef, Store, StoreSettings } from "../../workers/shared/index/index.ts";
import { openLmdb } from "../../workers/shared/index/lmdb.ts";
import { temporaryFolder } from "../support/folder.ts";
import { dump, onBothEngines } from "./support/index-store.ts";

const temporary = temporaryFolder();
const text = (value: string): Buffer => Buffer.from(value);
const hashOf = (number: number, fork = ""): string => `0x${number}${fork}`;
const block = (number: number, fork = "", parentFork = fork) => ({ number, hash: hashOf(number, fork), parent: hashOf(number - 1, parentFork) });

function conformance(engine: string, settings: () => StoreSettings): void {
  describe(`index store on ${engine}`, () => {
    let store: Store;
    before(async () => {
      store = await openStore(settings(), "chain");
      await store.claim();
    });
    after(() => store.close());

    it("commits all changes or none, and reads them back", async () => {
      await store.commit([{ key: key("a"), value: text("1") }, { key: key("b"), value: text("") }]);
      assert.deepEqual((await store.getMany([key("b"), key("none"), key("a")])).map((value) => value?.toString()), ["", undefined, "1"]);
      await assert.rejects(store.commit([{ key: key("c"), value: text("3") }, { key: null as never, value: text("x") }]));
      assert.deepEqual(await store.getMany([key("c")]), [undefined]);
      await store.commit([{ key: key("a"), value: undefined }, { key: key("b"), value: text("2") }]);
      assert.deepEqual((await store.getMany([key("a"), key("b")])).map((value) => value?.toString()), [undefined, "2"]);
    });

    it("keeps keys in the order of their parts, whatever their bytes", async () => {
      await store.clear();
      const numbers = [2 ** 40, 0, 255, 256, 65_536, 1];
      const keys = [...numbers.map((number) => key("n", number)), key("n", Buffer.from([0xff, 0xff])), key("na"), key("m")];
      await store.commit(keys.map((each, i) => ({ key: each, value: text(String(i)) })));
      const [all, two, none, rest] = await store.ranges([under(key("n")), under(key("n")), under(key("o")), { from: key("n", 256), to: key("n", 2 ** 41) }].slice(0, 4), 100);
      assert.deepEqual(all!.map(({ value }) => value.toString()), ["1", "5", "2", "3", "4", "0", "6"]);
      assert.deepEqual([two!.length, none, rest!.map(({ value }) => value.toString())], [7, [], ["3", "4", "0"]]);
      const [first] = await store.ranges([under(key("n"))], 2);
      assert.deepEqual(first!.map(({ value }) => value.toString()), ["1", "5"]);
      assert.deepEqual(await store.ranges([], 5), []);
    });

    it("fills itself by the bulk path", async () => {
      await store.clear();
      // Not in the order of their keys.
      function* entries(): Generator<{ key: Buffer; value: Buffer }> {
        for (let i = 25_000; i > 0; i -= 1) yield { key: key("bulk", (i * 7919) % 25_000), value: text(String(i)) };
      }
      await store.load(entries());
      await store.load([3, 24_999].map((i) => ({ key: key("bulk", i), value: text("again") })));
      const [all] = await store.ranges([under(key("bulk"))], 30_000);
      assert.equal(all!.length, 25_000);
      assert.deepEqual((await store.getMany([key("bulk", 7919), key("bulk", 3), key("bulk", 24_999)])).map(String), ["1", "again", "again"]);
    });

    it("has one writer: a second is told so, and a process that was killed holds nothing", async () => {
      const other = await openStore(settings(), "chain");
      await assert.rejects(other.commit([{ key: key("x"), value: text("y") }]), (error) => isQoodError(error, "INDEX_LOST"));
      const rival = (): { child: ReturnType<typeof fork>; said: Promise<string> } => {
        const child = fork(join(import.meta.dirname, "support/index-writer.ts"), [JSON.stringify(settings())], { execArgv: ["--disable-warning=ExperimentalWarning"] });
        return { child, said: once(child, "message").then(([message]) => message as string) };
      };
      const refused = rival();
      assert.equal(await refused.said, "INDEX_BUSY");
      await store.close();
      const holder = rival();
      assert.equal(await holder.said, "claimed");
      const refusedToo = await other.claim().then(() => undefined, (error: unknown) => error);
      assert.ok(isQoodError(refusedToo, "INDEX_BUSY"));
      const ended = once(holder.child, "close");
      holder.child.kill("SIGKILL");
      await ended;
      // PostgreSQL sees a broken connection, LMDB a dead process.
      for (let tries = 0; ; tries += 1) {
        try {
          await other.claim();
          break;
        } catch (error) {
          if (tries > 200) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
      // What the killed one committed is there; what it only had begun is not.
      assert.deepEqual((await other.getMany([key("committed"), key("begun")])).map((value) => value?.toString()), ["yes", undefined]);
      store = other;
    });

    it("takes blocks back to any that is not final, with all that they changed", async () => {
      await store.clear();
      const journal = createJournal(store);
      assert.equal(await journal.adopt("us"), false);
      await journal.extendFinal({ number: 10, hash: hashOf(10) }, (batch) => {
        batch.put(key("row"), text("final"));
        return Promise.resolve();
      });
      const states = [await dump(store)];
      for (let number = 11; number <= 14; number += 1) {
        await journal.extend(block(number), async (batch) => {
          batch.put(key("row"), text(`${(await batch.get(key("row")))!.toString()}+${number}`));
          if (number === 12) batch.remove(key("row"));
          if (number === 12) batch.put(key("row"), text("new"));
          if (number === 13) batch.remove(key("row"));
          else batch.put(key("other", number), text("x"));
          if (number === 13) batch.put(key("row"), text("again"));
        });
        states.push(await dump(store));
      }
      assert.deepEqual((await journal.known()).map(({ number }) => number), [14, 13, 12, 11, 10]);
      for (let number = 13; number >= 10; number -= 1) {
        await journal.rollBack(number);
        assert.deepEqual(await dump(store), states[number - 10]);
      }
      await assert.rejects(journal.rollBack(9), (error) => isQoodError(error, "INDEX_FINAL"));
      assert.deepEqual(await journal.head(), { number: 10, hash: hashOf(10) } satisfies BlockRef);
    });

    it("takes only blocks that build on its head, and gives up what is final", async () => {
      const journal = createJournal(store);
      const nothing = (): Promise<void> => Promise.resolve();
      await assert.rejects(journal.extend(block(12), nothing), (error) => isQoodError(error, "INDEX_PARENT"));
      await assert.rejects(journal.extend(block(11, "b"), nothing), (error) => isQoodError(error, "INDEX_PARENT"));
      for (let number = 11; number <= 14; number += 1) await journal.extend(block(number), nothing);
      await journal.settle(12);
      assert.deepEqual((await journal.known()).map(({ number }) => number), [14, 13, 12]);
      await assert.rejects(journal.rollBack(11), (error) => isQoodError(error, "INDEX_FINAL"));
      assert.equal((await journal.head())!.number, 12);
      // A block whose work fails has changed nothing.
      const before = await dump(store);
      const failing = journal.extend(block(13), (batch) => {
        batch.put(key("row"), text("never"));
        return Promise.reject(new Error("failed"));
      });
      await assert.rejects(failing, /failed/);
      assert.deepEqual(await dump(store), before);
    });

    it("is emptied for another deployment, and only then", async () => {
      const journal = createJournal(store);
      assert.equal(await journal.adopt("us"), false);
      assert.equal((await journal.head())!.number, 12);
      assert.equal(await journal.adopt("them"), true);
      assert.equal(await journal.head(), undefined);
    });

    it("shows a batch what it has changed itself", async () => {
      await store.clear();
      await store.commit(["a", "b", "c"].map((name) => ({ key: key("t", name), value: text(name) })));
      const batch = new Batch(store);
      batch.remove(key("t", "b"));
      batch.put(key("t", "aa"), text("aa"));
      assert.deepEqual((await batch.range(under(key("t")))).map(({ value }) => value.toString()), ["a", "aa", "c"]);
      assert.equal(await batch.get(key("t", "b")), undefined);
      assert.equal((await batch.get(key("t", "c")))!.toString(), "c");
      assert.throws(() => key("zero\0byte"), (error) => isQoodError(error, "INDEX_KEY"));
    });
  });
}

describe("index store", () => {
  onBothEngines(conformance);

  it("fills LMDB in as many transactions as it takes, the last of them short or empty", async () => {
    for (const count of [0, 1, 3, 4, 6, 7]) {
      const store = openLmdb(temporary.path(`parts-${count}`), 3);
      await store.claim();
      await store.load(Array.from({ length: count }, (_, i) => ({ key: key("part", count - i), value: text(String(i)) })));
      assert.equal((await store.ranges([under(key("part"))], 10))[0]!.length, count);
      await store.close();
    }
  });

  it("asks where it is to be", async () => {
    await assert.rejects(openStore({}, "chain"), (error) => isQoodError(error, "CONFIG_VALUE"));
  });
});
