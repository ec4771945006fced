// The test command: every suite, one after the other, its budget, and the sum over all of them as the last line.
// usage: npm test [-- SUITE ...]; npm run test:long; npm run test:chaos
import { spawn } from "node:child_process";
import { ensureCompiled } from "../bootstrap/compile.ts";
import { countTests } from "./count.ts";
import type { Count } from "./count.ts";
import { suiteSets } from "./suites.ts";
import type { Suite } from "./suites.ts";

const run: { child: ReturnType<typeof spawn> | undefined; stopped: boolean } = { child: undefined, stopped: false };

function stop(): void {
  run.stopped = true;
  run.child?.kill("SIGTERM");
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
process.on("disconnect", stop);

function runSuite(suite: Suite): Promise<Count> {
  const [command, ...args] = suite.command;
  return new Promise((resolve) => {
    const child = spawn(command === "node" ? process.execPath : command!, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...suite.env } });
    run.child = child;
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      process.stdout.write(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => process.stderr.write(chunk));
    child.on("error", (error) => process.stderr.write(`${error.message}\n`));
    child.on("close", (code) => resolve(countTests(suite.counts, output, code ?? 1)));
  });
}

const [set, ...wanted] = process.argv[2] === "--long" || process.argv[2] === "--chaos" ? [process.argv[2].slice(2) as "long" | "chaos", ...process.argv.slice(3)] : ["short" as const, ...process.argv.slice(2)];
const suites = suiteSets[set];
const unknown = wanted.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no suite named ${unknown.join(", ")}: choose from ${suites.map((suite) => suite.name).join(", ")}\n`);
  process.exit(1);
}

await ensureCompiled((line) => process.stdout.write(`${line}\n`));
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
for (const suite of suites.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  if (run.stopped) break;
  process.stdout.write(`\n== ${suite.name}\n`);
  const started = Date.now();
  const count = await runSuite(suite);
  const seconds = (Date.now() - started) / 1000;
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
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed === 0 && !run.stopped ? 0 : 1);
