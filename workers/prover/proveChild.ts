import type { KeyDeliveryInput } from "@qoodblock/sdk/delivery";
import { isQoodError } from "@qoodblock/sdk/errors";
import { closeProofEngine, encodeProof, PageProver } from "@qoodblock/sdk/proof";

/** What a proving process is given, over a pipe: the circuit's inputs, keys among them. */
export interface ProveTask {
  readonly input: KeyDeliveryInput;
}

/** What it gives back. */
export type ProveAnswer = { readonly proof: string; readonly ms: number } | { readonly error: { readonly code: string; readonly message: string } };

const [folder] = process.argv.slice(2) as [string];
// Each size's key is read and checked when a page of that size first comes, and stays warm for the next.
const prover = new PageProver(folder);

async function prove({ input }: ProveTask): Promise<ProveAnswer> {
  try {
    const started = performance.now();
    const proven = await prover.prove(input);
    return { proof: encodeProof(proven.proof), ms: Math.round(performance.now() - started) };
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
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);
