import { z } from "zod";
import { chainSettings, processSettings, redisSettings, signerSettings, storageSettings, vaultSettings } from "../shared/config/index.ts";

/** Settings of the ingest worker. */
export const schema = z.object({
  blockSeconds: z.number().positive().default(60).describe("T: a block holds the records of so many seconds."),
  intervalBlocks: z.int().positive().default(60).describe("e: so many blocks form an interval with a key of its own."),
  batchRecords: z.int().positive().default(36_000).describe("u: a batch is closed before it has more records than this (and at the end of a trip or of a UTC day)."),
  batchBytes: z.int().positive().default(16 * 1024 * 1024).describe("u: a batch is closed before its messages have more bytes than this."),
  batchSeconds: z.number().positive().default(3600).describe("u: a batch is closed when its first record has waited so many seconds."),
  anchorSeconds: z.number().positive().default(60).describe("All batches uploaded in so many seconds are anchored by one transaction."),
  leafSize: z.int().min(64).max(4096).multipleOf(64).default(4096).describe("Bytes of a leaf of the Merkle tree: a multiple of 64."),
  sealProcesses: z.int().min(1).max(64).default(1).describe("So many batches are sealed at the same time, each in a child process."),
  ownAnchorsFrom: z.int().min(0).default(0).describe("From this block on, every anchor of the account must be known to this Redis, or nothing is planned or anchored: a guard against an old copy of it. 0: from the deployment on."),
  tickMs: z.int().min(10).default(250).describe("Milliseconds between two looks at the telemetry streams."),
  lockMs: z.int().min(1000).default(10_000).describe("A killed worker's jobs are taken up again after so many milliseconds."),
  eraseSeconds: z.int().min(0).default(3600).describe("The secret of a revoked stream is erased from the vault so many seconds after the revocation was seen, as soon as nothing open needs it."),
  retentionDays: z.number().min(0).default(0).describe("Files of batches announced longer ago are given up, unless an order offers or an open page sells them; 0: kept for ever."),
  backup: z.string().min(1).optional().describe("Folder to which every announced batch is copied as a CAR, best on another disk than the storage node's; what the node loses is uploaded again from there."),
  verifyHours: z.number().min(0).default(24).describe("Hours between two checks whether the storage node still has every file; 0: never."),
  artefacts: z.string().min(1).describe("Folder for sealed files that are not anchored yet; keep it over restarts."),
  ...redisSettings.shape,
  ...vaultSettings.shape,
  ...storageSettings.shape,
  ...chainSettings.shape,
  ...signerSettings.shape,
  ...processSettings.shape,
});
