/** The deployment's memory in a folder: what was sent from which nonce, so that a second run goes on where the first stopped. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Hex } from "../../sdk/bytes/index.ts";
import { addressesSchema, type Deployment } from "../../sdk/client/index.ts";
import { QoodError } from "../../sdk/errors/index.ts";
import type { StepKey } from "./plan.ts";
import type { DeploymentRecord } from "./record.ts";

/** The file that people check a deployment by. */
export const RECORD_FILE = "record.json";
/** The file that a run goes on from. */
export const STATE_FILE = "deploy-state.json";
/** The file that programs read. */
export const DEPLOYMENT_FILE = "deployment.json";

const hash32 = z.custom<Hex>((v) => typeof v === "string" && /^0x[0-9a-f]{64}$/.test(v), "expected 32 bytes");

const contract = z.strictObject({
  address: addressesSchema.shape.qdd,
  /** keccak256 of creation code and constructor arguments. */
  codeHash: hash32,
  nonce: z.int().min(0),
  /** Hash of the transaction that deployed it, once it is known. */
  transaction: hash32.optional(),
});
const stateSchema = z.strictObject({
  format: z.literal("qood/deploy-state/v1"),
  chainId: z.int(),
  startBlock: z.int().min(0).optional(),
  contracts: z.partialRecord(z.enum([...Object.keys(addressesSchema.shape), "faucet"] as StepKey[]), contract),
});
export type DeployState = z.infer<typeof stateSchema>;

/** The state of a folder, or an empty one. @throws QoodError `DEPLOY_STATE_MISMATCH` */
export function loadState(folder: string | undefined, chainId: number): DeployState {
  const empty: DeployState = { format: "qood/deploy-state/v1", chainId, contracts: {} };
  if (folder === undefined || !existsSync(join(folder, STATE_FILE))) return empty;
  const path = join(folder, STATE_FILE);
  const result = stateSchema.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (!result.success) throw new QoodError("DEPLOY_STATE_MISMATCH", `${path} is no deployment state of this version`);
  if (result.data.chainId !== chainId) {
    throw new QoodError("DEPLOY_STATE_MISMATCH", `${path} is of chain ${result.data.chainId}, not ${chainId}; take another folder`);
  }
  return result.data;
}

/** Written whole or not at all. */
export function saveState(folder: string | undefined, state: DeployState): void {
  if (folder !== undefined) write(folder, STATE_FILE, state);
}

/** The addresses, for programs. */
export function saveDeployment(folder: string, deployment: Deployment): void {
  write(folder, DEPLOYMENT_FILE, deployment);
}

/** The record, for people who check. @param name file name, `record.json` in a deployment's own folder, `<chainId>.json` among those of public networks */
export function saveRecord(folder: string, name: string, record: DeploymentRecord): void {
  write(folder, name, record);
}

function write(folder: string, name: string, value: unknown): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(`${path}.tmp`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}
