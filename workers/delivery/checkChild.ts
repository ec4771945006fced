import type { Hex } from "@qoodblock/sdk/bytes";
import { isQoodError } from "@qoodblock/sdk/errors";
import { checkBatch, encodeSample, openBatch, openSample, sampleIndices } from "@qoodblock/sdk/sealing";
import type { CheckInput } from "@qoodblock/sdk/sealing";

/** What the chain says of a batch's sample: the beacon's value and the number of leaves. */
export interface SampleAsked {
  readonly value: Hex;
  readonly n: number;
}

/** What an opened batch gives: how many rows it holds, and the file of its sample where that was asked for. */
export interface Opened {
  readonly rows: number;
  readonly sample?: Uint8Array;
}

/** A batch to be opened whole, with its key, over a pipe. */
export interface CheckTask {
  readonly input: CheckInput;
  readonly k1: bigint;
  readonly sample?: SampleAsked;
}

/** What it gives, or what is wrong with it. */
export type CheckAnswer = Opened | { readonly error: { readonly code: string; readonly message: string } };

process.on("message", ({ input, k1, sample }: CheckTask) => {
  let answer: CheckAnswer;
  try {
    const batch = checkBatch(input);
    const rows = openBatch(batch, { k1 }).rows.length;
    const leaves = sample === undefined ? undefined : sampleIndices(batch.headerHash, sample.value, batch.layout.leafCount, sample.n);
    answer = leaves === undefined ? { rows } : { rows, sample: encodeSample(batch.headerHash, openSample(batch, { k1 }, leaves)) };
  } catch (error) {
    answer = { error: { code: isQoodError(error) ? error.code : "CHECK_FAILED", message: (error as Error).message } };
  }
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
