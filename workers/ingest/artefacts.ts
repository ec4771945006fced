import { createHash } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BatchFiles } from "@qoodblock/sdk/sealing";

const NAMES = { ciphertext: "ciphertext", dataHashes: "data-hashes", description: "description.json" } as const;

/**
 * The sealed files of batches not yet announced, on this machine's disk: written before anything is uploaded, so that a
 * restart goes on with the same bytes.
 */
export interface Artefacts {
  save(stream: string, sequence: number, files: BatchFiles): Promise<void>;
  /** The files, or undefined when they are not all there. */
  load(stream: string, sequence: number): Promise<BatchFiles | undefined>;
  drop(stream: string, sequence: number): Promise<void>;
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  const partial = `${file}.${process.pid}.part`;
  const handle = await open(partial, "w", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}

/** A whole file with one question to the system: `readFile` asks for half a MiB at a time. */
async function read(file: string): Promise<Uint8Array> {
  const handle = await open(file, "r");
  try {
    const bytes = new Uint8Array((await handle.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** @param root - a folder of the ingest worker's own. */
export function createArtefacts(root: string): Artefacts {
  const folder = (stream: string, sequence: number): string => join(root, stream, String(sequence));
  return {
    async save(stream, sequence, files) {
      const dir = folder(stream, sequence);
      await mkdir(dir, { recursive: true });
      // Side by side: each waits for the disk.
      await Promise.all(Object.entries(NAMES).map(([name, file]) => write(join(dir, file), files[name as keyof BatchFiles])));
    },
    async load(stream, sequence) {
      const dir = folder(stream, sequence);
      try {
        const [ciphertext, dataHashes, description] = await Promise.all(Object.values(NAMES).map((file) => read(join(dir, file))));
        return { ciphertext: ciphertext!, dataHashes: dataHashes!, description: description! };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async drop(stream, sequence) {
      await rm(folder(stream, sequence), { recursive: true, force: true });
    },
  };
}

/** SHA-256 of a description file as the header states it. */
export function descriptionHash(description: Uint8Array): string {
  return `0x${createHash("sha256").update(description).digest("hex")}`;
}
