/** From the drive to the money: replay, sealing, offers, purchase, payouts. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { send } from "@qoodblock/sdk/client";
import { signTypedData, withdrawalData } from "@qoodblock/sdk/eip712";
import { QoodError } from "@qoodblock/sdk/errors";
import { closeRedis, connectRedis, keys, readBatches } from "@qoodblock/workers/shared/queue/index.ts";
import type { AnnouncedBatch } from "@qoodblock/workers/shared/queue/index.ts";
import type { Cast } from "./accounts.ts";
import type { Engines } from "./engines.ts";
import type { Enrolled } from "./enrol.ts";
import type { ChosenDrive } from "./drive.ts";
import type { BuyOrder, BuyResult } from "./parties/buyer.ts";
import { PREFIX } from "./tsp.ts";

/** How long the workers may be silent before the demo gives up, milliseconds. */
const PATIENCE_MS = 120_000;
const POLL_MS = 100;

const announcedOffer = z.object({ cid: z.string(), stream: z.string(), headerHash: z.string() });
const servedPage = z.object({ ms: z.object({ prove: z.number().nullable() }) });

/** A batch with the offer that sells it. */
export interface Offered {
  readonly batch: AnnouncedBatch;
  readonly offerCid: string;
}

/** Lets the device send its drive. */
export async function replay(cast: Cast, engines: Engines, chosen: ChosenDrive, enrolled: Enrolled, update: (line: string) => void): Promise<void> {
  await cast.parties.device.call("replay", { choice: chosen.choice, target: { redis: engines.redis, prefix: PREFIX, stream: enrolled.handle } }, update);
}

/**
 * Waits until all records of the car are anchored and offered.
 * @throws QoodError WORKERS_SILENT when nothing has happened for two minutes.
 */
export async function awaitOffers(engines: Engines, chosen: ChosenDrive, enrolled: Enrolled, update: (line: string) => void): Promise<Offered[]> {
  const redis = connectRedis(engines.redis);
  try {
    const batches = new Map<string, AnnouncedBatch>();
    const offers = new Map<string, string>();
    let [batchCursor, offerCursor] = ["0", "0"];
    let records = 0;
    let last = Date.now();
    while (records < chosen.survey.accepted || offers.size < batches.size) {
      const news = batches.size + offers.size;
      for (const { id, batch } of await readBatches(redis, PREFIX, batchCursor)) {
        batchCursor = id;
        if (batch.stream !== enrolled.handle) continue;
        batches.set(batch.headerHash, batch);
        records += batch.records;
      }
      for (const [id, fields] of await redis.xrange(keys.offers(PREFIX), offerCursor === "0" ? "-" : `(${offerCursor}`, "+")) {
        offerCursor = id;
        const offer = announcedOffer.parse(JSON.parse(fields[fields.indexOf("offer") + 1] ?? "null"));
        if (offer.stream === enrolled.handle) offers.set(offer.headerHash, offer.cid);
      }
      update(`${records} of ${chosen.survey.accepted} records anchored, ${offers.size} ${offers.size === 1 ? "offer" : "offers"} made`);
      if (batches.size + offers.size > news) last = Date.now();
      if (Date.now() - last > PATIENCE_MS) throw new QoodError("WORKERS_SILENT", `the workers have been silent for two minutes with ${records} of ${chosen.survey.accepted} records anchored; their logs tell why`);
      await wait(POLL_MS);
    }
    return [...batches.values()].sort((a, b) => a.sequence - b.sequence).map((batch) => ({ batch, offerCid: offers.get(batch.headerHash)! }));
  } finally {
    await closeRedis(redis);
  }
}

/** Lets the buyer buy everything that is offered. */
export function buyAll(
  options: { readonly cast: Cast; readonly engines: Engines; readonly enrolled: Enrolled; readonly offered: readonly Offered[]; readonly results: string; readonly receipt: boolean },
  update: (line: string) => void,
): Promise<BuyResult> {
  const { cast, engines, enrolled, offered } = options;
  const order: BuyOrder = {
    deployment: enrolled.client.deployment,
    rpc: engines.rpc,
    storage: engines.storage.buyer,
    offers: offered.map(({ offerCid }) => offerCid),
    peers: engines.peers,
    csv: join(options.results, "records.csv"),
    geoJson: join(options.results, "records.geojson"),
    receipt: options.receipt,
  };
  return cast.parties.buyer.call<BuyResult>("buy", order, update);
}

/** What the deals of this run have credited to whom. */
export interface Earned {
  readonly owner: bigint;
  readonly oem: bigint;
  readonly tsp: bigint;
  readonly storage: bigint;
}

/** Sums the splits of all deals. */
export function earnedBy({ deals }: BuyResult): Earned {
  const total = { owner: 0n, oem: 0n, tsp: 0n, storage: 0n };
  for (const { split } of deals) {
    total.owner += split.owner;
    total.oem += split.oem;
    total.tsp += split.agent;
    total.storage += split.storage;
  }
  return total;
}

/** Everyone withdraws what this run has earned them. @returns gas over all withdrawals */
export async function withdrawAll(cast: Cast, engines: Engines, enrolled: Enrolled, earned: Earned): Promise<bigint> {
  const { deployment, calls, reads } = enrolled.client;
  const token = deployment.addresses.qdd;
  const ask = { deployment, rpc: engines.rpc, token };
  const byParty = (name: "owner" | "oem"): Promise<bigint> => cast.parties[name].call<bigint>("withdraw", { ...ask, amount: earned[name] });
  const byStorage = async (): Promise<bigint> => (await send(cast.wallets.storage, calls.withdraw(token, cast.addresses.storage, earned.storage))).gasUsed;
  const byTsp = async (): Promise<bigint> => {
    // The TSP's account is its workers' lane: it signs, and another account sends.
    const deadline = (await engines.provider.getBlock("latest"))!.timestamp + 600;
    const withdrawal = { account: cast.addresses.tsp, token, to: cast.addresses.tsp, amount: earned.tsp, nonce: await reads.withdrawalNonce(cast.addresses.tsp), deadline };
    const signature = await signTypedData(cast.wallets.tsp, withdrawalData({ chainId: deployment.chainId, verifyingContract: deployment.addresses.escrow }, withdrawal));
    return (await send(cast.wallets.foundation, calls.withdrawFor({ ...withdrawal, signature }))).gasUsed;
  };
  // Four senders, one block.
  const gas = await Promise.all([
    ...(["owner", "oem"] as const).filter((name) => earned[name] > 0n).map(byParty),
    ...(earned.storage > 0n ? [byStorage()] : []),
    ...(earned.tsp > 0n ? [byTsp()] : []),
  ]);
  return gas.reduce((sum, each) => sum + each, 0n);
}

/** How long the proofs of the deals took, milliseconds, as the delivery worker noted it. */
export async function provingTime(engines: Engines, { deals }: BuyResult): Promise<number> {
  const redis = connectRedis(engines.redis);
  try {
    let total = 0;
    for (const { dealId } of deals) {
      for (let page = 0; ; page += 1) {
        const text = await redis.hget(keys.pages(PREFIX), `${dealId}/${page}`);
        if (text === null) break;
        total += servedPage.parse(JSON.parse(text)).ms.prove ?? 0;
      }
    }
    return total;
  } finally {
    await closeRedis(redis);
  }
}

/** Gas of the transactions named, summed. */
export async function gasOf(engines: Engines, hashes: readonly string[]): Promise<bigint> {
  let total = 0n;
  for (const hash of new Set(hashes)) total += (await engines.provider.getTransactionReceipt(hash))!.gasUsed;
  return total;
}
