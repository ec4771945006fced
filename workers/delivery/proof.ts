import { z } from "zod";
import { QoodError } from "@qoodblock/sdk/errors";
import { lotsOfPage } from "@qoodblock/sdk/market";
import type { KeyDeliveryWords, Offer } from "@qoodblock/sdk/market";
import { decodeProof } from "@qoodblock/sdk/proof";
import { JOB_OPTIONS } from "../shared/queue/bull.ts";
import { proveJobId, proveJobSchema, proveResultSchema } from "../shared/queue/index.ts";
import type { ProveResult } from "../shared/queue/index.ts";
import type { DeliveryContext, OpenPage } from "./context.ts";

/** How often the prover tries before it says why it cannot. */
const ATTEMPTS = 20;

/**
 * Has a page proven by whichever prover is there; the job is the same however often it is asked for.
 * @returns undefined while the proof is being made
 * @throws QoodError PROVE_FAILED; asked again, it is tried again
 */
export async function askProof(context: DeliveryContext, { deal, terms, page }: OpenPage, offer: Offer): Promise<ProveResult | undefined> {
  const jobId = proveJobId(deal.dealId, page);
  const job = (await context.proofs.getJob(jobId)) as { returnvalue: unknown; failedReason?: string; isCompleted(): Promise<boolean>; isFailed(): Promise<boolean>; remove(): Promise<void> } | undefined;
  if (job === undefined) {
    const data = z.encode(proveJobSchema, { terms, page, headers: lotsOfPage(offer, page).map(({ header }) => header) });
    await context.proofs.add("prove", data, { ...JOB_OPTIONS, jobId, attempts: ATTEMPTS });
    return undefined;
  }
  if (await job.isCompleted()) return proveResultSchema.parse(job.returnvalue);
  if (!(await job.isFailed())) return undefined;
  const reason = job.failedReason ?? "no reason";
  await job.remove();
  throw new QoodError("PROVE_FAILED", `page ${page} of deal ${deal.dealId} could not be proven: ${reason}`);
}

/** A proof as the contract takes it. */
export function deliveryWords({ r, c, proof }: ProveResult): KeyDeliveryWords {
  const points = decodeProof(proof);
  return { r, c, proofA: [...points.a], proofB: [[...points.b[0]], [...points.b[1]]], proofC: [...points.c] };
}
