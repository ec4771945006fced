import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { describe, it } from "node:test";
import { temporaryFolder } from "../support/folder.ts";
import { processesOf, runDemo, startDemo } from "./support.ts";

const temporary = temporaryFolder();
const seed = Number(process.env["QOOD_TEST_SEED"] ?? "1");
/** How many moments: a few in the short form, twenty in `npm run test:long`. */
const moments = Number(process.env["QOOD_KILLS"] ?? "3");

/** mulberry32: the same seed gives the same moments. */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function allGone(state: string, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (processesOf(state).length > 0) {
    assert.ok(Date.now() < deadline, `processes ${processesOf(state).join(", ")} are left`);
    await wait(50);
  }
}

describe("the demo can be ended at any moment", { concurrency: 1 }, () => {
  const next = random(seed);
  const state = temporary.path("killed");
  for (let round = 0; round < moments; round++) {
    const afterMs = Math.round(500 + next() * 17_000);
    it(`SIGKILL after ${afterMs} ms (seed ${seed}, round ${round}) leaves nothing behind`, async () => {
      const demo = startDemo(["--state", state, "--json"]);
      const timer = setTimeout(() => demo.kill("SIGKILL"), afterMs);
      await demo.done;
      clearTimeout(timer);
      await allGone(state, 5000);
    });
  }

  it("and the next run on the same folder ends well", async () => {
    const run = await runDemo(["--state", state, "--json"]);
    assert.equal(run.code, 0, run.stderr);
    assert.equal((JSON.parse(run.stdout) as { verified: boolean }).verified, true);
    await allGone(state, 0);
  });

  it("Ctrl-C ends every process and leaves the folder usable", async () => {
    const demo = startDemo(["--state", state, "--json"]);
    await demo.said("starting ingest, prover and delivery");
    demo.kill("SIGINT");
    const run = await demo.done;
    assert.equal(run.code, 130, run.stderr);
    assert.equal(run.stdout, "");
    await allGone(state, 0);
  });

  it("and a folder whose chain holds other contracts begins a new chain, and ends well", async () => {
    writeFileSync(`${state}/contracts`, "the hash of other sources");
    const after = await runDemo(["--state", state, "--json"]);
    assert.equal(after.code, 0, after.stderr);
    assert.match(after.stderr, /the contracts have changed since the last run: a new chain is begun/);
    assert.equal((JSON.parse(after.stdout) as { verified: boolean }).verified, true);
  });
});
