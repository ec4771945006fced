import { isQoodError } from "@qoodblock/sdk/errors";
import { checkBatch, decodeSealed } from "@qoodblock/sdk/sealing";
import type { SealedPackage } from "@qoodblock/sdk/sealing";

/** A package to be checked against its own header. */
export interface SealedTask {
  readonly bytes: Uint8Array;
  readonly columns: number;
}

/** The package with its header hash and leaves, or what is wrong with it. */
export type SealedAnswer = { readonly content: SealedPackage; readonly headerHash: `0x${string}`; readonly leafCount: number } | { readonly error: { readonly code: string; readonly message: string } };

process.on("message", ({ bytes, columns }: SealedTask) => {
  let answer: SealedAnswer;
  try {
    const content = decodeSealed(bytes);
    const { headerHash, layout } = checkBatch({ ...content, anchor: null, columns });
    answer = { content, headerHash, leafCount: layout.leafCount };
  } catch (error) {
    answer = { error: { code: isQoodError(error) ? error.code : "CHECK_FAILED", message: (error as Error).message } };
  }
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
