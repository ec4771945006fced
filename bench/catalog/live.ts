/** Offers through full verification, and how soon what has happened is found. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCatalogClient, submitOffer } from "@qoodblock/sdk/catalog";
import type { CatalogClient } from "@qoodblock/sdk/catalog";
import { decodeDescription } from "@qoodblock/sdk/description";
import { isQoodError } from "@qoodblock/sdk/errors";
import { anchorTree, digestToCid, fileDigest } from "@qoodblock/sdk/formats";
import type { OfferLot } from "@qoodblock/sdk/market";
import { send } from "@qoodblock/sdk/client";
import { startWorker } from "../../test/workers/support/processes.ts";
import { until } from "../../test/workers/support/world.ts";
import type { Batch, Market } from "../../test/e2e/market.ts";
import { progress } from "../progress.ts";
import type { Row } from "../table.ts";
import type { Form } from "./form.ts";
import { percentile } from "./search.ts";

/** Blocks of the chain of the bench come so often, and so much more the hit may take. */
const [BLOCK_MS, MORE_MS] = [500, 200];
const MANY = "1000000000";
/** Sellers that send offers in at the same time. */
const SELLERS = 4;
/** Offers that are made ready at a time, their headers under one anchor. */
const PART = 500;

/** Indexer and catalog over a market. */
export interface Live {
  readonly client: CatalogClient;
  stop(): Promise<void>;
}

/** Starts both as processes of their own. */
export async function startLive(market: Market): Promise<Live> {
  const dir = mkdtempSync(join(tmpdir(), "qood-live-"));
  const { format, chainId, startBlock, addresses } = market.client.deployment;
  writeFileSync(join(dir, "deployment.json"), JSON.stringify({ format, chainId, startBlock, addresses }));
  const rpc = (market.provider as unknown as { _getConnection(): { url: string } })._getConnection().url;
  const flags = ["--deployment", join(dir, "deployment.json"), "--chain-id", String(chainId), "--rpc", rpc, "--finality", "4", "--poll-ms", "50", "--store", join(dir, "index"), "--log-level", "error"];
  const indexer = await startWorker("indexer", flags);
  const catalog = await startWorker("catalog", [...flags, "--listen", "0", "--requests-per-minute", MANY, "--offers-per-minute", MANY]);
  const client = createCatalogClient(String(catalog.ready["catalog"]));
  const head = await market.provider.getBlockNumber();
  await until("the index to have caught up", async () => ((await client.GET("/v1/status", {})).data?.freshness.block ?? -1) >= head);
  return {
    client,
    async stop() {
      await Promise.all([catalog.stop(), indexer.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Anchored under one root; their files are nowhere, and no catalog asks for them. */
async function anchorAll(market: Market, count: number): Promise<{ batch: Batch; lot: OfferLot }[]> {
  const batches = Array.from({ length: count }, () => market.seal());
  const tree = anchorTree(batches.map(({ sealed }) => sealed.headerHash));
  await send(market.accounts.tsp.connect(market.provider), market.client.calls.anchor(tree.root, 0, tree.listHash, tree.listDigest));
  return batches.map((batch, i) => {
    const { header, envelope } = batch.sealed;
    const cids = { ...batch.sealed.cids, description: digestToCid(fileDigest(batch.sealed.description)) };
    return { batch, lot: { header, envelope, anchor: { tsp: header.words.tsp, root: tree.root, sequence: 0, path: tree.paths[i]! }, cids, former: 0 } };
  });
}

/** Sends an offer in, again where the chain's node was too busy to answer the catalog. */
async function submit(client: CatalogClient, ...offer: [Parameters<typeof submitOffer>[1], Parameters<typeof submitOffer>[2]]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await submitOffer(client, ...offer);
      return;
    } catch (error) {
      if (!isQoodError(error, "UNAVAILABLE") || tries === 5) throw error;
    }
  }
}

/** How fast offers are checked and taken in, some at a time, as from several sellers. */
export async function intakeRows(form: Form, market: Market, { client }: Live): Promise<Row[]> {
  let [taken, seconds] = [0, 0];
  const tell = progress("offers taken in", form.verified);
  while (taken < form.verified) {
    const offers = [];
    for (const { batch, lot } of await anchorAll(market, Math.min(PART, form.verified - taken))) offers.push({ offer: await market.offer(lot, batch), description: decodeDescription(batch.sealed.description) });
    const queue = offers.values();
    const seller = async (): Promise<void> => {
      for (const { offer, description } of queue) await submit(client, offer, [description]);
    };
    const started = performance.now();
    await Promise.all(Array.from({ length: SELLERS }, seller));
    seconds += (performance.now() - started) / 1000;
    taken += offers.length;
    tell(taken);
  }
  return [{ what: "offers taken in, all checks", measured: taken / seconds, unit: "offers/s", note: `${taken.toLocaleString("en")} offers, ${SELLERS} at a time, each checked against the chain` }];
}

/** How soon an anchor that is mined, and an offer that is accepted, is found. */
export async function delayRows(form: Form, market: Market, { client }: Live): Promise<Row[]> {
  const [mined, accepted]: [number[], number[]] = [[], []];
  for (let round = 0; round < form.rounds; round += 1) {
    const [{ batch, lot }] = (await anchorAll(market, 1)) as [{ batch: Batch; lot: OfferLot }];
    let from = performance.now();
    await until("the anchor", async () => (await client.GET("/v1/anchors", { params: { query: { root: lot.anchor.root } } })).data!.items.length === 1, 30_000);
    mined.push(performance.now() - from);
    await submit(client, await market.offer(lot, batch), [decodeDescription(batch.sealed.description)]);
    from = performance.now();
    await until("the offer", async () => (await client.GET("/v1/offers", { params: { query: { batch: batch.sealed.headerHash } } })).data!.items.length === 1, 30_000);
    accepted.push(performance.now() - from);
  }
  const row = (what: string, times: readonly number[]): Row[] => [
    { what: `${what}, p50`, measured: percentile(times, 0.5), unit: "ms" },
    { what: `${what}, p99`, measured: percentile(times, 0.99), unit: "ms", beside: { name: "one block + 200 ms", value: BLOCK_MS + MORE_MS }, goal: { ratio: 1, side: "at most" } },
  ];
  return [...row("from a mined anchor to its hit", mined), ...row("from an accepted offer to its hit", accepted)];
}
