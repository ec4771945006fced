import { QoodError } from "@qoodblock/sdk/errors";
import type { Storage } from "./types.ts";

/**
 * Stores and pins bytes, and looks afterwards whether every block of them is in the node's store and the pin stands.
 * @throws QoodError STORAGE_LOST, STORAGE_CORRUPT and those of `add`
 */
export async function addKept(storage: Storage, bytes: Uint8Array): Promise<string> {
  const cid = await storage.add(bytes);
  if (!(await storage.has(cid)) || !(await storage.isPinned(cid))) throw new QoodError("STORAGE_LOST", `the storage node took ${cid} and does not have all of it pinned: look after its disk`);
  return cid;
}

/** Whether the store has every block of a file as it should be, and a pin on it. */
export async function isKept(storage: Storage, cid: string): Promise<boolean> {
  try {
    return (await storage.has(cid)) && (await storage.isPinned(cid));
  } catch (error) {
    if (error instanceof QoodError && error.code === "STORAGE_CORRUPT") return false;
    throw error;
  }
}
