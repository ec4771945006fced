import { statfs } from "node:fs/promises";
import { Counter } from "prom-client";
import type { Registry } from "prom-client";
import { addGauge } from "../shared/metrics/index.ts";
import type { HeliaStorage } from "../shared/storage/helia.ts";

/** The same node, with its traffic counted and the space on its disk shown. */
export function measureStorage(registry: Registry, repo: string, storage: HeliaStorage): HeliaStorage {
  const registers = [registry];
  const files = new Counter({ name: "qood_storage_files_total", help: "Files that were pinned, unpinned or read.", labelNames: ["act"], registers });
  const bytes = new Counter({ name: "qood_storage_bytes_total", help: "Bytes of blocks that were taken in, and of files that were read.", labelNames: ["act"], registers });
  addGauge(registry, {
    name: "qood_storage_free_bytes",
    help: "Free space on the disk of the node's folder.",
    async read() {
      const { bavail, bsize } = await statfs(repo);
      return bavail * bsize;
    },
  });
  return {
    ...storage,
    async add(content) {
      const cid = await storage.add(content);
      files.inc({ act: "pin" });
      bytes.inc({ act: "put" }, content.length);
      return cid;
    },
    async putBlock(cid, block) {
      await storage.putBlock(cid, block);
      bytes.inc({ act: "put" }, block.length);
    },
    async pin(cid, options) {
      await storage.pin(cid, options);
      files.inc({ act: "pin" });
    },
    async unpin(cid) {
      await storage.unpin(cid);
      files.inc({ act: "unpin" });
    },
    async get(cid, options) {
      const content = await storage.get(cid, options);
      files.inc({ act: "read" });
      bytes.inc({ act: "read" }, content.length);
      return content;
    },
  };
}
