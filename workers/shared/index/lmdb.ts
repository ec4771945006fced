import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { QoodError } from "@qoodblock/sdk/errors";
import { takeLockFile } from "../process/lockFile.ts";
import type { Entry, Store } from "./types.ts";

/** Entries of one transaction of the bulk path: the more, the more of them lie beside each other in the tree and share a page that is written. */
const LOAD = 500_000;

/**
 * Opens a store in a folder of its own; several processes may have it open.
 * @param folder - made where it does not exist
 * @param load - entries of one transaction of the bulk path
 */
export function openLmdb(folder: string, load = LOAD): Store {
  mkdirSync(folder, { recursive: true });
  const lock = join(folder, "writer.lock");
  const db = open<Buffer, Buffer>({ path: folder, encoding: "binary", keyEncoding: "binary", compression: false, noSubdir: false });
  let claimed = false;
  const mustHold = (): void => {
    if (!claimed) throw new QoodError("INDEX_LOST", `this process has not the right to write to the store in ${folder}`);
  };
  const put = (entries: readonly Entry[]): void =>
    db.transactionSync(() => {
      for (const { key, value } of entries) db.putSync(key, value);
    });

  return {
    getMany: (keys) => Promise.resolve(keys.map((key) => db.get(key))),
    ranges: (spans, limit) =>
      Promise.resolve(spans.map(({ from, to }) => (Buffer.compare(from, to) < 0 ? [...db.getRange({ start: from, end: to, limit })].map(({ key, value }) => ({ key: Buffer.from(key), value })) : []))),
    claim() {
      if (claimed) return Promise.resolve();
      const holder = takeLockFile(lock);
      if (holder !== undefined) return Promise.reject(new QoodError("INDEX_BUSY", `process ${holder.pid} writes to the store in ${folder}: end it, or choose another folder`));
      claimed = true;
      return Promise.resolve();
    },
    async commit(changes) {
      mustHold();
      db.transactionSync(() => {
        for (const { key, value } of changes) {
          if (value === undefined) db.removeSync(key);
          else db.putSync(key, value);
        }
      });
      await db.flushed;
    },
    async load(entries) {
      mustHold();
      let part: Entry[] = [];
      const putPart = (): void => {
        put(part.sort((one, other) => Buffer.compare(one.key, other.key)));
        part = [];
      };
      for (const entry of entries) if (part.push(entry) === load) putPart();
      putPart();
      await db.flushed;
    },
    async clear() {
      mustHold();
      await db.clearAsync();
      await db.flushed;
    },
    async close() {
      await db.close();
      if (claimed) rmSync(lock, { force: true });
      claimed = false;
    },
  };
}
