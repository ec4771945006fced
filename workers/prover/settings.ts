import { fileURLToPath } from "node:url";
import { z } from "zod";
import { chainSettings, processSettings, redisSettings, vaultSettings } from "../shared/config/index.ts";

/** Settings of the prover. */
export const schema = z.object({
  keys: z.string().default(fileURLToPath(new URL("../../circuits/keys", import.meta.url))).describe("Folder of the proving keys; each file's hash is checked before it is used."),
  processes: z.int().min(1).max(64).default(1).describe("So many proofs are made at the same time, each in a child process that keeps its key warm."),
  lockMs: z.int().min(1000).default(10_000).describe("A killed prover's jobs are taken up again after so many milliseconds."),
  ...redisSettings.shape,
  ...vaultSettings.shape,
  ...chainSettings.shape,
  ...processSettings.shape,
});
