import { setTimeout as wait } from "node:timers/promises";
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { z } from "zod";
import { openingOf, toQoodError } from "@qoodblock/sdk/client";
import type { Client } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { batchKey, daySecret, keyCommitment } from "@qoodblock/sdk/keys";
import { decodeOffer, MAX_OFFER_BYTES } from "@qoodblock/sdk/market";
import type { KeyDeliveryWords, OfferLot } from "@qoodblock/sdk/market";
import { decodeProof } from "@qoodblock/sdk/proof";
import type { Chain, Lane } from "../shared/chain/index.ts";
import type { Logger } from "../shared/log/index.ts";
import type { Pool } from "../shared/pool/index.ts";
import { JOB_OPTIONS } from "../shared/queue/bull.ts";
import { keys, proveJobSchema, proveResultSchema } from "../shared/queue/index.ts";
import type { ProveResult } from "../shared/queue/index.ts";
import type { Storage } from "../shared/storage/index.ts";
import type { Vault } from "../shared/vault/index.ts";
import type { CheckAnswer, CheckTask } from "./checkChild.ts";
import { encodeDeal } from "./deals.ts";
import type { DealRecord } from "./deals.ts";

/** What serving a deal needs. */
export interface DeliverContext {
  readonly redis: Redis;
  readonly prefix: string;
  readonly client: Client;
  readonly chain: Chain;
  readonly lane: Lane;
  readonly storage: Storage;
  readonly vault: Vault;
  readonly pool: Pool<CheckTask, CheckAnswer>;
  readonly proofs: Queue;
  readonly marginSeconds: number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const LOOK_MS = 100;

async function end(context: DeliverContext, deal: DealRecord, change: Partial<DealRecord>): Promise<void> {
  await context.redis.multi().hset(keys.deals(context.prefix), deal.dealId, encodeDeal({ ...deal, ...change })).srem(keys.openDeals(context.prefix), deal.dealId).exec();
}

/** Opens the whole batch as its buyer will: a wrong one is not delivered, whatever was paid. @throws QoodError of the check */
async function openWhole(context: DeliverContext, lot: OfferLot): Promise<void> {
  const { storage, vault, client } = context;
  const { words, rest } = lot.header;
  const [ciphertext, dataHashes, description] = [await storage.get(lot.cids.ciphertext), await storage.get(lot.cids.dataHashes), await storage.get(lot.cids.description)];
  const secret = await vault.streamSecret(words.stream, rest.keyEpoch);
  const k1 = batchKey(daySecret(secret, rest.day), words.stream, words.sequence, rest.sealNonce);
  secret.fill(0);
  if (keyCommitment(k1) !== words.kc1) throw new QoodError("KEY_COMMITMENT", `the vault does not hold the key of batch ${words.sequence} of stream ${words.stream}`);
  const { time } = await client.reads.anchorOf(lot.anchor.tsp, lot.anchor.root);
  const { tsp, root, path } = lot.anchor;
  const answer = await context.pool.run({ input: { ciphertext, dataHashes, description, header: lot.header, envelope: lot.envelope, anchor: { tsp, root, path, time } }, k1 });
  if ("error" in answer) throw new QoodError(answer.error.code, answer.error.message);
}

/** Has the delivery proven by whichever prover is there; the job is the same however often it is asked for. */
async function prove(context: DeliverContext, deal: DealRecord, lot: OfferLot): Promise<ProveResult> {
  const data = z.encode(proveJobSchema, { terms: deal.terms, page: 0, headers: [lot.header] });
  const job = await context.proofs.add("prove", data, { ...JOB_OPTIONS, jobId: deal.dealId, attempts: 20 });
  for (;;) {
    if (context.signal.aborted) throw new QoodError("ENDING", "ended before the proof was there; it will be waited for again");
    const now = (await context.proofs.getJob(job.id!)) as { returnvalue: unknown; failedReason?: string; isCompleted(): Promise<boolean>; isFailed(): Promise<boolean>; remove(): Promise<void> } | undefined;
    if (now === undefined) throw new QoodError("PROVE_LOST", `the proof of deal ${deal.dealId} was asked for and is gone from the queue`);
    if (await now.isCompleted()) return proveResultSchema.parse(now.returnvalue);
    if (await now.isFailed()) {
      const reason = now.failedReason ?? "no reason";
      await now.remove();
      throw new QoodError("PROVE_FAILED", `deal ${deal.dealId} could not be proven: ${reason}`);
    }
    await wait(LOOK_MS, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Faults of a batch itself, which trying again does not mend. */
const HOPELESS = /^(HEADER|DESCRIPTION|CIPHERTEXT|DATA_HASHES|ROOT|STORED|OPEN|LEAF|FRAME|INTERVAL|DEVICE|MESSAGE|CBOR|KEY_COMMITMENT|BAD_OFFER)/;

/**
 * Serves one deal, once: what counts is the deal's state on the chain. Order: still paid, still in time, batch opened
 * and right, proof made, simulated, sent through the lane, final.
 * @throws what may pass: the deal stays open and is tried again
 */
export async function serveDeal(context: DeliverContext, deal: DealRecord): Promise<void> {
  const { client, chain, lane, log } = context;
  const { dealId, terms } = deal;
  const notAfter = terms.sale.deliverBy - context.marginSeconds;
  const key = `deliver:${dealId}:${deal.tries}`;
  const { state } = await client.reads.dealOf(dealId);
  if (state !== "Funded" && state !== "DeliveredProven") return end(context, deal, { status: "closed", note: `the chain says ${state}` });
  const started = performance.now();
  let ms = { check: 0, prove: 0, deliver: 0 };
  if (state === "Funded") {
    if ((await chain.now()) > notAfter && !(await lane.has(key))) {
      log.error({ dealId, deliverBy: terms.sale.deliverBy }, "ALARM: too late to deliver safely; the deal will be refunded");
      return end(context, deal, { status: "late", note: `later than ${context.marginSeconds} s before deliverBy` });
    }
    const offer = decodeOffer(await context.storage.get(deal.offer, { maxBytes: MAX_OFFER_BYTES }));
    const lot = offer.lots[0]!;
    try {
      await openWhole(context, lot);
    } catch (error) {
      if (!(error instanceof QoodError) || !HOPELESS.test(error.code)) throw error;
      log.error({ dealId, err: error }, "ALARM: a sold batch is not what its header says; it is not delivered");
      return end(context, deal, { status: "refused", note: `${error.code}: ${error.message}` });
    }
    const checked = performance.now();
    const proof = await prove(context, deal, lot);
    const proven = performance.now();
    const { a, b, c } = decodeProof(proof.proof);
    const words: KeyDeliveryWords = { r: proof.r, c: proof.c, proofA: [...a], proofB: [[...b[0]], [...b[1]]], proofC: [...c] };
    const call = client.calls.deliverProven(terms, 0, openingOf(offer, 0), words);
    if (!(await lane.has(key))) {
      await chain.provider.call({ from: lane.address, to: call.to, data: call.data }).catch((error: unknown) => {
        throw toQoodError(error, call.what);
      });
    }
    await lane.submit(key, { to: call.to, data: call.data, notAfter });
    ms = { check: Math.round(checked - started), prove: proof.ms, deliver: 0 };
    log.info({ dealId, checkMs: ms.check, proveMs: Math.round(proven - checked) }, "delivery submitted");
  }
  const sent = performance.now();
  const transaction = await finished(context, deal, key);
  if (transaction === undefined) return;
  await end(context, deal, { status: "delivered", transaction, ms: { ...ms, deliver: Math.round(performance.now() - sent) } });
  log.info({ dealId, ...transaction }, "delivered");
}

/** Waits for the delivery's transaction; one that did not come about is counted, and the deal stays open. */
async function finished(context: DeliverContext, deal: DealRecord, key: string): Promise<DealRecord["transaction"] | undefined> {
  const { lane, client, redis, prefix } = context;
  if (!(await lane.has(key))) return null;
  try {
    const mined = await lane.result(key, "final", context.signal);
    if (mined.status === 1 || (await client.reads.dealOf(deal.dealId)).state !== "Funded") return { hash: mined.hash, block: mined.blockNumber, gasUsed: Number(mined.gasUsed) };
  } catch (error) {
    if (!(error instanceof QoodError) || error.code !== "LANE_FAILED") throw error;
    context.log.error({ dealId: deal.dealId, err: error }, "delivery not sent");
  }
  await redis.hset(keys.deals(prefix), deal.dealId, encodeDeal({ ...deal, tries: deal.tries + 1 }));
  return undefined;
}
