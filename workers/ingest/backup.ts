import { createReadStream } from "node:fs";
import { access, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Storage } from "../shared/storage/types.ts";

/** Copies of stored files as CARs in a folder, so that what the storage node loses can be brought back. */
export interface Backup {
  /** Copies files out of the storage node, every block verified; nothing is done when the copy is there. @throws QoodError STORAGE_NOT_FOUND, STORAGE_CORRUPT */
  save(name: string, cids: readonly string[]): Promise<void>;
  /** Brings the files of a copy back to the storage node. @returns false when there is no copy */
  restore(name: string): Promise<boolean>;
  drop(name: string): Promise<void>;
}

/** Name of a batch's copy. */
export const batchCopy = (stream: string, sequence: number): string => join("batches", stream, String(sequence));

/** Name of the copy of an offer's file. */
export const offerCopy = (cid: string): string => join("offers", cid);

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @param folder - on another disk than the storage node's, best on another machine. */
export function createBackup(folder: string, storage: Pick<Storage, "exportCar" | "importCar">): Backup {
  const fileOf = (name: string): string => join(folder, `${name}.car`);
  const exists = (file: string): Promise<boolean> => access(file).then(() => true, () => false);
  return {
    async save(name, cids) {
      const file = fileOf(name);
      if (await exists(file)) return;
      await mkdir(dirname(file), { recursive: true });
      const partial = `${file}.${process.pid}.part`;
      const handle = await open(partial, "w", 0o600);
      try {
        for await (const piece of storage.exportCar(cids)) await handle.write(piece);
        await handle.sync();
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
      await rename(partial, file);
      await syncFolder(dirname(file));
    },
    async restore(name) {
      const file = fileOf(name);
      if (!(await exists(file))) return false;
      await storage.importCar(createReadStream(file));
      return true;
    },
    async drop(name) {
      await rm(fileOf(name), { force: true });
    },
  };
}
