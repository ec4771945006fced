/** Runs `qood` as people do: a process of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encryptKeystoreJsonSync } from "ethers";
import type { HDNodeWallet } from "ethers";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Passphrase of every key file of these tests. */
export const PASSPHRASE = "a passphrase that nothing prints";

/** How a run of `qood` ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that is going on. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves when stderr holds this. @throws when the program ends before */
  says(what: RegExp): Promise<RegExpExecArray>;
  readonly end: Promise<Run>;
}

/** Starts `qood`; the passphrase is in the environment unless `env` says otherwise. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = { QOOD_KEYSTORE_PASSPHRASE: PASSPHRASE }): Running {
  const bare = { ...process.env };
  delete bare.QOOD_KEYSTORE_PASSPHRASE;
  delete bare.NODE_TEST_CONTEXT;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "cli/main.ts", ...args], { cwd: root, env: { ...bare, NODE_COMPILE_CACHE: join(root, ".cache", "code"), ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const end = once(child, "close").then(([code, signal]): Run => ({ code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr }));
  return {
    child,
    end,
    async says(what) {
      const ended = end.then(() => true);
      for (;;) {
        const found = what.exec(stderr);
        if (found !== null) return found;
        const over = await Promise.race([once(child.stderr, "data").then(() => false), ended]);
        if (over && what.exec(stderr) === null) throw new Error(`ended without saying ${String(what)}: ${stderr}`);
      }
    },
  };
}

/** Runs `qood` to its end. */
export function qood(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Run> {
  return start(args, env).end;
}

/** A run that must go well, with `--json`; gives its one JSON value. */
export async function answerOf(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<unknown> {
  const run = await qood(["--json", ...args], env);
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^[^\n]+\n$/, "not one line");
  return JSON.parse(run.stdout);
}

/** The `name  value` lines that people get. */
export function linesOf(stdout: string): Record<string, string> {
  return Object.fromEntries(stdout.trimEnd().split("\n").filter((line) => line !== "").map((line) => [line.split(/\s+/, 1)[0]!, line.replace(/^\S+\s*/, "")]));
}

/** Lines that a program says on its way to a mistake. */
const PROGRESS = /^((?:not )?verified |[\w.]+(?: \w+)*: \d+ gas|fetching|every check passed|deal 0x|pages? \d|leaf \d|proven in|a purchase was signed)/;

/**
 * A run that must end as a user's mistake: exit code 1, one line on stderr (after what was said on the way), and on
 * stdout nothing, or with `--json` one object with the error's code.
 */
export async function mistake(args: readonly string[], code: string, words: RegExp, env?: Readonly<Record<string, string>>): Promise<void> {
  const run = await qood(["--json", ...args], env);
  checkLine(run, words);
  assert.match(run.stdout, /^[^\n]+\n$/, "not one line");
  const { error } = JSON.parse(run.stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, code, error.message);
  assert.match(error.message, words);
}

/** The same without `--json`. */
export async function plainMistake(args: readonly string[], words: RegExp, env?: Readonly<Record<string, string>>): Promise<void> {
  const run = await qood(args, env);
  checkLine(run, words);
  assert.equal(run.stdout, "");
}

function checkLine(run: Run, words: RegExp): void {
  assert.equal(run.code, 1, run.stderr);
  const said = run.stderr.split("\n").filter((line) => line !== "" && !PROGRESS.test(line));
  assert.equal(said.length, 1, run.stderr);
  assert.match(said[0]!, words);
  assert.match(said[0]!, /^qood: /);
  assert.ok(!`${run.stdout}${run.stderr}`.includes(PASSPHRASE));
}

/** Writes the key file of a test account; its work factor is low, so that a test does not wait for it. */
export function writeKeyFile(folder: string, name: string, { address, privateKey, mnemonic, path }: HDNodeWallet, withWords = false): void {
  const words = withWords && mnemonic !== null ? { mnemonic: { entropy: mnemonic.entropy, ...(path === null ? {} : { path }), locale: "en" } } : {};
  writeFileSync(join(folder, `${name}.json`), encryptKeystoreJsonSync({ address, privateKey, ...words }, PASSPHRASE, { scrypt: { N: 1024, r: 8, p: 1 } }), { mode: 0o600 });
}
