import { isQoodError, QoodError } from "@qoodblock/sdk/errors";
import { encodeBatch } from "../shared/queue/index.ts";
import { addKept, isKept } from "../shared/storage/kept.ts";
import { readAnchor } from "./anchorer.ts";
import { batchCopy } from "./backup.ts";
import type { Backup } from "./backup.ts";
import type { PathOf } from "./paths.ts";
import type { Plan, Sealed } from "./record.ts";
import { putFiles, recordOf } from "./steps.ts";
import type { BatchJob, StepContext } from "./steps.ts";

/** What the last step needs. */
export interface AnnounceContext extends StepContext {
  readonly backup: Backup | undefined;
  readonly pathOf: PathOf;
}

/**
 * Looks once more whether the storage node has a batch's files: with the announcement telemetry and artefacts are let go, which are
 * all that they could be made from.
 */
async function keep(context: AnnounceContext, plan: Plan, sealed: Sealed): Promise<void> {
  for (const cid of [sealed.cids.ciphertext, sealed.cids.dataHashes, sealed.cids.description]) {
    if (await isKept(context.storage, cid)) continue;
    context.log.warn({ stream: plan.stream, sequence: plan.sequence, cid }, "the storage node has lost a file of a batch that is not announced yet; uploading it again");
    await putFiles(context, plan, sealed);
    return;
  }
}

/** Copies a batch's files, while what they were made as still lies here: a block that the node has lost by now is mended first. */
async function copy({ storage, backup, artefacts }: AnnounceContext, { stream, sequence }: Plan, { cids }: Sealed): Promise<void> {
  const save = (): Promise<void> | undefined => backup?.save(batchCopy(stream, sequence), [cids.ciphertext, cids.dataHashes, cids.description]);
  try {
    await save();
  } catch (error) {
    const files = isQoodError(error, "STORAGE_NOT_FOUND") || isQoodError(error, "STORAGE_CORRUPT") ? await artefacts.load(stream, sequence) : undefined;
    if (files === undefined) throw error;
    for (const file of [files.ciphertext, files.dataHashes, files.description]) await addKept(storage, file);
    await save();
  }
}

/** Step 4: announces an anchored batch, once, copies its files to the backup, and lets go of what was kept for it. */
export async function announceStep(context: AnnounceContext, job: BatchJob): Promise<void> {
  const { plan, sealed, root, uploadMs, status } = await recordOf(context, job);
  if (status !== "announced") {
    const anchor = root === undefined ? undefined : await readAnchor(context.redis, context.prefix, root);
    if (sealed === undefined || anchor === undefined || anchor.transaction === null) throw new QoodError("BATCH_NOT_ANCHORED", `batch ${plan.sequence} of stream ${plan.stream} is not anchored yet`);
    await keep(context, plan, sealed);
    const path = context.pathOf(anchor.root, anchor.headers, sealed.headerHash);
    const { transaction } = anchor;
    const announcement = encodeBatch({
      ...{ stream: plan.stream, sequence: plan.sequence, headerHash: sealed.headerHash, records: sealed.records, leafCount: sealed.leafCount, bytes: sealed.bytes },
      lot: {
        ...{ header: sealed.header, envelope: sealed.envelope, cids: sealed.cids, former: 0 },
        anchor: { tsp: plan.tsp, root: anchor.root, sequence: anchor.sequence, path: [...path] },
      },
      transaction: { hash: transaction.hash, block: transaction.block, gasUsed: transaction.gasUsed, batches: anchor.batches.length, listCid: anchor.listCid },
      ms: { seal: sealed.ms, upload: uploadMs, anchor: transaction.ms },
    });
    if (await context.records.announce(plan, announcement)) context.log.info({ stream: plan.stream, sequence: plan.sequence, root: anchor.root }, "batch announced");
  }
  if (sealed !== undefined) await copy(context, plan, sealed);
  await context.artefacts.drop(plan.stream, plan.sequence);
}
