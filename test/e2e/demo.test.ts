import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { z } from "zod";
import { checkDrive } from "../../scripts/demo/check.ts";
import { CARCHAIN_EXAMPLE } from "@qoodblock/sdk/drive";
import { dataPath, needsData } from "../support/data.ts";
import { temporaryFolder } from "../support/folder.ts";
import { processesOf, runDemo } from "./support.ts";

const count = z.int().nonnegative();
const amount = z.string().regex(/^\d+$/);
/** What `--json` promises; nothing more, nothing less. */
const summarySchema = z.strictObject({
  records: z.strictObject({ in: count, accepted: count, rejected: z.record(z.string(), count) }),
  bytes: z.strictObject({ raw: count, compressed: count, sealed: count }),
  cid: z.string().regex(/^b[a-z2-7]+$/),
  gas: z.strictObject({ mint: count, agree: count, anchor: count, buy: count, deliver: count, settle: count, withdraw: count, perRecord: z.number().positive() }),
  ms: z.strictObject({ setup: count, start: count, deploy: count, seal: count, upload: count, anchor: count, buy: count, prove: count, deliver: count, settle: count, decrypt: count, total: count }),
  payouts: z.strictObject({ owner: amount, oem: amount, tsp: amount, storage: amount }),
  verified: z.boolean(),
});

const root = fileURLToPath(new URL("../..", import.meta.url));
const temporary = temporaryFolder();

/** Runs to the end and reads the one JSON object of stdout. */
async function sold(name: string, args: readonly string[]): Promise<{ readonly summary: z.infer<typeof summarySchema>; readonly stderr: string }> {
  const state = temporary.path(name);
  const run = await runDemo(["--json", "--state", state, ...args]);
  assert.equal(run.code, 0, run.stderr);
  assert.equal(run.stdout.trimEnd().split("\n").length, 1, run.stdout);
  assert.deepEqual(processesOf(state), [], "processes are left");
  assert.ok(!existsSync(`${state}/lock.json`), "the state folder is still locked");
  const summary = summarySchema.parse(JSON.parse(run.stdout));
  assert.equal(summary.verified, true);
  const earned = Object.values(summary.payouts).reduce((sum, part) => sum + BigInt(part), 0n);
  assert.ok(earned > 0n);
  assert.ok(summary.bytes.compressed < summary.bytes.raw || summary.records.accepted < 100);
  assert.ok(Object.values(summary.gas).every((gas) => gas > 0));
  return { summary, stderr: run.stderr };
}

describe("npm run demo", { concurrency: 1 }, () => {
  it("sells CarChain's trip, twice on one state folder, the second time without setting anything up", async () => {
    const { summary: first } = await sold("default", []);
    assert.deepEqual(first.records, { in: 10, accepted: 10, rejected: {} });
    const marks = ["node_modules/.qoodblock-installed", ".cache/compiled", "circuits/keys/KeyDelivery1.zkey", "artifacts"].map((file) => `${root}${file}`).filter(existsSync);
    assert.ok(marks.length >= 3);
    const before = marks.map((file) => statSync(file).mtimeMs);
    // What would be called is on this PATH as a trap.
    const trap = temporary.file("npm", "#!/bin/sh\necho called >> \"$(dirname \"$0\")/npm-called\"\nexit 9\n");
    chmodSync(trap, 0o755);
    const state = temporary.path("default");
    const environment: NodeJS.ProcessEnv = { ...process.env, PATH: `${temporary.path("")}:${process.env["PATH"] ?? ""}` };
    delete environment["npm_execpath"];
    const again = await runDemo(["--json", "--state", state], environment);
    assert.equal(again.code, 0, again.stderr);
    assert.ok(!existsSync(temporary.path("npm-called")), "npm was called");
    assert.ok(!/compiling|installing/.test(again.stderr), again.stderr);
    assert.deepEqual(marks.map((file) => statSync(file).mtimeMs), before);
    assert.equal(summarySchema.parse(JSON.parse(again.stdout)).verified, true);

    // The checker that said yes says no as soon as one value of the output is another.
    const csv = `${state}/results/records.csv`;
    const good = await checkDrive({ input: CARCHAIN_EXAMPLE, output: csv });
    assert.equal(good.verified, true);
    const lines = readFileSync(csv, "utf8").split("\n");
    const cells = lines[3]!.split(",");
    const latitude = lines[0]!.split(",").indexOf("Vehicle.CurrentLocation.Latitude [degrees]");
    cells[latitude] = (Number(cells[latitude]) + 0.000001).toFixed(6);
    lines[3] = cells.join(",");
    writeFileSync(csv, lines.join("\n"));
    assert.equal((await checkDrive({ input: CARCHAIN_EXAMPLE, output: csv })).verified, false);
  });

  for (const [file, records] of [
    ["austin-bmw-can-10hz.csv", 2399],
    ["carobd-live4.csv", 3178],
    ["carobd-idle3.csv", 1360],
  ] as const) {
    it(`sells ${file}`, needsData(file), async () => {
      const { summary } = await sold(file, ["--input", dataPath(file)]);
      assert.equal(summary.records.accepted, records);
      assert.equal(existsSync(`${temporary.path(file)}/results/records.geojson`), file.startsWith("austin"));
    });
  }

  it("sells a generated drive over midnight, and settles after the window when the buyer signs no receipt", async () => {
    const run = await sold("generated", ["--hours", "1", "--start", "2024-03-01T23:30:00Z", "--no-receipt"]);
    assert.equal(run.summary.records.accepted, 3600);
    assert.match(run.stderr, /no receipt: the window is open until/);
    assert.ok(run.summary.ms.settle >= 5000, `settled after ${run.summary.ms.settle} ms`);
  });
});
