import { asks } from "../ask.ts";
import type { FormName } from "../ask.ts";

/** How much is measured. The shape of every row is the same in each form; only amounts and rounds differ. */
export interface Form {
  readonly name: FormName;
  readonly cars: number;
  /** Rounds of figures that take turns with their peer. */
  readonly rounds: number;
  /** Messages of one round through a broker, with 50 records each and with 1. */
  readonly messages: { readonly many: number; readonly single: number };
  /** Bytes of a compressed interval. */
  readonly intervalBytes: number;
  /** Records under one anchor. */
  readonly anchored: number;
  /** Records of the memory's steady run, and seconds of ingestion that its backlog is. */
  readonly memory: { readonly records: number; readonly backlogSeconds: number };
  /** Seconds at half load; there a batch waits so long at most until it is closed, and then so long for its interval's anchor. */
  readonly delay: { readonly seconds: number; readonly batch: number; readonly anchor: number };
}

const FORMS: Readonly<Record<FormName, Form>> = {
  quick: { name: "quick", cars: 12, rounds: 1, messages: { many: 24, single: 24 }, intervalBytes: 2 ** 20, anchored: 1200, memory: { records: 1800, backlogSeconds: 10 }, delay: { seconds: 1, batch: 0.5, anchor: 0.5 } },
  default: { name: "default", cars: 1000, rounds: 3, messages: { many: 2000, single: 4000 }, intervalBytes: 4 * 2 ** 20, anchored: 100_000, memory: { records: 360_000, backlogSeconds: 60 }, delay: { seconds: 60, batch: 30, anchor: 10 } },
  full: { name: "full", cars: 1000, rounds: 15, messages: { many: 12_000, single: 24_000 }, intervalBytes: 4 * 2 ** 20, anchored: 100_000, memory: { records: 3_600_000, backlogSeconds: 600 }, delay: { seconds: 240, batch: 30, anchor: 10 } },
};

/** Names of the rooms, in the order in which they are measured. */
export const ROOMS = ["sealing", "upload", "size", "gas", "accept", "memory", "delay"] as const;
/** See {@link ROOMS}. */
export type Room = (typeof ROOMS)[number];

/** Reads the command line. */
export const ask = asks({ name: "ingest", forms: FORMS, rooms: ROOMS, full: "the long form: 3.6 million records, a backlog of ten minutes" });
