/** The chain's events as the index keeps them: each under its block's hash and its place in it, and listed by block number. */
import { z } from "zod";
import { fromHex } from "@qoodblock/sdk/bytes";
import type { Batch } from "./batch.ts";
import { fromJson, key, toJson } from "./keys.ts";
import type { Reader } from "./types.ts";

/** An event of one of the contracts. */
export const rowSchema = z.strictObject({
  blockNumber: z.int(),
  blockHash: z.string(),
  /** Of the block, Unix seconds. */
  time: z.int(),
  transactionHash: z.string(),
  logIndex: z.int(),
  /** The contract's name in the deployment record. */
  contract: z.string(),
  /** The event's name; empty where the contract's interface does not know it. */
  name: z.string(),
  /** Its arguments by name, as the SDK's events have them where it knows the event, numbers beyond 2^53 as decimal text; topics and data where the event is not known. */
  args: z.record(z.string(), z.unknown()),
});

/** See {@link rowSchema}. */
export type Row = z.output<typeof rowSchema>;

/** Where an event lies. */
export const rowKey = (blockHash: string, logIndex: number): Buffer => key("event", fromHex(blockHash, 32), logIndex);
const placeKey = (blockNumber: number, logIndex: number): Buffer => key("log", blockNumber, logIndex);

/** Puts an event; a second time it changes nothing. */
export function putRow(batch: Batch, row: Row): void {
  batch.put(rowKey(row.blockHash, row.logIndex), toJson(row));
  batch.put(placeKey(row.blockNumber, row.logIndex), Buffer.from(row.blockHash));
}

/** One event, or undefined. */
export async function readRow(reader: Pick<Reader, "getMany">, blockHash: string, logIndex: number): Promise<Row | undefined> {
  const [bytes] = await reader.getMany([rowKey(blockHash, logIndex)]);
  return bytes === undefined ? undefined : rowSchema.parse(fromJson(bytes));
}

/** Events of blocks in the chain's order, both ends included, at most `limit`. */
export async function rowsOf(reader: Reader, fromBlock: number, toBlock: number, limit: number, fromLog = 0): Promise<Row[]> {
  const [places] = await reader.ranges([{ from: placeKey(fromBlock, fromLog), to: placeKey(toBlock + 1, 0) }], limit);
  const keys = places!.map((place) => rowKey(place.value.toString(), Number(place.key.readBigUInt64BE(place.key.length - 8))));
  const rows = await reader.getMany(keys);
  // One that is gone since was taken back with its block: the next look sees what stands in its place.
  return rows.flatMap((bytes) => (bytes === undefined ? [] : [rowSchema.parse(fromJson(bytes))]));
}
