import { z } from "zod";

/** Settings of every process: how much is logged and to which file, and whether it ends with its parent. */
export const processSettings = z.object({
  logLevel: z.enum(["trace", "debug", "info", "warn", "error"]).default("info").describe("The least severe log line that is written."),
  logFile: z.string().optional().describe("Append log lines (JSON) to this file; without it they go to stderr."),
  metricsListen: z
    .string()
    .min(1)
    .optional()
    .describe("Serve /metrics (Prometheus), /healthz and /readyz at this host:port, port of 127.0.0.1 (0: a free one, named in the log) or path of a unix socket; without it nothing is served."),
  followParent: z.boolean().default(false).describe("End when the process that started this one has gone, however it went."),
});

/** Settings of every worker: where Redis is. */
export const redisSettings = z.object({
  redis: z.string().min(1).describe("Redis: the path of its unix socket, or a redis:// or rediss:// URL."),
  redisPrefix: z
    .string()
    .regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and hyphens")
    .default("qood")
    .describe("First part of every Redis key, so that several deployments can share one Redis."),
});

/** Settings of a worker that reads or writes the chain. */
export const chainSettings = z.object({
  rpc: z.url({ protocol: /^https?$/ }).describe("JSON-RPC URL of the chain."),
  deployment: z.string().min(1).describe("The deployment file (addresses of the contracts), as the deploy script writes it."),
  chainId: z.int().positive().describe("Chain id; a node that answers with another one is refused."),
  finality: z
    .string()
    .regex(/^(finalized|safe|\d+)$/, "must be finalized, safe or a number of blocks")
    .default("finalized")
    .describe("When a block counts as final: the node's `finalized` or `safe` block, or so many blocks below the head."),
  pollMs: z.int().min(50).default(1000).describe("Milliseconds between two looks at the chain."),
});

/** Settings of a worker that sends transactions. */
export const signerSettings = z.object({
  keystore: z.string().describe("The account that signs: an encrypted JSON key file (Web3 secret storage)."),
  keystorePassphraseFile: z.string().optional().describe("File with the key file's passphrase; without it QOOD_KEYSTORE_PASSPHRASE is read."),
  bumpAfterMs: z.int().min(500).default(30_000).describe("A transaction not mined after so many milliseconds is sent again with the same nonce and a higher fee."),
  maxFeeGwei: z.number().positive().default(500).describe("Never offer more than so many gwei a gas."),
});

/** Settings of a worker that opens the vault. */
export const vaultSettings = z.object({
  vault: z.string().describe("The encrypted vault file."),
  vaultPassphraseFile: z.string().optional().describe("File with the vault's passphrase; without it, and without a keyfile, QOOD_VAULT_PASSPHRASE is read, or QOOD_VAULT_KEY (a raw key in hexadecimal or base64)."),
  vaultKeyfile: z.string().optional().describe("File with at least 32 random bytes that open the vault in place of a passphrase; nobody but its owner may have access to it (mode 600)."),
});

/** Settings of a worker that uses the storage node. */
export const storageSettings = z.object({
  storage: z
    .string()
    .min(1)
    .meta({
      description: "The storage node's Kubo RPC: the path of its unix socket, or an http or https URL; a login stands in it as user:password@ (Basic) or token@ (Bearer) and is written to no log.",
      alias: "KUBO_RPC_URL",
    }),
});

const { metricsListen: _own, ...processShape } = processSettings.shape;

/**
 * Settings that mean the same to every program that has them: only these count for all programs from the top level of a
 * configuration file. Where metrics are served is not among them, as two programs cannot serve at one place.
 */
export const sharedShape: Readonly<Record<string, z.ZodType>> = {
  ...redisSettings.shape,
  ...vaultSettings.shape,
  ...storageSettings.shape,
  ...chainSettings.shape,
  ...signerSettings.shape,
  ...processShape,
};
