import type { Redis } from "ioredis";
import { anchorTree } from "@qoodblock/sdk/formats";
import { isQoodError } from "@qoodblock/sdk/errors";
import type { Logger } from "../shared/log/index.ts";
import { keys, readBatches } from "../shared/queue/index.ts";
import { addKept, isKept } from "../shared/storage/kept.ts";
import type { Storage } from "../shared/storage/types.ts";
import { anchorSchema } from "./anchorer.ts";
import type { Artefacts } from "./artefacts.ts";
import { batchCopy, offerCopy } from "./backup.ts";
import type { Backup } from "./backup.ts";
import { batchName } from "./record.ts";
import { entriesOf, soldBatches } from "./sold.ts";

/** How long another node is waited for. */
const FETCH_MS = 5000;

/** What the check of the storage needs. */
export interface VerifyContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly storage: Storage;
  readonly backup: Backup | undefined;
  readonly artefacts: Pick<Artefacts, "load">;
  readonly log: Logger;
}

/** What one pass has found. */
export interface Verified {
  readonly files: number;
  /** Names of what was lost and is back. */
  readonly mended: readonly string[];
  /** Names of what was lost and stays so. */
  readonly lost: readonly string[];
}

/** Something that the storage node has to have: its files, and the ways to bring it back. */
interface Wanted {
  readonly what: string;
  readonly cids: readonly string[];
  readonly copy: string | undefined;
  /** Whether it was given up on purpose. */
  readonly dropped: () => Promise<boolean>;
  /** Makes the files again, where that can be done without a backup. */
  readonly again: () => Promise<readonly Uint8Array[] | undefined>;
}

/**
 * Looks whether the storage node still has what it was given: the files of every announced batch that was not given up, the
 * lists of all anchors, and the offers that can still be bought. What it has lost, or what has rotted on its disk, is brought
 * back: from the backup, or from what lies here; what is there and has no backup gets one.
 * @param signal - ends the pass early.
 */
export async function verifyStorage(context: VerifyContext, signal?: AbortSignal): Promise<Verified> {
  const { redis, prefix, storage, backup, artefacts, log } = context;

  const never = (): Promise<boolean> => Promise.resolve(false);

  async function* wanted(): AsyncGenerator<Wanted> {
    for await (const [root, text] of entriesOf(redis, keys.anchors(prefix))) {
      const { listCid, headers } = anchorSchema.parse(JSON.parse(text));
      yield { what: `list of anchor ${root}`, cids: [listCid], copy: undefined, dropped: never, again: () => Promise.resolve([anchorTree(headers).list]) };
    }
    for (const cid of (await soldBatches(redis, prefix, Math.floor(Date.now() / 1000))).offers) {
      yield { what: `offer ${cid}`, cids: [cid], copy: offerCopy(cid), dropped: never, again: () => Promise.resolve(undefined) };
    }
    for (let after = "0"; ; ) {
      const found = await readBatches(redis, prefix, after);
      if (found.length === 0) return;
      for (const { batch: { stream, sequence, lot: { cids } } } of found) {
        yield {
          ...{ what: `batch ${sequence} of stream ${stream}`, cids: [cids.ciphertext, cids.dataHashes, cids.description], copy: batchCopy(stream, sequence) },
          dropped: async () => (await redis.hexists(keys.dropped(prefix), batchName(stream, sequence))) === 1,
          async again() {
            const files = await artefacts.load(stream, sequence);
            return files === undefined ? undefined : [files.ciphertext, files.dataHashes, files.description];
          },
        };
      }
      after = found.at(-1)!.id;
    }
  }
  async function missing(cids: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const cid of cids) if (!(await isKept(storage, cid))) found.push(cid);
    return found;
  }
  async function restore(copy: string | undefined): Promise<void> {
    if (backup === undefined || copy === undefined) return;
    try {
      await backup.restore(copy);
    } catch (error) {
      if (!isQoodError(error, "STORAGE_CAR") && !isQoodError(error, "STORAGE_CORRUPT")) throw error;
      log.error({ err: error, copy }, "a backup is damaged");
    }
  }
  /** Tries every way, the cheapest first. @returns what is missing all the same */
  async function mend({ cids, copy, again }: Wanted): Promise<string[]> {
    const ways = [
      () => restore(copy),
      async () => {
        for (const file of (await again()) ?? []) await addKept(storage, file);
      },
      // Another node may have it: a buyer's, or a second one of the TSP. It may also be here and have lost its pin alone.
      async () => {
        for (const cid of await missing(cids)) await storage.pin(cid, { timeoutMs: FETCH_MS }).catch(() => undefined);
      },
    ];
    let left: string[] = [];
    for (const way of ways) {
      await way();
      left = await missing(cids);
      if (left.length === 0) break;
    }
    return left;
  }

  const [mended, lost]: [string[], string[]] = [[], []];
  let files = 0;
  for await (const each of wanted()) {
    if (signal?.aborted === true) break;
    if (await each.dropped()) continue;
    files += each.cids.length;
    const gone = await missing(each.cids);
    // Asked again: it may have been given up in this moment.
    if (gone.length > 0 && (await each.dropped())) continue;
    const left = gone.length === 0 ? [] : await mend(each);
    if (left.length > 0) {
      lost.push(each.what);
      log.error({ cids: left }, `ALARM: the storage node has lost the ${each.what}, and there is no good backup of it here: restore the node's folder or the backup`);
      continue;
    }
    if (gone.length > 0) {
      mended.push(each.what);
      log.warn({ cids: gone }, `the storage node had lost the ${each.what}; it is uploaded again`);
    }
    if (each.copy !== undefined) await backup?.save(each.copy, each.cids);
  }
  return { files, mended, lost };
}
