/** Samples of offered batches: the leaves that the chain's randomness names, opened for whoever asks. The same for everyone, so more requests open nothing more. */
import type { Hex } from "@qoodblock/sdk/bytes";
import { sampleState } from "@qoodblock/sdk/client";
import { QoodError } from "@qoodblock/sdk/errors";
import { openHeader } from "@qoodblock/sdk/formats";
import { DATA_CLASS } from "@qoodblock/sdk/market";
import { keys } from "../shared/queue/index.ts";
import { openWhole, orderedOffer } from "./batch.ts";
import type { DeliveryContext } from "./context.ts";
import { orderSchema } from "./follow.ts";

/** So many samples are kept in memory: a batch is opened for its first request only. */
const KEPT = 64;

/** Gives the sample file of an order's lot. @throws QoodError SAMPLE_NOT_GIVEN, SAMPLE_UNKNOWN, SAMPLE_NOT_FIXED, those of the storage, the vault and the check */
export type Sampler = (order: Hex, lot: number) => Promise<Uint8Array>;

/** See {@link Sampler}. */
export function createSampler(context: DeliveryContext): Sampler {
  const { redis, prefix, client, chain, settings, log } = context;
  const kept = new Map<string, Uint8Array>();

  return async (order, index) => {
    if (!settings.samples) throw new QoodError("SAMPLE_NOT_GIVEN", "this seller gives no samples");
    const noted = await redis.hget(keys.orders(prefix), order);
    const offer = noted === null ? undefined : await orderedOffer(context, order, orderSchema.parse(JSON.parse(noted)).cid);
    const lot = offer?.lots[index];
    if (offer === undefined || lot === undefined) throw new QoodError("SAMPLE_UNKNOWN", `no lot ${index} of an order ${order} is offered here`);
    if (offer.order.dataClass === DATA_CLASS.DISPUTED) throw new QoodError("SAMPLE_NOT_GIVEN", "no seller alone can open data that two own");
    const headerHash = openHeader(lot.header);
    const known = kept.get(headerHash);
    if (known !== undefined) return known;

    const fixed = await sampleState(client.reads, headerHash);
    if (fixed.state === "not-shown") throw new QoodError("SAMPLE_NOT_FIXED", "the batch was not shown to the beacon: it has no sample");
    // Before its block is final another one could come in its place, and name other leaves.
    if (fixed.state !== "fixed" || (await chain.finalBlock()) < fixed.block) throw new QoodError("SAMPLE_NOT_FIXED", `the sample comes from block ${fixed.block}, which is not final or whose randomness is not kept yet: ask again later`);
    const { sample } = await openWhole(context, lot, { value: fixed.value, n: await client.reads.sampleSize() });
    if (kept.size >= KEPT) kept.delete(kept.keys().next().value!);
    kept.set(headerHash, sample!);
    log.info({ orderHash: order, lot: index, headerHash }, "sample opened");
    return sample!;
  };
}
