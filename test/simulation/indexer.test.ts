/** Whatever the RPC does on the way, the index ends as one that was made of the final chain in one go. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pino } from "pino";
import { createFollower } from "../../workers/indexer/follow.ts";
import { ownerOf } from "../../workers/indexer/owner.ts";
import { createProjection } from "../../workers/indexer/project/index.ts";
import type { Source } from "../../workers/indexer/source.ts";
import { openStore } from "../../workers/shared/index/index.ts";
import type { Store } from "../../workers/shared/index/index.ts";
import { assertSame, dump } from "../workers/support/index-store.ts";
import { randomBy } from "../workers/support/random.ts";
import { SimChain } from "./chain.ts";
import { deployment } from "./events.ts";

/** Seeds that have found something, or go where few do. */
const NOTABLE: readonly (readonly [seed: number, why: string])[] = [
  [1, "plain"],
  [1009, "two ranges of final blocks came from different forks: the second must build on the first"],
];
const SEEDS = Number(process.env["QOOD_SEEDS"] ?? 8);
const STEPS = 60;
const log = pino({ level: "silent" });
const project = createProjection(deployment);

describe("the indexer over a chain that will not stand still", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-sim-"));
  after(() => rmSync(dir, { recursive: true, force: true }));
  let stores = 0;
  async function openFresh(): Promise<Store> {
    const store = await openStore({ store: join(dir, String(stores++)) }, "chain");
    await store.claim();
    return store;
  }
  const follow = (store: Store, source: Source, mostBlocks = 50) => createFollower({ store, source, project, owner: ownerOf(deployment), startBlock: deployment.startBlock, mostBlocks, log });

  async function play(seed: number): Promise<{ kept: Record<string, string>; fresh: Record<string, string>; rollbacks: number; failures: number }> {
    const random = randomBy(seed);
    const chain = new SimChain(random, 4 + Math.floor(random() * 8));
    const faults = { fail: 0.15 * random(), late: 0.2 * random(), repeat: random(), mostBlocks: 1 + Math.floor(random() * 20), move: 0.1 * random() };
    let store = await openFresh();
    const folder = join(dir, String(stores - 1));
    let [rollbacks, failures, highest] = [0, 0, -1];
    const shaky = chain.source(faults);
    let follower = follow(store, shaky);
    for (let step = 0; step < STEPS; step += 1) {
      chain.move();
      const at = await follower.step().catch(() => void (failures += 1));
      if (at !== undefined) {
        if (at.number < highest) rollbacks += 1;
        highest = Math.max(highest, at.number);
      }
      if (random() < 0.05) {
        // The process goes and another comes.
        await store.close();
        store = await openStore({ store: folder }, "chain");
        await store.claim();
        follower = follow(store, shaky);
      }
    }
    chain.grow();
    const perfect = chain.source();
    await follow(store, perfect).step();
    const other = await openFresh();
    await follow(other, perfect, 3).step();
    const result = { kept: await dump(store), fresh: await dump(other), rollbacks, failures };
    await Promise.all([store.close(), other.close()]);
    return result;
  }

  for (const [seed, why] of NOTABLE) {
    it(`seed ${seed}: ${why}`, async () => {
      const { kept, fresh } = await play(seed);
      assert.ok(Object.keys(fresh).length > 100);
      assertSame(kept, fresh);
    });
  }

  it(`${SEEDS} further seeds end as a fresh backfill does`, async () => {
    let trouble = 0;
    for (let seed = 1000; seed < 1000 + SEEDS; seed += 1) {
      const { kept, fresh, failures } = await play(seed);
      assertSame(kept, fresh, `seed ${seed}: add it to the notable ones`);
      if (failures > 0) trouble += 1;
    }
    assert.ok(trouble > SEEDS / 3, `only ${trouble} seeds had a look that failed`);
  });

  it("a reorg below what is final: the index is made anew, with an alarm", async () => {
    const random = randomBy(5);
    const chain = new SimChain(random, 3);
    for (let i = 0; i < 8; i += 1) chain.grow();
    const store = await openFresh();
    await follow(store, chain.source()).step();
    const other = new SimChain(randomBy(6), 3);
    while (other.head < chain.head + 2) other.grow();
    await follow(store, other.source()).step();
    const fresh = await openFresh();
    await follow(fresh, other.source()).step();
    // Block hashes are counted up alike in both chains; only what is in them differs.
    assert.equal((await dump(store))["head\0"], (await dump(fresh))["head\0"]);
    await Promise.all([store.close(), fresh.close()]);
  });

  it("an item that fails holds the cursor, and loses nothing when it passes again", async () => {
    const chain = new SimChain(randomBy(9), 3);
    for (let i = 0; i < 10; i += 1) chain.grow();
    const store = await openFresh();
    let broken = true;
    const failing = createFollower({
      ...{ store, source: chain.source(), owner: ownerOf(deployment), startBlock: deployment.startBlock, mostBlocks: 2, log },
      project: async (batch, logs, timeOf) => {
        if (broken && logs.some(({ blockNumber }) => blockNumber >= 6)) throw new Error("no room left");
        await project(batch, logs, timeOf);
      },
    });
    for (let i = 0; i < 3; i += 1) await assert.rejects(failing.step(), /no room left/);
    const head = JSON.parse((await dump(store))["head\0"]!) as { number: number };
    assert.ok(head.number < 6 + 2 && head.number >= 2);
    broken = false;
    await failing.step();
    const fresh = await openFresh();
    await follow(fresh, chain.source()).step();
    assertSame(await dump(store), await dump(fresh));
    await Promise.all([store.close(), fresh.close()]);
  });
});
