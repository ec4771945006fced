// The test command: every suite, two at the same time, its budget, and the sum over all of them as the last line.
// usage: npm test [-- SUITE ...]; npm run test:long; npm run test:chaos
import { ensureCompiled } from "../bootstrap/compile.ts";
import { runLanes } from "./lanes.ts";
import type { Lanes } from "./lanes.ts";
import { suiteSets } from "./suites.ts";

const run: { lanes: Lanes | undefined; stopped: boolean } = { lanes: undefined, stopped: false };

function stop(): void {
  run.stopped = true;
  run.lanes?.stop();
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
process.on("disconnect", stop);

const [set, ...wanted] = process.argv[2] === "--long" || process.argv[2] === "--chaos" ? [process.argv[2].slice(2) as "long" | "chaos", ...process.argv.slice(3)] : ["short" as const, ...process.argv.slice(2)];
const suites = suiteSets[set];
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite named ${unknown.join(", ")}: choose from ${suites.map((suite) => suite.name).join(", ")}\n`);
  process.exit(1);
}

const began = Date.now();
await ensureCompiled((line) => process.stdout.write(`${line}\n`));
const asked = run.stopped ? [] : suites.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
run.lanes = runLanes(asked, { out: (chunk) => process.stdout.write(chunk), err: (chunk) => process.stderr.write(chunk) });
const ran = await run.lanes.done;

const total = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
for (const { suite, count, seconds } of ran) {
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  rows.push(
    `${suite.name.padEnd(16)}${seconds.toFixed(1).padStart(8)} s of ${String(suite.budget).padStart(4)} s${seconds > suite.budget ? " OVER" : "     "}` +
      `  ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`,
  );
}
if (run.stopped) process.stderr.write("stopped before the end\n");
process.stdout.write(`\nsuite             time and budget\n${rows.join("\n")}\n\n`);
process.stdout.write(`${((Date.now() - began) / 1000).toFixed(0)} s in all, two suites at the same time\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 && !run.stopped ? 0 : 1);
