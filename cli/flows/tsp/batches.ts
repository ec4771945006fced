import type { Redis } from "ioredis";
import { QoodError } from "@qoodblock/sdk/errors";
import { encodeLot } from "@qoodblock/sdk/market";
import { readBatches } from "@qoodblock/workers/shared/queue/index.ts";
import { writeAtomically } from "@qoodblock/workers/shared/process/state.ts";
import { findStream, listStreams } from "./streams.ts";

/** Which batches. */
export interface BatchesOptions {
  readonly vehicle?: string;
  readonly stream?: string;
  readonly out: string;
}

/** What was written. */
export interface WrittenBatches {
  readonly file: string;
  readonly streams: number;
  readonly batches: number;
  readonly records: number;
}

/** Handles of the streams that are meant. @throws QoodError USAGE, VEHICLE_UNKNOWN and those of `findStream` */
async function wantedStreams(redis: Redis, prefix: string, { vehicle, stream }: BatchesOptions): Promise<Set<string>> {
  if ((vehicle === undefined) === (stream === undefined)) throw new QoodError("USAGE", "say whose batches: --vehicle or --stream, one of them");
  if (stream !== undefined) return new Set([(await findStream(redis, prefix, stream)).handle]);
  const found = (await listStreams(redis, prefix)).filter((each) => each.vehicle === vehicle).map(({ handle }) => handle);
  if (found.length === 0) throw new QoodError("VEHICLE_UNKNOWN", `no stream of vehicle ${vehicle!} is registered here: \`qood tsp streams list\` tells which are`);
  return new Set(found);
}

/**
 * Writes every announced batch of a vehicle or a stream as JSON lines, in the order of their announcement: header, device's signature, anchor and
 * CIDs, by which its owner fetches, checks and opens it. Nothing in it is secret.
 * @throws QoodError USAGE, VEHICLE_UNKNOWN, FILE_UNWRITABLE and those of `findStream`
 */
export async function writeBatches(redis: Redis, prefix: string, options: BatchesOptions): Promise<WrittenBatches> {
  const streams = await wantedStreams(redis, prefix, options);
  const lines: string[] = [];
  let records = 0;
  for (let after = "0"; ; ) {
    const found = await readBatches(redis, prefix, after);
    if (found.length === 0) break;
    for (const { batch } of found) {
      if (!streams.has(batch.stream)) continue;
      lines.push(encodeLot(batch.lot));
      records += batch.records;
    }
    after = found.at(-1)!.id;
  }
  try {
    writeAtomically(options.out, lines.join(""));
  } catch (error) {
    throw new QoodError("FILE_UNWRITABLE", `${options.out} cannot be written (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  return { file: options.out, streams: streams.size, batches: lines.length, records };
}
