import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { endProcess, identify } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";
import { identitySchema, takeLockFile } from "./lockFile.ts";

/** The version of the state folder's layout that this program reads and writes. */
export const STATE_VERSION = 2;

const versionSchema = z.object({ version: z.int() });

/** A state folder that this process holds alone. */
export interface StateFolder {
  /** Absolute path. */
  readonly path: string;
  /** Processes of an earlier run that were still alive and have been ended. */
  readonly tookOver: readonly string[];
  /** Notes a child process, so that the next start can end it if this process dies without a word. */
  note(name: string, pid: number): void;
  /** Forgets a child that has ended. */
  forget(name: string): void;
  /** Gives the folder free. */
  release(): void;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Writes a file so that a reader sees the old content or the new, never a part. */
export function writeAtomically(file: string, content: string | Uint8Array): void {
  const partial = `${file}.${process.pid}.part`;
  writeFileSync(partial, content);
  renameSync(partial, file);
}

function checkVersion(path: string): void {
  const file = join(path, "version.json");
  if (!existsSync(file)) {
    if (readdirSync(path).length > 0) {
      throw new QoodError("STATE_FOREIGN", `${path} is not empty and holds no version.json: it is not a state folder; choose another with --state`);
    }
    writeAtomically(file, `${JSON.stringify({ version: STATE_VERSION })}\n`);
    return;
  }
  const parsed = versionSchema.safeParse(readJson(file));
  if (!parsed.success) throw new QoodError("STATE_FOREIGN", `${file} is damaged: remove the state folder or choose another with --state`);
  if (parsed.data.version !== STATE_VERSION) {
    throw new QoodError(
      "STATE_VERSION",
      `${path} is a state folder of version ${parsed.data.version} and this program uses version ${STATE_VERSION}: choose another with --state, or remove it`,
    );
  }
}

/**
 * Opens (or creates) a state folder: checks its version, locks it by process id and start time, and ends whatever child
 * processes a killed run has left behind.
 * @throws QoodError STATE_VERSION, STATE_FOREIGN or STATE_IN_USE.
 */
export async function openStateFolder(path: string): Promise<StateFolder> {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new QoodError("STATE_FOREIGN", `${path} cannot be made a state folder (${(error as Error).message}): choose another with --state`);
  }
  checkVersion(path);
  const lock = join(path, "lock.json");
  const holder = takeLockFile(lock);
  if (holder !== undefined) throw new QoodError("STATE_IN_USE", `${path} is in use by process ${holder.pid}: wait for it to end, or choose another folder with --state`);
  const run = join(path, "run");
  mkdirSync(run, { recursive: true });
  const tookOver: string[] = [];
  for (const entry of readdirSync(run)) {
    const left = identitySchema.safeParse(readJson(join(run, entry)));
    if (left.success && (await endProcess(left.data))) tookOver.push(entry.replace(/\.json$/, ""));
    rmSync(join(run, entry), { force: true });
  }
  return {
    path,
    tookOver,
    note(name, pid) {
      const identity: ProcessIdentity | undefined = identify(pid);
      if (identity !== undefined) writeAtomically(join(run, `${name}.json`), `${JSON.stringify(identity)}\n`);
    },
    forget(name) {
      rmSync(join(run, `${name}.json`), { force: true });
    },
    release() {
      rmSync(lock, { force: true });
    },
  };
}
