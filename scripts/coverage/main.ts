/** Runs the contracts' tests over instrumented contracts and shows what of the contracts they reach: `npm run coverage`; `--help` tells more. */
import { spawn } from "node:child_process";
import { constants, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addStatementCoverageInstrumentation, latestSupportedSolidityVersion } from "@nomicfoundation/edr";
import { z } from "zod";
import { isQoodError, QoodError } from "../../sdk/errors/index.ts";
import { coverageOf, type FileCoverage, LEAST, readLcov, shortfalls, table } from "./report.ts";

const usage = `Runs the contracts' tests, those in TypeScript and those in Solidity, over instrumented contracts, and shows the lines and
statements of contracts/ that they reach.

usage: npm run coverage [-- --report]
  --report      only show what the last run has found
Works in .cache/coverage: the checkout's own artifacts stay as they are. Ends with 1 if less than ${LEAST} % of the lines of identity, rights,
shares or tokens were run. Tests that measure gas fail over instrumented contracts, which changes nothing about what was reached.`;

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".cache", "coverage");
const NEEDED = ["circuits", "contracts", "deployments", "docs", "scripts", "sdk", "snapshots", "test", "hardhat.config.ts", "package.json"];

// Every statement gets a call, which takes the largest contracts beyond what jumps can reach and a chain takes: they are compiled to be
// small, and may be large all the same.
const CONFIG = `import original from "./original.config.ts";
const small = (compiler) => ({ ...compiler, settings: { ...compiler.settings, optimizer: { enabled: true, runs: 1 } } });
const { compilers, overrides } = original.solidity.profiles.default;
const profile = { compilers: compilers.map(small), overrides: Object.fromEntries(Object.entries(overrides).map(([file, compiler]) => [file, small(compiler)])) };
const { default: chain, ...others } = original.networks;
export default {
  ...original,
  solidity: { ...original.solidity, profiles: { ...original.solidity.profiles, default: profile } },
  networks: { ...others, default: { ...chain, allowUnlimitedContractSize: true } },
  test: { ...original.test, mocha: { timeout: 600_000 } },
};
`;

/** A copy of what the tests need; what an earlier run compiled is kept. */
function prepare(): void {
  for (const name of [...NEEDED, "original.config.ts", "coverage", "node_modules"]) rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(join(folder, "node_modules", "@qoodblock"), { recursive: true });
  for (const name of NEEDED) cpSync(join(root, name), join(folder, name), { recursive: true, mode: constants.COPYFILE_FICLONE });
  renameSync(join(folder, "hardhat.config.ts"), join(folder, "original.config.ts"));
  writeFileSync(join(folder, "hardhat.config.ts"), CONFIG);
  // One SDK, whether it is named by path or by package. Every other package is found further up, in the checkout.
  symlinkSync(join(folder, "sdk"), join(folder, "node_modules", "@qoodblock", "sdk"));
}

/** Runs the tests; they may fail. */
function run(): Promise<number> {
  return new Promise((resolve, reject) => {
    const hardhat = join(root, "node_modules/hardhat/dist/src/cli.js");
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", hardhat, "test", "--coverage"], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => child.kill("SIGTERM"));
    process.once("disconnect", () => child.kill("SIGTERM"));
    child.on("error", reject);
    child.on("close", (code, signal) => (signal === null ? resolve(code ?? 1) : reject(new QoodError("STOPPED", "stopped before the end"))));
  });
}

/** Tags of every statement that any of the runners came by. */
function hits(): Set<string> {
  const data = join(folder, "coverage", "data");
  const files = readdirSync(data, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return new Set(files.flatMap((name) => Object.keys(z.record(z.string(), z.number()).parse(JSON.parse(readFileSync(join(data, name), "utf8"))))));
}

/** What the last run has found, by file. */
function measured(): FileCoverage[] {
  const lcov = join(folder, "coverage", "lcov.info");
  if (!existsSync(lcov)) throw new QoodError("COVERAGE_MISSING", "there is no coverage of a run: see above, or run without --report");
  const hit = hits();
  return [...readLcov(readFileSync(lcov, "utf8"))].map(([file, lines]) => {
    // Tags are a hash of name and content of the source, so that they come out as in the run.
    const { metadata } = addStatementCoverageInstrumentation(readFileSync(join(folder, file), "utf8"), `project/${file}`, latestSupportedSolidityVersion());
    const statements = metadata.filter(({ kind }) => kind === "statement").map(({ tag }) => ({ tag: Buffer.from(tag).toString("hex") }));
    return coverageOf(file, lines, statements, hit);
  });
}

async function main(): Promise<void> {
  const [option, ...others] = process.argv.slice(2);
  if (option === "--help") return void process.stdout.write(`${usage}\n`);
  if ((option !== undefined && option !== "--report") || others.length > 0) throw new QoodError("USAGE", `no such option: ${process.argv.slice(2).join(" ")} (--help tells the options)`);
  const started = Date.now();
  if (option === undefined) {
    prepare();
    const code = await run();
    process.stdout.write(`\ntests ended with ${code} after ${((Date.now() - started) / 1000).toFixed(0)} s\n\n`);
  }
  const files = measured();
  process.stdout.write(`${table(files).join("\n")}\n`);
  const short = shortfalls(files);
  for (const line of short) process.stdout.write(`TOO LOW  ${line}\n`);
  if (short.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  process.stderr.write(isQoodError(error) ? `coverage: ${error.message}\n` : `coverage: unforeseen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
