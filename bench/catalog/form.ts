import { asks } from "../ask.ts";
import type { FormName } from "../ask.ts";

/** How much is measured. The rows are the same in each form; only amounts differ. */
export interface Form {
  readonly name: FormName;
  /** Offers and batches in the store that is searched, half of each. */
  readonly documents: number;
  /** Questions of each measurement. */
  readonly questions: number;
  /** Events that are indexed. */
  readonly events: number;
  /** Offers through full verification. */
  readonly verified: number;
  /** Rounds from a mined anchor, and from an accepted offer, to the search hit. */
  readonly rounds: number;
}

const FORMS: Readonly<Record<FormName, Form>> = {
  quick: { name: "quick", documents: 2000, questions: 20, events: 200, verified: 5, rounds: 2 },
  default: { name: "default", documents: 100_000, questions: 1000, events: 20_000, verified: 200, rounds: 20 },
  full: { name: "full", documents: 1_000_000, questions: 2000, events: 100_000, verified: 20_000, rounds: 50 },
};

/** Names of the rooms, in the order in which they are measured. */
export const ROOMS = ["search", "index", "intake", "delay"] as const;
/** See {@link ROOMS}. */
export type Room = (typeof ROOMS)[number];

/** Reads the command line. */
export const ask = asks({ name: "catalog", forms: FORMS, rooms: ROOMS, full: "a million offers and batches, 100,000 events, 20,000 offers verified" });
