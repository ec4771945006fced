import { z } from "zod";
import { chainSettings, processSettings, vaultSettings } from "../shared/config/index.ts";

/** Settings of the key-value worker. */
export const schema = z.object({
  listen: z
    .string()
    .min(1)
    .default("127.0.0.1:8092")
    .describe("Where the key-value API is served: host:port, a port of 127.0.0.1 (0: a free one, named in the log) or the path of a unix socket. Beyond this machine only behind a proxy with TLS."),
  store: z.string().min(1).optional().describe("Folder of the embedded store (LMDB); made if missing. Not used with a database."),
  database: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "must be a postgres:// URL")
    .optional()
    .meta({ description: "PostgreSQL in place of the embedded store, as a postgres:// URL with its login, which is written to no log.", alias: "DATABASE_URL" }),
  requestsPerMinute: z.int().min(10).default(6000).describe("Most requests a minute from one address."),
  vault: vaultSettings.shape.vault.optional().describe("The encrypted vault file. With it the worker gives authorised apps the keys of the batches that they were granted, and needs rpc, deployment and chainId too; without it it stores records alone."),
  vaultPassphraseFile: vaultSettings.shape.vaultPassphraseFile,
  vaultKeyfile: vaultSettings.shape.vaultKeyfile,
  rpc: chainSettings.shape.rpc.optional().describe("JSON-RPC URL of the chain, for the grants."),
  deployment: chainSettings.shape.deployment.optional().describe("The deployment file (addresses of the contracts), as the deploy script writes it."),
  chainId: chainSettings.shape.chainId.optional().describe("Chain id; a node that answers with another one is refused."),
  ...processSettings.shape,
});

/** See {@link schema}. */
export type KvSettings = z.output<typeof schema>;
