import type { Redis } from "ioredis";
import { fromHex, toHex } from "@qoodblock/sdk/bytes";
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { cidToDigest } from "@qoodblock/sdk/formats";
import { batchKey, daySecret } from "@qoodblock/sdk/keys";
import type { BatchFiles } from "@qoodblock/sdk/sealing";
import type { Logger } from "../shared/log/index.ts";
import { keys, readRange } from "../shared/queue/index.ts";
import { addKept } from "../shared/storage/kept.ts";
import type { Storage } from "../shared/storage/types.ts";
import type { Vault } from "../shared/vault/index.ts";
import type { Artefacts } from "./artefacts.ts";
import { descriptionHash } from "./artefacts.ts";
import type { Sealer } from "./sealer.ts";
import { readRecord } from "./record.ts";
import type { BatchRecord, Plan, Records, Sealed } from "./record.ts";

/** What the steps need. */
export interface StepContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly records: Records;
  readonly artefacts: Artefacts;
  readonly sealer: Sealer;
  readonly vault: Vault;
  readonly storage: Storage;
  readonly log: Logger;
}

/** Names a batch in a job. */
export interface BatchJob {
  readonly stream: string;
  readonly sequence: number;
}

/** @throws QoodError BATCH_UNKNOWN */
export async function recordOf(context: Pick<StepContext, "redis" | "prefix">, job: BatchJob): Promise<BatchRecord> {
  const record = await readRecord(context.redis, context.prefix, job.stream, job.sequence);
  if (record === undefined) throw new QoodError("BATCH_UNKNOWN", `batch ${job.sequence} of stream ${job.stream} has no plan in Redis`);
  return record;
}

/** The stream's secret, asked for first: without it nothing else is worth doing. */
async function secretOf({ vault }: StepContext, plan: Plan): Promise<Uint8Array> {
  try {
    return await vault.streamSecret(plan.stream, plan.keyEpoch);
  } catch (error) {
    if (!isQoodError(error, "VAULT_FORGOTTEN")) throw error;
    throw new QoodError(
      "VAULT_FORGOTTEN",
      `batch ${plan.sequence} of stream ${plan.stream} cannot be sealed, and neither can those after it: ${error.message}; to go on with it, have the secret sealed to the vault again and import it with --again`,
    );
  }
}

/** Seals a plan; its files lie among the artefacts then. @throws QoodError SEAL_DIFFERS where `former` is another batch: then nothing was written */
async function sealPlan(context: StepContext, plan: Plan, former?: Sealed): Promise<Sealed> {
  if (plan.reason === "device-sealed") throw new QoodError("SEALED_LOST", `the files of batch ${plan.sequence} of stream ${plan.stream} are gone, and only its device could seal it: put the artefacts back, or have the device send it again`);
  const started = performance.now();
  const secret = await secretOf(context, plan);
  const messages = await readRange(context.redis, context.prefix, plan.stream, plan.device, plan.first, plan.last);
  if (messages.length !== plan.last - plan.first + 1) {
    secret.fill(0);
    throw new QoodError("BATCH_RANGE", `batch ${plan.sequence} of stream ${plan.stream} wants messages ${plan.first} to ${plan.last} and Redis holds ${messages.length} of them`);
  }
  const k = batchKey(daySecret(secret, plan.day), plan.stream, plan.sequence, plan.sealNonce);
  secret.fill(0);
  const columns = schemaByHash(fromHex(plan.schema, 32)).columns.length;
  const made = await context.sealer.seal({ plan, columns, k, messages }, former?.headerHash);
  if (former !== undefined && made.headerHash !== former.headerHash) differs(plan);
  return { ...made, ms: Math.round(performance.now() - started) };
}

/**
 * Step 1: seals a batch, keeps its files, then writes its header down. A second sealing of the same plan (after a crash,
 * or on another machine) must give the same header: another ciphertext under the same key would open both.
 * @throws QoodError SEAL_DIFFERS
 */
export async function sealStep(context: StepContext, job: BatchJob): Promise<void> {
  const record = await recordOf(context, job);
  const { plan } = record;
  if (record.status !== "planned" && record.status !== "sealed") return;
  if (record.status === "sealed" && (await context.artefacts.load(plan.stream, plan.sequence)) !== undefined) return;
  const sealed = await sealPlan(context, plan, record.sealed);
  if ((await context.records.sealed(plan, sealed)) !== sealed.headerHash) {
    await context.artefacts.drop(plan.stream, plan.sequence);
    differs(plan);
  }
  await context.redis.sadd(keys.active(context.prefix), plan.stream);
  context.log.info({ stream: plan.stream, sequence: plan.sequence, records: sealed.records, bytes: sealed.bytes, ms: sealed.ms }, "batch sealed");
}

function differs(plan: Plan): never {
  throw new QoodError("SEAL_DIFFERS", `batch ${plan.sequence} of stream ${plan.stream} sealed again gives another header: it must be finished where its first files lie`);
}

/**
 * Step 2: uploads the three files, each checked against the header's digest.
 * @throws QoodError UPLOAD_DIFFERS
 */
export async function uploadStep(context: StepContext, job: BatchJob): Promise<void> {
  let record = await recordOf(context, job);
  const { plan } = record;
  if (record.status === "planned") {
    await sealStep(context, job);
    record = await recordOf(context, job);
  }
  if (record.status !== "sealed") return;
  const started = performance.now();
  await putFiles(context, plan, record.sealed!);
  await context.records.uploaded(plan, performance.now() - started);
}

/**
 * Brings the three files of a sealed batch into the storage node, from the artefacts or by sealing it again.
 * @throws QoodError UPLOAD_DIFFERS
 */
export async function putFiles(context: StepContext, plan: Plan, sealed: Sealed): Promise<void> {
  const files = (await context.artefacts.load(plan.stream, plan.sequence)) ?? (await sealAgain(context, plan, sealed));
  if (descriptionHash(files.description) !== sealed.header.rest.descriptionHash) throw new QoodError("UPLOAD_DIFFERS", `the kept description of batch ${plan.sequence} of stream ${plan.stream} was changed on the disk`);
  const digests = { ciphertext: sealed.header.rest.cipherDigest, dataHashes: sealed.header.rest.dataHashDigest };
  const upload = async (name: keyof BatchFiles): Promise<void> => {
    const cid = await addKept(context.storage, files[name]);
    const expected = name === "description" ? sealed.cids.description : sealed.cids[name];
    if (cid !== expected || (name !== "description" && toHex(cidToDigest(cid)) !== digests[name])) {
      throw new QoodError("UPLOAD_DIFFERS", `the ${name} of batch ${plan.sequence} of stream ${plan.stream} has CID ${cid}, its header says ${expected}`);
    }
  };
  // Side by side: a store spends most of the time waiting for the disk.
  await Promise.all([upload("ciphertext"), upload("dataHashes"), upload("description")]);
}

async function sealAgain(context: StepContext, plan: Plan, sealed: Sealed): Promise<BatchFiles> {
  await sealPlan(context, plan, sealed);
  const files = await context.artefacts.load(plan.stream, plan.sequence);
  if (files === undefined) throw new QoodError("SEAL_LOST", `the files of batch ${plan.sequence} of stream ${plan.stream} were sealed again and are gone at once: look after the folder of the artefacts`);
  return files;
}
