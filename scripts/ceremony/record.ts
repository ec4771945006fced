/** `ceremony.json`: every step of a ceremony, and the folder that it stands in. What it does not record has not happened. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { takeLockFile } from "@qoodblock/workers/shared/process/lockFile.ts";
import { QoodError } from "../../sdk/errors/index.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Blake2b = z.string().regex(/^[0-9a-f]{128}$/);
const FileEntry = z.strictObject({ file: z.string().regex(/^[A-Za-z0-9_.-]+$/), bytes: z.int().positive(), sha256: Sha256 });
/** A file of the ceremony's folder with its hash. */
export type FileEntry = z.infer<typeof FileEntry>;

const common = { at: z.iso.datetime(), key: FileEntry };
const InitialStep = z.strictObject({ step: z.literal("initial"), ...common, circuitHash: Blake2b });
const ContributionStep = z.strictObject({ step: z.literal("contribution"), ...common, name: z.string(), hash: Blake2b });
const BeaconStep = z.strictObject({
  step: z.literal("beacon"),
  ...common,
  /** Where anyone can look the value up. */
  source: z.string(),
  /** The public value; its SHA-256 is what is hashed 2^iterationsExponent times. */
  value: z.string(),
  sha256: Sha256,
  iterationsExponent: z.int(),
  hash: Blake2b,
});

const CeremonyRecord = z.strictObject({
  format: z.literal("qood/ceremony/v1"),
  circuit: z.strictObject({
    name: z.string(),
    compiler: z.string(),
    constraints: z.int().positive(),
    wires: z.int().positive(),
    publicSignals: z.array(z.string()),
    r1cs: FileEntry,
    wasm: FileEntry,
  }),
  ptau: z.strictObject({ file: z.string(), sha256: Sha256, blake2b: Blake2b }),
  /** The initial key, contributions in their order, at last the beacon. */
  steps: z.tuple([InitialStep], z.union([ContributionStep, BeaconStep])),
  exported: z.strictObject({ at: z.iso.datetime(), files: z.array(FileEntry) }).optional(),
});
/** A ceremony as it is recorded. Times are UTC. */
export type CeremonyRecord = z.infer<typeof CeremonyRecord>;
export type Step = CeremonyRecord["steps"][number];

/** Hash of bytes in hex. */
export const hashOf = (algorithm: "sha256" | "blake2b512", bytes: string | Uint8Array): string => createHash(algorithm).update(bytes).digest("hex");
/** Now, as the record tells times. */
export const timestamp = (): string => new Date().toISOString();

const RECORD = "ceremony.json";
const LOCK = "ceremony.lock";

/** Writes a file whole or not at all, and so that it is there after a loss of power. */
export function writeWhole(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const file = openSync(part, "w");
  const content = Buffer.from(bytes);
  for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
  fsyncSync(file);
  closeSync(file);
  renameSync(part, path);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** A file that somebody named. @throws QoodError `CEREMONY_FILE` */
export function readNamed(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new QoodError("CEREMONY_FILE", code === "ERR_FS_FILE_TOO_LARGE" ? `${what} ${path} has more than 2 GiB: take the smallest that fits the circuit` : `${what} ${path} cannot be read`, { cause });
  }
}

/** The folder of a ceremony, held by one process at a time. */
export class CeremonyFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Runs `work` while no other process changes the folder. @throws QoodError `CEREMONY_BUSY` */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    mkdirSync(this.path, { recursive: true });
    const lock = join(this.path, LOCK);
    const holder = takeLockFile(lock);
    if (holder !== undefined) throw new QoodError("CEREMONY_BUSY", `process ${holder.pid} works on ${this.path}: wait for it to end`);
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  /** The record, or undefined before the ceremony began. @throws QoodError `CEREMONY_RECORD` */
  find(): CeremonyRecord | undefined {
    const path = join(this.path, RECORD);
    if (!existsSync(path)) return undefined;
    let content: unknown;
    try {
      content = JSON.parse(readFileSync(path, "utf8"));
    } catch (cause) {
      throw new QoodError("CEREMONY_RECORD", `${path} is not JSON`, { cause });
    }
    const parsed = CeremonyRecord.safeParse(content);
    if (!parsed.success) throw new QoodError("CEREMONY_RECORD", `${path} is no record of a ceremony: ${parsed.error.issues[0]!.path.join(".")}: ${parsed.error.issues[0]!.message}`);
    return parsed.data;
  }

  /** The record. @throws QoodError `CEREMONY_RECORD` where there is none */
  record(): CeremonyRecord {
    const found = this.find();
    if (found === undefined) throw new QoodError("CEREMONY_RECORD", `there is no ceremony in ${this.path}: begin one with init`);
    return found;
  }

  /** Writes the record. A step counts from here on. */
  save(record: CeremonyRecord): void {
    writeWhole(join(this.path, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  }

  /** Writes a file, not yet recorded. */
  write(file: string, bytes: Uint8Array): FileEntry {
    writeWhole(join(this.path, file), bytes);
    return { file, bytes: bytes.length, sha256: hashOf("sha256", bytes) };
  }

  /** A recorded file. @throws QoodError `CEREMONY_FILE`, `CEREMONY_CHANGED` */
  read(entry: FileEntry): Buffer {
    const path = join(this.path, entry.file);
    const bytes = readNamed(path, "the recorded file");
    const found = hashOf("sha256", bytes);
    if (found !== entry.sha256) throw new QoodError("CEREMONY_CHANGED", `${path} is not what was recorded: sha256 ${entry.sha256} expected, ${found} found`);
    return bytes;
  }
}

/** The file of the key after so many contributions. */
export const keyFile = ({ circuit, steps }: Pick<CeremonyRecord, "circuit"> & { steps: readonly unknown[] }): string => `${circuit.name}_${String(steps.length).padStart(4, "0")}.zkey`;
