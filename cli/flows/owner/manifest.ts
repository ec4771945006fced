/** What an export has written so far: a file with the hash of every other, by which whoever gets the folder checks it, and a stopped run goes on. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "@qoodblock/sdk/bytes";
import { QoodError } from "@qoodblock/sdk/errors";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";

/** Name of the file. */
export const MANIFEST = "manifest.json";

const file = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.int().min(0) });
const schema = z.strictObject({
  format: z.literal("qood/export/v1"),
  chainId: z.int(),
  account: z.string(),
  /** By path below the folder. */
  files: z.record(z.string(), file),
  /** By stream and day: the batches that its files are made of, hashes of their headers in order. */
  days: z.record(z.string(), z.strictObject({ headers: z.array(z.string()), records: z.int(), files: z.array(z.string()) })),
  /** Batches that are not in it, and why. */
  missing: z.array(z.strictObject({ header: z.string(), code: z.string(), message: z.string() })),
});
/** See the head of this file. */
export type Manifest = z.output<typeof schema>;

/** An export's folder under work. */
export interface ExportFolder {
  readonly manifest: Manifest;
  /** Whether a day's files are there, made of just these batches, and as they were written. */
  isDone(day: string, headers: readonly string[]): boolean;
  /** Writes a file whole or not at all, and notes its hash. */
  write(path: string, text: string | Uint8Array): void;
  /** Notes a file that stands in the folder. */
  note(path: string): void;
  /** Writes the manifest. */
  save(): void;
}

const hashOf = (bytes: Uint8Array): z.output<typeof file> => ({ sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length });

/** Opens a folder, or makes it. @throws QoodError EXPORT_FOLDER where it holds an export of another account or chain, FILE_UNWRITABLE */
export function openExport(out: string, chainId: number, account: Hex): ExportFolder {
  const path = join(out, MANIFEST);
  let manifest: Manifest = { format: "qood/export/v1", chainId, account, files: {}, days: {}, missing: [] };
  if (existsSync(path)) {
    try {
      manifest = schema.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch {
      throw new QoodError("EXPORT_FOLDER", `${path} is no manifest of an export: name another folder with --out`);
    }
    if (manifest.chainId !== chainId || manifest.account !== account) throw new QoodError("EXPORT_FOLDER", `${out} holds an export of ${manifest.account} on chain ${manifest.chainId}: name another folder with --out`);
  }
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      throw new QoodError("FILE_UNWRITABLE", `the export cannot be written into ${out} (${(error as NodeJS.ErrnoException).code ?? "error"})`);
    }
  };
  guarded(() => void mkdirSync(join(out, "data"), { recursive: true }));
  guarded(() => void mkdirSync(join(out, "offers"), { recursive: true }));
  const folder: ExportFolder = {
    manifest,
    isDone(day, headers) {
      const known = manifest.days[day];
      if (known === undefined || known.headers.join() !== headers.join()) return false;
      return known.files.every((name) => existsSync(join(out, name)) && hashOf(readFileSync(join(out, name))).sha256 === manifest.files[name]?.sha256);
    },
    write(name, text) {
      guarded(() => writeAtomically(join(out, name), typeof text === "string" ? text : new TextDecoder().decode(text)));
      folder.note(name);
    },
    note(name) {
      manifest.files[name] = hashOf(readFileSync(join(out, name)));
    },
    save: () => guarded(() => writeAtomically(path, `${JSON.stringify(manifest, null, 2)}\n`)),
  };
  return folder;
}
