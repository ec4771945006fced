import { isQoodError } from "@qoodblock/sdk/errors";
import { checkBatch, openBatch } from "@qoodblock/sdk/sealing";
import type { CheckInput } from "@qoodblock/sdk/sealing";

/** A batch to be opened whole, with its key, over a pipe. */
export interface CheckTask {
  readonly input: CheckInput;
  readonly k1: bigint;
}

/** How many rows it holds, or what is wrong with it. */
export type CheckAnswer = { readonly rows: number } | { readonly error: { readonly code: string; readonly message: string } };

process.on("message", ({ input, k1 }: CheckTask) => {
  let answer: CheckAnswer;
  try {
    answer = { rows: openBatch(checkBatch(input), { k1 }).rows.length };
  } catch (error) {
    answer = { error: { code: isQoodError(error) ? error.code : "CHECK_FAILED", message: (error as Error).message } };
  }
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
