/** The catalog over a real chain: offers come in checked, are found by every field, and go when the chain says so. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { cellToLatLng, cellToParent, gridDisk, latLngToCell } from "h3-js";
import { z } from "zod";
import { createCatalogClient, fetchOffer, submitOffer, submitSearch } from "@qoodblock/sdk/catalog";
import type { CatalogClient } from "@qoodblock/sdk/catalog";
import { randomDeliveryKey } from "@qoodblock/sdk/delivery";
import { decodeDescription } from "@qoodblock/sdk/description";
import { isQoodError } from "@qoodblock/sdk/errors";
import { SEARCH_FORMAT, agreementId, buyOrder, buyOrderId, offerSchema, orderHash, searchFields } from "@qoodblock/sdk/market";
import type { Offer, Search } from "@qoodblock/sdk/market";
import { sealBatch } from "@qoodblock/sdk/sealing";
import { files } from "../../scripts/catalog/render.ts";
import { PRICE, startMarket } from "../e2e/market.ts";
import type { Batch, BatchRecipe, Market } from "../e2e/market.ts";
import { act } from "./support/market.ts";
import { runToEnd, startWorker } from "./support/processes.ts";
import type { RunningWorker } from "./support/processes.ts";
import { startRpcProxy } from "./support/rpc-proxy.ts";
import { until } from "./support/world.ts";

const HERE = latLngToCell(48.14, 11.58, 6);
const THERE = latLngToCell(52.52, 13.4, 6);

describe("catalog", () => {
  const dir = mkdtempSync(join(tmpdir(), "qood-catalog-"));
  let market: Market;
  let rpc: string;
  let url: string;
  let client: CatalogClient;
  const workers: RunningWorker[] = [];
  const flags = (): string[] => ["--deployment", join(dir, "deployment.json"), "--chain-id", "31337", "--rpc", rpc, "--finality", "4", "--poll-ms", "50", "--store", join(dir, "index"), "--log-level", "warn"];
  const startCatalog = (...more: string[]): Promise<RunningWorker> => startWorker("catalog", [...flags(), "--listen", "0", ...more]);

  before(async () => {
    market = await startMarket();
    rpc = (market.provider as unknown as { _getConnection(): { url: string } })._getConnection().url;
    const { format, chainId, startBlock, addresses } = market.client.deployment;
    writeFileSync(join(dir, "deployment.json"), JSON.stringify({ format, chainId, startBlock, addresses }));
    workers.push(await startWorker("indexer", flags()), await startCatalog("--metrics-listen", "0"));
    url = String(workers[1]!.ready["catalog"]);
    client = createCatalogClient(url);
  });
  after(async () => {
    for (const worker of workers) if (worker.child.exitCode === null && worker.child.signalCode === null) assert.equal(await worker.stop(), 0, worker.errors());
    await market.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const at = (...cells: string[]): BatchRecipe => ({ seal: (input) => sealBatch({ ...input, publicFields: { time: true, h3: cells } }) });
  const hashOf = (offer: Offer): string => orderHash(31337, market.client.deployment.addresses.escrow, offer.order).toLowerCase();
  const descriptionOf = ({ sealed }: Batch) => decodeDescription(sealed.description);
  /** The agreement's vehicle comes to the index a moment after it has come to the chain. */
  async function send(offer: Offer, ...batches: Batch[]): Promise<string> {
    const { orderHash: id } = await submitOffer(client, offer, batches.map(descriptionOf));
    await until("the offer to be open", async () => (await fetchOffer(client, id)).status === "open", 20_000);
    return id;
  }
  async function ids(path: "offers" | "batches" | "streams" | "requests", query: Record<string, string>): Promise<string[]> {
    const response = await fetch(`${url}/v1/${path}?${new URLSearchParams(query)}`);
    const answer = (await response.json()) as { items: { id: string }[]; message?: string };
    assert.equal(response.status, 200, answer.message);
    return answer.items.map(({ id }) => id);
  }

  it("finds an offer by each public field, and not by another value of it", async () => {
    const { batch, offer } = await market.sell(at(HERE));
    const id = await send(offer, batch);
    assert.equal(id, hashOf(offer));
    const { owner, oem, tsp } = market.accounts;
    const { first, last } = descriptionOf(batch).time!;
    const [vehicle] = (await client.GET("/v1/vehicles", { params: { query: {} } })).data!.items;
    const vinTag = (vehicle!.body as { tag: string }).tag;
    const [lat, lng] = cellToLatLng(HERE);
    const near = gridDisk(HERE, 2).at(-1)!;
    const found: Record<string, string>[] = [
      ...[{ owner: owner.address }, { oem: oem.address }, { seller: tsp.address }, { tsp: tsp.address }, { vehicle: vehicle!.id }, { vinTag }, { dataClass: "user" }, { privacy: "ordinary,private" }, { origin: "device_signed" }],
      ...[{ schema: "carobd@1" }, { schema: offer.lots[0]!.header.rest.schema }, { signal: "Vehicle.Speed" }, { cell: HERE }, { cell: cellToParent(HERE, 5) }, { cell: cellToParent(HERE, 3) }, { cell: near, ring: "2" }],
      ...[{ bbox: `${lng - 0.5},${lat - 0.5},${lng + 0.5},${lat + 0.5}` }, { bbox: `${lng - 9},${lat - 9},${lng + 9},${lat + 9}` }, { from: new Date(first - 5).toISOString(), to: String(last) }, { from: String(last) }, { leastPrice: "2000000", mostPrice: "100000000" }],
      ...[{ batch: batch.sealed.headerHash }, { stream: offer.lots[0]!.header.words.stream }, { token: offer.order.token, owner: owner.address, cell: HERE, signal: "Vehicle.Speed", from: String(first) }],
    ];
    for (const query of found) assert.deepEqual(await ids("offers", query), [id], JSON.stringify(query));
    const missed: Record<string, string>[] = [
      ...[{ owner: tsp.address }, { vehicle: "7" }, { vinTag: `0x${"12".repeat(32)}` }, { dataClass: "oem" }, { origin: "tsp_attested" }, { schema: "trip-gps@1" }, { cell: THERE }, { cell: near }, { cell: near, ring: "1" }],
      ...[{ bbox: "1,1,2,2" }, { to: String(first - 1) }, { from: String(last + 1) }, { leastPrice: "9000000000" }, { mostPrice: "1" }, { batch: `0x${"12".repeat(32)}` }, { cell: HERE, owner: tsp.address }],
    ];
    for (const query of missed) assert.deepEqual(await ids("offers", query), [], JSON.stringify(query));
    assert.deepEqual(await ids("batches", { cell: HERE, offered: "true" }), [batch.sealed.headerHash]);
    assert.deepEqual(await ids("streams", { owner: owner.address }), [offer.lots[0]!.header.words.stream]);
    assert.deepEqual(z.encode(offerSchema, (await fetchOffer(client, id)).offer), z.encode(offerSchema, offer));
  });

  it("finds requests by the cells and the time that their buyers want, once their search files are brought", async () => {
    const { client: { calls, deployment: { addresses } }, accounts: { buyer } } = market;
    const account = buyer.address as `0x${string}`;
    await act(market, buyer, calls.deposit(addresses.qdd, account, 3n * PRICE));
    await act(market, buyer, calls.setOperator(addresses.buyOrders, true));
    const [keyX, keyY] = randomDeliveryKey().publicKey;
    const search = (...cells: string[]): Search => ({ format: SEARCH_FORMAT, cells, vehicle: { fuel: "diesel" } });
    const place = async (nonce: bigint, what: Search, firstTime = 0, lastTime = 0): Promise<string> => {
      const wanted = buyOrder({ buyer: account, token: addresses.qdd, schema: market.car.config.schema, dataClass: 2, deadline: 4_000_000_000, keyX, keyY, nonce, firstTime, lastTime, ...searchFields(what) });
      await act(market, buyer, calls.placeBuyOrder(wanted, PRICE));
      const id = buyOrderId(31337, addresses.buyOrders, wanted);
      await until("the request to be indexed", async () => (await client.GET("/v1/requests/{id}", { params: { path: { id } } })).data !== undefined, 20_000);
      return id;
    };
    const day = Date.UTC(2026, 2, 1);
    const [here, there, anywhere] = [await place(1n, search(HERE, cellToParent(THERE, 4)), day, day + 1000), await place(2n, search(THERE)), await place(3n, search())];
    // Of what nobody has brought the place is not known.
    assert.deepEqual(await ids("requests", { cell: HERE }), [anywhere]);
    await assert.rejects(submitSearch(client, here, search(HERE)), (error) => isQoodError(error, "SEARCH_OTHER"));
    await assert.rejects(submitSearch(client, `0x${"12".repeat(32)}`, search(HERE)), (error) => isQoodError(error, "NOT_FOUND"));
    await submitSearch(client, here, search(HERE, cellToParent(THERE, 4)));
    for (let again = 0; again < 2; again += 1) await submitSearch(client, there, search(THERE));
    const found = async (query: Record<string, string>): Promise<string[]> => (await ids("requests", query)).sort();
    const [lat, lng] = cellToLatLng(HERE);
    assert.deepEqual(await found({ cell: HERE }), [here, anywhere].sort());
    assert.deepEqual(await found({ bbox: `${lng - 0.1},${lat - 0.1},${lng + 0.1},${lat + 0.1}` }), [here, anywhere].sort());
    assert.deepEqual(await found({ cell: THERE }), [here, there, anywhere].sort());
    assert.deepEqual(await found({ cell: gridDisk(THERE, 1).at(-1)!, ring: "1", to: String(day + 5) }), [here, there, anywhere].sort());
    assert.deepEqual(await found({ cell: gridDisk(HERE, 3).at(-1)! }), [anywhere]);
    assert.deepEqual(await found({ cell: THERE, from: String(day + 1001) }), [there, anywhere].sort());
    assert.deepEqual(await found({ anywhere: "false", to: String(day - 1) }), [there]);
    const { data } = await client.GET("/v1/requests/{id}", { params: { path: { id: there } } });
    assert.deepEqual(data!.search, search(THERE));
  });

  it("takes nothing in that a buyer would refuse, and says why", async () => {
    const { batch, lot, offer } = await market.sell();
    const refuse = async (wrong: Offer, code: string, descriptions = [descriptionOf(batch)]): Promise<void> => {
      await assert.rejects(submitOffer(client, wrong, descriptions), (error) => isQoodError(error, code), code);
      assert.deepEqual(await ids("offers", { batch: batch.sealed.headerHash }), []);
    };
    await refuse({ ...offer, order: { ...offer.order, expiry: offer.order.expiry - 1 } }, "OFFER_SIGNATURE");
    await refuse({ ...offer, chainId: 5 }, "OFFER_ELSEWHERE");
    await refuse({ ...offer, agreement: { ...offer.agreement, text: { ...offer.agreement.text, legalHash: `0x${"11".repeat(32)}` } } }, "AGREEMENT_TEXT");
    await refuse({ ...offer, lots: [{ ...lot, anchor: { ...lot.anchor, root: `0x${"22".repeat(32)}` } }] }, "ANCHOR_MISSING");
    await refuse({ ...offer, lots: [{ ...lot, envelope: { ...lot.envelope!, signature: `0x${"01".repeat(64)}` } }] }, "DEVICE_SIGNATURE");
    const other = await market.sell();
    await refuse({ ...offer, lots: [other.lot] }, "OFFER_LOTS");
    await refuse(await market.offer(lot, batch, { pages: [{ ...offer.order.pages[0]!, price: 1n }] }), "OFFER_SIGNATURE");
    await refuse(await market.offer(lot, batch, { token: market.accounts.buyer.address as `0x${string}` }), "OFFER_TOKEN");
    await refuse(await market.offer(lot, batch, { version: 2 }), "AGREEMENT_NOT_IN_FORCE");
    await refuse(offer, "DESCRIPTION_FORM", [{ ...descriptionOf(batch), columns: 0 }]);
    const unanchored = market.seal();
    await refuse(await market.offer(await market.lot(unanchored, { anchoredBy: null }), unanchored), "ANCHOR_MISSING");
  });

  it("drops what is filled, cancelled, expired or without agreement, and brings back what the chain takes back", async () => {
    const { client: contracts, accounts, provider } = market;
    const single = await market.sell({}, () => ({ repeatable: false }));
    const cancelled = await market.sell();
    const brief = await market.sell({}, () => ({ expiry: Math.floor(Date.now() / 1000) + 12 }));
    for (const each of [single, cancelled, brief]) await send(each.offer, each.batch);
    const statusOf = async ({ offer }: typeof single): Promise<string> => (await fetchOffer(client, hashOf(offer))).status;
    const isListed = async ({ batch }: typeof single): Promise<boolean> => (await ids("offers", { batch: batch.sealed.headerHash })).length === 1;
    assert.deepEqual([await isListed(single), await isListed(cancelled), await isListed(brief)], [true, true, true]);

    await market.purchase(single.cid);
    const { nonce } = cancelled.offer.order;
    await act(market, accounts.tsp, contracts.calls.cancelOrders(nonce >> 8n, 1n << (nonce & 255n)));
    await until("the purchase to be seen", async () => (await statusOf(single)) === "filled", 20_000);
    await until("the cancellation to be seen", async () => (await statusOf(cancelled)) === "cancelled", 20_000);
    assert.deepEqual([await isListed(single), await isListed(cancelled)], [false, false]);
    assert.deepEqual(await ids("batches", { offered: "false", cell: HERE }), []);
    const [deal] = (await client.GET("/v1/deals", { params: { query: { order: hashOf(single.offer) } } })).data!.items;
    assert.equal((deal!.body as { buyer: string }).buyer, accounts.buyer.address);

    // The block of the cancellation goes, and with it the cancellation.
    await provider.send("anvil_reorg", [2, []]);
    await until("the cancelled offer to be back", async () => (await statusOf(cancelled)) === "open", 20_000);
    assert.equal(await isListed(cancelled), true);
    await until("the brief offer to expire", async () => (await statusOf(brief)) === "expired", 20_000);
    assert.equal(await isListed(brief), false);

    const { vehicle } = cancelled.offer.agreement.text;
    await act(market, accounts.owner, contracts.calls.deny(vehicle, 1, 2, 1));
    await until("the denial to be seen", async () => (await statusOf(cancelled)) === "unagreed", 20_000);
    assert.deepEqual(await ids("offers", { vehicle: vehicle.toString() }), []);
    const agreement = await client.GET("/v1/agreements/{id}", { params: { path: { id: agreementId(vehicle, 1).toString() } } });
    assert.equal((agreement.data!.body as { denied: number }).denied, 4);
  });

  it("pages by cursor, counts facets, and says how fresh it is", async () => {
    const car = await market.newCar();
    const sold: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      const { batch, offer } = await market.sell({ ...at(HERE), car });
      sold.push(await send(offer, batch));
    }
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const { data } = await client.GET("/v1/offers", { params: { query: { vehicle: car.config.vehicle, limit: "2", ...(cursor === undefined ? {} : { cursor }) } } });
      assert.ok(data!.items.length <= 2);
      found.push(...data!.items.map(({ id }) => id));
      cursor = data!.next;
    } while (cursor !== undefined);
    assert.deepEqual([...found].sort(), [...sold].sort());
    const { data } = await client.GET("/v1/offers/facets", { params: { query: { fields: "schema,cell,dataClass", vehicle: car.config.vehicle } } });
    assert.deepEqual([data!.fields["dataClass"], data!.fields["cell"], data!.complete], [{ user: 5 }, { [HERE]: 5 }, true]);
    const { data: status } = await client.GET("/v1/status", {});
    assert.ok(status!.freshness.block > 0 && status!.counts["offers"]! >= 5 && status!.counts["vehicles"] === 2);
  });

  it("answers a wrong question with 400 and the field, and unknown things with 404", async () => {
    const wrong: Record<string, string>[] = [{ cell: "zz" }, { ring: "2" }, { bbox: "5,1,2,2" }, { bbox: "-180,-85,180,85" }, { from: "soon" }, { schema: "none@1" }, { signal: "Vehicle.Wings" }, { limit: "0" }, { limit: "500" }, { colour: "red" }, { leastPrice: "-1" }, { cursor: "x" }];
    for (const query of wrong) {
      const response = await fetch(`${url}/v1/offers?${new URLSearchParams(query)}`);
      const fault = (await response.json()) as { field: string; message: string };
      assert.deepEqual([response.status, fault.field], [400, Object.keys(query)[0]], `${JSON.stringify(query)}: ${fault.message}`);
    }
    assert.equal((await fetch(`${url}/v1/offers?from=2026-02-02&to=2026-01-01`)).status, 400);
    assert.equal((await fetch(`${url}/v1/offers/0x12`)).status, 404);
    assert.equal((await fetch(`${url}/v1/nothing`)).status, 404);
    const post = async (body: string): Promise<[number, string | undefined]> => {
      const response = await fetch(`${url}/v1/offers`, { method: "POST", headers: { "content-type": "application/json" }, body });
      return [response.status, ((await response.json()) as { field?: string }).field];
    };
    assert.deepEqual(await post("{"), [400, undefined]);
    assert.deepEqual(await post(JSON.stringify({ offer: { format: "qood/offer/v1" } })), [400, "offer.format"]);
    assert.deepEqual(await post("{}"), [400, "offer"]);
  });

  it("bounds bodies and how much one address may ask", async () => {
    const worker = await startCatalog("--no-intake", "--requests-per-minute", "6", "--body-bytes", "1024");
    const own = String(worker.ready["catalog"]);
    const post = (length: number) => fetch(`${own}/v1/offers`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify("x".repeat(length)) });
    assert.equal((await post(5000)).status, 413);
    assert.equal((await post(5)).status, 405);
    const statuses = [];
    for (let i = 0; i < 8; i += 1) statuses.push((await fetch(`${own}/v1/status`)).status);
    assert.deepEqual([statuses[0], statuses.at(-1)], [200, 429]);
    await worker.stop();
    const busy = await runToEnd("catalog", [...flags(), "--listen", "0"]);
    assert.match(busy.stderr, /INDEX_BUSY/);
    assert.match((await runToEnd("catalog", ["--help"])).stdout, /--offers-per-minute/);
  });

  it("has an OpenAPI document and a client that are those of its routes (else: node scripts/catalog/main.ts)", async () => {
    for (const [file, text] of Object.entries(await files())) assert.equal(readFileSync(file, "utf8"), text, file);
  });

  it("blames the chain's node, not the offer, when it cannot be asked, and answers searches all the same", async () => {
    const { batch, offer } = await market.sell();
    const before = (await client.GET("/v1/status", {})).data!.counts["offers"];
    const proxy = await startRpcProxy(rpc, 1);
    const own = await startWorker("catalog", [...flags().map((flag) => (flag === rpc ? proxy.url : flag === join(dir, "index") ? join(dir, "own") : flag)), "--listen", "0"]);
    proxy.script([{ method: /eth_call|eth_getCode/, fault: "drop", rate: 1 }]);
    const other = createCatalogClient(String(own.ready["catalog"]));
    await assert.rejects(submitOffer(other, offer, [descriptionOf(batch)]), (error) => isQoodError(error, "UNAVAILABLE"));
    assert.equal((await other.GET("/v1/offers", { params: { query: {} } })).data!.items.length, 0);
    assert.equal((await client.GET("/v1/status", {})).data!.counts["offers"], before);
    assert.equal(await own.stop(), 0);
    await proxy.close();
  });

  it("keeps what it has taken in over a kill", async () => {
    const { data: before } = await client.GET("/v1/status", {});
    await workers[1]!.kill();
    const again = await startCatalog();
    workers[1] = again;
    const { data: after } = await createCatalogClient(String(again.ready["catalog"])).GET("/v1/status", {});
    assert.equal(after!.counts["offers"], before!.counts["offers"]);
  });
});
