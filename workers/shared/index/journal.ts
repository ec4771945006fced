/** The blocks that a store has followed, with what each has changed, so that it can be taken back until it is final. */
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { Batch } from "./batch.ts";
import { fromJson, key, under } from "./keys.ts";
import type { Store } from "./types.ts";

/** A block as the store knows it. */
export interface BlockRef {
  readonly number: number;
  readonly hash: string;
}

/** A block with the one that it builds on. */
export interface LinkedBlock extends BlockRef {
  readonly parent: string;
}

const refSchema = z.object({ number: z.int(), hash: z.string() });
const undoSchema = z.array(z.tuple([z.string(), z.string().nullable()]));
const HEAD = key("head");
const OWNER = key("owner");
const blockKey = (number: number): Buffer => key("block", number);
const undoKey = (number: number): Buffer => key("undo", number);
const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** See the head of this file. */
export interface Journal {
  /** The last block that was followed; undefined in an empty store. */
  head(): Promise<BlockRef | undefined>;
  /** Hashes of the blocks that can still be gone back to, the newest first; the last is the newest final one that was followed. */
  known(): Promise<BlockRef[]>;
  /** Takes in blocks that are final up to `to`: what they change cannot be taken back. */
  extendFinal(to: BlockRef, work: (batch: Batch) => Promise<void>): Promise<void>;
  /** Takes in one block that may still go. @throws QoodError INDEX_PARENT where it does not build on the head */
  extend(block: LinkedBlock, work: (batch: Batch) => Promise<void>): Promise<void>;
  /** Takes back all blocks above `number`. @throws QoodError INDEX_FINAL where one of them is final */
  rollBack(number: number): Promise<void>;
  /** Forgets how to take back what is final by now. */
  settle(final: number): Promise<void>;
  /** Empties the store if it is of another chain or deployment, and notes whose it is. @returns whether it was emptied */
  adopt(owner: string): Promise<boolean>;
}

/** The journal of a store; everything it writes, it writes with what it is about. */
export function createJournal(store: Store): Journal {
  const head = async (): Promise<BlockRef | undefined> => {
    const [bytes] = await store.getMany([HEAD]);
    return bytes === undefined ? undefined : refSchema.parse(fromJson(bytes));
  };
  const known = async (): Promise<BlockRef[]> => {
    const [entries] = await store.ranges([under(key("block"))], EVERYTHING);
    return entries!.map(({ value }) => refSchema.parse(fromJson(value))).reverse();
  };

  return {
    head,
    known,
    async extendFinal(to, work) {
      const batch = new Batch(store);
      await work(batch);
      for (const { number } of await known()) batch.remove(blockKey(number));
      batch.putJson(HEAD, to);
      batch.putJson(blockKey(to.number), to);
      await store.commit(batch.changes());
    },
    async extend(block, work) {
      const before = await head();
      if (before !== undefined && (block.number !== before.number + 1 || block.parent !== before.hash)) {
        throw new QoodError("INDEX_PARENT", `block ${block.number} builds on ${block.parent}, the store's head is block ${before.number}, ${before.hash}`);
      }
      const batch = new Batch(store);
      await work(batch);
      const { number, hash } = block;
      batch.putJson(HEAD, { number, hash });
      batch.putJson(blockKey(number), { number, hash });
      const changes = batch.changes();
      const former = await store.getMany(changes.map((change) => change.key));
      const undo = changes.map((change, i) => [change.key.toString("base64"), former[i]?.toString("base64") ?? null]);
      await store.commit([...changes, { key: undoKey(number), value: Buffer.from(JSON.stringify(undo)) }]);
    },
    async rollBack(number) {
      for (let at = await head(); at !== undefined && at.number > number; at = await head()) {
        const [bytes] = await store.getMany([undoKey(at.number)]);
        if (bytes === undefined) throw new QoodError("INDEX_FINAL", `block ${at.number} was taken for final and cannot be taken back`);
        const changes = undoSchema.parse(fromJson(bytes)).map(([name, value]) => ({ key: Buffer.from(name, "base64"), value: value === null ? undefined : Buffer.from(value, "base64") }));
        await store.commit([...changes, { key: undoKey(at.number), value: undefined }]);
      }
    },
    async settle(final) {
      const at = await head();
      const last = Math.min(final, at?.number ?? -1);
      if (last < 0) return;
      const spans = [
        { from: key("undo", 0), to: undoKey(last + 1) },
        { from: key("block", 0), to: blockKey(last) },
      ];
      const old = (await store.ranges(spans, EVERYTHING)).flat();
      if (old.length > 0) await store.commit(old.map((entry) => ({ key: entry.key, value: undefined })));
    },
    async adopt(owner) {
      const [bytes] = await store.getMany([OWNER]);
      if (bytes?.toString() === owner) return false;
      if (bytes !== undefined) await store.clear();
      await store.commit([{ key: OWNER, value: Buffer.from(owner) }]);
      return bytes !== undefined;
    },
  };
}
