import type { Redis } from "ioredis";
import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { lotSchema } from "@qoodblock/sdk/market";
import { keys } from "./names.ts";

/** A batch as `qood:batches` announces it: sealed, stored, anchored and final. */
export const announcedSchema = z.strictObject({
  stream: z.string(),
  sequence: z.int().nonnegative(),
  headerHash: z.string(),
  /** A header with its envelope, its anchor and the CIDs of its files: the same part as in an offer. */
  lot: lotSchema,
  records: z.int(),
  leafCount: z.int(),
  bytes: z.strictObject({ raw: z.int(), compressed: z.int(), stored: z.int() }),
  /** The anchor's transaction; one may carry many batches. */
  transaction: z.strictObject({ hash: z.string(), block: z.int(), gasUsed: z.int(), batches: z.int(), listCid: z.string() }),
  /** How long each step took, milliseconds. */
  ms: z.strictObject({ seal: z.number(), upload: z.number(), anchor: z.number() }),
});

/** See {@link announcedSchema}; big integers inside, decimal text in Redis. */
export type AnnouncedBatch = z.output<typeof announcedSchema>;

/** An announcement with its place in the stream. */
export interface Announcement {
  /** Id in the stream: where a reader goes on. */
  readonly id: string;
  readonly batch: AnnouncedBatch;
}

/** An announcement as text. */
export function encodeBatch(batch: AnnouncedBatch): string {
  return JSON.stringify(z.encode(announcedSchema, batch));
}

function announcementOf(id: string, fields: readonly string[]): Announcement {
  const parsed = announcedSchema.safeParse(JSON.parse(fields[fields.indexOf("batch") + 1] ?? "null"));
  if (!parsed.success) throw new QoodError("BATCH_FORMAT", `announcement ${id} cannot be read: ${parsed.error.issues[0]!.path.join(".")} ${parsed.error.issues[0]!.message}`);
  return { id, batch: parsed.data };
}

/** Announced batches behind `after` (`"0"`: from the first). */
export async function readBatches(redis: Redis, prefix: string, after = "0", count = 100): Promise<Announcement[]> {
  const entries = await redis.xrange(keys.batches(prefix), after === "0" ? "-" : `(${after}`, "+", "COUNT", count);
  return entries.map(([id, fields]) => announcementOf(id, fields));
}

/** One announced batch, or undefined. */
export async function readBatch(redis: Redis, prefix: string, id: string): Promise<AnnouncedBatch | undefined> {
  const [entry] = await redis.xrange(keys.batches(prefix), id, id);
  return entry === undefined ? undefined : announcementOf(id, entry[1]).batch;
}
