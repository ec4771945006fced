import { QoodError } from "@qoodblock/sdk/errors";
import { createPool } from "../shared/pool/index.ts";
import type { KeepTask, SealAnswer, SealedResult, SealTask } from "./sealChild.ts";

/** Seals in child processes, so that the event loop stays free to renew the locks of jobs. */
export interface Sealer {
  /**
   * Seals a batch and keeps its files among the artefacts.
   * @param expected - the header that an earlier sealing gave: where this one gives another, nothing is kept
   * @throws QoodError of sealing or of the device's chain; SEAL_FAILED where the files cannot be written
   */
  seal(task: SealTask, expected?: string): Promise<SealedResult>;
  close(): Promise<void>;
}

/**
 * @param size - how many batches are sealed at the same time
 * @param folder - of the artefacts
 */
export function createSealer(size: number, folder: string): Sealer {
  const pool = createPool<KeepTask, SealAnswer>(new URL("./sealChild.ts", import.meta.url), size);
  return {
    async seal(task, expected) {
      const answer = await pool.run({ ...task, folder, ...(expected === undefined ? {} : { expected }) });
      if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
      return answer.sealed;
    },
    close: () => pool.close(),
  };
}
