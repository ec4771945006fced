import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { identify, isAlive } from "./identity.ts";
import type { ProcessIdentity } from "./identity.ts";

/** A process in a file. */
export const identitySchema = z.object({ pid: z.int().positive(), started: z.string().min(1) });

function holderIn(file: string): ProcessIdentity | undefined {
  try {
    return identitySchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data;
  } catch {
    return undefined;
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Takes a lock file for this process. A lock whose holder is dead, however it died, is taken over.
 * @returns undefined when it was taken, else the living process that holds it. Give it free by removing the file.
 */
export function takeLockFile(file: string): ProcessIdentity | undefined {
  const me = identify(process.pid);
  if (me === undefined) throw new QoodError("LOCK_IDENTITY", "the start time of this process cannot be read");
  // A link appears with its whole content, so nobody can read a half-written lock and think its holder dead.
  const mine = `${file}.${process.pid}`;
  const dead = `${mine}.dead`;
  writeFileSync(mine, `${JSON.stringify(me)}\n`);
  try {
    while (!link(mine, file)) {
      const holder = holderIn(file);
      if (holder !== undefined && isAlive(holder)) return holder;
      try {
        renameSync(file, dead);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
      // Another process may have taken the dead lock over a moment before us: what was moved is then its lock.
      const moved = holderIn(dead);
      if (moved !== undefined && isAlive(moved)) link(dead, file);
      rmSync(dead, { force: true });
    }
    return undefined;
  } finally {
    rmSync(mine, { force: true });
  }
}
