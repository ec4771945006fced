/** Samples of an offer's batches before paying: fetched from the seller, checked against the header's root and the chain's randomness. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromHex } from "@qoodblock/sdk/bytes";
import { blockHeader, fetchSample, sampleState, send } from "@qoodblock/sdk/client";
import type { SampleState } from "@qoodblock/sdk/client";
import { schemaByHash } from "@qoodblock/sdk/dictionary";
import { writeRecords } from "@qoodblock/sdk/drive";
import { QoodError } from "@qoodblock/sdk/errors";
import { orderHash } from "@qoodblock/sdk/market";
import type { OfferLot } from "@qoodblock/sdk/market";
import { checkOffer } from "@qoodblock/sdk/purchase";
import { checkSample, decodeSample, sampleRows } from "@qoodblock/sdk/sealing";
import type { CheckedBatch } from "@qoodblock/sdk/sealing";
import type { GlobalOptions } from "../../context.ts";
import { cidOfOffer } from "./catalog.ts";
import type { BuyerContext } from "./context.ts";
import type { BuyerOptions } from "./run.ts";
import { withBuyer } from "./with.ts";

/** What `sample` is given. */
export interface Sampling extends BuyerOptions {
  readonly out?: string;
  /** Sends what is missing for the samples to be fixed. */
  readonly fix?: boolean;
  readonly dryRun?: boolean;
}

/** A lot's sample as it was found to be right. */
export interface SampledLot {
  readonly lot: number;
  readonly header: string;
  /** Numbers of the leaves that the chain names. */
  readonly leaves: readonly number[];
  /** How many leaves the batch has. */
  readonly of: number;
  /** Bytes of their plaintexts. */
  readonly bytes: number;
  /** Records of the intervals that they open whole. */
  readonly records: number;
}

/** Shows the header, or keeps its block's randomness: each once, by anyone. @throws QoodError REVERT in words, where it is too late for it */
async function fix({ client, provider, signer, say }: BuyerContext, { header, anchor }: OfferLot, headerHash: `0x${string}`, known: SampleState): Promise<SampleState> {
  const { calls, reads } = client;
  let state = known;
  if (state.state === "not-shown") {
    say(`showing the batch with header ${headerHash}`);
    await send(signer, calls.showHeader(header.words, anchor.path));
    state = await sampleState(reads, headerHash);
  }
  if (state.state === "not-captured" && (await provider.getBlockNumber()) > state.block) {
    say(`keeping the randomness of block ${state.block}`);
    const { source } = await reads.beaconOf();
    await send(signer, calls.captureBeacon(state.block, source === "prevrandao" ? await blockHeader(provider, state.block) : "0x"));
    state = await sampleState(reads, headerHash);
  }
  return state;
}

/** @throws QoodError SAMPLE_NOT_SHOWN, SAMPLE_NOT_YET */
async function valueOf(context: BuyerContext, lot: OfferLot, headerHash: `0x${string}`, isFixing: boolean): Promise<`0x${string}`> {
  const known = await sampleState(context.client.reads, headerHash);
  const state = known.state === "fixed" || !isFixing ? known : await fix(context, lot, headerHash, known);
  if (state.state === "fixed") return state.value;
  if (state.state === "not-shown") {
    const { showWithin } = await context.client.reads.beaconOf();
    throw new QoodError("SAMPLE_NOT_SHOWN", `nobody has shown the batch with header ${headerHash} to the beacon; within ${showWithin} blocks of its anchor you can, with --fix, and after that it has no sample for ever`);
  }
  const head = await context.provider.getBlockNumber();
  const when = head > state.block ? "which nobody has kept: --fix does, as long as the chain knows it" : `and the chain is at ${head}: ask again then`;
  throw new QoodError("SAMPLE_NOT_YET", `the sample comes from the randomness of block ${state.block}, ${when}`);
}

/** Writes a lot's sample file, the plaintexts of its leaves, and the records that they open. */
async function writeSample(out: string, lot: number, file: Uint8Array, batch: CheckedBatch, leaves: ReturnType<typeof checkSample>, rows: ReturnType<typeof sampleRows>): Promise<void> {
  try {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, `sample-${lot}.json`), file);
    for (const { position, plain } of leaves) writeFileSync(join(out, `sample-${lot}-leaf-${position.index}.bin`), plain);
  } catch (error) {
    throw new QoodError("FILE_UNWRITABLE", `the sample cannot be written into ${out} (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
  const { schema, dictionaryVersion } = batch.header.rest;
  const target = { schema: schemaByHash(fromHex(schema, 32)), dictionaryVersion, csvPath: join(out, `sample-${lot}.csv`), geoJsonPath: join(out, `sample-${lot}.geojson`) };
  if (rows.length > 0) await writeRecords(rows.map((row) => [...row]), target);
}

/**
 * Opens the samples of every batch of an offer. Nothing is paid.
 * @throws QoodError SAMPLE_NOT_OFFERED, SAMPLE_NOT_SHOWN, SAMPLE_NOT_YET; those of `fetchSample`; BAD_SAMPLE, SAMPLE_LEAVES, SAMPLE_MISMATCH where the seller gave something else
 */
export function sample(options: GlobalOptions, named: string, given: Sampling): Promise<SampledLot[]> {
  return withBuyer(options, given.account, async (context) => {
    const { offer, batches } = await checkOffer(context, await cidOfOffer(context, named, given.catalog), given.peer);
    if (offer.handover === undefined) throw new QoodError("SAMPLE_NOT_OFFERED", "the offer names no endpoint of its seller: there is nobody to give a sample");
    const { chainId, addresses } = context.client.deployment;
    const [order, n] = [orderHash(chainId, addresses.escrow, offer.order), await context.client.reads.sampleSize()];
    const found: SampledLot[] = [];
    for (const [lot, batch] of batches.entries()) {
      const { headerHash } = batch;
      const value = await valueOf(context, offer.lots[lot]!, headerHash, given.fix === true);
      const file = await fetchSample(offer.handover, order, lot);
      const leaves = checkSample(batch, value, n, decodeSample(file, headerHash));
      const rows = sampleRows(batch, leaves);
      if (given.out !== undefined) await writeSample(given.out, lot, file, batch, leaves, rows);
      found.push({ lot, header: headerHash, leaves: leaves.map(({ position }) => position.index), of: batch.layout.leafCount, bytes: leaves.reduce((sum, { plain }) => sum + plain.length, 0), records: rows.length });
    }
    return found;
  }, given.dryRun);
}
