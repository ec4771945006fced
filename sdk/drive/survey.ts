import { cellCollector } from "../dictionary/index.ts";
import { noRejections } from "./open.ts";
import type { Drive, RejectedRow, RejectionCounts } from "./types.ts";

/** What a drive holds, found by one pass that keeps no rows. */
export interface Survey {
  /** Data rows in the file: accepted + rejected. */
  readonly total: number;
  readonly accepted: number;
  readonly rejected: RejectionCounts;
  /** The first rejected rows, at most ten, for people. */
  readonly examples: readonly RejectedRow[];
  /** Time of the first and the last accepted row, Unix ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Distinct H3 cells of the accepted positions, sorted; absent without position. */
  readonly cells?: readonly string[];
}

const EXAMPLES = 10;

/**
 * Reads a drive once from beginning to end: to know before anything is started that the input is good, and what to say
 * about it.
 *
 * @throws QoodError as {@link Drive.events}, `INPUT_NO_GOOD_ROW` above all
 */
export async function surveyDrive(drive: Drive): Promise<Survey> {
  const rejected = noRejections();
  const examples: RejectedRow[] = [];
  const collector = cellCollector(drive.schema);
  let [total, accepted, firstMs, lastMs] = [0, 0, 0, 0];
  for await (const event of drive.events()) {
    total += 1;
    if (event.kind === "rejected") {
      rejected[event.reason] += 1;
      if (examples.length < EXAMPLES) examples.push(event);
      continue;
    }
    lastMs = event.values[0]!;
    if (accepted === 0) firstMs = lastMs;
    accepted += 1;
    collector?.add(event.values);
  }
  const cells = collector?.cells();
  return { total, accepted, rejected, examples, firstMs, lastMs, ...(cells === undefined ? {} : { cells }) };
}
