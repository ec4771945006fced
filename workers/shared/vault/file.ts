import { closeSync, fsyncSync, fstatSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { takeLockFile } from "../process/lockFile.ts";
import { decodeContent, encodeContent } from "./content.ts";
import type { Content } from "./content.ts";
import { decryptEnvelope, encryptEnvelope } from "./envelope.ts";
import type { KdfCost } from "./envelope.ts";
import type { Unlock } from "./unlock.ts";

/** A vault's content with the cost that its file was written with. */
export interface Read {
  readonly content: Content;
  readonly cost: KdfCost;
}

/** What tells one state of the file from the next, or undefined where there is none. Each writing makes a new file. */
export function stampOf(file: string): string | undefined {
  try {
    const { ino, mtimeNs, size } = statSync(file, { bigint: true });
    return `${ino}:${mtimeNs}:${size}`;
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new QoodError("VAULT_MISSING", `the vault ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"}): make it first, or name another`);
  }
}

/** @throws QoodError VAULT_MISSING, VAULT_FORMAT, VAULT_UNLOCK or VAULT_PASSPHRASE */
export async function readVault(file: string, unlock: Unlock): Promise<Read> {
  for (;;) {
    const stamp = stampOf(file);
    try {
      const { content, cost } = await decryptEnvelope(readText(file), unlock, file);
      const decoded = decodeContent(content, file);
      content.fill(0);
      return { content: decoded, cost };
    } catch (error) {
      // What was read may have been shredded by a writer in the same moment: then there is another file by now.
      if (!isQoodError(error) || stampOf(file) === stamp) throw error;
    }
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Overwrites a file that nothing leads to any more. What the disk keeps beneath the file system is out of reach. */
function shred(descriptor: number): void {
  const { size } = fstatSync(descriptor);
  writeSync(descriptor, Buffer.alloc(size), 0, size, 0);
  fsyncSync(descriptor);
}

/**
 * Old content or new, never a part, also after a power cut. Only under {@link locked}.
 * @param old - "shred": the bytes of the old file are overwritten when the new one is in its place.
 */
export async function writeVault(file: string, content: Content, unlock: Unlock, cost: KdfCost, old: "keep" | "shred" = "keep"): Promise<void> {
  const text = await encryptEnvelope(encodeContent(content), unlock, cost);
  const partial = `${file}.${process.pid}.part`;
  const descriptor = openSync(partial, "w", 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  const before = old === "shred" ? openSync(file, "r+") : undefined;
  try {
    renameSync(partial, file);
    syncFolder(dirname(file));
    if (before !== undefined) shred(before);
  } finally {
    if (before !== undefined) closeSync(before);
  }
}

/** Files that a killed writer left half-way hold secrets too. */
function removeParts(file: string): void {
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(file)}.`) || !/^\d+\.part$/.test(name.slice(basename(file).length + 1))) continue;
    const descriptor = openSync(join(folder, name), "r+");
    try {
      shred(descriptor);
    } finally {
      closeSync(descriptor);
    }
    rmSync(join(folder, name), { force: true });
  }
}

/** One writer at a time: what two imports read before either wrote would lose one of them. @throws QoodError VAULT_BUSY, VAULT_READ_ONLY */
export async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  let holder: ReturnType<typeof takeLockFile>;
  try {
    holder = takeLockFile(lock);
  } catch (error) {
    if (isQoodError(error)) throw error;
    throw new QoodError("VAULT_READ_ONLY", `the vault ${file} cannot be written: its folder refuses a lock file (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  if (holder !== undefined) throw new QoodError("VAULT_BUSY", `process ${holder.pid} is writing the vault ${file}: try again when it has ended`);
  try {
    removeParts(file);
    return await act();
  } finally {
    rmSync(lock, { force: true });
  }
}
