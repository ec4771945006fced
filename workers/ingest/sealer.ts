import type { SealedBatch } from "@qoodblock/sdk/sealing";
import { QoodError } from "@qoodblock/sdk/errors";
import { createPool } from "../shared/pool/index.ts";
import type { SealAnswer, SealTask } from "./sealChild.ts";

/** Seals in child processes, so that the event loop stays free to renew the locks of jobs. */
export interface Sealer {
  /** @throws QoodError of sealing or of the device's chain. */
  seal(task: SealTask): Promise<SealedBatch>;
  close(): Promise<void>;
}

/** @param size - how many batches are sealed at the same time. */
export function createSealer(size: number): Sealer {
  const pool = createPool<SealTask, SealAnswer>(new URL("./sealChild.ts", import.meta.url), size);
  return {
    async seal(task) {
      const answer = await pool.run(task);
      if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
      return answer.sealed;
    },
    close: () => pool.close(),
  };
}
