import { QoodError } from "@qoodblock/sdk/errors";
import { createPool } from "../pool/index.ts";
import { schemaOf } from "../queue/index.ts";
import type { StreamConfig } from "../queue/index.ts";
import type { SealedAnswer, SealedTask } from "./checkChild.ts";

/** What a checked package is. */
export type CheckedPackage = Exclude<SealedAnswer, { readonly error: unknown }>;

/** Checks packages in a child process: header, signature, root and digests, without any key. */
export interface SealedChecker {
  /** @throws QoodError of `decodeSealed` and `checkBatch` */
  check(bytes: Uint8Array, config: StreamConfig): Promise<CheckedPackage>;
  close(): Promise<void>;
}

/** See {@link SealedChecker}. */
export function createSealedChecker(): SealedChecker {
  const pool = createPool<SealedTask, SealedAnswer>(new URL("./checkChild.ts", import.meta.url), 1);
  return {
    async check(bytes, config) {
      const answer = await pool.run({ bytes, columns: schemaOf(config).columns.length });
      if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
      return answer;
    },
    close: () => pool.close(),
  };
}
