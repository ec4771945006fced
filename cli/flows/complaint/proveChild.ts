import { fileURLToPath } from "node:url";
import { isQoodError } from "@qoodblock/sdk/errors";
import { SegmentKeyProver, closeProofEngine, loadProofArtifacts } from "@qoodblock/sdk/proof";
import type { ProvenSegmentKey, SegmentKeyInput } from "@qoodblock/sdk/proof";

/** What the proving process is given, over a pipe: the circuit's inputs, the batch key among them. */
export interface ProveTask {
  readonly input: SegmentKeyInput;
}

/** What it gives back. */
export type ProveAnswer = { readonly proven: ProvenSegmentKey } | { readonly error: { readonly code: string; readonly message: string } };

const keys = fileURLToPath(new URL("../../../circuits/keys", import.meta.url));

async function prove({ input }: ProveTask): Promise<ProveAnswer> {
  try {
    return { proven: await new SegmentKeyProver(loadProofArtifacts(keys, "SegmentKey")).prove(input) };
  } catch (error) {
    return { error: { code: isQoodError(error) ? error.code : "PROOF_FAILED", message: (error as Error).message } };
  }
}

process.on("message", (task: ProveTask) => {
  void prove(task).then((answer) => process.send?.(answer));
});
process.on("disconnect", () => {
  void closeProofEngine().finally(() => process.exit(0));
});
