import { dayOf } from "@qoodblock/sdk/keys";
import type { StoredMessage, TripEnd } from "../shared/queue/index.ts";

/** When a batch is closed: the policy u, beside day and end of trip. */
export interface BatchPolicy {
  readonly batchRecords: number;
  readonly batchBytes: number;
  readonly batchSeconds: number;
}

/** Why a batch was closed. */
export type CloseReason = "trip-end" | "day" | "records" | "bytes" | "age";

/** A batch that is still growing: what has been read of its stream, without the messages themselves. */
export interface Draft {
  /** Counter of the first message; the draft is empty while `next` is the same. */
  readonly first: number;
  /** Counter of the next message to read. */
  readonly next: number;
  readonly records: number;
  readonly bytes: number;
  /** UTC day of the first row kept, null while there is none. */
  readonly day: number | null;
  /** When the first row kept was appended, Unix milliseconds. */
  readonly since: number;
  readonly chainAfter: string;
}

/** A draft that begins with the message `first`. */
export function emptyDraft(first: number, chainBefore: string): Draft {
  return { first, next: first, records: 0, bytes: 0, day: null, since: 0, chainAfter: chainBefore };
}

/**
 * Takes the next entry of the stream into a draft, or says that the batch must be closed. A message that would make it
 * too large or of two days stays outside; it begins the next batch. A batch without a row kept is never closed.
 */
export function grow(draft: Draft, entry: StoredMessage | TripEnd, policy: BatchPolicy): { readonly draft: Draft; readonly close?: CloseReason } {
  if (entry.kind === "trip-end") return draft.records > 0 ? { draft, close: "trip-end" } : { draft };
  const day = entry.firstTime === null ? draft.day : dayOf(entry.firstTime);
  if (draft.records > 0) {
    if (day !== draft.day) return { draft, close: "day" };
    if (draft.records + entry.kept > policy.batchRecords) return { draft, close: "records" };
    if (draft.bytes + entry.wire.length > policy.batchBytes) return { draft, close: "bytes" };
  }
  return {
    draft: {
      first: draft.first,
      next: entry.counter + 1,
      records: draft.records + entry.kept,
      bytes: draft.bytes + entry.wire.length,
      day,
      since: draft.records === 0 ? entry.arrival : draft.since,
      chainAfter: entry.chainAfter,
    },
  };
}

/** Whether a draft has waited long enough to be closed as it is. @param waited - milliseconds since its first row was appended */
export function isOld(draft: Draft, policy: BatchPolicy, waited: number): boolean {
  return draft.records > 0 && waited >= policy.batchSeconds * 1000;
}
