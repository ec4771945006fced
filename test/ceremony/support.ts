/** The ceremony's command as a process, and the powers of tau that tests use. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { hashOf } from "../../scripts/ceremony/record.ts";
import { readFileSync } from "node:fs";
import { root } from "../../scripts/circuits/instances.ts";

/** The smallest circuit: its ceremony is the same as any other's, and takes seconds. */
export const CIRCUIT = "SegmentKey";
export const PTAU = resolve(root, "../shared/ptau/dev-2-15.ptau");
/** Test options: skipped with the reason where the powers of tau are missing, except under `CI=true`, where the test runs and fails. */
export const needsPtau: { skip: string | false } = { skip: existsSync(PTAU) || process.env.CI === "true" ? false : `no powers of tau at ${PTAU}` };
/** The hash that its publisher would name. */
export const ptauHash = (algorithm: "sha256" | "blake2b512"): string => hashOf(algorithm, readFileSync(PTAU));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line on stderr: what went wrong, where something did. */
  readonly said: string;
}

/** Runs a command of the ceremony. `during` is given the process, to kill it. */
export function ceremony(args: readonly string[], options: { input?: string; during?: (child: ChildProcess) => void } = {}): Promise<Ended> {
  return new Promise((ended, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, "scripts/ceremony/main.ts"), ...args], { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code, signal) => ended({ code, signal, stdout, stderr, said: stderr.trim().split("\n").at(-1)! }));
    // A process that is killed does not read its input.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    options.during?.(child);
  });
}
