/** From a search to the records: offers out of a catalog, named by their order's hash. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { createCatalogClient, fetchOffer, submitOffer } from "@qoodblock/sdk/catalog";
import { decodeDescription } from "@qoodblock/sdk/description";
import { PRICE } from "../e2e/market.ts";
import { temporaryFolder } from "../support/folder.ts";
import { startWorker } from "../workers/support/processes.ts";
import type { RunningWorker } from "../workers/support/processes.ts";
import { until } from "../workers/support/world.ts";
import { startDesk } from "./market.ts";
import type { Desk } from "./market.ts";
import { answerOf, mistake, qood, start } from "./support.ts";

const temporary = temporaryFolder();
/** Four messages of five rows. */
const RECORDS = 20;
interface Found {
  readonly offers: readonly Record<string, unknown>[];
  readonly next?: string;
}

describe("qood buyer with a catalog", { concurrency: 1 }, () => {
  let desk: Desk;
  let url: string;
  let sold: { cid: string; id: string; k: bigint }[];
  const workers: RunningWorker[] = [];
  const search = (...more: string[]): Promise<Found> => answerOf(["buyer", "search", "--catalog", url, ...more]) as Promise<Found>;

  before(async () => {
    desk = await startDesk(temporary);
    const { market } = desk;
    const flags = ["--deployment", temporary.path("deployment.json"), "--chain-id", "31337", "--rpc", market.provider._getConnection().url, "--finality", "4", "--poll-ms", "50", "--store", temporary.path("index"), "--log-level", "warn"];
    workers.push(await startWorker("indexer", flags), await startWorker("catalog", [...flags, "--listen", "0"]));
    url = String(workers[1]!.ready["catalog"]);
    const client = createCatalogClient(url);
    sold = [];
    for (let i = 0; i < 3; i += 1) {
      const { batch, cid, offer } = await market.sell();
      const { orderHash: id } = await submitOffer(client, offer, [decodeDescription(batch.sealed.description)]);
      await until("the offer to be open", async () => (await fetchOffer(client, id)).status === "open", 60_000);
      sold.push({ cid, id, k: batch.k });
    }
  });
  after(async () => {
    for (const worker of workers) assert.equal(await worker.stop(), 0, worker.errors());
    await desk.stop();
  });

  it("finds offers by their fields, a page at a time", async () => {
    const { offers } = await search();
    assert.deepEqual(offers.map(({ offer }) => offer).sort(), sold.map(({ id }) => id).sort());
    const { schema, class: dataClass, price, records, seller } = offers[0]!;
    assert.deepEqual([schema, dataClass, price, records, seller], ["carobd@1", "user", String(PRICE), RECORDS, desk.market.accounts.tsp.address]);
    assert.equal((await search("--schema", "carobd@1", "--signal", "Vehicle.Speed", "--owner", desk.market.accounts.owner.address)).offers.length, 3);
    assert.deepEqual((await search("--schema", "trip-gps@1")).offers, []);
    const first = await search("--limit", "2");
    assert.equal(first.offers.length, 2);
    const rest = await search("--limit", "2", "--cursor", first.next!);
    assert.deepEqual([...first.offers, ...rest.offers].map(({ offer }) => offer), offers.map(({ offer }) => offer));
  });

  it("shows people a table, and where it goes on", async () => {
    const { stdout, stderr, code } = await qood(["buyer", "search", "--limit", "2"], { QOOD_CATALOG: url });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^offer +schema +class +price +records/);
    assert.equal(stdout.trimEnd().split("\n").length, 3);
    assert.match(stderr, /^more with --cursor \S+$/m);
  });

  it("tells in one line what is wrong", async () => {
    await mistake(["buyer", "search"], "OPTION_MISSING", /--catalog URL is needed/);
    await mistake(["buyer", "search", "--catalog", "nowhere"], "USAGE", /is no http/);
    await mistake(["buyer", "search", "--catalog", "http://127.0.0.1:9"], "CATALOG_UNREACHABLE", /check --catalog/);
    await mistake(["buyer", "search", "--catalog", url, "--cell", "zz"], "QUERY_FIELD", /cell/);
    await mistake([...desk.at(), "buyer", "show", `0x${"12".repeat(32)}`, "--account", "buyer", "--catalog", url], "NOT_FOUND", /./);
    await mistake([...desk.at(), "buyer", "show", sold[0]!.id, "--account", "buyer"], "OPTION_MISSING", /--catalog URL is needed/);
  });

  it("checks an offer that is named by its hash, under the CID that its seller published", async () => {
    const [{ cid, id }] = sold as [(typeof sold)[0]];
    const shown = (await answerOf([...desk.at(), "buyer", "show", ...desk.from(id), "--catalog", url])) as Record<string, unknown>;
    assert.deepEqual([shown["cid"], shown["records"]], [cid, RECORDS]);
  });

  it("buys it, and finds the purchase again with nothing but account and catalog", async () => {
    const { cid, id, k } = sold[1]!;
    const out = temporary.path("bought");
    const running = start([...desk.at(), "buyer", "buy", ...desk.from(id), "--catalog", url, "--out", out]);
    const { run } = await desk.deliveredTo(running, cid, (paid) => desk.market.deliver(paid, k));
    assert.equal(run.code, 0, run.stderr);
    assert.ok(existsSync(`${out}/records.csv`));
    const again = temporary.path("again");
    const [row, ...more] = (await answerOf([...desk.at(), "buyer", "recover", "--account", "buyer", "--peer", desk.peer, "--catalog", url, "--out", again])) as Record<string, unknown>[];
    assert.deepEqual([row!["state"], row!["records"], row!["failure"], more], ["Settled", RECORDS, null, []]);
    await mistake([...desk.at(), "buyer", "recover", "--account", "buyer", "--catalog", url], "OPTION_MISSING", /--out FOLDER is needed/);
  });
});
